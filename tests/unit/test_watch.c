// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a watcher reads is written down in short: "begin zone peer:2 end#3 beat#4", where #N is the
 * id's revision and "begin!" a snapshot with reset.
 */
#include <errno.h>

#include "base/clock.h"
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

static void stop(void *data)
{
	loop_stop(data, 0);
}

/* One turn of the loop: its hooks, and what is due. */
static void turn(void)
{
	loop_timer_set(stop_timer, 0);
	check(loop_run(loop) == 0);
}

static void begin_with(struct watch_config config)
{
	core_init(&core);
	config.state = core.state;
	config.loop = loop;
	check(watch_new(&config, &watch, NULL) == 0);
}

static void publish(void)
{
	check(watch_publish(watch, core.change) == 0);
}

static void zone_appears(const char *name)
{
	check_str(make_zone(&core, name, "10.0.0.0/16"), "OK");
	publish();
}

static void peer_joins(unsigned number, const char *zone)
{
	check_str(join(&core, number, zone, NULL), "OK");
	publish();
}

static void peer_leaves(unsigned number)
{
	check_str(remove_peer(&core, number), "OK");
	publish();
}

static void token_appears(const char *id, const char *zone)
{
	struct request request = token_request(id, zone);

	check_str(core_say(&core, &request), "OK");
	publish();
}

static void zone_goes(const char *name)
{
	struct request request = { .kind = REQUEST_ZONE_DELETE, .zone_delete.force = true };

	(void)snprintf(request.zone_delete.name, ZONE_NAME_BYTES, "%s", name);
	check_str(core_say(&core, &request), "OK");
	publish();
}

/* Zones "a" and "b", peer 1 in "a", peer 2 in "b": revisions 1 to 4. */
static void begin(void)
{
	begin_with((struct watch_config){ 0 });
	zone_appears("a");
	zone_appears("b");
	peer_joins(1, "a");
	peer_joins(2, "b");
}

static void end(void)
{
	check(watch_watchers_len(watch) == 0);
	check(watch->snapshots_len == 0);
	watch_free(watch);
	core_done(&core);
}

static void note_peer(struct str *trace, const char *word, const struct event *event)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct key key = { 0 };

	check(doc_load(event->data, event->data_len, &object, NULL) == 0);
	check(doc_key(object, "PublicKey", &key, NULL) == 1);
	str_printf(trace, "%s:%d", word, key.bytes[1] << 8 | key.bytes[2]);
}

static int note(const struct event *event, void *data)
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

static void wake(void *data)
{
	struct follower *follower = data;

	follower->wakes++;
	if (follower->kills) {
		watcher_free(follower->kills->watcher);
		follower->kills->watcher = NULL;
	}
}

static int follow_by(struct follower *follower, const char *zone, const struct event_id *after,
		     unsigned peer)
{
	struct key key = key_of(peer);

	*follower = (struct follower){ 0 };
	check(event_reader_new(note, follower, &follower->reader, NULL) == 0);
	return watcher_new(watch, zone, after, peer ? &key : NULL, wake, follower,
			   &follower->watcher, NULL);
}

static void follow(struct follower *follower, const char *zone)
{
	check(follow_by(follower, zone, NULL, 0) == 0);
}

static void resume(struct follower *follower, const char *zone, uint64_t revision, uint64_t mark)
{
	const struct event_id id = { revision, mark };

	check(follow_by(follower, zone, &id, 0) == 0);
}

/* Reads at most so much at once, until there is nothing; valid until the next call. */
static const char *read_by(struct follower *follower, size_t piece_bytes)
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

static const char *read_all(struct follower *follower)
{
	return read_by(follower, PIECE_BYTES);
}

static void unfollow(struct follower *follower)
{
	watcher_free(follower->watcher);
	event_reader_free(follower->reader);
	str_done(&follower->trace);
}

/* Marks are what core_ask makes of them. */
static uint64_t mark_of(uint64_t revision)
{
	return (revision - 1) * 7919;
}

