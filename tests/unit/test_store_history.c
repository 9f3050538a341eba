// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a tower does with the history that it finds in Redis.
 */
#include "rig.h"
#include "tower/store/history.h"
#include "tower/store/private.h"

#define EPOCH_A "0123456789abcdef0123456789abcdef"
#define EPOCH_B "fedcba9876543210fedcba9876543210"

static void relates_two_histories(void)
{
	static const struct {
		struct history mine;
		struct history theirs;
		uint64_t logged; /* 0: their log does not reach back */
		enum history_relation wanted;
	} rows[] = {
		{ { "", 0, 0 }, { "", 0, 0 }, 0, HISTORY_SAME },
		{ { "", 0, 0 }, { EPOCH_A, 7, 70 }, 0, HISTORY_AHEAD },
		{ { EPOCH_A, 7, 70 }, { EPOCH_A, 7, 70 }, 0, HISTORY_SAME },
		{ { EPOCH_A, 7, 70 }, { EPOCH_A, 9, 90 }, 70, HISTORY_AHEAD },
		{ { EPOCH_A, 7, 70 }, { EPOCH_A, 9, 90 }, 71, HISTORY_BRANCHED },
		{ { EPOCH_A, 7, 70 }, { EPOCH_A, 9, 90 }, 0, HISTORY_TRIMMED },
		{ { EPOCH_A, 7, 70 }, { EPOCH_A, 7, 71 }, 0, HISTORY_BRANCHED },
		{ { EPOCH_A, 7, 70 }, { EPOCH_A, 6, 60 }, 0, HISTORY_BEHIND },
		{ { EPOCH_A, 7, 70 }, { "", 0, 0 }, 0, HISTORY_EMPTY },
		{ { EPOCH_A, 7, 70 }, { EPOCH_B, 7, 70 }, 70, HISTORY_OTHER },
		/* The tail was faster than the first compare: the epoch is not known yet. */
		{ { "", 7, 70 }, { EPOCH_A, 7, 70 }, 0, HISTORY_SAME },
		{ { "", 7, 70 }, { EPOCH_A, 9, 90 }, 70, HISTORY_AHEAD },
		{ { "", 7, 70 }, { "", 0, 0 }, 0, HISTORY_EMPTY },
		{ { EPOCH_A, 7, 70 }, { EPOCH_B, 9, 90 }, 0, HISTORY_OTHER },
	};
	char why[ERR_TEXT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum history_relation is = history_compare(&rows[i].mine, &rows[i].theirs,
							   rows[i].logged ? &rows[i].logged : NULL);

		if (!check(is == rows[i].wanted))
			printf("# row %zu\n", i);
		check(history_explain(is, &rows[i].mine, &rows[i].theirs, why, sizeof(why)) ==
		      (is == HISTORY_SAME || is == HISTORY_AHEAD || is == HISTORY_TRIMMED));
	}
}

static void reads_stored_fields_strictly(void)
{
	static const struct {
		const char *epoch, *revision, *mark;
		int wanted;
	} rows[] = {
		{ "", "", "", 0 },
		{ EPOCH_A, "1", "00000000000000ff", 0 },
		{ EPOCH_A, "18446744073709551615", "ffffffffffffffff", 0 },
		{ EPOCH_A, "18446744073709551616", "ffffffffffffffff", -EPROTO },
		{ EPOCH_A, "0", "00000000000000ff", -EPROTO },
		{ EPOCH_A, "", "00000000000000ff", -EPROTO },
		{ EPOCH_A, "1", "", -EPROTO },
		{ EPOCH_A, "1", "00000000000000fg", -EPROTO },
		{ EPOCH_A, "1", "00000000000000FF", -EPROTO },
		{ EPOCH_A "0", "1", "00000000000000ff", -EPROTO },
		{ "", "1", "00000000000000ff", -EPROTO },
	};
	struct history history;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!check(history_read(rows[i].epoch, rows[i].revision, rows[i].mark, &history,
					NULL) == rows[i].wanted))
			printf("# row %zu\n", i);
}

