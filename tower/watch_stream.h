// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the files of watch share: the stream of one zone, and the watcher, which is kept small, for
 * there are as many as nodes.
 */
#ifndef TOWER_WATCH_STREAM_H
#define TOWER_WATCH_STREAM_H

#include <string.h>

#include "base/tree.h"
#include "tower/watch.h"
#include "tower/watch_chunk.h"
#include "tower/watch_ring.h"

struct watcher {
	RB_ENTRY(watcher) link;      /* of its stream */
	TAILQ_ENTRY(watcher) waking; /* in `to_wake` */
	struct watch *watch;
	struct stream *stream; /* NULL: over */
	struct chunk *aside;   /* to be read before the stream goes on: a snapshot or heartbeat */
	struct chunk *at;      /* where it reads in the stream */
	struct chunk *last;    /* the stream ends behind this one; NULL: never. Held through `at` */
	uint32_t aside_offset;
	uint32_t offset;
	uint32_t paced_offset; /* how much of the snapshot was taken by the last heartbeat */
	bool is_asleep;        /* has read all: to be woken */
	bool is_waking;
	bool is_snapshot; /* `aside` is one */
	bool is_paced;
	watcher_wake_fn wake;
	void *data;
	uint64_t number; /* in the order of their coming, from 1 */
	struct key key;  /* zero for a person */
};

_Static_assert(sizeof(struct watcher) <= 200, "ten thousand of them are to cost 2 MB");

RB_HEAD(watcher_tree, watcher);
TAILQ_HEAD(watcher_queue, watcher);

struct stream {
	struct watch *watch;
	RB_ENTRY(stream) link;
	char zone[ZONE_NAME_BYTES];
	struct watcher_tree watchers;
	struct chunk *tail;         /* a reference; never NULL */
	struct chunk *kept;         /* a reference: the oldest chunk in the ring, or NULL */
	struct chunk *snapshots[2]; /* of the zone as it is now, without and with reset, or NULL */
	bool snapshots_used[2];     /* since the last heartbeat */

	/* The change that is being published. */
	TAILQ_ENTRY(stream) touched;
	bool is_touched;
	struct str frames;
	enum event_kind pending; /* the last frame, which will carry the id */
	char *pending_doc;

	TAILQ_ENTRY(stream) dirty;
	bool is_dirty; /* its watchers are to be looked at */
};

RB_HEAD(stream_tree, stream);
TAILQ_HEAD(stream_queue, stream);

struct watch {
	struct watch_config config;
	struct loop_hook *hook;
	struct loop_timer *heartbeat;
	struct ring ring;
	struct stream_tree streams; /* by zone */
	struct stream_queue dirty;
	struct watcher_queue to_wake;
	size_t watchers_len;
	uint64_t watchers_made;
	size_t snapshots_len; /* being sent */
	size_t snapshot_bytes;
};

static inline int stream_compare(const struct stream *a, const struct stream *b)
{
	return strcmp(a->zone, b->zone);
}

/* By key, so that those of one peer are found: all behind the number 0. */
static inline int watcher_compare(const struct watcher *a, const struct watcher *b)
{
	int r = key_compare(&a->key, &b->key);

	return r ? r : (a->number > b->number) - (a->number < b->number);
}

TREE_GENERATE(stream_tree, stream, link, stream_compare)
TREE_GENERATE(watcher_tree, watcher, link, watcher_compare)

/* --- streams --- */

struct stream *stream_find(struct watch *watch, const char *zone);

/* The stream of the zone, made when it is absent; NULL: no memory. */
struct stream *stream_get(struct watch *watch, const char *zone);

/* Frees the stream when nobody watches it and the ring keeps nothing of it. */
void stream_release(struct stream *stream);

/*
 * Puts the chunk, whose reference it takes over, at the end. `place_bytes` of it count as lag for
 * those who have not read it.
 */
void stream_append(struct stream *stream, struct chunk *chunk, size_t place_bytes);

/* The ring keeps the last chunk, and gives the oldest up (then the stream may be freed). */
void stream_keep_tail(struct stream *stream);
void stream_forget_oldest(struct stream *stream);

/* The first chunk in the ring that is newer than the revision; NULL: none is. */
struct chunk *stream_first_after(const struct stream *stream, uint64_t revision);

/*
 * The zone's snapshot, shared by all who start at this state and dropped by the next change.
 * Borrowed: take a reference. NULL: no memory, or the zone is gone.
 */
struct chunk *stream_snapshot(struct stream *stream, bool reset);
void stream_drop_snapshots(struct stream *stream);

/* Has the watchers looked at before the loop waits again. */
void stream_mark_dirty(struct stream *stream);

/* --- frames --- */

/* Appends the change's frames to their streams, and keeps them in the ring. -ENOMEM. */
int frames_publish(struct watch *watch, const struct change *change) _must_check_;

/* --- watchers --- */

/* Ends the watcher at once: it holds nothing any more, and its next read says so. */
void watcher_end(struct watcher *watcher);

/* Has the watcher's wake called, in this turn of the loop or one of the next. */
void watcher_rouse(struct watcher *watcher);

/* Before the loop waits: ends it when it lags, or rouses it when it sleeps. */
void watcher_look(struct watcher *watcher);

/* A frame of the newest id alone, with one reference, the caller's. NULL: no memory. */
struct chunk *watch_heartbeat(const struct watch *watch);

/* At each heartbeat: gives it one if it has nothing else to read; ends it if it hogs a snapshot. */
void watcher_beat(struct watcher *watcher, struct chunk *heartbeat);

#endif