static void new_watcher_gets_a_snapshot_then_each_change_once(void)
{
	struct follower follower;

	begin();
	follow(&follower, "a");
	check_str(read_all(&follower), "begin zone peer:1 end#4");
	peer_joins(3, "a");
	check_str(read_all(&follower), "peer:3#5");
	check_str(read_all(&follower), "");
	peer_leaves(1);
	peer_joins(4, "a");
	check_str(read_all(&follower), "peer-gone:1#6 peer:4#7");
	check(!follower.is_over);
	unfollow(&follower);
	end();
}

static void changes_during_a_snapshot_come_behind_it(void)
{
	struct follower follower;
	char byte;

	begin();
	follow(&follower, "a");
	check(watcher_read(follower.watcher, &byte, 1) == 1);
	check(event_reader_feed(follower.reader, &byte, 1, NULL) == 0);
	peer_joins(3, "a");
	peer_leaves(1);
	check_str(read_by(&follower, 7), "begin zone peer:1 end#4 peer:3#5 peer-gone:1#6");
	unfollow(&follower);
	end();
}

static void id_stands_on_the_last_frame_of_a_revision(void)
{
	struct follower follower;
	struct request request;

	begin();
	follow(&follower, "a");
	(void)read_all(&follower);
	request = join_request(3, "a");
	with_address(&request, "10.0.0.1"); /* peer 1 holds it: it gets another */
	check_str(core_say(&core, &request), "OK");
	check(core.change->ops.len >= 2);
	publish();
	check_str(read_all(&follower), "peer:1 peer:3#5");
	unfollow(&follower);
	end();
}

static void zones_see_nothing_of_one_another(void)
{
	struct follower follower;

	begin();
	follow(&follower, "b");
	check_str(read_all(&follower), "begin zone peer:2 end#4");
	peer_joins(3, "a");
	peer_leaves(1);
	turn();
	check(follower.wakes == 0);
	check_str(read_all(&follower), "");
	unfollow(&follower);
	end();
}

static void move_is_a_removal_here_and_an_arrival_there(void)
{
	struct follower from;
	struct follower to;

	begin();
	follow(&from, "a");
	follow(&to, "b");
	(void)read_all(&from);
	(void)read_all(&to);
	peer_joins(1, "b");
	check_str(read_all(&from), "peer-gone:1#5");
	check_str(read_all(&to), "peer:1#5");
	unfollow(&from);
	unfollow(&to);
	end();
}

static void all_of_one_turn_comes_with_one_wake(void)
{
	struct follower follower;

	begin();
	follow(&follower, "a");
	(void)read_all(&follower);
	for (unsigned i = 10; i < 20; i++)
		peer_joins(i, "a");
	turn();
	turn();
	check(follower.wakes == 1);
	check(strlen(read_all(&follower)) > 0);
	peer_joins(30, "a");
	turn();
	check(follower.wakes == 2);
	unfollow(&follower);
	end();
}

static void who_has_not_read_all_is_not_woken(void)
{
	struct follower follower;

	begin();
	follow(&follower, "a");
	peer_joins(10, "a");
	turn();
	check(follower.wakes == 0);
	unfollow(&follower);
	end();
}

static void many_are_woken_in_slices(void)
{
	enum { FOLLOWERS = 2 * WATCH_WAKE_SLICE + 1 };
	static struct follower followers[FOLLOWERS];
	static const int woken_by_turn[] = { WATCH_WAKE_SLICE, 2 * WATCH_WAKE_SLICE, FOLLOWERS };

	begin();
	for (int i = 0; i < FOLLOWERS; i++) {
		resume(&followers[i], "a", 4, mark_of(4));
		check_str(read_all(&followers[i]), "");
	}
	peer_joins(3, "a");
	for (size_t i = 0; i < ARRAY_SIZE(woken_by_turn); i++) {
		int woken = 0;

		turn();
		for (int j = 0; j < FOLLOWERS; j++)
			woken += followers[j].wakes;
		check(woken == woken_by_turn[i]);
	}
	for (int i = 0; i < FOLLOWERS; i++)
		unfollow(&followers[i]);
	end();
}

