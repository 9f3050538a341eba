// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static struct core core;

static void begin(void)
{
	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/29"), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/29"), "OK");
	check_str(make_zone(&core, "dual", "fd00::/120,10.7.0.0/24"), "OK");
	check_str(make_zone(&core, "six", "fd00::/126"), "OK");
}

static void gives_the_lowest_free_address_of_each_family(void)
{
	begin();
	check_str(join(&core, 1, "blue", NULL), "OK");
	check_str(peer_line(&core, 1), "blue 10.20.0.1");
	check_str(join(&core, 2, "red", NULL), "OK");
	check_str(peer_line(&core, 2), "red 10.20.0.1");
	check_str(join(&core, 3, "dual", "10.7.0.9"), "OK");
	check_str(peer_line(&core, 3), "dual 10.7.0.9,fd00::1");
	check_str(join(&core, 4, "dual", NULL), "OK");
	check_str(peer_line(&core, 4), "dual 10.7.0.1,fd00::2");
	check_str(join(&core, 5, "six", NULL), "OK");
	check_str(peer_line(&core, 5), "six fd00::1");
	check_str(join(&core, 6, "none", NULL), "E404-zone");
	core_done(&core);
}

static void rejoins_without_a_change(void)
{
	struct request request;

	begin();
	for (unsigned i = 0; i < 3; i++) {
		request = join_request(1, "blue");
		with_hostname(&request, "node1");
		with_prefixes(&request, "172.24.0.0/24,172.23.0.0/24,172.24.0.0/24");
		with_instance(&request, "aa");
		check_str(core_say(&core, &request), i == 0 ? "OK" : "SAME");
	}
	check_str(peer_line(&core, 1), "blue 10.20.0.1 172.23.0.0/24 172.24.0.0/24");
	check_str(join(&core, 1, "blue", NULL), "SAME"); /* what is absent stays */
	check_str(join(&core, 1, "blue", "10.20.0.1"), "SAME");
	check(state_revision(core.state) == 5);
	core_done(&core);
}

static void refuses_addresses_by_reason(void)
{
	static const struct {
		const char *zone, *address, *answer;
	} table[] = {
		{ "blue", "10.20.0.8", "E422-address" },
		{ "blue", "10.20.0.0", "E409-reserved" },
		{ "blue", "10.20.0.7", "E409-reserved" },
		{ "blue", "fd00::1", "E422-address" },
		{ "six", "fd00::", "E409-reserved" },
		{ "six", "10.20.0.1", "E422-address" },
		{ "dual", "10.7.0.2,fd00::100", "E422-address" },
	};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		check_str(join(&core, 1, table[i].zone, table[i].address), table[i].answer);
		check(state_peers_len(core.state, NULL) == 0);
	}
	check_str(join(&core, 1, "six", "fd00::3"), "OK"); /* IPv6 has no broadcast address */
	core_done(&core);
}

static void moves_between_zones_in_one_change(void)
{
	struct ip freed = ip_of("10.20.0.1");
	struct request request;

	begin();
	request = join_request(1, "blue");
	with_prefixes(&request, "172.24.0.0/24");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 1, "dual", NULL), "OK");
	check_str(peer_line(&core, 1), "dual 10.7.0.1,fd00::1 172.24.0.0/24");
	check(core.change->ops.len == 2);
	check_str(core.change->ops.at[0].from_zone, "blue");
	check(core.change->ops.at[1].kind == OP_PUT_RESTING);
	check(state_resting(core.state, "blue", &freed) != NULL);
	check(state_peers_len(core.state, "blue") == 0 && state_peers_len(core.state, "dual") == 1);
	request = join_request(2, "red");
	with_prefixes(&request, "172.24.0.128/25");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 1, "red", NULL), "E409-prefix-overlap");
	check_str(peer_line(&core, 1), "dual 10.7.0.1,fd00::1 172.24.0.0/24");
	core_done(&core);
}

static void says_when_the_pool_is_full(void)
{
	begin();
	for (unsigned i = 1; i <= 6; i++)
		check_str(join(&core, i, "blue", NULL), i <= 6 ? "OK" : "");
	check_str(join(&core, 7, "blue", NULL), "E409-pool-full");
	check_str(remove_peer(&core, 3), "OK");
	check_str(join(&core, 7, "blue", NULL), "E409-pool-full"); /* it rests */
	core.now_ms += 60000;
	check_str(join(&core, 7, "blue", NULL), "OK");
	check_str(peer_line(&core, 7), "blue 10.20.0.3");
	check(state_resting_len(core.state, "blue") == 0);
	core_done(&core);
}

