// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * resume PORT STREAM-PORT ZONE WATCHERS TICKETS plain|tls: so many nodes, each with its ticket (a
 * line of the file TICKETS), hold their event stream when the tower is killed; then all come back
 * at once, and each resumes by revision behind the last change. Says "attached" when it may be
 * killed, and at the end: ms from the end of the last stream until the last one has resumed, of
 * these ms those until the tower was ready again, and the most bytes that any of them was sent for
 * it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/bench/streams.h"

#define WINDOW 512 /* handshakes at once, as a backlog would hold them */

int main(int argc, char **argv)
{
	struct streams streams = { 0 };
	char before[BENCH_EVENT_ID_BYTES];
	char last_id[BENCH_EVENT_ID_BYTES];
	char key_text[KEY_TEXT_BYTES];
	double ended_ms;
	double ready_ms;
	uint16_t port;
	size_t bytes_max = 0;
	int fd;

	if (argc != 7 || crypto_init(NULL) < 0)
		bench_fail("usage: resume PORT STREAM-PORT ZONE WATCHERS TICKETS plain|tls");
	streams_raise_limit();
	streams.port = (uint16_t)strtoul(argv[2], NULL, 10);
	streams.zone = argv[3];
	streams.len = strtoul(argv[4], NULL, 10);
	streams.tickets = streams_read_lines(argv[5], streams.len);
	streams.tls = strcmp(argv[6], "tls") == 0;
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	fd = bench_connect(port);
	/* The second of the two is what they will have missed. */
	(void)bench_join_open(fd, streams.zone, key_text, before);
	(void)bench_join_open(fd, streams.zone, key_text, last_id);
	streams.last_id = last_id;
	streams_open(&streams, "\n\n", WINDOW);
	(void)printf("attached\n");
	(void)fflush(stdout);
	streams_wait_end(&streams);
	ended_ms = bench_now_ms();
	/* Before that they would be told to come again: E503-loading. */
	bench_wait_ready(port, "/readyz");
	ready_ms = bench_now_ms() - ended_ms;
	streams.last_id = before;
	streams_open(&streams, key_text, WINDOW);
	ended_ms = bench_now_ms() - ended_ms;
	for (size_t i = 0; i < streams.len; i++)
		bytes_max = MAX(bytes_max, streams.at[i].bytes);
	(void)printf("%.0f %.0f %zu\n", ended_ms, ready_ms, bytes_max);
	return 0;
}
