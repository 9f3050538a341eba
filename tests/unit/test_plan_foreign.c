// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whose the peers are on an interface that was there already, and what that changes in the plan.
 */
#include "nodeagent/plan_foreign.h"

#include <errno.h>

#include "crypto/crypto.h"
#include "nodeagent/model.h"
#include "plane.h"

#define LINK 7

static const struct row own = { SELF, "10.200.0.9", "", "", false, 0 };
static const struct row one = { 1, "10.200.0.1", "", "", false, 0 };
static const struct row two = { 2, "10.200.0.2", "172.24.0.0/24", "", false, 0 };

static struct told some_zone(void)
{
	const struct row rows[] = { own, one, two };

	return told_rows("10.200.0.0/20", false, rows, ARRAY_SIZE(rows));
}

static struct wg_peer *add_peer(struct observed *observed, uint8_t number, const char *prefix)
{
	struct key key = key_of(number);
	struct wg_peer *peer = observed_make_peer(observed, &key);

	if (*prefix)
		add_prefix(&peer->allowed, prefix);
	return peer;
}

static void remove_peer(struct observed *observed, uint8_t number)
{
	struct key key = key_of(number);

	observed_remove_peer(observed, &key);
}

/* Made by hand: the key of ours, peer 1, and peer 5 with what the text says. */
static struct observed by_hand(const struct told *told, const char *prefix)
{
	struct observed observed = { .state = INTERFACE_OURS,
				     .link_index = LINK,
				     .is_up = true,
				     .mtu = 1420,
				     .listen_port = 51820,
				     .private_key = told->desired.private_key };

	(void)add_peer(&observed, 1, "10.200.0.1/32");
	(void)add_peer(&observed, 5, prefix);
	return observed;
}

static int look_at(struct plan_foreign *foreign, const struct told *told, struct observed *observed,
		   struct err *err)
{
	check(plan_foreign_mark(foreign, &told->desired, observed) == 0);
	return plan_foreign_check(foreign, "wg0", &told->desired.private_key, observed, err);
}

/* One round, carried out in memory: how many peers go. */
static size_t round_of(struct plan_foreign *foreign, const struct told *told,
		       struct observed *observed)
{
	struct plan plan = { 0 };
	size_t gone;

	check(look_at(foreign, told, observed, NULL) == 0);
	check(plan_make(&told->desired, observed, true, &plan, NULL) == 0);
	check(model_apply(&told->desired, &plan, observed) == 0);
	plan_declare(&told->desired, NULL, &plan, observed);
	plan_foreign_adopt(foreign, &plan, observed);
	gone = plan.remove_peers.len;
	plan_done(&plan);
	return gone;
}

static void finish(struct told *told, struct observed *observed)
{
	told_done(told);
	observed_done(observed);
}

static void refuses_an_interface_with_a_peer_of_others(void)
{
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "192.168.77.0/24");
	struct plan_foreign foreign = { 0 };
	struct err err = { 0 };

	check(look_at(&foreign, &told, &observed, &err) == -EEXIST && foreign.count == 1);
	check(strstr(err.text, "wg0 holds 1 peer ") && strstr(err.text, "--foreign-peers=keep"));
	check(strstr(err.text, "(BQAAAAAA)"));
	for (uint8_t i = 6; i < 10; i++)
		(void)add_peer(&observed, i, "");
	check(look_at(&foreign, &told, &observed, &err) == -EEXIST && foreign.count == 5);
	check(strstr(err.text, "5 peers ") && strstr(err.text, "BwAAAAAA, …)"));
	check(strstr(err.text, "another --interface"));
	/* They go, and the rest is adopted. */
	for (uint8_t i = 5; i < 10; i++)
		remove_peer(&observed, i);
	check(round_of(&foreign, &told, &observed) == 0 && foreign.adopted == LINK);
	finish(&told, &observed);
}

static void takes_what_is_added_to_its_own_for_drift(void)
{
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "");
	struct plan_foreign foreign = { 0 };

	remove_peer(&observed, 5);
	check(round_of(&foreign, &told, &observed) == 0);
	(void)add_peer(&observed, 5, "192.168.77.0/24");
	check(round_of(&foreign, &told, &observed) == 1 && observed.peers.len == 2);
	/* The same, but on a link that somebody made in the place of ours. */
	observed.link_index = LINK + 1;
	(void)add_peer(&observed, 5, "");
	check(look_at(&foreign, &told, &observed, NULL) == -EEXIST);
	finish(&told, &observed);
}

