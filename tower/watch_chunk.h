// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Frames that are read by many: counted, immutable, in a list that only grows at its end. Whoever
 * holds a chunk holds all that come behind it.
 */
#ifndef TOWER_WATCH_CHUNK_H
#define TOWER_WATCH_CHUNK_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/str.h"

struct stream;

struct chunk {
	uint32_t refs;
	uint32_t len;
	struct chunk *next; /* a reference */
	uint64_t revision;
	uint64_t place; /* bytes of changes in the stream, up to the end of this one */

	/* While the ring keeps it. */
	struct stream *stream; /* NULL otherwise */
	struct chunk *prev;    /* in the stream and the ring */
	STAILQ_ENTRY(chunk) in_ring;

	size_t *account; /* what the bytes are booked on until it is freed; NULL: nowhere */
	char bytes[];
};

/* A chunk with one reference, the caller's, and a copy of the text. NULL: no memory. */
struct chunk *chunk_new(const struct str *text, uint64_t revision);
struct chunk *chunk_ref(struct chunk *chunk);
void chunk_unref(struct chunk *chunk); /* NULL is allowed */

#endif
