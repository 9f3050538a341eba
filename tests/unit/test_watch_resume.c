// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <inttypes.h>

#include "follow.h"

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
		[8] = "", /* nothing was missed: the newest id alone */
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
		char beat[32];

		(void)snprintf(beat, sizeof(beat), "beat#%" PRIu64, state_revision(core.state));
		resume(&follower, "a", i, mark_of(i));
		check_str(read_all(&follower), *behind[i] ? behind[i] : beat);
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
	check_str(read_all(&follower), "beat#2");
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

int main(void)
{
	if (!follow_init())
		return 1;
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
	run(snapshot_that_nobody_takes_is_ended);
	run(reload_gives_everybody_a_snapshot);
	follow_done();
	return check_done();
}
