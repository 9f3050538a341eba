// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static void creates_with_canonical_cidr(void)
{
	static const struct {
		const char *name, *cidr, *answer;
	} table[] = {
		{ "blue", "10.20.1.0/20", "OK" },
		{ "red", "10.20.1.0/20", "OK" }, /* zones may overlap */
		{ "six", "fd00:6::1/64", "OK" },
		{ "dual", "fd00:7::/64, 10.7.0.0/24", "OK" },
		{ "blue", "10.99.0.0/16", "E409-zone-exists" },
		{ "-bad", "10.0.0.0/24", "E400-name" },
		{ "", "10.0.0.0/24", "E400-name" },
		{ "no-cidr", "", "E400-cidr" },
		{ "host", "10.0.0.1/32", "E400-cidr" },
		{ "large", "10.0.0.0/7", "E400-cidr" },
		{ "loop", "127.0.0.0/24", "E400-cidr" },
		{ "twice", "10.0.0.0/24,10.1.0.0/24", "E400-cidr" },
	};
	struct core core;
	char text[PREFIX_TEXT_BYTES];

	core_init(&core);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_str(make_zone(&core, table[i].name, table[i].cidr), table[i].answer);
	prefix_format(&state_zone(core.state, "blue")->cidr[0], text);
	check_str(text, "10.20.0.0/20");
	check_str(state_zone(core.state, "blue")->cidr_typed, "10.20.1.0/20");
	check(state_zone(core.state, "dual")->cidr[0].ip.family == IP_V4);
	check(state_zones_len(core.state) == 4);
	core_done(&core);
}

static void patches_options_and_never_the_cidr(void)
{
	struct request request = { .kind = REQUEST_ZONE_PATCH };
	struct zone_patch *patch = &request.zone_patch;
	struct core core;

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/20"), "OK");
	(void)snprintf(patch->values.name, sizeof(patch->values.name), "blue");
	(void)snprintf(patch->values.description, sizeof(patch->values.description), "tenant");
	patch->has_description = patch->has_peer_ttl = true;
	patch->values.peer_ttl_s = 60;
	patch->values.quarantine_s = 5; /* not asked for */
	check(zone_set_cidr(&patch->values, "10.99.0.0/16", NULL) == 0);
	check_str(core_say(&core, &request), "OK");
	check_str(core_say(&core, &request), "SAME");
	check_str(state_zone(core.state, "blue")->description, "tenant");
	check(state_zone(core.state, "blue")->peer_ttl_s == 60);
	check(state_zone(core.state, "blue")->quarantine_s == 60);
	check_str(state_zone(core.state, "blue")->cidr_typed, "10.20.0.0/20");
	check(state_zone(core.state, "blue")->revision == 2);
	patch->values.peer_ttl_s = -1;
	check_str(core_say(&core, &request), "E400-field");
	request.has_if_match = true;
	request.if_match = 1;
	check_str(core_say(&core, &request), "E412-revision");
	(void)snprintf(patch->values.name, sizeof(patch->values.name), "none");
	check_str(core_say(&core, &request), "E404-zone");
	core_done(&core);
}

static void deletes_only_empty_zones_unless_forced(void)
{
	struct request request = { .kind = REQUEST_ZONE_DELETE, .zone_delete.name = "blue" };
	struct request token = token_request("00", "blue");
	struct core core;

	core_init(&core);
	check_str(core_say(&core, &request), "E404-zone");
	check_str(make_zone(&core, "blue", "10.20.0.0/20"), "OK");
	check_str(core_say(&core, &request), "OK");
	check_str(make_zone(&core, "blue", "10.20.0.0/20"), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/20"), "OK");
	check_str(core_say(&core, &token), "OK");
	for (unsigned i = 1; i <= 5; i++)
		check_str(join(&core, i, i == 5 ? "red" : "blue", NULL), "OK");
	check_str(remove_peer(&core, 1), "OK"); /* its address rests */
	check_str(core_say(&core, &request), "E409-zone-in-use");
	check(request_is_wide(&request));
	request.zone_delete.force = true;
	check_str(core_say(&core, &request), "OK");
	check(core.change->ops.len == 6); /* three peers, token, resting address, zone */
	check(core.change->ops.at[5].kind == OP_REMOVE_ZONE);
	check(!state_zone(core.state, "blue") && state_peers_len(core.state, NULL) == 1);
	check_str(peer_line(&core, 5), "red 10.20.0.1");
	core_done(&core);
}

static void limits_how_many_zones_there_are(void)
{
	struct core core;

	core_init(&core);
	core.limits.zones = 2;
	check_str(make_zone(&core, "a", "10.20.0.0/20"), "OK");
	check_str(make_zone(&core, "b", "10.20.0.0/20"), "OK");
	check_str(make_zone(&core, "c", "10.20.0.0/20"), "E409-limit");
	core_done(&core);
}

static void keeps_hub_zones_to_one_hub(void)
{
	struct request patch = { .kind = REQUEST_ZONE_PATCH, .zone_patch.has_hub_zone = true };
	struct request hub;
	struct core core;

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/20"), "OK");
	for (unsigned i = 1; i <= 2; i++) {
		hub = join_request(i, "blue");
		hub.wish.has_hub_router = hub.wish.hub_router = true;
		check_str(core_say(&core, &hub), "OK");
	}
	(void)snprintf(patch.zone_patch.values.name, ZONE_NAME_BYTES, "blue");
	patch.zone_patch.values.hub_zone = true;
	check_str(core_say(&core, &patch), "E409-hub-exists");
	hub = patch_request(2);
	hub.wish.has_hub_router = true;
	hub.wish.hub_router = false;
	check_str(core_say(&core, &hub), "OK");
	check_str(core_say(&core, &patch), "OK");
	hub.wish.hub_router = true;
	check_str(core_say(&core, &hub), "E409-hub-exists");
	check_str(join(&core, 3, "blue", NULL), "OK");
	check_str(remove_peer(&core, 1), "OK");
	check_str(core_say(&core, &hub), "OK");
	core_done(&core);
}

int main(void)
{
	run(creates_with_canonical_cidr);
	run(patches_options_and_never_the_cidr);
	run(deletes_only_empty_zones_unless_forced);
	run(limits_how_many_zones_there_are);
	run(keeps_hub_zones_to_one_hub);
	return check_done();
}
