// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * fanout PORT STREAM-PORT ZONE WATCHERS ROUNDS plain|tls TICKETS TOWER-PID: holds so many event
 * streams of the zone, joins one peer a round and takes the time until the last stream has shown
 * it: prints p50 and p99 in ms, and the resident KiB of the process TOWER-PID with all of them
 * open. ZONE "-" drives the bare sender (bare_send) instead: its trigger is one byte on the last
 * connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "mesh/key.h"
#include "tests/bench/streams.h"

#define BARE_NEEDLE "zzzzzzzz"
#define WINDOW 48 /* a tower sends a bounded number of snapshots at once */

static double one_round(struct streams *streams, int fd)
{
	char key_text[KEY_TEXT_BYTES] = BARE_NEEDLE;
	char last_id[BENCH_EVENT_ID_BYTES];
	double started_ms = bench_now_ms();

	if (*streams->zone == '-')
		bench_send_all(fd, "T", 1);
	else
		started_ms = bench_join_open(fd, streams->zone, key_text, last_id);
	streams_wait(streams, key_text, 1);
	return bench_now_ms() - started_ms;
}

int main(int argc, char **argv)
{
	struct streams streams = { 0 };
	char last_id[BENCH_EVENT_ID_BYTES];
	char key_text[KEY_TEXT_BYTES];
	double *took_ms;
	size_t rounds;
	int fd;

	if (argc != 9 || crypto_init(NULL) < 0)
		bench_fail(
			"usage: fanout PORT STREAM-PORT ZONE WATCHERS ROUNDS plain|tls TICKETS PID");
	streams_raise_limit();
	streams.port = (uint16_t)strtoul(argv[2], NULL, 10);
	streams.zone = argv[3];
	streams.len = strtoul(argv[4], NULL, 10);
	streams.tls = strcmp(argv[6], "tls") == 0;
	rounds = strtoul(argv[5], NULL, 10);
	took_ms = calloc(rounds, sizeof(*took_ms));
	if (*streams.zone == '-') {
		streams_open(&streams, BARE_NEEDLE, WINDOW);
		fd = bench_connect((uint16_t)strtoul(argv[1], NULL, 10));
	} else {
		fd = bench_connect((uint16_t)strtoul(argv[1], NULL, 10));
		/* As agents do: they know where they stand from their join, or from before. */
		(void)bench_join_open(fd, streams.zone, key_text, last_id);
		streams.last_id = last_id;
		streams.tickets = streams_read_lines(argv[7], streams.len);
		streams_open(&streams, "\n\n", WINDOW);
	}
	for (unsigned i = 0; i < rounds; i++)
		took_ms[i] = one_round(&streams, fd);
	(void)printf("%.2f %.2f %ld\n", bench_percentile(took_ms, rounds, 0.5),
		     bench_percentile(took_ms, rounds, 0.99),
		     bench_resident_kib(strtol(argv[8], NULL, 10)));
	return 0;
}
