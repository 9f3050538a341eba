// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Followers of a small tower, for the tests of watch. What one reads is written down in short:
 * "begin zone peer:2 end#3 beat#4", where #N is the id's revision and "begin!" a snapshot with
 * reset.
 */
#ifndef UNIT_FOLLOW_H
#define UNIT_FOLLOW_H

#include <errno.h>

#include "core.h"
#include "mesh/doc.h"
#include "tower/watch_stream.h"

#define PIECE_BYTES 16384

struct follower {
	struct watcher *watcher;
	struct event_reader *reader;
	struct str trace;
	struct event_id last;
	int wakes;
	struct follower *kills; /* freed in this one's wake */
	bool is_over;
};

static struct core core;
static struct loop *loop;
static struct loop_timer *stop_timer;
static struct watch *watch;

static inline void stop(void *data)
{
	loop_stop(data, 0);
}

/* One turn of the loop: its hooks, and what is due. */
static inline void turn(void)
{
	loop_timer_set(stop_timer, 0);
	check(loop_run(loop) == 0);
}

static inline void begin_with(struct watch_config config)
{
	core_init(&core);
	config.state = core.state;
	config.loop = loop;
	check(watch_new(&config, &watch, NULL) == 0);
}

static inline void publish(void)
{
	check(watch_publish(watch, core.change) == 0);
}

static inline void zone_appears(const char *name)
{
	check_str(make_zone(&core, name, "10.0.0.0/16"), "OK");
	publish();
}

static inline void peer_joins(unsigned number, const char *zone)
{
	check_str(join(&core, number, zone, NULL), "OK");
	publish();
}

static inline void peer_leaves(unsigned number)
{
	check_str(remove_peer(&core, number), "OK");
	publish();
}

static inline void token_appears(const char *id, const char *zone)
{
	struct request request = token_request(id, zone);

	check_str(core_say(&core, &request), "OK");
	publish();
}

static inline void zone_goes(const char *name)
{
	struct request request = { .kind = REQUEST_ZONE_DELETE, .zone_delete.force = true };

	(void)snprintf(request.zone_delete.name, ZONE_NAME_BYTES, "%s", name);
	check_str(core_say(&core, &request), "OK");
	publish();
}

/* Zones "a" and "b", peer 1 in "a", peer 2 in "b": revisions 1 to 4. */
static inline void begin(void)
{
	begin_with((struct watch_config){ 0 });
	zone_appears("a");
	zone_appears("b");
	peer_joins(1, "a");
	peer_joins(2, "b");
}

static inline void end(void)
{
	check(watch_watchers_len(watch) == 0);
	check(watch->snapshots_len == 0);
	watch_free(watch);
	core_done(&core);
}

static inline void note_peer(struct str *trace, const char *word, const struct event *event)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct key key = { 0 };

	check(doc_load(event->data, event->data_len, &object, NULL) == 0);
	check(doc_key(object, "PublicKey", &key, NULL) == 1);
	str_printf(trace, "%s:%d", word, key.bytes[1] << 8 | key.bytes[2]);
}

static inline int note(const struct event *event, void *data)
{
	static const char *const words[] = { "beat",      "begin", "end",       "zone",
					     "zone-gone", "peer",  "peer-gone", "?" };
	struct follower *follower = data;
	struct str *trace = &follower->trace;

	if (trace->len > 0)
		str_append(trace, " ");
	if (event->kind == EVENT_PEER || event->kind == EVENT_PEER_REMOVED)
		note_peer(trace, words[event->kind], event);
	else
		str_append(trace, words[event->kind]);
	if (event->kind == EVENT_SNAPSHOT_BEGIN && strstr(event->data, "\"reset\":true"))
		str_append(trace, "!");
	if (event->has_id) {
		str_printf(trace, "#%d", (int)event->id.revision);
		follower->last = event->id;
	}
	return 0;
}

static inline void wake(void *data)
{
	struct follower *follower = data;

	follower->wakes++;
	if (follower->kills) {
		watcher_free(follower->kills->watcher);
		follower->kills->watcher = NULL;
	}
}

static inline int follow_by(struct follower *follower, const char *zone,
			    const struct event_id *after, unsigned peer)
{
	struct key key = key_of(peer);

	*follower = (struct follower){ 0 };
	check(event_reader_new(note, follower, &follower->reader, NULL) == 0);
	return watcher_new(watch, zone, after, peer ? &key : NULL, wake, follower,
			   &follower->watcher, NULL);
}

static inline void follow(struct follower *follower, const char *zone)
{
	check(follow_by(follower, zone, NULL, 0) == 0);
}

static inline void resume(struct follower *follower, const char *zone, uint64_t revision,
			  uint64_t mark)
{
	const struct event_id id = { revision, mark };

	check(follow_by(follower, zone, &id, 0) == 0);
}

/* Reads at most so much at once, until there is nothing; valid until the next call. */
static inline const char *read_by(struct follower *follower, size_t piece_bytes)
{
	static char trace[65536];
	char piece[PIECE_BYTES];
	ssize_t n;

	while ((n = watcher_read(follower->watcher, piece, MIN(piece_bytes, sizeof(piece)))) > 0)
		check(event_reader_feed(follower->reader, piece, (size_t)n, NULL) == 0);
	check(n == 0 || n == -ESHUTDOWN);
	follower->is_over = n == -ESHUTDOWN;
	(void)snprintf(trace, sizeof(trace), "%s", follower->trace.len ? follower->trace.at : "");
	str_done(&follower->trace);
	return trace;
}

static inline const char *read_all(struct follower *follower)
{
	return read_by(follower, PIECE_BYTES);
}

static inline void unfollow(struct follower *follower)
{
	watcher_free(follower->watcher);
	event_reader_free(follower->reader);
	str_done(&follower->trace);
}

/* Marks are what core_ask makes of them. */
static inline uint64_t mark_of(uint64_t revision)
{
	return (revision - 1) * 7919;
}

/* To be run around all tests of a program. */
static inline bool follow_init(void)
{
	return loop_new(&loop, NULL) == 0 &&
	       loop_timer_new(loop, stop, loop, &stop_timer, NULL) == 0;
}

static inline void follow_done(void)
{
	loop_timer_free(stop_timer);
	loop_free(loop);
}

#endif
