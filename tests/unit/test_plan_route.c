// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The plan where it meets the rest of the machine: routes of others, the underlay, forwarding.
 */
#include "crypto/crypto.h"
#include "nodeagent/model.h"
#include "plane.h"

#define LO 1
#define ETH0 2
#define DOCKER0 3

static const struct row own = { SELF, "10.200.0.9", "172.25.0.0/24", "", false, 0 };
static const struct row one = { 1, "10.200.0.1", "172.24.0.0/16", "192.0.2.1:51820", false, 0 };

/* One peer, reached at 192.0.2.1, with an address and a child prefix. */
static struct told some_zone(void)
{
	const struct row rows[] = { own, one };

	return told_rows("10.200.0.0/20", false, rows, ARRAY_SIZE(rows));
}

static void tell_again(struct told *told, const char *endpoint, const char *prefixes)
{
	struct row changed = one;

	changed.endpoint = endpoint;
	changed.prefixes = prefixes;
	tell_row(told, &changed);
	check(look(told));
}

static struct observed some_machine(void)
{
	struct observed observed = { .forwards_v4 = true, .forwards_v6 = true };

	add_link(&observed, LO, "lo", 65536);
	add_link(&observed, ETH0, "eth0", 1500);
	add_link(&observed, DOCKER0, "docker0", 1500);
	return observed;
}

