// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/clock.h"
#include "follow.h"

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
		check_str(read_all(&followers[i]), "beat#4");
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

static void small_reads_give_the_same_bytes(void)
{
	static const size_t sizes[] = { 1, 2, 3, 64, 1000 };

	begin();
	for (unsigned i = 10; i < 40; i++)
		peer_joins(i, "a");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct follower large;
		struct follower small;
		_cleanup_free_ char *wanted = NULL;

		follow(&large, "a");
		follow(&small, "a");
		peer_joins(100 + (unsigned)i, "a");
		wanted = strdup(read_all(&large));
		check_str(read_by(&small, sizes[i]), wanted);
		unfollow(&large);
		unfollow(&small);
	}
	end();
}

int main(void)
{
	if (!follow_init())
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
	run(heartbeat_carries_the_head_to_those_at_the_end);
	run(heartbeat_never_overtakes_a_change);
	run(stream_of_a_peer_ends_with_its_removal);
	run(stream_of_a_peer_ends_with_its_move);
	run(removed_zone_ends_all_its_streams);
	run(small_reads_give_the_same_bytes);
	follow_done();
	return check_done();
}
