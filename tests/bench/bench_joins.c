// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * joins PORT ZONE TOKEN COUNT CONNECTIONS [TICKETS]: so many new keys join with token and proof
 * (TOKEN
 * "-": with neither), one request under way a connection. Prints joins a second, p50 and p99 in ms;
 * the tickets go to the file TICKETS.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tests/bench/joins.h"

int main(int argc, char **argv)
{
	struct joins joins = { 0 };

	if ((argc != 6 && argc != 7) || crypto_init(NULL) < 0)
		bench_fail("usage: joins PORT ZONE TOKEN COUNT CONNECTIONS [TICKETS]");
	joins.port = (uint16_t)strtoul(argv[1], NULL, 10);
	joins.zone = argv[2];
	joins.token = argv[3];
	joins.len = strtoul(argv[4], NULL, 10);
	joins.keep_tickets = argc == 7;
	joins_make(&joins);
	joins_run(&joins, strtoul(argv[5], NULL, 10));
	(void)printf("%.0f %.3f %.3f\n", (double)joins.len / joins.took_ms * 1e3,
		     bench_percentile(joins.latency_ms, joins.len, 0.5),
		     bench_percentile(joins.latency_ms, joins.len, 0.99));
	if (joins.keep_tickets)
		joins_write_tickets(&joins, argv[6]);
	return joins.refused ? 1 : 0;
}
