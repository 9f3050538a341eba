// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The plan of the interface and its peers.
 */
#include <errno.h>

#include "nodeagent/model.h"
#include "plane.h"

#define NOW_S 1700000000

static struct desired some_desired(void)
{
	struct desired desired = { .interface = "wg0",
				   .private_key.bytes = { 0x08, [31] = 0x40 },
				   .listen_port = 51820,
				   .mtu = 1420 };
	struct wg_peer *peer = add_peer(&desired.peers, 1, "192.0.2.1:51820");

	check(ip_parse("10.200.0.9", &desired.address[0], NULL) == 0);
	peer->keepalive_s = KEEPALIVE_S;
	peer->generation = 1;
	add_prefix(&peer->allowed, "10.200.0.1/32");
	peer = add_peer(&desired.peers, 2, "192.0.2.2:51820");
	add_prefix(&peer->allowed, "10.200.0.2/32");
	add_prefix(&peer->allowed, "172.24.0.0/24");
	add_prefix(&desired.routes, "10.200.0.1/32");
	add_prefix(&desired.routes, "10.200.0.2/32");
	add_prefix(&desired.routes, "172.24.0.0/24");
	return desired;
}

/* The plan, carried out in memory. */
static void follow(const struct desired *desired, bool allow_removal, struct observed *observed)
{
	struct plan plan = { 0 };

	check(plan_make(desired, observed, allow_removal, &plan, NULL) == 0);
	check(model_apply(desired, &plan, observed) == 0);
	observed_declare(observed, desired, &plan);
	plan_done(&plan);
}

static size_t steps_to(const struct desired *desired, const struct observed *observed)
{
	struct plan plan = { 0 };
	size_t steps;

	check(plan_make(desired, observed, true, &plan, NULL) == 0);
	steps = plan_steps(&plan);
	plan_done(&plan);
	return steps;
}

static void starts_from_nothing(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	check(plan_make(&desired, &observed, false, &plan, NULL) == 0);
	check(plan.create && plan.set_key && plan.set_port && plan.set_up && !plan.set_down);
	check(plan.set_mtu == 1420 && plan.add_addresses.len == 1);
	check(plan.set_peers.len == 2 && plan.add_routes.len == 3);
	check(plan_steps(&plan) == 11);
	check(plan.set_peers.at[0].endpoint && plan.set_peers.at[0].keepalive);
	check(plan.set_peers.at[1].allowed && !plan.set_peers.at[1].replace_allowed);
	plan_done(&plan);
	desired_done(&desired);
}

static void finds_nothing_to_do_when_all_is_right(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };

	follow(&desired, true, &observed);
	check(steps_to(&desired, &observed) == 0);
	/* WireGuard keeps a private key clamped. */
	desired.private_key.bytes[0] |= 0x07;
	desired.private_key.bytes[31] = 0x80;
	check(steps_to(&desired, &observed) == 0);
	desired.private_key.bytes[31] |= 0x01;
	/* Another key: every peer is greeted under it. */
	check(steps_to(&desired, &observed) == 3);
	desired_done(&desired);
	observed_done(&observed);
}

static void any_port_is_right_when_none_is_wanted(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };

	follow(&desired, true, &observed);
	desired.listen_port = 0;
	check(steps_to(&desired, &observed) == 0);
	desired_done(&desired);
	observed_done(&observed);
}

static void refuses_what_is_no_wireguard(void)
{
	struct desired desired = some_desired();
	struct observed observed = { .state = INTERFACE_FOREIGN, .kind = "veth" };
	struct plan plan = { 0 };
	struct err err = { 0 };

	check(plan_make(&desired, &observed, true, &plan, &err) == -EPERM);
	check(strstr(err.text, "wg0") && strstr(err.text, "veth"));
	check(plan_make_idle("wg0", &observed, &plan, NULL) == -EPERM);
	desired_done(&desired);
}

static void idles_by_silencing_the_interface(void)
{
	const struct desired nothing = { 0 };
	struct desired desired = some_desired();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0 && plan_steps(&plan) == 0);
	follow(&desired, true, &observed);
	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0);
	check(plan.set_down && plan.set_key && plan.remove_peers.len == 2 &&
	      plan_steps(&plan) == 4);
	check(model_apply(&nothing, &plan, &observed) == 0);
	check(key_is_zero(&observed.private_key));
	check(!observed.is_up && observed.routes.len == 0 && observed.peers.len == 0);
	plan_done(&plan);
	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0 && plan_steps(&plan) == 0);
	/* And back: key, up, the peers, and the routes that the kernel dropped. */
	check(steps_to(&desired, &observed) == 7);
	desired_done(&desired);
	observed_done(&observed);
}

/*
 * Declared "192.0.2.1:51820" in generation 1 and applied; then observed, then wanted, as the case
 * says.
 */
