// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "tower/watch_stream.h"

/* What a new watcher starts with. */
enum start { START_HERE, START_REPLAY, START_SNAPSHOT, START_RESET };

static bool is_head(const struct state *state, const struct event_id *id)
{
	return id->revision == state_revision(state) && id->mark == state_mark(state);
}

static enum start choose_start(struct stream *stream, const struct event_id *after,
			       struct chunk **ret_first)
{
	const struct watch *watch = stream->watch;
	struct chunk *first;

	if (!after)
		return START_SNAPSHOT;
	if (is_head(watch->config.state, after))
		return START_HERE;
	if (after->revision >= state_revision(watch->config.state))
		return START_RESET;
	/* History that does not reach up to the state is none to resume from. */
	if (ring_newest(&watch->ring) != state_revision(watch->config.state))
		return START_SNAPSHOT;
	switch (ring_find(&watch->ring, after)) {
	case RING_OLDER:
		return START_SNAPSHOT;
	case RING_FOREIGN:
		return START_RESET;
	case RING_KNOWN:
		break;
	}
	first = stream_first_after(stream, after->revision);
	if (!first)
		return START_HERE;
	if (stream->tail->place - first->place > watch->config.lag_bytes)
		return START_SNAPSHOT;
	*ret_first = first;
	return START_REPLAY;
}

static int take_snapshot(struct watcher *watcher, struct stream *stream, bool reset,
			 struct err *err)
{
	struct watch *watch = stream->watch;
	struct chunk *snapshot;

	if (watch->snapshots_len >= watch->config.snapshots_max)
		return err_set(err, -EBUSY, "%zu snapshots are being sent", watch->snapshots_len);
	if (!stream->snapshots[reset] && watch->snapshot_bytes >= WATCH_SNAPSHOT_BYTES_MAX)
		return err_set(err, -EBUSY, "%zu bytes of snapshots are being sent",
			       watch->snapshot_bytes);
	snapshot = stream_snapshot(stream, reset);
	if (!snapshot)
		return err_oom(err);
	watcher->aside = chunk_ref(snapshot);
	watcher->is_snapshot = true;
	watch->snapshots_len++;
	return 0;
}

static void drop_aside(struct watcher *watcher)
{
	if (watcher->is_snapshot)
		watcher->watch->snapshots_len--;
	watcher->is_snapshot = false;
	chunk_unref(watcher->aside);
	watcher->aside = NULL;
	watcher->aside_offset = 0;
}

static int begin(struct watcher *watcher, struct stream *stream, const struct event_id *after,
		 struct err *err)
{
	struct chunk *first = NULL;
	const enum start start = choose_start(stream, after, &first);

	if (start == START_SNAPSHOT || start == START_RESET) {
		int r = take_snapshot(watcher, stream, start == START_RESET, err);

		if (r < 0)
			return r;
	} else if (start == START_HERE) {
		/* Who missed nothing is told so at once: silence would look like no connection. */
		watcher->aside = watch_heartbeat(watcher->watch);
	}
	watcher->at = chunk_ref(first ? first : stream->tail);
	watcher->offset = first ? 0 : stream->tail->len;
	watcher->stream = stream;
	RB_INSERT(watcher_tree, &stream->watchers, watcher);
	return 0;
}

int watcher_new(struct watch *watch, const char *zone, const struct event_id *after,
		const struct key *key, watcher_wake_fn wake, void *data,
		struct watcher **ret_watcher, struct err *err)
{
	_cleanup_free_ struct watcher *watcher = NULL;
	struct stream *stream;
	int r;

