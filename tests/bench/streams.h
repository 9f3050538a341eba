// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Any number of event streams in one process, as so many agents would hold them: plain or TLS
 * (which checks no certificate: it is the cost that counts), opened many at once, read by epoll.
 */
#ifndef BENCH_STREAMS_H
#define BENCH_STREAMS_H

#include "tests/bench/load.h"

#define STREAMS_TAIL_BYTES 64

struct gnutls_session_int;

struct stream {
	int fd;
	struct gnutls_session_int *tls; /* NULL: plain */
	unsigned step;
	unsigned round;
	size_t seen;  /* how often the needle came by since the streams were opened */
	size_t bytes; /* that came in all */
	char tail[STREAMS_TAIL_BYTES];
	size_t tail_len;
};

struct streams {
	uint16_t port;
	bool tls;
	const char *zone;    /* "-": nothing is asked, the other side just sends */
	const char *last_id; /* Last-Event-ID; NULL: from a snapshot on */
	char **tickets;      /* one a stream; NULL: none */
	size_t len;
	struct stream *at; /* made by streams_open */
	int epoll_fd;
};

/* The most files that this process may have open. */
void streams_raise_limit(void);

/* Lines of a file; ends the program when there are fewer than `len`. */
char **streams_read_lines(const char *path, size_t len);

/*
 * Opens all, each until `needle` has come by, up to `window` on their way at once; the program ends
 * when one is refused, or when nothing happens for 30 s.
 */
void streams_open(struct streams *streams, const char *needle, size_t window);

/* Reads until every stream has shown the needle `times` more often. */
void streams_wait(struct streams *streams, const char *needle, size_t times);

/* Reads until every stream has ended, and forgets them. */
void streams_wait_end(struct streams *streams);

#endif