static void touches_an_endpoint_only_when_it_is_due(void)
{
	static const struct {
		const char *observed, *wanted;
		uint64_t generation;
		int64_t handshake_s; /* ago */
		bool declared;       /* by this agent, so that it knows */
		bool is_due;
	} cases[] = {
		{ "192.0.2.1:51820", "192.0.2.1:51820", 1, 5, true, false },
		{ "", "192.0.2.1:51820", 1, NOW_S, true, true },
		{ "198.51.100.7:9", "192.0.2.1:51820", 1, 5, true, false },
		{ "198.51.100.7:9", "192.0.2.1:51820", 1, 179, true, false },
		{ "198.51.100.7:9", "192.0.2.1:51820", 1, 180, true, true },
		{ "198.51.100.7:9", "192.0.2.1:51820", 1, NOW_S, true, true },
		{ "198.51.100.7:9", "192.0.2.1:51820", 2, 5, true, true },
		{ "198.51.100.7:9", "192.0.2.9:51820", 1, 5, true, true },
		{ "198.51.100.7:9", "198.51.100.7:9", 2, 5, true, false },
		{ "198.51.100.7:9", "", 2, NOW_S, true, false },
		{ "198.51.100.7:9", "192.0.2.1:51820", 1, 5, false, false },
		{ "198.51.100.7:9", "192.0.2.1:51820", 1, 300, false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct desired desired = some_desired();
		struct observed observed = { 0 };
		struct wg_peer *peer;

		follow(&desired, true, &observed);
		peer = &observed.peers.at[0];
		observed.now_s = NOW_S;
		peer->endpoint = endpoint(cases[i].observed);
		peer->handshake_s = NOW_S - cases[i].handshake_s;
		if (!cases[i].declared)
			peer->generation = 0;
		desired.peers.at[0].endpoint = endpoint(cases[i].wanted);
		desired.peers.at[0].generation = cases[i].generation;
		if (!check(steps_to(&desired, &observed) == (cases[i].is_due ? 1 : 0)))
			printf("# case %zu\n", i);
		desired_done(&desired);
		observed_done(&observed);
	}
}

static void keeps_what_was_declared_over_a_reading(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };
	struct observed fresh = { 0 };

	follow(&desired, true, &observed);
	(void)add_peer(&fresh.peers, 0, "");
	(void)add_peer(&fresh.peers, 1, "198.51.100.7:9");
	(void)add_peer(&fresh.peers, 3, "");
	observed_inherit(&fresh, &observed);
	check(fresh.peers.at[0].generation == 0 && fresh.peers.at[1].generation == 1);
	check(endpoint_equal(&fresh.peers.at[1].declared, &desired.peers.at[0].endpoint));
	observed_done(&fresh);
	observed_done(&observed);
	desired_done(&desired);
}

static void a_failed_change_declares_nothing(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	follow(&desired, true, &observed);
	desired.peers.at[0].endpoint = endpoint("192.0.2.77:1");
	desired.peers.at[1].endpoint = endpoint("192.0.2.78:1");
	observed.now_s = NOW_S;
	check(plan_make(&desired, &observed, true, &plan, NULL) == 0 && plan.set_peers.len == 2);
	plan.set_peers.at[0].failed = true;
	observed_declare(&observed, &desired, &plan);
	check(!endpoint_equal(&observed.peers.at[0].declared, &desired.peers.at[0].endpoint));
	check(endpoint_equal(&observed.peers.at[1].declared, &desired.peers.at[1].endpoint));
	plan_done(&plan);
	observed_done(&observed);
	desired_done(&desired);
}

static void moves_a_prefix_by_giving_it_to_the_new_owner_alone(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	follow(&desired, true, &observed);
	desired.peers.at[1].allowed.len = 1;
	add_prefix(&desired.peers.at[0].allowed, "172.24.0.0/24");
	check(plan_make(&desired, &observed, true, &plan, NULL) == 0);
	check(plan_steps(&plan) == 1 && plan.set_peers.at[0].want == &desired.peers.at[0]);
	check(plan.set_peers.at[0].allowed && !plan.set_peers.at[0].replace_allowed);
	plan_done(&plan);
	follow(&desired, true, &observed);
	check(observed.peers.at[1].allowed.len == 1);
	desired_done(&desired);
	observed_done(&observed);
}

static void removes_only_when_it_may(void)
{
	struct desired desired = some_desired();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	follow(&desired, true, &observed);
	add_address(&observed.addresses, "10.9.9.9", 24);
	wg_peer_done(&desired.peers.at[0]);
	desired.peers.at[0] = desired.peers.at[1];
	desired.peers.len = 1;
	desired.peers.at[0].allowed.len = 1;
	desired.routes.at[0] = desired.routes.at[1];
	desired.routes.len = 1;
	check(plan_make(&desired, &observed, false, &plan, NULL) == 0);
	check(plan_steps(&plan) == 0);
	plan_done(&plan);
	check(plan_make(&desired, &observed, true, &plan, NULL) == 0);
	check(plan.remove_peers.len == 1 && plan.remove_peers.at[0].key.bytes[0] == 1);
	check(plan.set_peers.len == 1 && plan.set_peers.at[0].replace_allowed);
	check(plan.remove_routes.len == 2 && plan.remove_addresses.len == 1);
	plan_done(&plan);
	desired_done(&desired);
	observed_done(&observed);
}

int main(void)
{
	run(starts_from_nothing);
	run(finds_nothing_to_do_when_all_is_right);
	run(any_port_is_right_when_none_is_wanted);
	run(refuses_what_is_no_wireguard);
	run(idles_by_silencing_the_interface);
	run(touches_an_endpoint_only_when_it_is_due);
	run(keeps_what_was_declared_over_a_reading);
	run(a_failed_change_declares_nothing);
	run(moves_a_prefix_by_giving_it_to_the_new_owner_alone);
	run(removes_only_when_it_may);
	return check_done();
}
