// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * zone PORT ZONE NODES TOKEN ROUNDS: so many nodes follow their zone. First one peer joins a round:
 * prints p50 and p99, in ms, until the last node knows. Then as many as there are join at once,
 * each over a connection of its own, with proof and token: prints the ms until every node knows
 * every one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/bench/joins.h"
#include "tests/bench/streams.h"

static double one_join(struct streams *streams, int fd)
{
	char key_text[KEY_TEXT_BYTES];
	char last_id[BENCH_EVENT_ID_BYTES];
	const double started_ms = bench_join_open(fd, streams->zone, key_text, last_id);

	streams_wait(streams, key_text, 1);
	return bench_now_ms() - started_ms;
}

/* By another process, as others than the followers join. */
static double all_at_once(struct streams *streams, const char *token)
{
	struct joins joins = {
		.port = streams->port, .zone = streams->zone, .token = token, .len = streams->len
	};
	double started_ms;
	pid_t child;
	int status;

	joins_make(&joins);
	started_ms = bench_now_ms();
	child = fork();
	if (child == 0) {
		joins_run(&joins, joins.len);
		_exit(joins.refused > 0);
	}
	streams_wait(streams, "event: peer\n", joins.len);
	if (waitpid(child, &status, 0) != child || status != 0)
		bench_fail("some were refused");
	return bench_now_ms() - started_ms;
}

int main(int argc, char **argv)
{
	struct streams streams = { 0 };
	char key_text[KEY_TEXT_BYTES];
	char last_id[BENCH_EVENT_ID_BYTES];
	double *took_ms;
	size_t rounds;
	int fd;

	if (argc != 6 || crypto_init(NULL) < 0)
		bench_fail("usage: zone PORT ZONE NODES TOKEN ROUNDS");
	streams_raise_limit();
	streams.port = (uint16_t)strtoul(argv[1], NULL, 10);
	streams.zone = argv[2];
	streams.len = strtoul(argv[3], NULL, 10);
	rounds = strtoul(argv[5], NULL, 10);
	took_ms = calloc(rounds, sizeof(*took_ms));
	fd = bench_connect(streams.port);
	(void)bench_join_open(fd, streams.zone, key_text, last_id);
	streams.last_id = last_id;
	streams_open(&streams, "\n\n", 256);
	for (size_t i = 0; i < rounds; i++)
		took_ms[i] = one_join(&streams, fd);
	(void)printf("%.2f %.2f %.0f\n", bench_percentile(took_ms, rounds, 0.5),
		     bench_percentile(took_ms, rounds, 0.99), all_at_once(&streams, argv[4]));
	return 0;
}
