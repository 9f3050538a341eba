// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/watch_stream.h"

#include <jansson.h>

#include "mesh/doc.h"

struct stream *stream_find(struct watch *watch, const char *zone)
{
	struct stream sought = { .zone = "" };

	if (str_copy(sought.zone, sizeof(sought.zone), zone) < 0)
		return NULL;
	return RB_FIND(stream_tree, &watch->streams, &sought);
}

struct stream *stream_get(struct watch *watch, const char *zone)
{
	_cleanup_free_ struct stream *fresh = NULL;
	struct stream *stream = stream_find(watch, zone);

	if (stream)
		return stream;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh || str_copy(fresh->zone, sizeof(fresh->zone), zone) < 0)
		return NULL;
	/* Empty: a place for watchers to be at before anything happens. */
	fresh->tail = chunk_new(&(struct str){ 0 }, 0);
	if (!fresh->tail)
		return NULL;
	fresh->watch = watch;
	RB_INIT(&fresh->watchers);
	stream = TAKE_PTR(fresh);
	RB_INSERT(stream_tree, &watch->streams, stream);
	return stream;
}

void stream_release(struct stream *stream)
{
	if (!RB_EMPTY(&stream->watchers) || stream->kept || stream->is_touched)
		return;
	RB_REMOVE(stream_tree, &stream->watch->streams, stream);
	if (stream->is_dirty)
		TAILQ_REMOVE(&stream->watch->dirty, stream, dirty);
	stream_drop_snapshots(stream);
	chunk_unref(stream->tail);
	free(stream);
}

void stream_append(struct stream *stream, struct chunk *chunk, size_t place_bytes)
{
	struct chunk *before = stream->tail;

	stream_drop_snapshots(stream);
	chunk->place = before->place + place_bytes;
	before->next = chunk_ref(chunk);
	stream->tail = chunk;
	chunk->prev = before->stream ? before : NULL;
	chunk_unref(before);
	stream_mark_dirty(stream);
}

void stream_keep_tail(struct stream *stream)
{
	if (!stream->kept)
		stream->kept = chunk_ref(stream->tail);
	ring_keep(&stream->watch->ring, stream->tail, stream);
}

void stream_forget_oldest(struct stream *stream)
{
	struct chunk *oldest = stream->kept;
	struct chunk *next = oldest->next;

	oldest->stream = NULL;
	stream->kept = NULL;
	if (next && next->stream) {
		next->prev = NULL;
		stream->kept = chunk_ref(next);
	}
	chunk_unref(oldest);
	stream_release(stream);
}

struct chunk *stream_first_after(const struct stream *stream, uint64_t revision)
{
	struct chunk *first = NULL;

	/* From the newest back: as many steps as there are chunks to send. */
	for (struct chunk *chunk = stream->tail; chunk && chunk->stream; chunk = chunk->prev) {
		if (chunk->revision <= revision)
			break;
		first = chunk;
	}
	return first;
}

void stream_drop_snapshots(struct stream *stream)
{
	for (size_t i = 0; i < ARRAY_SIZE(stream->snapshots); i++) {
		chunk_unref(stream->snapshots[i]);
		stream->snapshots[i] = NULL;
	}
}

static void write_edge(struct str *to, enum event_kind kind, json_t *object,
		       const struct event_id *id)
{
	_cleanup_(doc_unref) json_t *owned = object;
	_cleanup_free_ char *doc = owned ? json_dumps(owned, JSON_COMPACT) : NULL;

	if (doc)
		event_write(to, kind, doc, id);
	else
		to->failed = true;
}

static struct chunk *make_snapshot(struct stream *stream, bool reset)
{
	const struct state *state = stream->watch->config.state;
	const struct event_id id = { state_revision(state), state_mark(state) };
	_cleanup_str_ struct str text = { 0 };
	const char *zone_doc = state_zone_doc(state, stream->zone);

	if (!zone_doc)
		return NULL;
	write_edge(&text, EVENT_SNAPSHOT_BEGIN,
		   json_pack("{s:s, s:b}", "Zone", stream->zone, "reset", reset), NULL);
	event_write(&text, EVENT_ZONE, zone_doc, NULL);
	for (const struct peer *peer = state_next_peer(state, stream->zone, NULL); peer;
	     peer = state_next_peer(state, stream->zone, &peer->key))
		event_write(&text, EVENT_PEER, state_peer_doc(state, &peer->key), NULL);
	write_edge(&text, EVENT_SNAPSHOT_END, json_pack("{s:s}", "Zone", stream->zone), &id);
	return chunk_new(&text, id.revision);
}

struct chunk *stream_snapshot(struct stream *stream, bool reset)
{
	struct chunk *snapshot = stream->snapshots[reset];

	if (!snapshot) {
		snapshot = make_snapshot(stream, reset);
		if (!snapshot)
			return NULL;
		snapshot->account = &stream->watch->snapshot_bytes;
		stream->watch->snapshot_bytes += snapshot->len;
		stream->snapshots[reset] = snapshot;
	}
	stream->snapshots_used[reset] = true;
	return snapshot;
}

void stream_mark_dirty(struct stream *stream)
{
	if (stream->is_dirty || RB_EMPTY(&stream->watchers))
		return;
	stream->is_dirty = true;
	TAILQ_INSERT_TAIL(&stream->watch->dirty, stream, dirty);
}
