// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The fan-out: every change becomes frames, encoded once per zone, that any number of watchers
 * share. A watcher is a cursor into its zone's list of frames; who carries the bytes (an HTTP
 * connection) is not known here.
 */
#ifndef TOWER_WATCH_H
#define TOWER_WATCH_H

#include "base/loop.h"
#include "mesh/event.h"
#include "tower/core/state.h"

#define WATCH_RING_BYTES (8 * 1024 * 1024) /* newest events kept to resume from */
#define WATCH_LAG_BYTES (4 * 1024 * 1024)  /* a watcher further behind is dropped */
#define WATCH_SNAPSHOTS_MAX 64             /* being sent at once; more: E503-snapshots */
#define WATCH_HEARTBEAT_MS 15000

struct watch;
struct watcher;

int watch_new(struct loop *loop, const struct state *state, struct watch **ret_watch,
	      struct err *err) _must_check_;
void watch_free(struct watch *watch);

/* To be called with every applied change, in order (also those of the log's tail at start). */
int watch_publish(struct watch *watch, const struct change *change) _must_check_;

/* The state was loaded anew: every watcher gets a snapshot; `reset` when history changed. */
void watch_resync(struct watch *watch, bool reset);

/* Called when bytes are there, or the watcher is over (then watcher_read answers -ESHUTDOWN). */
typedef void (*watcher_wake_fn)(void *data);

/*
 * Follows a zone. With an id that is still known: from behind it; else a snapshot first. -EBUSY:
 * too many snapshots; -ENFILE: too many watchers; -ENOENT: no such zone. `key`: the peer that
 * watches (its stream ends when it is removed or leaves the zone); NULL for a person.
 */
int watcher_new(struct watch *watch, const char *zone, const struct event_id *after,
		const struct key *key, watcher_wake_fn wake, void *data,
		struct watcher **ret_watcher, struct err *err) _must_check_;
void watcher_free(struct watcher *watcher);

/*
 * Copies what is ready: bytes written, 0 when there is nothing now (wake will be called),
 * -ESHUTDOWN when the stream is over.
 */
ssize_t watcher_read(struct watcher *watcher, char *to, size_t to_bytes);

size_t watch_watchers_len(const struct watch *watch);

#endif
