// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Requests through queue, script and tail on a real Redis.
 */
#include "rig.h"

static void commits_and_shows_it_to_a_sibling(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;

	rig_init(&rig);
	tower_init(&a, &rig);
	tower_init(&b, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	check(state_revision(a.state) == 2 && a.changes == 2);
	rig_until(&rig, same_peers(&a, &b));
	check(b.changes == 2);
	check_str(rig_redis(&rig, "HGET", "apex:meta", "revision"), "2");
	check_str(rig_redis(&rig, "HLEN", "apex:peers"), "1");
	check_str(rig_redis(&rig, "XLEN", "apex:log"), "2");
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

static void starts_from_what_redis_holds(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	for (unsigned i = 1; i <= 20; i++)
		check_str(ask_and_wait(&a, join_request(i, "blue")), "OK");
	tower_init(&b, &rig);
	check(same_peers(&a, &b));
	check(b.loads == 1 && b.changes == 0 && b.history == 21);
	check_str(ask_and_wait(&b, join_request(21, "blue")), "OK");
	rig_until(&rig, same_peers(&a, &b));
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

/* One turn's requests are one batch: one reply, and they see one another. */
static void decides_a_batch_together(void)
{
	struct rig rig;
	struct tower a;
	struct asked asked[40];

	rig_init(&rig);
	tower_init(&a, &rig);
	ask(&a, zone_request("blue", "10.1.0.0/24"), &asked[0]);
	for (unsigned i = 1; i < ARRAY_SIZE(asked); i++)
		ask(&a, join_request(i % 38, "blue"), &asked[i]);
	rig_until(&rig, asked[39].answered);
	for (unsigned i = 0; i < 38; i++)
		check(asked[i].answered && asked[i].verdict == VERDICT_CHANGE &&
		      asked[i].revision == i + 1);
	check(asked[38].verdict == VERDICT_CHANGE);    /* key 0 */
	check(asked[39].verdict == VERDICT_UNCHANGED); /* key 1 again */
	check(state_check(a.state, NULL) == 0);        /* no address twice */
	/* All of it in one script: Redis counts its calls. */
	check_str(
		rig_redis(
			&rig, "EVAL",
			"return redis.call('INFO', 'commandstats'):match('cmdstat_hmget:calls=(%d+)')",
			"0"),
		"1");
	tower_done(&a);
	rig_done(&rig);
}

/* What a sibling has just made is there, although this tower's tail may not have brought it yet. */
static void refuses_only_after_a_compare(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;

	rig_init(&rig);
	tower_init(&a, &rig);
	tower_init(&b, &rig);
	for (int i = 0; i < 20; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "zone%d", i);
		check_str(ask_and_wait(i % 2 ? &a : &b, zone_request(name, "10.1.0.0/24")), "OK");
		check_str(ask_and_wait(i % 2 ? &b : &a, join_request(1, name)), "OK");
	}
	check_str(ask_and_wait(&a, join_request(1, "none")), "E404-zone");
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

static void races_without_giving_an_address_twice(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;
	struct asked asked[400];
	size_t answered = 0;

	rig_init(&rig);
	tower_init(&a, &rig);
	tower_init(&b, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/20")), "OK");
	for (unsigned i = 0; i < ARRAY_SIZE(asked); i++) {
		ask(i % 2 ? &a : &b, join_request(i, "blue"), &asked[i]);
		if (i % 10 == 9)
			rig_turn(&rig);
	}
	while (answered < ARRAY_SIZE(asked) && rig_until(&rig, asked[answered].answered)) {
		check(asked[answered].verdict == VERDICT_CHANGE);
		answered++;
	}
	rig_until(&rig, same_peers(&a, &b));
	check(state_peers_len(a.state, "blue") == ARRAY_SIZE(asked));
	check(state_revision(a.state) == 1 + ARRAY_SIZE(asked));
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

/* Two towers find Redis empty; only one of them begins the history. */
static void begins_one_history(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;
	struct asked of_a;
	struct asked of_b;

	rig_init(&rig);
	tower_init(&a, &rig);
	tower_init(&b, &rig);
	ask(&a, zone_request("blue", "10.1.0.0/24"), &of_a);
	ask(&b, zone_request("red", "10.1.0.0/24"), &of_b);
	rig_until(&rig, of_a.answered && of_b.answered);
	check(of_a.verdict == VERDICT_CHANGE && of_b.verdict == VERDICT_CHANGE);
	rig_until(&rig, state_revision(a.state) == 2 && state_revision(b.state) == 2);
	check(tower_is_ready(&a) && tower_is_ready(&b));
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

static void refuses_while_redis_is_away_and_recovers(void)
{
	struct rig rig;
	struct tower a;
	struct asked asked;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	rig_stop_redis(&rig, SIGKILL);
	rig_until(&rig, store_status(a.store) == STORE_LOST);
	ask(&a, join_request(1, "blue"), &asked);
	rig_until(&rig, asked.answered);
	check_str(asked.code, "E503-store");
	check(strstr(asked.detail, rig.dir)); /* names the Redis that is away */
	check(state_peers_len(a.state, NULL) == 0 && state_zones_len(a.state) == 1);
	rig_start_redis(&rig);
	rig_until(&rig, tower_is_ready(&a));
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	check(a.loads == 1); /* its history went on where it stood: nothing to load */
	tower_done(&a);
	rig_done(&rig);
}

/* Ten joins, and Redis killed before it has read them, or at any moment behind that. */
static void lose_redis(struct tower *a, unsigned round, struct asked asked[10])
{
	struct rig *rig = a->rig;
	bool unread = round % 2;
	struct asked late;

	/* Answers may come before the store is ready, or by the tail: a refusal ends the batch. */
	rig_until(rig, tower_is_ready(a));
	check_str(ask_and_wait(a, zone_request("blue", "10.1.0.0/20")), "E409-zone-exists");
	if (unread)
		(void)kill(rig->redis, SIGSTOP);
	for (unsigned i = 0; i < 10; i++)
		ask(a, join_request(round * 10 + i, "blue"), &asked[i]);
	rig_turn(rig);
	rig_stop_redis(rig, SIGKILL);
	rig_until(rig, store_status(a->store) == STORE_LOST);
	for (unsigned i = 0; i < 10; i++)
		check(!unread || !asked[i].answered);
	/* One that was never sent need not wait. */
	ask(a, join_request(1000, "blue"), &late);
	rig_until(rig, late.answered);
	check_str(late.code, "E503-store");
}

static void find_redis_again(struct tower *a, struct asked asked[10])
{
	rig_start_redis(a->rig);
	for (unsigned i = 0; i < 10; i++) {
		rig_until(a->rig, asked[i].answered);
		check(asked[i].verdict == VERDICT_CHANGE);
	}
}

/* What was sent before Redis died is answered after it is back, once and rightly. */
static void settles_unknown_outcomes(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;
	struct asked asked[10];

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/20")), "OK");
	for (unsigned round = 0; round < 6; round++) {
		lose_redis(&a, round, asked);
		find_redis_again(&a, asked);
	}
	/* Each once: sixty joins and the zone. */
	check(state_revision(a.state) == 61 && state_peers_len(a.state, NULL) == 60);
	tower_init(&b, &rig);
	check(same_peers(&a, &b));
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

/* The script ran, its reply was lost: the log knows the mark. */
static void finds_its_marks_in_the_log(void)
{
	struct rig rig;
	struct tower a;
	struct asked asked;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	/* The commit runs when the pause ends; its connections are cut before they are read. */
	check_str(rig_redis(&rig, "CLIENT", "PAUSE", "300", "ALL"), "OK");
	ask(&a, join_request(1, "blue"), &asked);
	for (int i = 0; i < 20; i++)
		rig_turn(&rig);
	check(!asked.answered);
	rig_stop_redis(&rig, SIGTERM); /* an orderly end answers nobody */
	rig_start_redis(&rig);
	rig_until(&rig, asked.answered);
	check(asked.verdict == VERDICT_CHANGE);
	check(state_revision(a.state) == 2);
	tower_done(&a);
	rig_done(&rig);
}

static void decides_wide_requests_alone(void)
{
	struct rig rig;
	struct tower a;
	struct asked asked[4];
	struct request force = { .kind = REQUEST_ZONE_DELETE };

	(void)snprintf(force.zone_delete.name, sizeof(force.zone_delete.name), "blue");
	force.zone_delete.force = true;
	rig_init(&rig);
	tower_init(&a, &rig);
	ask(&a, zone_request("blue", "10.1.0.0/24"), &asked[0]);
	ask(&a, join_request(1, "blue"), &asked[1]);
	ask(&a, force, &asked[2]);
	ask(&a, join_request(1, "blue"), &asked[3]);
	rig_until(&rig, asked[3].answered);
	check(asked[2].verdict == VERDICT_CHANGE);
	check_str(asked[3].code, "E404-zone");
	check(state_zones_len(a.state) == 0 && state_peers_len(a.state, NULL) == 0);
	check_str(rig_redis(&rig, "HLEN", "apex:peers"), "0");
	tower_done(&a);
	rig_done(&rig);
}

static void drops_the_answer_of_who_has_gone(void)
{
	struct rig rig;
	struct tower a;
	struct asked asked = { .tower = &a };
	struct request request = zone_request("blue", "10.1.0.0/24");
	struct commit_ticket *ticket;

	rig_init(&rig);
	tower_init(&a, &rig);
	check(commit_submit(a.commit, &request, asked_on_answer, &asked, &ticket, NULL) == 0);
	commit_forget(ticket);
	rig_until(&rig, state_zones_len(a.state) == 1);
	check(!asked.answered);
	tower_done(&a);
	rig_done(&rig);
}

static void bounds_its_queue(void)
{
	struct rig rig;
	struct tower a;
	struct request request;
	struct err err;
	size_t taken = 0;
	int r = 0;

	rig_init_bare(&rig);
	check(tower_start(&a, &rig, rig.url, &err) == 0);
	while (r == 0 && taken <= COMMIT_QUEUE_MAX) {
		request = join_request(1, "blue");
		r = commit_submit(a.commit, &request, asked_on_answer, NULL, NULL, &err);
		taken += r == 0;
	}
	check(r == -EBUSY && taken == COMMIT_QUEUE_MAX);
	check_str(request.wish.zone, "blue"); /* still the caller's */
	tower_done(&a);
	rig_done(&rig);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	run(commits_and_shows_it_to_a_sibling);
	run(starts_from_what_redis_holds);
	run(decides_a_batch_together);
	run(refuses_only_after_a_compare);
	run(races_without_giving_an_address_twice);
	run(begins_one_history);
	run(refuses_while_redis_is_away_and_recovers);
	run(settles_unknown_outcomes);
	run(finds_its_marks_in_the_log);
	run(decides_wide_requests_alone);
	run(drops_the_answer_of_who_has_gone);
	run(bounds_its_queue);
	return check_done();
}
