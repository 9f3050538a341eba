// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static struct core core;

static const char *ask_prefixes(unsigned number, const char *prefixes)
{
	struct request request = join_request(number, "blue");

	with_prefixes(&request, prefixes);
	return core_say(&core, &request);
}

static void begin(void)
{
	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/20,fd00::/64"), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/20"), "OK");
	check_str(ask_prefixes(1, "172.24.0.0/16,fd01::/64"), "OK");
}

static void refuses_prefixes_by_reason(void)
{
	static const struct {
		const char *prefixes, *answer;
	} table[] = {
		{ "172.24.0.0/16", "E409-prefix-overlap" },
		{ "172.24.9.0/24", "E409-prefix-overlap" },
		{ "172.0.0.0/8", "E409-prefix-overlap" },
		{ "fd01::/48", "E409-prefix-overlap" },
		{ "10.20.1.0/24", "E409-prefix-overlap" }, /* the zone's own */
		{ "10.0.0.0/8", "E409-prefix-overlap" },
		{ "fd00::/16", "E409-prefix-overlap" },
		{ "192.168.0.0/16,192.168.4.0/24", "E409-prefix-overlap" }, /* its own */
		{ "0.0.0.0/0", "E422-prefix" },
		{ "::/0", "E422-prefix" },
		{ "127.0.0.0/8", "E422-prefix" },
		{ "169.254.0.0/24", "E422-prefix" },
		{ "224.0.0.0/4", "E422-prefix" },
		{ "172.25.0.0/16", "OK" },
		{ "fd01:0:0:1::/64", "OK" },
	};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_str(ask_prefixes(2, table[i].prefixes), table[i].answer);
	check_str(ask_prefixes(2, "172.24.0.0/24"), "E409-prefix-overlap");
	check(strstr(core.refusal.detail, "172.24.0.0/16") && strstr(core.refusal.detail, "AAAB"));
	core_done(&core);
}

static void takes_the_wish_as_the_whole_set(void)
{
	struct request request;

	begin();
	check_str(ask_prefixes(1, "172.24.0.0/16,172.25.0.0/16"), "OK");
	check_str(peer_line(&core, 1), "blue 10.20.0.1,fd00::1 172.24.0.0/16 172.25.0.0/16");
	check_str(ask_prefixes(2, "fd01::/64"), "OK"); /* given up by the first */
	check_str(ask_prefixes(1, "172.25.0.0/16,172.24.0.0/16"), "SAME");
	check_str(ask_prefixes(1, "172.24.128.0/17"), "OK"); /* narrower than its own */
	request = patch_request(1);
	with_prefixes(&request, "");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 1), "blue 10.20.0.1,fd00::1");
	core_done(&core);
}

static void frees_prefixes_with_their_peer(void)
{
	begin();
	check_str(remove_peer(&core, 1), "OK");
	check_str(ask_prefixes(2, "172.24.0.0/16,fd01::/64"), "OK");
	core_done(&core);
}

static void lets_zones_use_the_same_prefix(void)
{
	struct request request = join_request(2, "red");

	begin();
	with_prefixes(&request, "172.24.0.0/16");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 2, "blue", NULL), "E409-prefix-overlap"); /* it takes them along */
	request = join_request(2, "blue");
	with_prefixes(&request, "172.26.0.0/16");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 2), "blue 10.20.0.2,fd00::2 172.26.0.0/16");
	core_done(&core);
}

static void limits_prefixes_per_peer(void)
{
	begin();
	core.limits.prefixes_per_peer = 2;
	check_str(ask_prefixes(2, "172.25.0.0/24,172.25.1.0/24,172.25.2.0/24"), "E409-limit");
	check_str(ask_prefixes(2, "172.25.0.0/24,172.25.1.0/24"), "OK");
	core.limits.prefixes_per_peer = 1; /* lowered: takes nothing away */
	check_str(ask_prefixes(2, "172.25.0.0/24,172.25.1.0/24"), "SAME");
	check_str(ask_prefixes(2, "172.25.0.0/24"), "OK");
	core_done(&core);
}

static void keeps_to_the_ranges_of_the_token(void)
{
	struct request token = token_request("01", "blue");
	struct request remove = { .kind = REQUEST_TOKEN_DELETE,
				  .token_delete = { .zone = "blue", .id = "01" } };
	struct prefix range = prefix_of_text("172.30.0.0/16");
	struct request request;

	begin();
	check(vec_push(&token.token.ranges, range) == 0);
	check_str(core_say(&core, &token), "OK");
	request = join_request(2, "blue");
	with_token(&request, "01");
	with_prefixes(&request, "172.31.0.0/24");
	check_str(core_say(&core, &request), "E422-range");
	request = join_request(2, "blue");
	with_token(&request, "01");
	with_prefixes(&request, "172.30.4.0/24");
	check_str(core_say(&core, &request), "OK");
	check_str(ask_prefixes(2, "172.30.0.0/15"), "E422-range");
	/* Deleting the token does not lift them; it goes with the last of its peers. */
	check_str(core_say(&core, &remove), "OK");
	check_str(core_say(&core, &remove), "SAME");
	check_str(ask_prefixes(2, "172.31.0.0/24"), "E422-range");
	check_str(ask_prefixes(2, "172.30.4.0/24,172.30.5.0/24"), "OK");
	request = join_request(3, "blue");
	with_token(&request, "01");
	check_str(core_say(&core, &request), "E401-token");
	check_str(remove_peer(&core, 2), "OK");
	check_str(core_say(&core, &remove), "OK");
	check(!state_token(core.state, "01"));
	core_done(&core);
}

