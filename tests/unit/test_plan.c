// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The plan of the interface and its peers.
 */
#include <errno.h>

#include "crypto/crypto.h"
#include "nodeagent/model.h"
#include "plane.h"

#define NOW_S 1700000000

#define ZONE "10.200.0.0/16"

static const struct row own = { SELF, "10.200.0.9", "", "", false, 0 };
static const struct row one = { 1, "10.200.0.1", "", "192.0.2.1:51820", false, 0 };
static const struct row two = { 2, "10.200.0.2", "172.24.0.0/24", "192.0.2.2:51820", false, 0 };

static struct told some_zone(void)
{
	const struct row rows[] = { own, one, two };

	return told_rows(ZONE, false, rows, ARRAY_SIZE(rows));
}

/* Told anew, with another endpoint and other prefixes. */
static void tell_again(struct told *told, const struct row *row, const char *endpoint,
		       const char *prefixes)
{
	struct row changed = *row;

	changed.endpoint = endpoint;
	changed.prefixes = prefixes;
	tell_row(told, &changed);
	check(look(told));
}

/* The plan, carried out in memory. */
static void follow(const struct desired *desired, bool allow_removal, struct observed *observed)
{
	struct plan plan = { 0 };

	check(plan_make(desired, observed, allow_removal, &plan, NULL) == 0);
	check(model_apply(desired, &plan, observed) == 0);
	plan_declare(desired, NULL, &plan, observed);
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
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	check(plan_make(&told.desired, &observed, false, &plan, NULL) == 0);
	check(plan.create && plan.set_key && plan.set_port && plan.set_up && !plan.set_down);
	check(plan.set_mtu == 1420 && plan.add_addresses.len == 1);
	check(plan.set_peers.len == 2 && plan.add_routes.len == 3);
	check(plan_steps(&plan) == 11);
	check(plan.set_peers.at[0].endpoint && plan.set_peers.at[0].keepalive);
	check(plan.set_peers.at[1].allowed && !plan.set_peers.at[1].replace_allowed);
	plan_done(&plan);
	told_done(&told);
}

static void finds_nothing_to_do_when_all_is_right(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };

	follow(&told.desired, true, &observed);
	check(steps_to(&told.desired, &observed) == 0);
	/* WireGuard keeps a private key clamped. */
	told.desired.private_key.bytes[0] |= 0x07;
	told.desired.private_key.bytes[31] = 0x80;
	check(steps_to(&told.desired, &observed) == 0);
	told.desired.private_key.bytes[31] |= 0x01;
	/* Another key: every peer is greeted under it. */
	check(steps_to(&told.desired, &observed) == 3);
	told_done(&told);
	observed_done(&observed);
}

static void any_port_is_right_when_none_is_wanted(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };

	follow(&told.desired, true, &observed);
	told.desired.listen_port = 0;
	check(steps_to(&told.desired, &observed) == 0);
	told_done(&told);
	observed_done(&observed);
}

static void gives_a_renamed_link_its_name_back(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	follow(&told.desired, true, &observed);
	observed.link_index = 7;
	observed.is_renamed = true;
	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0 && plan.rename == 7);
	plan_done(&plan);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.rename == 7 && !plan.create && plan_steps(&plan) == 1);
	plan_done(&plan);
	follow(&told.desired, true, &observed);
	check(steps_to(&told.desired, &observed) == 0);
	told_done(&told);
	observed_done(&observed);
}

static void names_its_source_beside_addresses_of_others(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	add_address(&observed.addresses, "10.200.0.9", 20);
	add_address(&observed.addresses, "fd00::1", 64);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.route_source.family == IP_NONE && plan.remove_addresses.len == 0);
	plan_done(&plan);
	add_address(&observed.addresses, "10.9.9.9", 24);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(ip_equal(&plan.route_source, &told.desired.address[0]));
	plan_done(&plan);
	told_done(&told);
	observed_done(&observed);
}

static void refuses_what_is_no_wireguard(void)
{
	struct told told = some_zone();
	struct observed observed = { .state = INTERFACE_FOREIGN, .kind = "veth" };
	struct plan plan = { 0 };
	struct err err = { 0 };

	check(plan_make(&told.desired, &observed, true, &plan, &err) == -EPERM);
	check(strstr(err.text, "wg0") && strstr(err.text, "veth"));
	check(plan_make_idle("wg0", &observed, &plan, NULL) == -EPERM);
	told_done(&told);
}

