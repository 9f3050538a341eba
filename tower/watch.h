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

#define WATCH_RING_BYTES (8 * 1024 * 1024)           /* newest events kept to resume from */
#define WATCH_LAG_BYTES (4 * 1024 * 1024)            /* a watcher further behind is dropped */
#define WATCH_WATCHERS_MAX 20000                     /* more: E503-watchers */
#define WATCH_SNAPSHOTS_MAX 64                       /* being sent at once; more: E503-snapshots */
#define WATCH_SNAPSHOT_BYTES_MAX (256 * 1024 * 1024) /* of all snapshots that are being sent */
#define WATCH_SNAPSHOT_PACE_BYTES 65536 /* of a snapshot, to be taken between heartbeats */
#define WATCH_HEARTBEAT_MS 15000
#define WATCH_WAKE_SLICE 500 /* watchers woken in one turn of the loop */

struct watch;
struct watcher;

/* What is 0 is the constant above of the same name. */
struct watch_config {
	struct loop *loop;
	const struct state *state; /* borrowed; read by watch_publish and watcher_new */
	size_t watchers_max;
	size_t snapshots_max;
	size_t ring_bytes;
	size_t lag_bytes;
	int64_t heartbeat_ms;
};

int watch_new(const struct watch_config *config, struct watch **ret_watch,
	      struct err *err) _must_check_;

/* Every watcher must have been freed before. NULL is allowed. */
void watch_free(struct watch *watch);

/*
 * To be called with every change, in order, right after it was applied. Changes older than the
 * state (the end of the log, at start) are taken as history to resume from, as long as nobody
 * watches. On -ENOMEM every watcher is over: what comes next to them is a snapshot.
 */
int watch_publish(struct watch *watch, const struct change *change) _must_check_;

/*
 * The state was loaded anew: every watcher gets a snapshot, which says `reset` when history
 * changed. Watchers of a zone that is gone are over; of a peer that is gone, after the snapshot.
 */
void watch_resync(struct watch *watch, bool reset);

/*
 * Called once, from the loop, after watcher_read answered 0: there is something to read now. The
 * watcher may be freed in it.
 */
typedef void (*watcher_wake_fn)(void *data);

/*
 * Follows a zone: to be read at once, until it answers 0. With the id of a change that is still
 * known, from behind it; else (or `after` NULL) a snapshot comes first, with `reset` when the id is
 * of another history. -EBUSY: too many snapshots; -ENFILE: too many watchers; -ENOENT: no such
 * zone. `key`: the peer that watches (its stream ends with the event that removes it or moves it to
 * another zone); NULL for a person.
 */
int watcher_new(struct watch *watch, const char *zone, const struct event_id *after,
		const struct key *key, watcher_wake_fn wake, void *data,
		struct watcher **ret_watcher, struct err *err) _must_check_;
void watcher_free(struct watcher *watcher); /* NULL is allowed */

/*
 * Copies what is ready, at most `to_bytes` (1 or more): bytes written, 0 when there is nothing now
 * (wake will be called), -ESHUTDOWN when the stream is over: all was read, or the watcher was too
 * slow.
 */
ssize_t watcher_read(struct watcher *watcher, char *to, size_t to_bytes);

size_t watch_watchers_len(const struct watch *watch);

#endif
