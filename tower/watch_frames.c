// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * From the ops of a change to the frames of each zone that it touches. The last frame of a zone
 * carries the id, so each one is held back until the next one or the end of the change is there.
 * Documents are made from the rows in the change itself: the state may be newer.
 */
#include "tower/watch_stream.h"

#include <errno.h>
#include <jansson.h>

#include "mesh/doc.h"

static void flush_pending(struct stream *stream, const struct event_id *id)
{
	if (stream->pending_doc)
		event_write(&stream->frames, stream->pending, stream->pending_doc, id);
	free(stream->pending_doc);
	stream->pending_doc = NULL;
}

/* Takes `doc` over; NULL: no memory. */
static int add_frame(struct watch *watch, struct stream_queue *touched, const char *zone,
		     enum event_kind kind, char *doc)
{
	_cleanup_free_ char *owned = doc;
	struct stream *stream = owned ? stream_get(watch, zone) : NULL;

	if (!stream)
		return -ENOMEM;
	if (!stream->is_touched) {
		stream->is_touched = true;
		TAILQ_INSERT_TAIL(touched, stream, touched);
	}
	flush_pending(stream, NULL);
	stream->pending = kind;
	stream->pending_doc = TAKE_PTR(owned);
	return 0;
}

static char *dump(json_t *object)
{
	_cleanup_(doc_unref) json_t *owned = object;

	return owned ? json_dumps(owned, JSON_COMPACT) : NULL;
}

static char *doc_of_removed_peer(const struct key *key, const char *zone)
{
	char text[KEY_TEXT_BYTES];

	key_format(key, text);
	return dump(json_pack("{s:s, s:s}", "PublicKey", text, "Zone", zone));
}

static int add_op(struct watch *watch, struct stream_queue *touched, const struct op *op)
{
	int r = 0;

	switch (op->kind) {
	case OP_PUT_ZONE:
		return add_frame(watch, touched, op->zone.name, EVENT_ZONE, doc_of_zone(&op->zone));
	case OP_REMOVE_ZONE:
		return add_frame(watch, touched, op->zone.name, EVENT_ZONE_REMOVED,
				 dump(json_pack("{s:s}", "Name", op->zone.name)));
	case OP_PUT_PEER:
		if (op->from_zone[0])
			r = add_frame(watch, touched, op->from_zone, EVENT_PEER_REMOVED,
				      doc_of_removed_peer(&op->peer.key, op->from_zone));
		if (r < 0)
			return r;
		return add_frame(watch, touched, op->peer.zone, EVENT_PEER, doc_of_peer(&op->peer));
	case OP_REMOVE_PEER:
		return add_frame(watch, touched, op->peer.zone, EVENT_PEER_REMOVED,
				 doc_of_removed_peer(&op->peer.key, op->peer.zone));
	case OP_PUT_TOKEN:
	case OP_REMOVE_TOKEN:
	case OP_PUT_RESTING:
	case OP_REMOVE_RESTING:
		break;
	}
	return 0;
}

static int append_frames(struct stream *stream, const struct event_id *id)
{
	struct chunk *chunk;

	flush_pending(stream, id);
	chunk = chunk_new(&stream->frames, id->revision);
	if (!chunk)
		return -ENOMEM;
	stream_append(stream, chunk, chunk->len);
	stream_keep_tail(stream);
	return 0;
}

/* Those of the peer who watch the zone that it left: the frame that says so is their last. */
static void end_key(struct watch *watch, const char *zone, const struct key *key)
{
	struct stream *stream = stream_find(watch, zone);
	struct watcher first = { .key = *key };
	struct watcher *watcher = stream ? RB_NFIND(watcher_tree, &stream->watchers, &first) : NULL;

	for (; watcher && key_compare(&watcher->key, key) == 0;
	     watcher = RB_NEXT(watcher_tree, &stream->watchers, watcher)) {
		if (!watcher->last)
			watcher->last = stream->tail;
	}
}

static void end_zone(struct watch *watch, const char *zone)
{
	struct stream *stream = stream_find(watch, zone);
	struct watcher *watcher;

	if (!stream)
		return;
	RB_FOREACH(watcher, watcher_tree, &stream->watchers) {
		if (!watcher->last)
			watcher->last = stream->tail;
	}
}

static void end_watchers(struct watch *watch, const struct change *change)
{
	vec_foreach(op, &change->ops) {
		if (op->kind == OP_REMOVE_ZONE)
			end_zone(watch, op->zone.name);
		if (op->kind == OP_REMOVE_PEER)
			end_key(watch, op->peer.zone, &op->peer.key);
		if (op->kind == OP_PUT_PEER && op->from_zone[0])
			end_key(watch, op->from_zone, &op->peer.key);
	}
}

int frames_publish(struct watch *watch, const struct change *change)
{
	const struct event_id id = { change->revision, change->mark };
	struct stream_queue touched = TAILQ_HEAD_INITIALIZER(touched);
	struct stream *stream;
	int r = ring_begin(&watch->ring, change->mark);

	for (size_t i = 0; r == 0 && i < change->ops.len; i++)
		r = add_op(watch, &touched, &change->ops.at[i]);
	while ((stream = TAILQ_FIRST(&touched))) {
		TAILQ_REMOVE(&touched, stream, touched);
		if (r == 0)
			r = append_frames(stream, &id);
		stream->is_touched = false;
		str_done(&stream->frames);
		free(stream->pending_doc);
		stream->pending_doc = NULL;
		stream_release(stream);
	}
	if (r == 0)
		end_watchers(watch, change);
	return r;
}