static void watchers_may_be_freed_in_any_wake(void)
{
	struct follower followers[4];

	begin();
	for (int i = 0; i < 4; i++) {
		follow(&followers[i], "a");
		(void)read_all(&followers[i]);
	}
	for (int i = 0; i < 4; i++)
		followers[i].kills = &followers[i ^ 1];
	followers[2].kills = &followers[2];
	followers[3].kills = NULL;
	peer_joins(3, "a");
	turn();
	check(followers[0].wakes + followers[1].wakes == 1);
	check(!followers[2].watcher && followers[3].wakes == 1);
	for (int i = 0; i < 4; i++)
		unfollow(&followers[i]);
	end();
}

static void resumes_behind_any_known_revision(void)
{
	static const char *const behind[] = {
		[1] = "peer:1#3 peer:3#6 peer:1#8",
		[2] = "peer:1#3 peer:3#6 peer:1#8", /* another zone's */
		[3] = "peer:3#6 peer:1#8",
		[4] = "peer:3#6 peer:1#8",
		[5] = "peer:3#6 peer:1#8", /* a token's */
		[6] = "peer:1#8",
		[7] = "peer:1#8",
		[8] = "",
		[9] = "",
	};
	struct request request = patch_request(1);

	begin();
	token_appears("0000000000000001", "a");
	peer_joins(3, "a");
	peer_joins(4, "b");
	with_hostname(&request, "renamed");
	check_str(core_say(&core, &request), "OK");
	publish();
	token_appears("0000000000000002", "b");
	for (uint64_t i = 1; i < ARRAY_SIZE(behind); i++) {
		struct follower follower;

		resume(&follower, "a", i, mark_of(i));
		check_str(read_all(&follower), behind[i]);
		peer_joins(100 + (unsigned)i, "b");
		check_str(read_all(&follower), "");
		unfollow(&follower);
	}
	end();
}

static void foreign_ids_get_a_snapshot_that_says_reset(void)
{
	static const struct {
		uint64_t revision;
		uint64_t mark;
	} rows[] = { { 3, 1 }, { 4, 1 }, { 5, 4 }, { UINT64_MAX, 0 } };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct follower follower;

		resume(&follower, "a", rows[i].revision, rows[i].mark);
		check_str(read_all(&follower), "begin! zone peer:1 end#4");
		unfollow(&follower);
	}
	end();
}

static void trimmed_ids_get_a_snapshot_without_reset(void)
{
	struct follower follower;

	begin_with((struct watch_config){ .ring_bytes = 3000 });
	zone_appears("a");
	for (unsigned i = 1; i < 60; i++)
		peer_joins(i, "a");
	check(watch->ring.bytes <= 3000);
	resume(&follower, "a", 2, mark_of(2));
	check(str_starts(read_all(&follower), "begin zone peer:1 peer:2 "));
	unfollow(&follower);
	resume(&follower, "a", 2, 1); /* nobody knows any more whether that was ours */
	check(str_starts(read_all(&follower), "begin zone peer:1 peer:2 "));
	unfollow(&follower);
	resume(&follower, "a", watch->ring.base.revision, watch->ring.base.mark);
	check(str_starts(read_all(&follower), "peer:"));
	unfollow(&follower);
	resume(&follower, "a", 58, mark_of(58));
	check_str(read_all(&follower), "peer:58#59 peer:59#60");
	unfollow(&follower);
	end();
}