/* Never on top of a history that is not ours; what is known stays there to be read. */
static void stops_before_a_foreign_history(void)
{
	static const struct {
		const char *const command[6];
		const char *why;
	} rows[] = {
		{ { "HSET", "apex:meta", "epoch", EPOCH_A }, "holds another history" },
		{ { "HSET", "apex:meta", "revision", "1" }, "lost what came after revision 1" },
		{ { "HSET", "apex:meta", "mark", "00000000000000ff" }, "is another change" },
		{ { "HSET", "apex:meta", "mark", "nonsense" }, "malformed" },
		{ { "FLUSHALL" }, "Redis is empty, this tower is at revision 2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;
		struct tower a;
		char written[32];

		rig_init(&rig);
		tower_init(&a, &rig);
		check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
		check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
		(void)rig_ask(&rig, rows[i].command);
		(void)snprintf(written, sizeof(written), "%s", rig_redis(&rig, "XLEN", "apex:log"));
		check_str(ask_and_wait(&a, join_request(2, "blue")), "E503-store");
		if (!check(strstr(store_status_why(a.store), rows[i].why)))
			printf("# %s\n", store_status_why(a.store));
		check(store_status(a.store) == STORE_FOREIGN);
		check(a.loads == 1 && state_peers_len(a.state, NULL) == 1);
		check_str(rig_redis(&rig, "XLEN", "apex:log"), written);
		tower_done(&a);
		rig_done(&rig);
	}
}

static void notices_when_idle_and_goes_on_when_it_is_mended(void)
{
	struct rig rig;
	struct tower a;
	char epoch[HISTORY_EPOCH_BYTES];

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	(void)snprintf(epoch, sizeof(epoch), "%s", rig_redis(&rig, "HGET", "apex:meta", "epoch"));
	(void)rig_redis(&rig, "HSET", "apex:meta", "epoch", EPOCH_A);
	rig_until(&rig, store_status(a.store) == STORE_FOREIGN);
	(void)rig_redis(&rig, "HSET", "apex:meta", "epoch", epoch);
	rig_until(&rig, tower_is_ready(&a));
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	check(a.loads == 1);
	tower_done(&a);
	rig_done(&rig);
}

/* What happened while this tower was cut off: the log tells it, or all is loaded. */
static void catches_up_after_an_outage(void)
{
	for (int trimmed = 0; trimmed < 2; trimmed++) {
		struct rig rig;
		struct rig far;
		struct tower a;
		struct tower b;

		rig_init(&rig);
		tower_init(&a, &rig);
		check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/20")), "OK");
		rig_stop_redis(&rig, SIGKILL);
		rig_until(&rig, store_status(a.store) == STORE_LOST);
		rig_start_redis(&rig);
		/* From here on only the far loop turns, and the near tower hears nothing. */
		rig_init_far(&far, &rig);
		tower_init(&b, &far);
		for (unsigned i = 0; i < 10; i++)
			check_str(ask_and_wait(&b, join_request(i, "blue")), "OK");
		if (trimmed)
			check_str(rig_redis(&far, "XTRIM", "apex:log", "MAXLEN", "3"), "8");
		rig_until(&rig, tower_is_ready(&a) && same_peers(&a, &b));
		check(a.loads == 1 + (unsigned)trimmed);
		check(a.changes == (trimmed ? 1 : 11));
		tower_done(&a);
		tower_done(&b);
		rig_done_far(&far);
		rig_done(&rig);
	}
}

/* Somebody removed the log: the rows are still there. */
static void loads_what_a_cut_log_lacks(void)
{
	for (int begun = 0; begun < 2; begun++) {
		struct rig rig;
		struct rig far;
		struct tower a;
		struct tower b;

		rig_init(&rig);
		tower_init(&a, &rig);
		if (begun)
			check_str(ask_and_wait(&a, zone_request("red", "10.1.0.0/24")), "OK");
		rig_stop_redis(&rig, SIGKILL);
		rig_until(&rig, store_status(a.store) == STORE_LOST);
		rig_start_redis(&rig);
		rig_init_far(&far, &rig);
		tower_init(&b, &far);
		check_str(ask_and_wait(&b, zone_request("blue", "10.1.0.0/24")), "OK");
		check_str(ask_and_wait(&b, join_request(1, "blue")), "OK");
		check_str(rig_redis(&far, "DEL", "apex:log"), "1");
		rig_until(&rig, tower_is_ready(&a) && same_peers(&a, &b));
		check(a.loads == 2);
		tower_done(&a);
		tower_done(&b);
		rig_done_far(&far);
		rig_done(&rig);
	}
}

/* Entries beyond one reply's bound come in several. */
static void catches_up_with_a_long_log(void)
{
	struct rig rig;
	struct rig far;
	struct tower a;
	struct tower b;
	struct asked asked;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.0.0.0/16")), "OK");
	rig_init_far(&far, &rig);
	tower_init(&b, &far);
	for (unsigned i = 0; i < 2 * SCRIPT_MISSING_MAX + 100; i++) {
		struct request request = join_request(i, "blue");

		check(commit_submit(b.commit, &request, NULL, NULL, NULL, NULL) == 0);
	}
	ask(&b, join_request(65000, "blue"), &asked);
	rig_until(&far, asked.answered);
	rig_until(&rig, same_peers(&a, &b));
	check(a.loads == 1);
	tower_done(&a);
	tower_done(&b);
	rig_done_far(&far);
	rig_done(&rig);
}

static void stops_before_what_a_newer_tower_wrote(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;
	struct err err;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	(void)rig_redis(&rig, "HSET", "apex:meta", "revision", "2", "mark", "00000000000000ff", "v",
			"2");
	(void)rig_redis(&rig, "XADD", "apex:log", "2-0", "mark", "00000000000000ff", "change",
			"{\"v\":2,\"at\":1,\"ops\":[]}");
	rig_until(&rig, store_status(a.store) == STORE_FOREIGN);
	check(strstr(store_status_why(a.store), "version 2"));
	check(tower_start(&b, &rig, rig.url, &err) == 0);
	rig_until(&rig, store_status(b.store) == STORE_FOREIGN);
	check(strstr(store_status_why(b.store), "upgrade this one") && b.loads == 0);
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

static void loads_no_nonsense(void)
{
	static const char *const rows[][8] = {
		{ "HSET", "apex:peers", "x", "{" },
		{ "HSET", "apex:zones", "red", "{\"Name\":\"blue\",\"CIDR\":\"10.0.0.0/8\"}" },
		{ "HSET", "apex:meta", "revision", "-1" },
		{ "DEL", "apex:meta" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;
		struct tower a;
		struct err err;

		rig_init(&rig);
		tower_init(&a, &rig);
		check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
		tower_done(&a);
		(void)rig_ask(&rig, rows[i]);
		check(tower_start(&a, &rig, rig.url, &err) == 0);
		rig_until(&rig, store_status(a.store) == STORE_FOREIGN);
		check(a.loads == 0 && *store_status_why(a.store));
		tower_done(&a);
		rig_done(&rig);
	}
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	run(relates_two_histories);
	run(reads_stored_fields_strictly);
	run(stops_before_a_foreign_history);
	run(notices_when_idle_and_goes_on_when_it_is_mended);
	run(catches_up_after_an_outage);
	run(loads_what_a_cut_log_lacks);
	run(catches_up_with_a_long_log);
	run(stops_before_what_a_newer_tower_wrote);
	run(loads_no_nonsense);
	return check_done();
}
