// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Any number of new keys that join. Keys, nonces and proofs are made before the clock starts, which
 * must then start within 30 s.
 */
#ifndef BENCH_JOINS_H
#define BENCH_JOINS_H

#include "tests/bench/load.h"

struct join {
	char *request;
	size_t len;
	struct key answer_key;
	char *ticket; /* as it was answered, sealed; NULL: none */
};

struct joins {
	uint16_t port;
	const char *zone;
	const char *token; /* "-": no token and no proof, as an admin on an open listener */
	size_t len;
	bool keep_tickets;
	struct join *at;
	double *latency_ms; /* of each, in no order */
	size_t done;
	size_t refused;
	double took_ms;
};

void joins_make(struct joins *joins);

/* All of them, over so many connections, one under way on each. */
void joins_run(struct joins *joins, size_t connections);

/* Writes the opened tickets, a line each. */
void joins_write_tickets(const struct joins *joins, const char *path);

#endif