static void passes_from_an_offline_node_of_the_same_token(void)
{
	struct request token = token_request("01", "blue");
	struct request request;

	begin();
	token.token.ephemeral_ttl_s = 600;
	check_str(core_say(&core, &token), "OK");
	request = join_request(2, "blue");
	with_token(&request, "01");
	with_prefixes(&request, "172.30.4.0/24,172.30.5.0/24,172.30.6.0/24");
	check_str(core_say(&core, &request), "OK");
	touch(&core, 2);
	request = join_request(3, "blue");
	with_token(&request, "01");
	with_prefixes(&request, "172.30.4.0/23");
	check_str(core_say(&core, &request), "E409-prefix-overlap"); /* it is online */
	core.now_ms += PRESENCE_OFFLINE_MS;
	check_str(ask_prefixes(4, "172.30.4.0/24"), "E409-prefix-overlap"); /* not of that token */
	request = join_request(3, "blue");
	with_token(&request, "01");
	with_prefixes(&request, "172.30.4.0/23");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 3), "blue 10.20.0.3,fd00::3 172.30.4.0/23");
	check_str(peer_line(&core, 2), "blue 10.20.0.2,fd00::2 172.30.6.0/24");
	check(core.change->ops.len == 3); /* the old holder once, the new one, the token */
	core_done(&core);
}

static const char *take_prefixes(unsigned number, const char *prefixes)
{
	struct request request = patch_request(number);

	with_prefixes(&request, prefixes);
	request.wish.take = true;
	return core_say(&core, &request);
}

static void lets_nobody_but_an_admin_move_prefixes(void)
{
	static const enum admission admissions[] = { ADMITTED_TOKEN, ADMITTED_PROOF,
						     ADMITTED_SIGNPOST };

	begin();
	check_str(join(&core, 2, "blue", NULL), "OK");
	for (size_t i = 0; i < ARRAY_SIZE(admissions); i++) {
		struct request request = patch_request(2);

		with_prefixes(&request, "172.24.0.0/16");
		request.wish.take = true;
		request.wish.admission = admissions[i];
		check_str(core_say(&core, &request), "E403-role");
	}
	check_str(take_prefixes(2, "172.24.0.0/16"), "OK");
	core_done(&core);
}

static void moves_prefixes_for_an_admin_in_one_change(void)
{
	begin();
	check_str(ask_prefixes(2, "172.30.4.0/24,172.30.5.0/24,172.30.6.0/24"), "OK");
	check_str(ask_prefixes(3, "172.31.0.0/24"), "OK");
	check_str(take_prefixes(3, "172.24.8.0/24"), "E409-prefix-overlap"); /* a part of another */
	check(strstr(core.refusal.detail, "172.24.0.0/16"));
	check_str(take_prefixes(3, "172.30.4.0/23,172.31.0.0/24"), "OK");
	check_str(peer_line(&core, 2), "blue 10.20.0.2,fd00::2 172.30.6.0/24");
	check_str(peer_line(&core, 3), "blue 10.20.0.3,fd00::3 172.30.4.0/23 172.31.0.0/24");
	check(core.change->ops.len == 2);
	check_str(take_prefixes(3, "172.30.4.0/23,172.31.0.0/24"), "SAME");
	check_str(take_prefixes(2, "10.20.1.0/24"), "E409-prefix-overlap"); /* the zone's own */
	/* Who held it does not get it back by asking. */
	check_str(ask_prefixes(2, "172.30.4.0/24,172.30.6.0/24"), "E409-prefix-overlap");
	core_done(&core);
}

int main(void)
{
	run(refuses_prefixes_by_reason);
	run(takes_the_wish_as_the_whole_set);
	run(frees_prefixes_with_their_peer);
	run(lets_zones_use_the_same_prefix);
	run(limits_prefixes_per_peer);
	run(keeps_to_the_ranges_of_the_token);
	run(passes_from_an_offline_node_of_the_same_token);
	run(lets_nobody_but_an_admin_move_prefixes);
	run(moves_prefixes_for_an_admin_in_one_change);
	return check_done();
}
