// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Which ids can be resumed from: the newest revisions, each with its mark and with the chunks that
 * it made in whatever zones, up to a number of bytes.
 */
#ifndef TOWER_WATCH_RING_H
#define TOWER_WATCH_RING_H

#include "base/vec.h"
#include "mesh/event.h"
#include "tower/watch_chunk.h"

struct record {
	uint64_t mark;
	size_t chunks_len;
};

VEC(record_vec, struct record);

struct ring {
	struct event_id base; /* the revision before the first record */
	bool base_is_known;   /* its mark, that is */
	struct record_vec records;
	size_t first; /* records before it are dropped already */
	STAILQ_HEAD(, chunk) chunks;
	size_t bytes;
	size_t bytes_max;
};

void ring_init(struct ring *ring, size_t bytes_max);

/* Forgets everything; what comes next is the revision after `base`. */
void ring_reset(struct ring *ring, const struct event_id *base, bool base_is_known);

uint64_t ring_newest(const struct ring *ring);

/* Begins the next revision. -ENOMEM. */
int ring_begin(struct ring *ring, uint64_t mark) _must_check_;

/* Keeps a chunk of the newest revision; the ring borrows its stream's references. */
void ring_keep(struct ring *ring, struct chunk *chunk, struct stream *stream);

/* Drops the oldest revisions until the bytes fit. */
void ring_trim(struct ring *ring);

enum ring_answer { RING_KNOWN, RING_OLDER, RING_FOREIGN };

/* Whether all that came after the id is here; RING_FOREIGN: the id is of another history. */
enum ring_answer ring_find(const struct ring *ring, const struct event_id *id);

void ring_done(struct ring *ring);

#endif
