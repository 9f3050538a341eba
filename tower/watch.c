// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Publishing only appends; who has to be woken is found once, before the loop waits, so that a
 * watcher that slept gets everything of one turn at once. The rousing goes in slices, for requests
 * must not wait behind ten thousand watchers.
 */
#include <assert.h>
#include <errno.h>

#include "tower/watch_stream.h"

/* In loops over watchers, the end of the last one may free the stream. */
static void end_all(struct stream *stream)
{
	struct watcher *watcher;
	struct watcher *next;

	RB_FOREACH_SAFE(watcher, watcher_tree, &stream->watchers, next)
		watcher_end(watcher);
}

static void look_at_watchers(struct stream *stream)
{
	struct watcher *watcher;
	struct watcher *next;

	RB_FOREACH_SAFE(watcher, watcher_tree, &stream->watchers, next)
		watcher_look(watcher);
}

static int64_t before_wait(void *data)
{
	struct watch *watch = data;
	struct stream *stream;
	struct watcher *watcher;

	while ((stream = TAILQ_FIRST(&watch->dirty))) {
		TAILQ_REMOVE(&watch->dirty, stream, dirty);
		stream->is_dirty = false;
		look_at_watchers(stream);
	}
	for (size_t i = 0; i < WATCH_WAKE_SLICE && (watcher = TAILQ_FIRST(&watch->to_wake)); i++) {
		TAILQ_REMOVE(&watch->to_wake, watcher, waking);
		watcher->is_waking = false;
		watcher->wake(watcher->data);
	}
	return TAILQ_EMPTY(&watch->to_wake) && TAILQ_EMPTY(&watch->dirty) ? -1 : 0;
}

/* Snapshots that nobody asked for since the last heartbeat go. */
static void age_snapshots(struct stream *stream)
{
	for (size_t i = 0; i < ARRAY_SIZE(stream->snapshots); i++) {
		if (!stream->snapshots_used[i]) {
			chunk_unref(stream->snapshots[i]);
			stream->snapshots[i] = NULL;
		}
		stream->snapshots_used[i] = false;
	}
}

static void beat(struct watch *watch, struct chunk *heartbeat)
{
	struct stream *stream;
	struct stream *next_stream;
	struct watcher *watcher;
	struct watcher *next;

	RB_FOREACH_SAFE(stream, stream_tree, &watch->streams, next_stream) {
		age_snapshots(stream);
		RB_FOREACH_SAFE(watcher, watcher_tree, &stream->watchers, next)
			watcher_beat(watcher, heartbeat);
	}
}

struct chunk *watch_heartbeat(const struct watch *watch)
{
	const struct event_id id = { state_revision(watch->config.state),
				     state_mark(watch->config.state) };
	_cleanup_str_ struct str text = { 0 };

	event_write(&text, EVENT_HEARTBEAT, NULL, &id);
	return chunk_new(&text, id.revision);
}

static void on_heartbeat(void *data)
{
	struct watch *watch = data;
	struct chunk *heartbeat = watch_heartbeat(watch);

	/* Without memory for it, this one is left out. */
	if (heartbeat)
		beat(watch, heartbeat);
	chunk_unref(heartbeat);
	loop_timer_set(watch->heartbeat, watch->config.heartbeat_ms);
}

static void set_defaults(struct watch_config *config)
{
	config->watchers_max = config->watchers_max ?: WATCH_WATCHERS_MAX;
	config->snapshots_max = config->snapshots_max ?: WATCH_SNAPSHOTS_MAX;
	config->ring_bytes = config->ring_bytes ?: WATCH_RING_BYTES;
	config->lag_bytes = config->lag_bytes ?: WATCH_LAG_BYTES;
	config->heartbeat_ms = config->heartbeat_ms ?: WATCH_HEARTBEAT_MS;
}

static void start_from_state(struct watch *watch)
{
	const struct event_id head = { state_revision(watch->config.state),
				       state_mark(watch->config.state) };

	ring_reset(&watch->ring, &head, true);
}

static void watch_freep(struct watch **watch)
{
	watch_free(*watch);
}

int watch_new(const struct watch_config *config, struct watch **ret_watch, struct err *err)
{
	_cleanup_(watch_freep) struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return err_oom(err);
	watch->config = *config;
	set_defaults(&watch->config);
	RB_INIT(&watch->streams);
	TAILQ_INIT(&watch->dirty);
	TAILQ_INIT(&watch->to_wake);
	ring_init(&watch->ring, watch->config.ring_bytes);
	start_from_state(watch);
	r = loop_hook_new(config->loop, before_wait, watch, &watch->hook, err);
	if (r == 0)
		r = loop_timer_new(config->loop, on_heartbeat, watch, &watch->heartbeat, err);
	if (r < 0)
		return r;
	loop_timer_set(watch->heartbeat, watch->config.heartbeat_ms);
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	assert(watch->watchers_len == 0);
	ring_done(&watch->ring);
	assert(RB_EMPTY(&watch->streams));
	loop_timer_free(watch->heartbeat);
	loop_hook_free(watch->hook);
	free(watch);
}

/* Nothing that was said can be relied on: who resumes gets a snapshot. */
static void give_up(struct watch *watch)
{
	struct stream *stream;
	struct stream *next;

	start_from_state(watch);
	RB_FOREACH_SAFE(stream, stream_tree, &watch->streams, next)
		end_all(stream);
}

int watch_publish(struct watch *watch, const struct change *change)
{
	const struct event_id before = { .revision = change->revision - 1 };
	int r;

	if (change->revision != ring_newest(&watch->ring) + 1) {
		assert(watch->watchers_len == 0);
		ring_reset(&watch->ring, &before, false);
	}
	r = frames_publish(watch, change);
	if (r < 0)
		give_up(watch);
	else
		ring_trim(&watch->ring);
	return r;
}

static bool is_gone(const struct stream *stream, const struct key *key)
{
	const struct peer *peer = state_peer(stream->watch->config.state, key);

	return !key_is_zero(key) && !(peer && str_eq(peer->zone, stream->zone));
}

static void resync_stream(struct stream *stream, bool reset)
{
	struct chunk *snapshot;
	struct chunk *empty;
	struct watcher *watcher;

	stream_drop_snapshots(stream);
	snapshot = stream_snapshot(stream, reset);
	if (!snapshot) {
		end_all(stream);
		return;
	}
	/* It stands in the stream itself: behind whatever each watcher has begun to read. */
	stream_append(stream, chunk_ref(snapshot), 0);
	RB_FOREACH(watcher, watcher_tree, &stream->watchers) {
		if (!watcher->last && is_gone(stream, &watcher->key))
			watcher->last = stream->tail;
	}
	/* A tail is held until the next change: let it not be the snapshot. */
	empty = chunk_new(&(struct str){ 0 }, 0);
	if (empty)
		stream_append(stream, empty, 0);
}

void watch_resync(struct watch *watch, bool reset)
{
	struct stream *stream;
	struct stream *next;

	start_from_state(watch);
	RB_FOREACH_SAFE(stream, stream_tree, &watch->streams, next)
		resync_stream(stream, reset);
}

size_t watch_watchers_len(const struct watch *watch)
{
	return watch->watchers_len;
}