static void counts_instances_as_generations(void)
{
	static const struct {
		const char *instance;
		int64_t after_ms;
		const char *answer;
		uint64_t generation;
	} table[] = {
		{ "", 0, "OK", 1 },        { "aa", 0, "OK", 1 },
		{ "aa", 0, "SAME", 1 },    { "", 0, "SAME", 1 },
		{ "bb", 1000, "OK", 2 }, /* IP mobility */
		{ "bb", 1000, "SAME", 2 }, { "aa", 1000, "OK", 3 },
		{ "bb", 1000, "OK", 4 },   { "aa", 1000, "E409-cloned-key", 4 },
		{ "bb", 1000, "SAME", 4 }, { "aa", 10 * 60000, "OK", 5 },
	};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct request request = join_request(1, "blue");

		core.now_ms += table[i].after_ms;
		with_instance(&request, table[i].instance);
		check_str(core_say(&core, &request), table[i].answer);
		check(peer_now(&core, 1).generation == table[i].generation);
	}
	core_done(&core);
}

/* Who comes back from an outage does not take the key from whoever started meanwhile. */
static void only_a_start_takes_a_key_over(void)
{
	static const struct {
		const char *instance;
		uint64_t holds; /* the generation, in the join of a running agent */
		const char *answer;
		uint64_t generation;
	} table[] = {
		{ "aa", 0, "OK", 1 },
		{ "aa", 1, "SAME", 1 },
		{ "bb", 0, "OK", 2 },
		{ "aa", 1, "E409-displaced", 2 },
		{ "bb", 2, "SAME", 2 },
		{ "aa", 0, "OK", 3 },
		{ "bb", 2, "E409-displaced", 3 },
		/* The tower went back in time: who knows more is right. */
		{ "cc", 9, "OK", 4 },
	};
	struct request request;

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		request = join_request(1, "blue");
		with_instance(&request, table[i].instance);
		request.wish.generation = table[i].holds;
		check_str(core_say(&core, &request), table[i].answer);
		check(peer_now(&core, 1).generation == table[i].generation);
	}
	/* Nor from another zone. */
	request = join_request(1, "red");
	with_instance(&request, "aa");
	request.wish.generation = 3;
	check_str(core_say(&core, &request), "E409-displaced");
	/* A new history knows nobody's generation. */
	request = join_request(2, "blue");
	with_instance(&request, "aa");
	request.wish.generation = 5;
	check_str(core_say(&core, &request), "OK");
	check(peer_now(&core, 2).generation == 1);
	core_done(&core);
}

static void limits_peers_per_zone(void)
{
	begin();
	core.limits.peers_per_zone = 2;
	check_str(join(&core, 1, "blue", NULL), "OK");
	check_str(join(&core, 2, "blue", NULL), "OK");
	check_str(join(&core, 3, "blue", NULL), "E409-limit");
	check_str(join(&core, 2, "blue", "10.20.0.5"), "OK");
	check_str(join(&core, 3, "red", NULL), "OK");
	check_str(join(&core, 3, "blue", NULL), "E409-limit");
	core_done(&core);
}

static void refuses_what_is_no_peer(void)
{
	struct request request;

	begin();
	request = join_request(1, "blue");
	request.wish.key = (struct key){ 0 };
	check_str(core_say(&core, &request), "E400-key");
	request = join_request(1, "blue");
	with_hostname(&request, "no spaces");
	check_str(core_say(&core, &request), "E400-name");
	request = join_request(1, "blue");
	request.wish.agentless = true;
	request.wish.admission = ADMITTED_PROOF;
	check_str(core_say(&core, &request), "E403-role");
	core_done(&core);
}

static const char *join_by_signpost(unsigned number, const char *zone)
{
	struct request request = join_request(number, zone);

	request.wish.admission = ADMITTED_SIGNPOST;
	return core_say(&core, &request);
}

static void signpost_admits_where_the_zone_says_so(void)
{
	struct request close = { .kind = REQUEST_ZONE_PATCH,
				 .zone_patch = { .has_signpost_join = true,
						 .values = { .name = "red" } } };
	struct request device = join_request(9, "blue");

	begin();
	check_str(join_by_signpost(1, "blue"), "OK");
	check_str(peer_now(&core, 1).token_id, "");
	check_str(core_say(&core, &close), "OK");
	check_str(join_by_signpost(2, "red"), "E403-zone");
	check(strstr(core.refusal.detail, "red") && strstr(core.refusal.hint, "token"));
	check_str(join_by_signpost(1, "red"), "E403-zone"); /* nor by a move */
	check_str(peer_now(&core, 1).zone, "blue");
	check_str(join(&core, 3, "red", NULL), "OK");
	check_str(join_by_signpost(3, "red"), "SAME"); /* who is in stays in */
	check_str(join_by_signpost(3, "blue"), "OK");
	check_str(join_by_signpost(4, "green"), "E404-zone");
	device.wish.agentless = true;
	device.wish.admission = ADMITTED_SIGNPOST;
	check_str(core_say(&core, &device), "E403-role");
	core_done(&core);
}

int main(void)
{
	run(signpost_admits_where_the_zone_says_so);
	run(gives_the_lowest_free_address_of_each_family);
	run(rejoins_without_a_change);
	run(refuses_addresses_by_reason);
	run(moves_between_zones_in_one_change);
	run(says_when_the_pool_is_full);
	run(counts_instances_as_generations);
	run(only_a_start_takes_a_key_over);
	run(limits_peers_per_zone);
	run(refuses_what_is_no_peer);
	return check_done();
}