	if (watch->watchers_len >= watch->config.watchers_max)
		return err_set(err, -ENFILE, "there are %zu watchers already", watch->watchers_len);
	if (!state_zone(watch->config.state, zone))
		return err_set(err, -ENOENT, "there is no zone '%.63s'", zone);
	stream = stream_get(watch, zone);
	watcher = calloc(1, sizeof(*watcher));
	if (!stream || !watcher) {
		if (stream)
			stream_release(stream);
		return err_oom(err);
	}
	watcher->watch = watch;
	watcher->wake = wake;
	watcher->data = data;
	watcher->number = ++watch->watchers_made;
	if (key)
		watcher->key = *key;
	r = begin(watcher, stream, after, err);
	if (r < 0) {
		stream_release(stream);
		return r;
	}
	watch->watchers_len++;
	*ret_watcher = TAKE_PTR(watcher);
	return 0;
}

static void leave(struct watcher *watcher)
{
	struct stream *stream = watcher->stream;

	if (!stream)
		return;
	drop_aside(watcher);
	chunk_unref(watcher->at);
	watcher->at = NULL;
	watcher->last = NULL;
	watcher->stream = NULL;
	RB_REMOVE(watcher_tree, &stream->watchers, watcher);
	stream_release(stream);
}

void watcher_free(struct watcher *watcher)
{
	if (!watcher)
		return;
	leave(watcher);
	if (watcher->is_waking)
		TAILQ_REMOVE(&watcher->watch->to_wake, watcher, waking);
	watcher->watch->watchers_len--;
	free(watcher);
}

void watcher_rouse(struct watcher *watcher)
{
	if (!watcher->is_asleep)
		return;
	watcher->is_asleep = false;
	watcher->is_waking = true;
	TAILQ_INSERT_TAIL(&watcher->watch->to_wake, watcher, waking);
}

void watcher_end(struct watcher *watcher)
{
	leave(watcher);
	watcher_rouse(watcher);
}

void watcher_look(struct watcher *watcher)
{
	if (watcher->stream->tail->place - watcher->at->place > watcher->watch->config.lag_bytes)
		watcher_end(watcher);
	else
		watcher_rouse(watcher);
}

static void pace(struct watcher *watcher)
{
	if (watcher->is_paced &&
	    watcher->aside_offset - watcher->paced_offset < WATCH_SNAPSHOT_PACE_BYTES) {
		watcher_end(watcher);
		return;
	}
	watcher->is_paced = true;
	watcher->paced_offset = watcher->aside_offset;
}

void watcher_beat(struct watcher *watcher, struct chunk *heartbeat)
{
	if (watcher->is_snapshot)
		pace(watcher);
	/* Its id says "all up to here": it must not overtake what is still to be read. */
	if (!watcher->is_asleep || watcher->at != watcher->stream->tail)
		return;
	watcher->aside = chunk_ref(heartbeat);
	watcher_rouse(watcher);
}

static size_t copy(const struct chunk *chunk, uint32_t *offset, char *to, size_t to_bytes)
{
	size_t len = MIN(to_bytes, (size_t)(chunk->len - *offset));

	memcpy(to, chunk->bytes + *offset, len);
	*offset += (uint32_t)len;
	return len;
}

/* Goes on to the next chunk; false when there is none for it. */
static bool advance(struct watcher *watcher)
{
	struct chunk *at = watcher->at;

	if (at == watcher->last || !at->next)
		return false;
	watcher->at = chunk_ref(at->next);
	watcher->offset = 0;
	chunk_unref(at);
	return true;
}

ssize_t watcher_read(struct watcher *watcher, char *to, size_t to_bytes)
{
	size_t got = 0;

	if (!watcher->stream)
		return -ESHUTDOWN;
	if (watcher->aside) {
		got = copy(watcher->aside, &watcher->aside_offset, to, to_bytes);
		if (watcher->aside_offset == watcher->aside->len)
			drop_aside(watcher);
	}
	while (!watcher->aside && got < to_bytes) {
		got += copy(watcher->at, &watcher->offset, to + got, to_bytes - got);
		if (watcher->offset == watcher->at->len && !advance(watcher))
			break;
	}
	if (got > 0)
		return (ssize_t)got;
	if (watcher->at == watcher->last) {
		leave(watcher);
		return -ESHUTDOWN;
	}
	watcher->is_asleep = true;
	return 0;
}