static void history_of_the_log_can_be_resumed_from(void)
{
	struct change *changes[5];
	struct follower follower;

	begin_with((struct watch_config){ 0 });
	check_str(make_zone(&core, "a", "10.0.0.0/16"), "OK");
	for (unsigned i = 0; i < 5; i++) {
		check_str(join(&core, i + 1, "a", NULL), "OK");
		changes[i] = TAKE_PTR(core.change);
	}
	watch_resync(watch, false); /* what was loaded is revision 6 */
	for (unsigned i = 0; i < 5; i++) {
		check(watch_publish(watch, changes[i]) == 0);
		change_free(changes[i]);
	}
	resume(&follower, "a", 4, mark_of(4));
	check_str(read_all(&follower), "peer:4#5 peer:5#6");
	peer_joins(9, "a");
	check_str(read_all(&follower), "peer:9#7");
	unfollow(&follower);
	resume(&follower, "a", 1, mark_of(1)); /* before what was given */
	check(str_starts(read_all(&follower), "begin zone"));
	unfollow(&follower);
	end();
}

static void history_that_is_not_given_is_unknown_but_for_the_head(void)
{
	struct follower follower;

	begin_with((struct watch_config){ 0 });
	check_str(make_zone(&core, "a", "10.0.0.0/16"), "OK");
	check_str(join(&core, 1, "a", NULL), "OK");
	watch_resync(watch, false);
	resume(&follower, "a", 1, mark_of(1));
	check_str(read_all(&follower), "begin zone peer:1 end#2");
	unfollow(&follower);
	resume(&follower, "a", 2, mark_of(2));
	check_str(read_all(&follower), "");
	unfollow(&follower);
	peer_joins(2, "a");
	resume(&follower, "a", 2, mark_of(2));
	check_str(read_all(&follower), "peer:2#3");
	unfollow(&follower);
	end();
}

static void history_that_ends_before_the_state_is_not_resumed_from(void)
{
	struct change *second;
	struct follower follower;

	begin_with((struct watch_config){ 0 });
	check_str(make_zone(&core, "a", "10.0.0.0/16"), "OK");
	check_str(join(&core, 1, "a", NULL), "OK");
	second = TAKE_PTR(core.change);
	check_str(join(&core, 2, "a", NULL), "OK");
	check_str(join(&core, 3, "a", NULL), "OK");
	check(watch_publish(watch, second) == 0);
	for (uint64_t i = 1; i < 4; i++) {
		resume(&follower, "a", i, mark_of(i));
		check_str(read_all(&follower), "begin zone peer:1 peer:2 peer:3 end#4");
		unfollow(&follower);
	}
	change_free(second);
	end();
}

static void snapshot_is_shared_until_the_zone_changes(void)
{
	struct follower followers[4];

	begin();
	follow(&followers[0], "a");
	peer_joins(3, "b");
	token_appears("0000000000000001", "a");
	follow(&followers[1], "a");
	check(followers[0].watcher->aside == followers[1].watcher->aside);
	check(watch->snapshots_len == 2);
	peer_joins(4, "a");
	follow(&followers[2], "a");
	check(followers[2].watcher->aside != followers[1].watcher->aside);
	resume(&followers[3], "a", 99, 9);
	check(followers[3].watcher->aside != followers[2].watcher->aside);
	check_str(read_all(&followers[0]), "begin zone peer:1 end#4 peer:4#7");
	check_str(read_all(&followers[1]), "begin zone peer:1 end#4 peer:4#7");
	check_str(read_all(&followers[2]), "begin zone peer:1 peer:4 end#7");
	check_str(read_all(&followers[3]), "begin! zone peer:1 peer:4 end#7");
	check(watch->snapshots_len == 0);
	for (int i = 0; i < 4; i++)
		unfollow(&followers[i]);
	end();
}

static void snapshots_being_sent_are_limited(void)
{
	struct follower followers[3];
	const struct event_id id = { 1, 0 };

	begin_with((struct watch_config){ .snapshots_max = 2 });
	zone_appears("a");
	follow(&followers[0], "a");
	follow(&followers[1], "a");
	check(follow_by(&followers[2], "a", NULL, 0) == -EBUSY);
	unfollow(&followers[2]);
	check(follow_by(&followers[2], "a", &id, 0) == 0); /* needs none */
	unfollow(&followers[2]);
	(void)read_all(&followers[0]);
	check(follow_by(&followers[2], "a", NULL, 0) == 0);
	unfollow(&followers[1]); /* in the middle of its own */
	unfollow(&followers[2]);
	unfollow(&followers[0]);
	end();
}