static void idles_by_silencing_the_interface(void)
{
	const struct desired nothing = { 0 };
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0 && plan_steps(&plan) == 0);
	follow(&told.desired, true, &observed);
	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0);
	check(plan.set_down && plan.set_key && plan.remove_peers.len == 2 &&
	      plan_steps(&plan) == 4);
	check(model_apply(&nothing, &plan, &observed) == 0);
	check(key_is_zero(&observed.private_key));
	check(!observed.is_up && observed.routes.len == 0 && observed.peers.len == 0);
	plan_done(&plan);
	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0 && plan_steps(&plan) == 0);
	/* And back: key, up, the peers, and the routes that the kernel dropped. */
	check(steps_to(&told.desired, &observed) == 7);
	told_done(&told);
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
		struct told told = some_zone();
		struct observed observed = { 0 };
		struct row row = one;
		struct wg_peer *peer;

		follow(&told.desired, true, &observed);
		peer = observed.peers.at[0];
		observed.now_s = NOW_S;
		peer->endpoint = endpoint(cases[i].observed);
		peer->handshake_s = NOW_S - cases[i].handshake_s;
		if (!cases[i].declared)
			peer->generation = 0;
		row.endpoint = cases[i].wanted;
		told.generation = cases[i].generation;
		tell_row(&told, &row);
		check(look(&told));
		if (!check(steps_to(&told.desired, &observed) == (cases[i].is_due ? 1 : 0)))
			printf("# case %zu\n", i);
		told_done(&told);
		observed_done(&observed);
	}
}

static void add_reading(struct wg_peer_vec *to, uint8_t number, const char *via)
{
	struct wg_peer peer = { .key = key_of(number), .endpoint = endpoint(via) };

	check(vec_push(to, peer) == 0);
	add_prefix(&to->at[to->len - 1].allowed, "10.200.7.7/32");
}

static void keeps_what_was_declared_over_a_reading(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct wg_peer_vec reading = { 0 };
	struct endpoint declared = endpoint(one.endpoint);
	struct wg_peer *kept;

	follow(&told.desired, true, &observed);
	add_reading(&reading, 0, "");
	add_reading(&reading, 1, "198.51.100.7:9");
	add_reading(&reading, 3, "");
	reading.at[0].key.bytes[0] = 0;
	check(observed_take_reading(&observed, &reading) == 0);
	check(observed.peers.len == 3 && reading.len == 0);
	check(observed.peers.at[0]->generation == 0 && observed.peers.at[2]->generation == 0);
	kept = observed_find_peer(&observed, &observed.peers.at[1]->key);
	check(kept->key.bytes[0] == 1 && kept->generation == 1);
	check(endpoint_equal(&kept->declared, &declared) && kept->endpoint.port == 9);
	check(kept->allowed.len == 1 && kept->allowed.at[0].ip.bytes[2] == 7);
	observed_done(&observed);
	told_done(&told);
}

static void a_failed_change_declares_nothing(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };
	struct endpoint failed = endpoint("192.0.2.77:1");
	struct endpoint done = endpoint("192.0.2.78:1");

	follow(&told.desired, true, &observed);
	tell_again(&told, &one, "192.0.2.77:1", "");
	tell_again(&told, &two, "192.0.2.78:1", two.prefixes);
	observed.now_s = NOW_S;
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.set_peers.len == 2);
	plan.set_peers.at[0].failed = true;
	plan_declare(&told.desired, NULL, &plan, &observed);
	check(!endpoint_equal(&observed.peers.at[0]->declared, &failed));
	check(endpoint_equal(&observed.peers.at[1]->declared, &done));
	plan_done(&plan);
	observed_done(&observed);
	told_done(&told);
}

static void moves_a_prefix_by_giving_it_to_the_new_owner_alone(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	follow(&told.desired, true, &observed);
	tell_again(&told, &two, two.endpoint, "");
	tell_again(&told, &one, one.endpoint, two.prefixes);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan_steps(&plan) == 1 && plan.set_peers.at[0].key.bytes[0] == 1);
	check(plan.set_peers.at[0].allowed && !plan.set_peers.at[0].replace_allowed);
	plan_done(&plan);
	follow(&told.desired, true, &observed);
	check(observed.peers.at[1]->allowed.len == 1);
	told_done(&told);
	observed_done(&observed);
}

static void removes_only_when_it_may(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan plan = { 0 };

	follow(&told.desired, true, &observed);
	add_address(&observed.addresses, "10.9.9.9", 32);
	tell_removed(&told, 1);
	tell_again(&told, &two, two.endpoint, "");
	check(plan_make(&told.desired, &observed, false, &plan, NULL) == 0);
	check(plan_steps(&plan) == 0);
	plan_done(&plan);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.remove_peers.len == 1 && plan.remove_peers.at[0].key.bytes[0] == 1);
	check(plan.set_peers.len == 1 && plan.set_peers.at[0].replace_allowed);
	check(plan.remove_routes.len == 2 && plan.remove_addresses.len == 1);
	plan_done(&plan);
	told_done(&told);
	observed_done(&observed);
}

int main(void)
{
	check(crypto_init(NULL) == 0);
	run(starts_from_nothing);
	run(finds_nothing_to_do_when_all_is_right);
	run(any_port_is_right_when_none_is_wanted);
	run(gives_a_renamed_link_its_name_back);
	run(names_its_source_beside_addresses_of_others);
	run(refuses_what_is_no_wireguard);
	run(idles_by_silencing_the_interface);
	run(touches_an_endpoint_only_when_it_is_due);
	run(keeps_what_was_declared_over_a_reading);
	run(a_failed_change_declares_nothing);
	run(moves_a_prefix_by_giving_it_to_the_new_owner_alone);
	run(removes_only_when_it_may);
	return check_done();
}
