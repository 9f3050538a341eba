// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static struct core core;

/* A zone of six addresses, its policy, and peer 1 at 10.20.0.1. */
static void begin(enum takeover takeover)
{
	struct request request = zone_request("blue", "10.20.0.0/29");

	core_init(&core);
	request.zone.takeover = takeover;
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 1, "blue", NULL), "OK");
}

static void gives_the_holder_a_new_address_first(void)
{
	begin(TAKEOVER_ALWAYS);
	touch(&core, 1);
	check_str(join(&core, 2, "blue", "10.20.0.1"), "OK");
	check_str(peer_line(&core, 2), "blue 10.20.0.1");
	check_str(peer_line(&core, 1), "blue 10.20.0.2");
	/* Watchers see the release before the claim; nothing rests. */
	check(core.change->ops.len == 2);
	check(core.change->ops.at[0].peer.key.bytes[2] == 1);
	check(core.change->ops.at[1].peer.key.bytes[2] == 2);
	check(peer_now(&core, 1).revision == 3 && peer_now(&core, 2).revision == 3);
	core_done(&core);
}

static void takes_from_an_offline_holder_only(void)
{
	begin(TAKEOVER_IF_OFFLINE);
	touch(&core, 1);
	check_str(join(&core, 2, "blue", "10.20.0.1"), "E409-address");
	check(strstr(core.refusal.detail, "10.20.0.1") && strstr(core.refusal.detail, "AAAB"));
	core.now_ms += PRESENCE_OFFLINE_MS;
	core.ready_since_ms = core.now_ms - 1000; /* the tower was away: nobody's fault */
	check_str(join(&core, 2, "blue", "10.20.0.1"), "E409-address");
	core.now_ms += PRESENCE_OFFLINE_MS;
	check_str(join(&core, 2, "blue", "10.20.0.1"), "OK");
	check_str(peer_line(&core, 1), "blue 10.20.0.2");
	core_done(&core);
}

static void takes_from_nobody(void)
{
	begin(TAKEOVER_NEVER);
	check_str(join(&core, 2, "blue", "10.20.0.1"), "E409-address");
	check_str(join(&core, 2, "blue", "10.20.0.2"), "OK");
	check_str(join(&core, 1, "blue", "10.20.0.1"), "SAME");
	core_done(&core);
}

static void never_orphans_the_holder(void)
{
	begin(TAKEOVER_ALWAYS);
	for (unsigned i = 2; i <= 6; i++)
		check_str(join(&core, i, "blue", NULL), "OK");
	check_str(join(&core, 7, "blue", "10.20.0.1"), "E409-pool-full");
	check_str(join(&core, 6, "blue", "10.20.0.1"), "E409-pool-full");
	check_str(peer_line(&core, 1), "blue 10.20.0.1");
	core_done(&core);
}

static void leaves_fixed_addresses_alone(void)
{
	struct request token = token_request("01", "blue");
	struct request request;

	begin(TAKEOVER_ALWAYS);
	token.token.address[0] = ip_of("10.20.0.4");
	check_str(core_say(&core, &token), "OK");
	request = join_request(2, "blue");
	with_address(&request, "10.20.0.5");
	with_token(&request, "01");
	check_str(core_say(&core, &request), "E409-fixed");
	request = join_request(2, "blue");
	with_token(&request, "01");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 2), "blue 10.20.0.4");
	check_str(join(&core, 1, "blue", "10.20.0.4"), "E409-fixed");
	check_str(join(&core, 2, "blue", "10.20.0.5"), "E409-fixed"); /* not its own wish either */
	request = join_request(3, "blue");
	request.wish.agentless = true;
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 3), "blue 10.20.0.2");
	check_str(join(&core, 1, "blue", "10.20.0.2"), "E409-fixed");
	request = join_request(3, "blue"); /* an agent speaks for it now */
	with_instance(&request, "aa");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 1, "blue", "10.20.0.2"), "OK");
	core_done(&core);
}

static void lets_freed_addresses_rest(void)
{
	struct request request = patch_request(1);

	begin(TAKEOVER_ALWAYS);
	with_address(&request, "10.20.0.5");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 1), "blue 10.20.0.5");
	check_str(join(&core, 2, "blue", "10.20.0.1"), "E409-address");
	check(strstr(core.refusal.detail, "60 s") != NULL);
	check_str(join(&core, 2, "blue", NULL), "OK");
	check_str(peer_line(&core, 2), "blue 10.20.0.2");
	core.now_ms += 60000;
	check_str(join(&core, 2, "blue", "10.20.0.1"), "OK");
	check(core.change->ops.at[0].kind == OP_REMOVE_RESTING);
	core_done(&core);
}

static void frees_the_oldest_early_at_the_limit(void)
{
	struct ip first = ip_of("10.20.0.1");

	begin(TAKEOVER_ALWAYS);
	core.limits.resting_per_zone = 2;
	for (unsigned i = 2; i <= 4; i++)
		check_str(join(&core, i, "blue", NULL), "OK");
	for (unsigned i = 1; i <= 3; i++, core.now_ms++)
		check_str(remove_peer(&core, i), "OK");
	check(state_resting_len(core.state, "blue") == 2);
	check(!state_resting(core.state, "blue", &first));
	check_str(join(&core, 5, "blue", NULL), "OK");
	check_str(peer_line(&core, 5), "blue 10.20.0.1");
	core_done(&core);
}

static void frees_at_once_without_quarantine(void)
{
	struct request request = { .kind = REQUEST_ZONE_PATCH,
				   .zone_patch = { .has_quarantine = true,
						   .values.name = "blue" } };

	begin(TAKEOVER_ALWAYS);
	check_str(core_say(&core, &request), "OK");
	check_str(remove_peer(&core, 1), "OK");
	check(state_resting_len(core.state, "blue") == 0);
	check_str(join(&core, 2, "blue", "10.20.0.1"), "OK");
	core_done(&core);
}

static void takes_over_in_both_families(void)
{
	begin(TAKEOVER_ALWAYS);
	check_str(make_zone(&core, "dual", "10.7.0.0/24,fd00::/120"), "OK");
	check_str(join(&core, 3, "dual", NULL), "OK");
	check_str(join(&core, 4, "dual", "10.7.0.1,fd00::1"), "OK");
	check_str(peer_line(&core, 3), "dual 10.7.0.2,fd00::2");
	check_str(peer_line(&core, 4), "dual 10.7.0.1,fd00::1");
	check(core.change->ops.len == 2); /* the holder is shown once, as it is in the end */
	core_done(&core);
}

int main(void)
{
	run(gives_the_holder_a_new_address_first);
	run(takes_from_an_offline_holder_only);
	run(takes_from_nobody);
	run(never_orphans_the_holder);
	run(leaves_fixed_addresses_alone);
	run(lets_freed_addresses_rest);
	run(frees_the_oldest_early_at_the_limit);
	run(frees_at_once_without_quarantine);
	run(takes_over_in_both_families);
	return check_done();
}