static void watchers_are_limited_and_want_a_zone(void)
{
	struct follower followers[3];

	begin_with((struct watch_config){ .watchers_max = 2 });
	zone_appears("a");
	check(follow_by(&followers[0], "b", NULL, 0) == -ENOENT);
	unfollow(&followers[0]);
	follow(&followers[0], "a");
	follow(&followers[1], "a");
	check(watch_watchers_len(watch) == 2);
	check(follow_by(&followers[2], "a", NULL, 0) == -ENFILE);
	for (int i = 0; i < 3; i++)
		unfollow(&followers[i]);
	end();
}

static void laggard_is_ended_and_resumes_by_its_id(void)
{
	struct follower slow;
	struct follower quick;
	struct event_id last;

	begin_with((struct watch_config){ .lag_bytes = 1000 });
	zone_appears("a");
	follow(&slow, "a");
	follow(&quick, "a");
	check_str(read_all(&slow), "begin zone end#1");
	last = slow.last;
	slow.watcher->is_asleep = false; /* as if its connection took no more */
	for (unsigned i = 1; i < 8; i++) {
		peer_joins(i, "a");
		turn();
		(void)read_all(&quick);
	}
	check(!quick.is_over);
	check_str(read_all(&slow), "");
	check(slow.is_over);
	unfollow(&slow);
	resume(&slow, "a", last.revision, last.mark); /* too much to send it piece by piece */
	check(str_starts(read_all(&slow), "begin zone peer:1"));
	unfollow(&slow);
	unfollow(&quick);
	end();
}

/* Runs the loop until so many heartbeats were made, or a second is over. */
static void let_beat(const struct follower *follower, int beats)
{
	int64_t until_ms = clock_mono_ms() + 1000;

	while (follower->wakes < beats && clock_mono_ms() < until_ms)
		turn();
}

static void heartbeat_carries_the_head_to_those_at_the_end(void)
{
	struct follower follower;
	struct follower other;

	begin_with((struct watch_config){ .heartbeat_ms = 5 });
	zone_appears("a");
	zone_appears("b");
	follow(&follower, "a");
	follow(&other, "a");
	check_str(read_all(&follower), "begin zone end#2");
	peer_joins(1, "b");
	token_appears("0000000000000001", "b");
	let_beat(&follower, 1);
	check(follower.wakes == 1);
	check_str(read_by(&follower, 1), "beat#4");
	check(str_starts(read_all(&other), "begin zone end#2")); /* it had not read all */
	let_beat(&follower, 2);
	check_str(read_all(&follower), "beat#4");
	peer_joins(2, "a");
	check_str(read_all(&follower), "peer:2#5");
	unfollow(&follower);
	unfollow(&other);
	end();
}

/* Its id promises that everything before it was read. */
static void heartbeat_never_overtakes_a_change(void)
{
	_cleanup_str_ struct str text = { 0 };
	const struct event_id head = { 5, mark_of(5) };
	struct follower follower;
	struct chunk *heartbeat;

	begin();
	follow(&follower, "a");
	(void)read_all(&follower);
	peer_joins(3, "a");
	event_write(&text, EVENT_HEARTBEAT, NULL, &head);
	heartbeat = chunk_new(&text, 5);
	watcher_beat(follower.watcher, heartbeat); /* before the loop has looked at it */
	check_str(read_all(&follower), "peer:3#5");
	watcher_beat(follower.watcher, heartbeat);
	peer_joins(4, "a");
	check_str(read_all(&follower), "beat#5 peer:4#6");
	chunk_unref(heartbeat);
	unfollow(&follower);
	end();
}