static void owns_what_it_made_itself(void)
{
	struct told told = some_zone();
	struct observed observed = { 0 };
	struct plan_foreign foreign = { 0 };

	check(round_of(&foreign, &told, &observed) == 0);
	observed.link_index = LINK;
	(void)add_peer(&observed, 5, "");
	check(round_of(&foreign, &told, &observed) == 1 && foreign.adopted == LINK);
	finish(&told, &observed);
}

static void knows_its_leftovers_by_their_routes(void)
{
	static const enum foreign_peers choices[] = { FOREIGN_REFUSE, FOREIGN_KEEP };

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		struct told told = some_zone();
		struct observed observed = by_hand(&told, "10.200.0.5/32");
		struct plan_foreign foreign = { .choice = choices[i] };

		add_prefix(&observed.routes, "10.200.0.5/32");
		check(round_of(&foreign, &told, &observed) == 1 && observed.routes.len == 3);
		finish(&told, &observed);
	}
}

static void keeps_peers_of_others_and_drops_its_own(void)
{
	static const struct row five = { 5, "10.200.0.5", "", "", false, 0 };
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "192.168.77.0/24");
	struct plan_foreign foreign = { .choice = FOREIGN_KEEP };
	struct key key = key_of(5);

	check(round_of(&foreign, &told, &observed) == 0 && foreign.count == 1);
	check(observed.peers.len == 3 &&
	      observed_find_peer(&observed, &key)->origin == PEER_FOREIGN);
	(void)add_peer(&observed, 6, "");
	check(round_of(&foreign, &told, &observed) == 0 && foreign.count == 2);
	/* Peer 2 leaves the zone, peer 5 comes into it and leaves, too. */
	tell_removed(&told, 2);
	tell_row(&told, &five);
	check(look(&told));
	check(round_of(&foreign, &told, &observed) == 1);
	check(observed.peers.len == 3 && foreign.count == 1);
	tell_removed(&told, 5);
	check(look(&told));
	check(round_of(&foreign, &told, &observed) == 1);
	check(observed.peers.len == 2 && observed_find_peer(&observed, &key) == NULL);
	finish(&told, &observed);
}

static void does_not_give_kept_peers_another_key(void)
{
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "192.168.77.0/24");
	struct plan_foreign foreign = { .choice = FOREIGN_KEEP };
	struct err err = { 0 };

	observed.private_key.bytes[5] ^= 1;
	check(look_at(&foreign, &told, &observed, &err) == -EEXIST);
	check(strstr(err.text, "another private key"));
	foreign.choice = FOREIGN_REFUSE;
	check(look_at(&foreign, &told, &observed, NULL) == -EEXIST);
	finish(&told, &observed);
}

/* `route` is the one that is refused; "": none. */
static void check_refused(const struct plan *plan, const char *route, const char *for_prefix)
{
	bool refused = *route != '\0';
	char text[PLAN_CONFLICT_TEXT_BYTES];

	check(plan->conflicts.len == refused && plan->add_routes.len == 3U - refused);
	check(plan->set_peers.len == 2);
	check(plan->set_peers.at[1].want->allowed.len == 2U - refused);
	if (plan->conflicts.len != 1)
		return;
	plan_conflict_format(&plan->conflicts.at[0], text);
	check(strstr(text, route) && strstr(text, for_prefix) && strstr(text, "peer BQAAAAAA"));
}

