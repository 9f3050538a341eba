// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/watch_ring.h"

#include "tower/watch_stream.h"

#define FORGOTTEN_MAX 1024 /* dropped records that may stand before the first one */

void ring_init(struct ring *ring, size_t bytes_max)
{
	*ring = (struct ring){ .bytes_max = bytes_max };
	STAILQ_INIT(&ring->chunks);
}

uint64_t ring_newest(const struct ring *ring)
{
	return ring->base.revision + (ring->records.len - ring->first);
}

static size_t cost_of(const struct chunk *chunk)
{
	return sizeof(*chunk) + chunk->len;
}

int ring_begin(struct ring *ring, uint64_t mark)
{
	const struct record record = { .mark = mark };
	int r = vec_push(&ring->records, record);

	if (r == 0)
		ring->bytes += sizeof(struct record);
	return r;
}

void ring_keep(struct ring *ring, struct chunk *chunk, struct stream *stream)
{
	chunk->stream = stream;
	STAILQ_INSERT_TAIL(&ring->chunks, chunk, in_ring);
	ring->records.at[ring->records.len - 1].chunks_len++;
	ring->bytes += cost_of(chunk);
}

static void drop_oldest(struct ring *ring)
{
	struct record *record = &ring->records.at[ring->first];

	for (size_t i = 0; i < record->chunks_len; i++) {
		struct chunk *chunk = STAILQ_FIRST(&ring->chunks);

		STAILQ_REMOVE_HEAD(&ring->chunks, in_ring);
		ring->bytes -= cost_of(chunk);
		stream_forget_oldest(chunk->stream);
	}
	ring->base = (struct event_id){ ring->base.revision + 1, record->mark };
	ring->base_is_known = true;
	ring->bytes -= sizeof(struct record);
	ring->first++;
}

static void close_gap(struct ring *ring)
{
	struct record_vec *records = &ring->records;

	memmove(records->at, records->at + ring->first,
		(records->len - ring->first) * sizeof(*records->at));
	records->len -= ring->first;
	ring->first = 0;
}

void ring_trim(struct ring *ring)
{
	while (ring->bytes > ring->bytes_max && ring->first < ring->records.len)
		drop_oldest(ring);
	/* Half of them at least: each record is moved once on average. */
	if (ring->first > FORGOTTEN_MAX && ring->first > ring->records.len / 2)
		close_gap(ring);
}

void ring_reset(struct ring *ring, const struct event_id *base, bool base_is_known)
{
	while (ring->first < ring->records.len)
		drop_oldest(ring);
	vec_done(&ring->records);
	ring->first = 0;
	ring->base = *base;
	ring->base_is_known = base_is_known;
}

enum ring_answer ring_find(const struct ring *ring, const struct event_id *id)
{
	uint64_t mark = ring->base.mark;

	if (id->revision > ring_newest(ring))
		return RING_FOREIGN;
	if (id->revision < ring->base.revision ||
	    (id->revision == ring->base.revision && !ring->base_is_known))
		return RING_OLDER;
	if (id->revision > ring->base.revision)
		mark = ring->records.at[ring->first + (id->revision - ring->base.revision - 1)]
			       .mark;
	return id->mark == mark ? RING_KNOWN : RING_FOREIGN;
}

void ring_done(struct ring *ring)
{
	ring_reset(ring, &(struct event_id){ 0 }, false);
}