static void snapshot_that_nobody_takes_is_ended(void)
{
	_cleanup_str_ struct str text = { 0 };
	struct chunk *heartbeat = chunk_new(&text, 0);
	struct follower follower;

	begin();
	follow(&follower, "a");
	watcher_beat(follower.watcher, heartbeat);
	check(watch->snapshots_len == 1);
	watcher_beat(follower.watcher, heartbeat);
	check(watch->snapshots_len == 0);
	check_str(read_all(&follower), "");
	check(follower.is_over);
	chunk_unref(heartbeat);
	unfollow(&follower);
	end();
}

static void stream_of_a_peer_ends_with_its_removal(void)
{
	struct follower own;
	struct follower twin;
	struct follower neighbour;
	struct follower person;

	begin();
	peer_joins(3, "a");
	check(follow_by(&own, "a", NULL, 1) == 0);
	check(follow_by(&twin, "a", NULL, 1) == 0);
	check(follow_by(&neighbour, "a", NULL, 3) == 0);
	follow(&person, "a");
	(void)read_all(&own);
	(void)read_all(&neighbour);
	(void)read_all(&person);
	peer_leaves(1);
	peer_joins(4, "a");
	turn();
	check(own.wakes == 1);
	check_str(read_all(&own), "peer-gone:1#6");
	check(own.is_over);
	check(str_starts(read_all(&twin), "begin zone")); /* it reads on to its end */
	check(twin.is_over);
	check_str(read_all(&neighbour), "peer-gone:1#6 peer:4#7");
	check_str(read_all(&person), "peer-gone:1#6 peer:4#7");
	check(!neighbour.is_over && !person.is_over);
	unfollow(&own);
	unfollow(&twin);
	unfollow(&neighbour);
	unfollow(&person);
	end();
}

static void stream_of_a_peer_ends_with_its_move(void)
{
	struct follower own;
	struct follower there;

	begin();
	check(follow_by(&own, "a", NULL, 1) == 0);
	check(follow_by(&there, "b", NULL, 2) == 0);
	(void)read_all(&own);
	(void)read_all(&there);
	peer_joins(1, "b");
	check_str(read_all(&own), "peer-gone:1#5");
	check(own.is_over);
	check_str(read_all(&there), "peer:1#5");
	check(!there.is_over);
	unfollow(&own);
	unfollow(&there);
	end();
}

static void removed_zone_ends_all_its_streams(void)
{
	struct follower own;
	struct follower person;
	struct follower other;

	begin();
	check(follow_by(&own, "a", NULL, 1) == 0);
	follow(&person, "a");
	follow(&other, "b");
	(void)read_all(&own);
	(void)read_all(&person);
	(void)read_all(&other);
	zone_goes("a");
	turn();
	check(person.wakes == 1 && other.wakes == 0);
	check_str(read_all(&own), "peer-gone:1 zone-gone#5");
	check_str(read_all(&person), "peer-gone:1 zone-gone#5");
	check(own.is_over && person.is_over);
	zone_appears("a");
	check_str(read_all(&person), "");
	unfollow(&person);
	follow(&person, "a");
	check_str(read_all(&person), "begin zone end#6");
	unfollow(&own);
	unfollow(&person);
	unfollow(&other);
	end();
}

/* The state becomes another one under the watch: zone "a" with peer 7. */
static void load_another_history(void)
{
	struct core other;
	struct op op = { .kind = OP_PUT_ZONE };
	struct key seven = key_of(7);

	core_init(&other);
	check_str(make_zone(&other, "a", "10.0.0.0/16"), "OK");
	check_str(join(&other, 7, "a", NULL), "OK");
	state_clear(core.state);
	op.zone = *state_zone(other.state, "a");
	check(state_load(core.state, &op, NULL) == 0);
	op = (struct op){ .kind = OP_PUT_PEER };
	op.peer = *state_peer(other.state, &seven);
	check(state_load(core.state, &op, NULL) == 0);
	state_set_revision(core.state, 40, 4040);
	core_done(&other);
}