static void does_not_take_what_is_somebody_elses(void)
{
	static const struct {
		const char *to;
		bool is_connected;
		const char *sentence; /* "": no conflict */
	} cases[] = {
		{ "172.24.0.0/16", true,
		  "no route to 172.24.0.0/16 into the mesh: 172.24.0.0/16 is there already, on "
		  "docker0" },
		{ "172.24.0.0/16", false,
		  "no route to 172.24.0.0/16 into the mesh: 172.24.0.0/16 is there already, on "
		  "docker0" },
		{ "172.24.5.0/24", true,
		  "no route to 172.24.0.0/16 into the mesh: 172.24.5.0/24 is there already, on "
		  "docker0" },
		{ "10.200.0.1/32", true,
		  "no route to 10.200.0.1/32 into the mesh: 10.200.0.1/32 is there already, on "
		  "docker0" },
		/* More exact than ours, through a gateway: somebody means it. */
		{ "172.24.5.0/24", false, "" },
		/* Wider than ours. */
		{ "172.16.0.0/12", true, "" },
		{ "10.200.0.0/20", true, "" },
		{ "0.0.0.0/0", false, "" },
		{ "0.0.0.0/0", true, "" },
		/* What this node itself brings into the zone. */
		{ "172.25.0.0/24", true, "" },
		{ "172.25.0.7/32", true, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = some_machine();
		struct plan plan = { 0 };
		char text[PLAN_CONFLICT_TEXT_BYTES] = "";

		add_foreign(&observed, cases[i].to, DOCKER0, 0, cases[i].is_connected);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		if (plan.conflicts.len > 0)
			plan_conflict_format(&plan.conflicts.at[0], text);
		check_str(text, cases[i].sentence);
		check(plan.conflicts.len + plan.add_routes.len == 2);
		plan_done(&plan);
		told_done(&told);
		observed_done(&observed);
	}
}

static void an_endpoint_keeps_its_way(void)
{
	struct told told = some_zone();
	struct observed observed = some_machine();
	struct plan plan = { 0 };
	char text[PLAN_CONFLICT_TEXT_BYTES];

	tell_again(&told, "172.24.9.9:51820", one.prefixes);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	if (check(plan.conflicts.len == 1 && plan.add_routes.len == 1)) {
		plan_conflict_format(&plan.conflicts.at[0], text);
		check_str(text, "no route to 172.24.0.0/16 into the mesh: a peer is reached at "
				"172.24.9.9");
	}
	plan_done(&plan);
	told_done(&told);
	observed_done(&observed);
}

/* What this machine itself needs stays outside, of either family; a wider route is no matter. */
static void what_the_machine_needs_keeps_its_way(void)
{
	static const struct {
		const char *ip;
		enum guard_kind kind;
		const char *sentence; /* "": no conflict */
	} cases[] = {
		{ "172.24.9.9", GUARD_TOWER,
		  "no route to 172.24.0.0/16 into the mesh: the tower is reached at 172.24.9.9" },
		{ "10.200.0.1", GUARD_TOWER,
		  "no route to 10.200.0.1/32 into the mesh: the tower is reached at 10.200.0.1" },
		{ "172.24.9.9", GUARD_SIGNPOST,
		  "no route to 172.24.0.0/16 into the mesh: the signpost is reached at 172.24.9.9" },
		{ "fd24::53", GUARD_RESOLVER,
		  "no route to fd24::/64 into the mesh: names are resolved at fd24::53" },
		{ "172.25.0.7", GUARD_TOWER, "" }, /* in what this node itself brings */
		{ "172.23.0.1", GUARD_TOWER, "" },
		{ "fd25::53", GUARD_RESOLVER, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = some_machine();
		struct guard guard = { .kind = cases[i].kind };
		struct plan plan = { 0 };
		char text[PLAN_CONFLICT_TEXT_BYTES] = "";

		tell_again(&told, one.endpoint, "172.24.0.0/16,fd24::/64");
		check(ip_parse(cases[i].ip, &guard.ip, NULL) == 0);
		check(vec_push(&observed.guards, guard) == 0);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		if (plan.conflicts.len > 0)
			plan_conflict_format(&plan.conflicts.at[0], text);
		check_str(text, cases[i].sentence);
		check(plan.conflicts.len + plan.add_routes.len == 3);
		plan_done(&plan);
		told_done(&told);
		observed_done(&observed);
	}
}

static void tells_of_addresses_used_twice(void)
{
	static const struct {
		const char *to;
		bool is_connected;
		const char *sentence; /* "": no overlap */
	} cases[] = {
		{ "10.192.0.0/12", true,
		  "the zone's addresses 10.200.0.0/20 overlap 10.192.0.0/12, on docker0: peers are "
		  "reached all the same, but an address of both is theirs" },
		{ "10.200.4.0/24", true,
		  "the zone's addresses 10.200.0.0/20 overlap 10.200.4.0/24, on docker0: peers are "
		  "reached all the same, but an address of both is theirs" },
		{ "10.200.4.0/24", false, "" },
		{ "10.201.0.0/16", true, "" },
		{ "0.0.0.0/0", true, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = some_machine();
		struct plan plan = { 0 };
		char text[PLAN_CONFLICT_TEXT_BYTES] = "";

		add_foreign(&observed, cases[i].to, DOCKER0, 0, cases[i].is_connected);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		check(plan.conflicts.len == 0 && plan.add_routes.len == 2);
		if (plan.overlap.zone.ip.family != IP_NONE)
			plan_overlap_format(&plan.overlap, text);
		check_str(text, cases[i].sentence);
		plan_done(&plan);
		told_done(&told);
		observed_done(&observed);
	}
}

static void gives_way_and_comes_back(void)
{
	struct told told = some_zone();
	struct observed observed = some_machine();
	struct plan plan = { 0 };

	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(model_apply(&told.desired, &plan, &observed) == 0);
	plan_done(&plan);
	add_foreign(&observed, "172.24.7.0/24", DOCKER0, 0, true);
	add_foreign(&observed, "172.24.8.0/24", DOCKER0, 0, true);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.conflicts.len == 1 && plan.remove_routes.len == 1 && plan_steps(&plan) == 1);
	check(model_apply(&told.desired, &plan, &observed) == 0);
	plan_done(&plan);
	observed.foreign.len = 0;
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.conflicts.len == 0 && plan.add_routes.len == 1 && plan_steps(&plan) == 1);
	plan_done(&plan);
	told_done(&told);
	observed_done(&observed);
}

static void derives_the_mtu_from_the_underlay(void)
{
	static const struct {
		uint16_t wanted;
		const char *to[2]; /* NULL: no route */
		uint32_t metric[2];
		uint32_t mtu[2]; /* of their links */
		uint16_t mtu_bytes;
	} cases[] = {
		{ 0, { NULL, NULL }, { 0, 0 }, { 9000, 1280 }, 1420 },
		{ 0, { "0.0.0.0/0", NULL }, { 0, 0 }, { 1500, 9000 }, 1420 },
		{ 0, { "0.0.0.0/0", NULL }, { 0, 0 }, { 1460, 9000 }, 1380 },
		{ 0, { "0.0.0.0/0", "0.0.0.0/0" }, { 100, 50 }, { 1500, 9000 }, 8920 },
		{ 0, { "::/0", "0.0.0.0/0" }, { 1024, 0 }, { 1400, 1500 }, 1420 },
		{ 0, { "::/0", NULL }, { 1024, 0 }, { 1400, 1500 }, 1320 },
		/* Without a default route: that to an endpoint, the more exact one. */
		{ 0, { "192.0.2.0/24", NULL }, { 0, 0 }, { 1400, 1500 }, 1320 },
		{ 0, { "192.0.2.0/24", "192.0.0.0/16" }, { 0, 0 }, { 1400, 1500 }, 1320 },
		{ 0, { "198.51.100.0/24", NULL }, { 0, 0 }, { 1400, 1500 }, 1420 },
		{ 0, { "0.0.0.0/0", NULL }, { 0, 0 }, { 68, 1500 }, 576 },
		{ 0, { "0.0.0.0/0", NULL }, { 0, 0 }, { 65536, 1500 }, 65455 },
		{ 1300, { "0.0.0.0/0", NULL }, { 0, 0 }, { 9000, 1500 }, 1300 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = { 0 };

		told.desired.mtu = cases[i].wanted;
		add_link(&observed, ETH0, "eth0", cases[i].mtu[0]);
		add_link(&observed, DOCKER0, "eth1", cases[i].mtu[1]);
		for (uint32_t j = 0; j < 2; j++) {
			if (cases[i].to[j])
				add_foreign(&observed, cases[i].to[j], ETH0 + j, cases[i].metric[j],
					    true);
		}
		if (!check(plan_mtu(&told.desired, &observed) == cases[i].mtu_bytes))
			printf("# case %zu: %u\n", i, plan_mtu(&told.desired, &observed));
		told_done(&told);
		observed_done(&observed);
	}
}

static void says_when_this_node_must_forward(void)
{
	static const struct {
		bool is_hub;
		const char *own_on; /* link that the own child prefix is on; "": none */
		bool forwards;
		enum ip_family off;
	} cases[] = {
		{ false, "", false, IP_NONE },      { false, "lo", false, IP_NONE },
		{ false, "docker0", false, IP_V4 }, { false, "docker0", true, IP_NONE },
		{ true, "", false, IP_V4 },         { true, "", true, IP_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = some_machine();
		bool is_lo = strcmp(cases[i].own_on, "lo") == 0;
		struct plan plan = { 0 };

		told.desired.is_hub = cases[i].is_hub;
		observed.forwards_v4 = cases[i].forwards;
		if (*cases[i].own_on)
			add_foreign(&observed, "172.25.0.0/25", is_lo ? LO : DOCKER0, 0, true);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		if (!check(plan.forwarding_off == cases[i].off))
			printf("# case %zu\n", i);
		plan_done(&plan);
		told_done(&told);
		observed_done(&observed);
	}
}

int main(void)
{
	check(crypto_init(NULL) == 0);
	run(does_not_take_what_is_somebody_elses);
	run(an_endpoint_keeps_its_way);
	run(what_the_machine_needs_keeps_its_way);
	run(tells_of_addresses_used_twice);
	run(gives_way_and_comes_back);
	run(derives_the_mtu_from_the_underlay);
	run(says_when_this_node_must_forward);
	return check_done();
}
