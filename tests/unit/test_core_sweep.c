// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

#define MINUTE_MS 60000

static struct core core;

static const char *sweep(void)
{
	struct request request = sweep_request();

	check(request_is_wide(&request));
	return core_say(&core, &request);
}

/* A zone that reaps after ten minutes, and one that never does. */
static void begin(void)
{
	struct request request = zone_request("blue", "10.20.0.0/20");

	core_init(&core);
	core.ready_since_ms = core.now_ms;
	request.zone.peer_ttl_s = 600;
	check_str(core_say(&core, &request), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/20"), "OK");
}

static void reaps_who_was_unseen_too_long(void)
{
	begin();
	check_str(sweep(), "SAME");
	for (unsigned i = 1; i <= 3; i++)
		check_str(join(&core, i, i == 3 ? "red" : "blue", NULL), "OK");
	core.now_ms += 5 * MINUTE_MS;
	touch(&core, 2);
	core.now_ms += 5 * MINUTE_MS - 1;
	check_str(sweep(), "SAME");
	core.now_ms += 1; /* a peer that was never seen counts from its creation */
	check_str(sweep(), "OK");
	check_str(peer_line(&core, 1), "gone");
	check_str(peer_line(&core, 2), "blue 10.20.0.2");
	check(state_resting_len(core.state, "blue") == 1);
	check_str(peer_line(&core, 3), "red 10.20.0.1");
	core_done(&core);
}

static void counts_absence_only_while_ready(void)
{
	begin();
	check_str(join(&core, 1, "blue", NULL), "OK");
	touch(&core, 1);
	core.now_ms += 60 * MINUTE_MS;
	core.ready_since_ms = core.now_ms; /* the tower was away for an hour */
	check_str(sweep(), "SAME");
	core.now_ms += 10 * MINUTE_MS;
	check_str(sweep(), "OK");
	core_done(&core);
}

static void never_reaps_devices_without_an_agent(void)
{
	struct request request = join_request(1, "blue");

	begin();
	request.wish.agentless = true;
	check_str(core_say(&core, &request), "OK");
	core.now_ms += 60 * MINUTE_MS;
	check_str(sweep(), "SAME");
	core_done(&core);
}

static void reaps_one_of_a_hundred_at_a_time(void)
{
	begin();
	for (unsigned i = 1; i <= 250; i++)
		check_str(join(&core, i, "blue", NULL), "OK");
	core.now_ms += 10 * MINUTE_MS;
	check_str(sweep(), "OK");
	check(state_peers_len(core.state, "blue") == 248);
	check_str(sweep(), "OK");
	check(state_peers_len(core.state, "blue") == 246);
	core_done(&core);
}

static void reaps_ephemeral_peers_by_their_own_time(void)
{
	struct request token = token_request("01", "red");
	struct request request = join_request(1, "red");

	begin();
	token.token.ephemeral_ttl_s = 60;
	check_str(core_say(&core, &token), "OK");
	with_token(&request, "01");
	check_str(core_say(&core, &request), "OK");
	core.now_ms += MINUTE_MS - 1;
	check_str(sweep(), "SAME");
	core.now_ms += 1;
	check_str(sweep(), "OK");
	check_str(peer_line(&core, 1), "gone");
	core_done(&core);
}

static void clears_what_has_rested(void)
{
	begin();
	check_str(join(&core, 1, "blue", NULL), "OK");
	check_str(remove_peer(&core, 1), "OK");
	core.now_ms += MINUTE_MS - 1;
	check_str(sweep(), "SAME");
	core.now_ms += 1;
	check_str(sweep(), "OK");
	check(state_resting_len(core.state, "blue") == 0);
	check_str(sweep(), "SAME");
	core_done(&core);
}

static void clears_tokens_a_week_after_they_expired(void)
{
	const int64_t week_ms = INT64_C(7) * 24 * 60 * MINUTE_MS;
	struct prefix range = prefix_of_text("172.24.0.0/16");
	struct request request = join_request(1, "red");

	begin();
	for (unsigned i = 1; i <= 3; i++) {
		struct request token = token_request(i == 1 ? "01" : i == 2 ? "02" : "03", "red");

		token.token.expires_ms = i == 3 ? 0 : core.now_ms + 1000;
		if (i == 2)
			check(vec_push(&token.token.ranges, range) == 0);
		check_str(core_say(&core, &token), "OK");
	}
	with_token(&request, "02");
	check_str(core_say(&core, &request), "OK");
	core.now_ms += 1000 + week_ms - 1;
	check_str(sweep(), "SAME");
	core.now_ms += 1;
	check_str(sweep(), "OK");
	check(!state_token(core.state, "01") && state_token(core.state, "03"));
	check(state_token(core.state, "02") != NULL); /* its ranges bind a peer */
	check_str(remove_peer(&core, 1), "OK");
	check_str(sweep(), "OK");
	check(!state_token(core.state, "02"));
	core_done(&core);
}

int main(void)
{
	run(reaps_who_was_unseen_too_long);
	run(counts_absence_only_while_ready);
	run(never_reaps_devices_without_an_agent);
	run(reaps_one_of_a_hundred_at_a_time);
	run(reaps_ephemeral_peers_by_their_own_time);
	run(clears_what_has_rested);
	run(clears_tokens_a_week_after_they_expired);
	return check_done();
}
