// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the load programs share: connections to loopback, a clock, percentiles, and just enough of
 * HTTP/1.1 to find where an answer ends. They measure; nothing here is part of the product.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/key.h"

#define BENCH_EVENT_ID_BYTES 40

double bench_now_ms(void);

/* Connects to 127.0.0.1:port, blocking, without delay; ends the program when it cannot. */
int bench_connect(uint16_t port);

/* Until GET of the path is answered with 200; ends the program after a minute. */
void bench_wait_ready(uint16_t port, const char *path);

void bench_send_all(int fd, const char *bytes, size_t len);

/* Writes why to stderr and ends the program. */
void bench_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Sorts in place; the value below which `share` (0..1) of the samples lie. */
double bench_percentile(double *samples, size_t len, double share);

/* An answer being received. */
struct bench_answer {
	char bytes[65536];
	size_t len;
};

/*
 * Whether the answer is whole: then its status, and where its body stands. One answer is on its
 * way at a time.
 */
bool bench_answer_whole(const struct bench_answer *answer, int *ret_status, const char **ret_body);

/*
 * Joins a new key, as an admin does on an open listener: no proof, no token. Tells the key's text
 * and the id of the change, as Last-Event-ID has it, and returns when it began.
 */
double bench_join_open(int fd, const char *zone, char ret_key_text[static KEY_TEXT_BYTES],
		       char ret_id[static BENCH_EVENT_ID_BYTES]);

/* What a process has in memory; 0 when there is no such process. */
long bench_resident_kib(long pid);

/* Sends a request and waits for its whole answer. */
int bench_exchange(int fd, const char *request, size_t len, struct bench_answer *answer,
		   const char **ret_body);

#endif