static void reload_gives_everybody_a_snapshot(void)
{
	struct follower own;
	struct follower person;
	struct follower gone;
	struct follower fresh;
	struct follower foreign;
	char byte;

	begin();
	check(follow_by(&own, "a", NULL, 1) == 0);
	resume(&foreign, "a", 99, 9);
	follow(&person, "a");
	follow(&gone, "b");
	(void)read_all(&own);
	(void)read_all(&gone);
	check(watcher_read(person.watcher, &byte, 1) == 1); /* in the middle of a frame */
	check(event_reader_feed(person.reader, &byte, 1, NULL) == 0);
	load_another_history();
	watch_resync(watch, true);
	follow(&fresh, "a");
	turn();
	check(own.wakes == 1);
	check_str(read_all(&own), "begin! zone peer:7 end#40");
	check(own.is_over); /* its peer is gone */
	check_str(read_all(&person), "begin zone peer:1 end#4 begin! zone peer:7 end#40");
	check_str(read_all(&gone), "");
	check(gone.is_over);
	check_str(read_all(&fresh), "begin zone peer:7 end#40");
	check_str(read_all(&foreign), "begin! zone peer:1 end#4 begin! zone peer:7 end#40");
	check(watch->snapshot_bytes > 0);
	peer_joins(8, "a");
	check(watch->snapshot_bytes == 0); /* not held as the end of the stream */
	check_str(read_all(&person), "peer:8#41");
	check_str(read_all(&fresh), "peer:8#41");
	unfollow(&person);
	resume(&person, "a", 4, mark_of(4));
	check_str(read_all(&person), "begin zone peer:7 peer:8 end#41");
	unfollow(&own);
	unfollow(&person);
	unfollow(&gone);
	unfollow(&fresh);
	unfollow(&foreign);
	end();
}

static void small_reads_give_the_same_bytes(void)
{
	static const size_t sizes[] = { 1, 2, 3, 64, 1000 };

	begin();
	for (unsigned i = 10; i < 40; i++)
		peer_joins(i, "a");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct follower large;
		struct follower small;
		char wanted[8192];

		follow(&large, "a");
		follow(&small, "a");
		peer_joins(100 + (unsigned)i, "a");
		(void)snprintf(wanted, sizeof(wanted), "%s", read_all(&large));
		check_str(read_by(&small, sizes[i]), wanted);
		unfollow(&large);
		unfollow(&small);
	}
	end();
}

int main(void)
{
	if (loop_new(&loop, NULL) < 0 || loop_timer_new(loop, stop, loop, &stop_timer, NULL) < 0)
		return 1;
	run(new_watcher_gets_a_snapshot_then_each_change_once);
	run(changes_during_a_snapshot_come_behind_it);
	run(id_stands_on_the_last_frame_of_a_revision);
	run(zones_see_nothing_of_one_another);
	run(move_is_a_removal_here_and_an_arrival_there);
	run(all_of_one_turn_comes_with_one_wake);
	run(who_has_not_read_all_is_not_woken);
	run(many_are_woken_in_slices);
	run(watchers_may_be_freed_in_any_wake);
	run(resumes_behind_any_known_revision);
	run(foreign_ids_get_a_snapshot_that_says_reset);
	run(trimmed_ids_get_a_snapshot_without_reset);
	run(history_of_the_log_can_be_resumed_from);
	run(history_that_is_not_given_is_unknown_but_for_the_head);
	run(history_that_ends_before_the_state_is_not_resumed_from);
	run(snapshot_is_shared_until_the_zone_changes);
	run(snapshots_being_sent_are_limited);
	run(watchers_are_limited_and_want_a_zone);
	run(laggard_is_ended_and_resumes_by_its_id);
	run(heartbeat_carries_the_head_to_those_at_the_end);
	run(heartbeat_never_overtakes_a_change);
	run(snapshot_that_nobody_takes_is_ended);
	run(stream_of_a_peer_ends_with_its_removal);
	run(stream_of_a_peer_ends_with_its_move);
	run(removed_zone_ends_all_its_streams);
	run(reload_gives_everybody_a_snapshot);
	run(small_reads_give_the_same_bytes);
	loop_timer_free(stop_timer);
	loop_free(loop);
	return check_done();
}