static void yields_what_kept_peers_may_send(void)
{
	static const struct {
		const char *kept, *refused;
	} cases[] = {
		{ "192.168.77.0/24", "" },
		{ "172.24.0.0/24", "172.24.0.0/24" },
		{ "172.24.0.128/25", "172.24.0.0/24" },
		{ "172.24.0.0/16", "" },
		{ "10.200.0.2/32", "10.200.0.2/32" },
		{ "10.200.0.0/20", "" },
		{ "0.0.0.0/0", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = by_hand(&told, cases[i].kept);
		struct plan_foreign foreign = { .choice = FOREIGN_KEEP };
		struct plan plan = { 0 };

		check(look_at(&foreign, &told, &observed, NULL) == 0);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		check_refused(&plan, cases[i].refused, cases[i].kept);
		plan_done(&plan);
		finish(&told, &observed);
	}
}

/* A prefix that covers one of a peer that came later is taken from ours again, with its route. */
static void withdraws_when_a_kept_peer_comes(void)
{
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "");
	struct plan_foreign foreign = { .choice = FOREIGN_KEEP };
	struct key key = key_of(2);

	check(round_of(&foreign, &told, &observed) == 0);
	check(observed_find_peer(&observed, &key)->allowed.len == 2 && observed.routes.len == 3);
	(void)add_peer(&observed, 6, "172.24.0.128/25");
	check(round_of(&foreign, &told, &observed) == 0);
	check(observed_find_peer(&observed, &key)->allowed.len == 1 && observed.routes.len == 2);
	remove_peer(&observed, 6);
	check(round_of(&foreign, &told, &observed) == 0);
	check(observed_find_peer(&observed, &key)->allowed.len == 2 && observed.routes.len == 3);
	finish(&told, &observed);
}

static void goes_idle_around_kept_peers(void)
{
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "192.168.77.0/24");
	struct plan_foreign foreign = { .choice = FOREIGN_KEEP };
	struct plan plan = { 0 };

	(void)round_of(&foreign, &told, &observed);
	check(plan_make_idle("wg0", &observed, &plan, NULL) == 0);
	check(!plan.set_key && !plan.set_down && plan.remove_peers.len == 2 &&
	      plan.remove_routes.len == 3);
	plan_done(&plan);
	finish(&told, &observed);
}

static void removes_its_own_addresses_only(void)
{
	static const struct {
		const char *ip;
		uint8_t bits;
		bool is_marked, refuse_owns, keep_owns;
	} cases[] = {
		{ "10.200.0.7", 20, false, true, true }, { "10.200.0.7", 32, false, true, true },
		{ "10.9.9.9", 24, false, false, false }, { "10.9.9.9", 32, false, true, false },
		{ "10.9.9.9", 32, true, true, true },    { "fd00::1", 64, false, false, false },
		{ "fd00::1", 128, false, true, false },  { "fd00::1", 128, true, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = some_zone();
		struct observed observed = { 0 };

		add_address(&observed.addresses, cases[i].ip, cases[i].bits);
		if (cases[i].is_marked)
			add_address(&observed.marked, cases[i].ip, cases[i].bits);
		check(plan_foreign_owns_address(&told.desired, &observed, observed.addresses.at) ==
		      cases[i].refuse_owns);
		told.desired.keep_foreign = true;
		check(plan_foreign_owns_address(&told.desired, &observed, observed.addresses.at) ==
		      cases[i].keep_owns);
		finish(&told, &observed);
	}
}

static void takes_routes_into_the_interface_as_made(void)
{
	struct told told = some_zone();
	struct observed observed = by_hand(&told, "192.168.77.0/24");
	struct plan plan = { 0 };

	add_foreign(&observed, "10.200.0.2/32", LINK, 0, true);
	add_foreign(&observed, "172.24.0.0/25", LINK, 0, true);
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.conflicts.len == 0 && plan.add_routes.len == 2);
	plan_done(&plan);
	/* Elsewhere it is in the way. */
	observed.foreign.at[0].link_index = LINK + 1;
	check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
	check(plan.conflicts.len == 1 && plan.add_routes.len == 2);
	plan_done(&plan);
	finish(&told, &observed);
}

int main(void)
{
	check(crypto_init(NULL) == 0);
	run(refuses_an_interface_with_a_peer_of_others);
	run(takes_what_is_added_to_its_own_for_drift);
	run(owns_what_it_made_itself);
	run(knows_its_leftovers_by_their_routes);
	run(keeps_peers_of_others_and_drops_its_own);
	run(does_not_give_kept_peers_another_key);
	run(yields_what_kept_peers_may_send);
	run(withdraws_when_a_kept_peer_comes);
	run(goes_idle_around_kept_peers);
	run(removes_its_own_addresses_only);
	run(takes_routes_into_the_interface_as_made);
	return check_done();
}
