// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Plans between random states: followed from any state they lead to what is desired, and on the way
 * no peer that stays loses a prefix that it keeps. What WireGuard does is told here a second time,
 * change by change, so that the model is not its own witness.
 */
#include "crypto/crypto.h"
#include "nodeagent/model.h"
#include "plane.h"

#define ROUNDS 3000
#define KEYS 10
#define PREFIXES 24
#define NOBODY (-1)
#define SEED 20260131

static uint64_t random_state = SEED;

/* xorshift64: the same numbers in every run */
static uint32_t below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 11) % bound);
}

/* Host addresses, then child prefixes, ordered. */
static struct prefix prefix_number(uint32_t number)
{
	char text[PREFIX_TEXT_BYTES];

	if (number < PREFIXES / 2)
		(void)snprintf(text, sizeof(text), "10.200.0.%u/32", number + 1);
	else
		(void)snprintf(text, sizeof(text), "172.24.%u.0/24", number);
	return prefix(text);
}

/* Some of the prefixes, as a list with commas; several peers may name the same. */
static void list_prefixes(struct str *to)
{
	const char *comma = "";

	str_append(to, "");
	for (uint32_t i = 0; i < PREFIXES; i++) {
		struct prefix prefix = prefix_number(i);
		char text[PREFIX_TEXT_BYTES];

		if (below(6) > 0)
			continue;
		prefix_format(&prefix, text);
		str_printf(to, "%s%s", comma, text);
		comma = ",";
	}
}

/* Of the peers 1 to KEYS, or this node itself: told anew. */
static void tell_random_row(struct told *told, uint32_t number)
{
	static const char *const endpoints[] = { "", "192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3",
						 "172.24.20.7:1" };
	_cleanup_str_ struct str prefixes = { 0 };
	char address[IP_TEXT_BYTES];

	(void)snprintf(address, sizeof(address), "10.201.%u.%u", below(8) == 0 ? 1U : 0U,
		       number + 1);
	list_prefixes(&prefixes);
	told->generation = 1 + below(3);
	tell_row(told, &(struct row){ .number = (uint8_t)number,
				      .address = address,
				      .prefixes = prefixes.at,
				      .endpoint = endpoints[below(ARRAY_SIZE(endpoints))],
				      .hub_router = below(8) == 0 });
}

static void tell_something(struct told *told)
{
	uint32_t number = 1 + below(KEYS);

	switch (below(24)) {
	case 0:
		tell_random_row(told, SELF);
		break;
	case 1:
		tell_zone(told, "10.201.0.0/16", below(2));
		break;
	case 2: /* a new history, of which nobody is known yet */
		tell_snapshot_begin(told, true);
		tell_random_row(told, SELF);
		tell_snapshot_end(told);
		break;
	case 3:
		(void)view_drop_absent(told->view);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		tell_removed(told, (uint8_t)number);
		break;
	default:
		tell_random_row(told, number);
	}
	/* A tower's snapshot or a removal never leaves a node without itself for long. */
	if (!look(told)) {
		tell_random_row(told, SELF);
		check(look(told));
	}
}

static struct told random_zone(void)
{
	struct told told = told_zone("10.201.0.0/16", false);

	tell_random_row(&told, SELF);
	for (uint32_t i = 1; i <= KEYS; i++)
		tell_something(&told);
	return told;
}

/* Much at once, and other options. */
static void move_on(struct told *told)
{
	for (uint32_t i = below(KEYS); i > 0; i--)
		tell_something(told);
	told->desired.listen_port = (uint16_t)(1 + below(2));
	told->desired.mtu = (uint16_t)(1400 + below(2));
	told->desired.private_key.bytes[1] = (uint8_t)below(2);
	told->desired.keepalive = below(2);
	check(look(told));
}

/* WireGuard, as far as it decides where a packet goes. */
struct wireguard {
	bool has_peer[KEYS + 1];
	int owners[PREFIXES];
};

static void add_owner(struct wireguard *wireguard, const struct wg_peer *peer)
{
	wireguard->has_peer[peer->key.bytes[0]] = true;
	for (uint32_t i = 0; i < PREFIXES; i++) {
		struct prefix number = prefix_number(i);

		if (observed_has_prefix(&peer->allowed, &number))
			wireguard->owners[i] = peer->key.bytes[0];
	}
}

static struct wireguard nobody(void)
{
	struct wireguard wireguard = { 0 };

	for (uint32_t i = 0; i < PREFIXES; i++)
		wireguard.owners[i] = NOBODY;
	return wireguard;
}

static struct wireguard wireguard_of(const struct observed *observed)
{
	struct wireguard wireguard = nobody();

	vec_foreach(peer, &observed->peers)
		add_owner(&wireguard, *peer);
	return wireguard;
}

static struct wireguard wireguard_wanted(const struct desired *desired)
{
	struct wireguard wireguard = nobody();
	const struct view_peer *peer = NULL;
	struct wg_peer wanted = { 0 };

	while ((peer = desired_next_peer(desired, peer))) {
		check(desired_write_peer(desired, peer, &wanted) == 0);
		add_owner(&wireguard, &wanted);
	}
	wg_peer_done(&wanted);
	return wireguard;
}

static bool is_listed(const struct wg_change *change, uint32_t number)
{
	struct prefix wanted = prefix_number(number);
	bool found = false;

	if (change->remove)
		return false;
	vec_foreach(prefix, &change->want->allowed)
		found |= prefix_equal(prefix, &wanted);
	return found;
}

static void change_wireguard(struct wireguard *wireguard, const struct wg_change *change)
{
	int key = change->key.bytes[0];

	wireguard->has_peer[key] = !change->remove;
	for (uint32_t i = 0; i < PREFIXES; i++) {
		bool drops = change->remove || change->replace_allowed;

		if (change->allowed && is_listed(change, i))
			wireguard->owners[i] = key;
		else if (drops && wireguard->owners[i] == key)
			wireguard->owners[i] = NOBODY;
	}
}

/* What goes to the same peer before and after goes to it all the time. */
static bool keeps_lasting(const struct wireguard *now, const struct wireguard *before,
			  const struct wireguard *after)
{
	bool kept = true;

	for (uint32_t i = 0; i < PREFIXES; i++) {
		int owner = before->owners[i];

		if (owner != NOBODY && owner == after->owners[i])
			kept &= now->owners[i] == owner && now->has_peer[owner];
	}
	return kept;
}

static bool same_wireguard(const struct wireguard *a, const struct wireguard *b)
{
	return memcmp(a->has_peer, b->has_peer, sizeof(a->has_peer)) == 0 &&
	       memcmp(a->owners, b->owners, sizeof(a->owners)) == 0;
}

/* Every change in turn; the state at the end. */
static struct wireguard walk(const struct plan *plan, const struct wireguard *before,
			     const struct wireguard *after)
{
	struct wireguard now = *before;

	vec_foreach(change, &plan->set_peers) {
		change_wireguard(&now, change);
		check(keeps_lasting(&now, before, after));
	}
	vec_foreach(change, &plan->remove_peers) {
		change_wireguard(&now, change);
		check(keeps_lasting(&now, before, after));
	}
	return now;
}

static bool is_reached(const struct desired *desired, const struct observed *observed)
{
	struct prefix_vec routes = wanted_routes(desired);
	const struct view_peer *peer = NULL;
	struct wg_peer want = { 0 };
	bool reached = observed->state == INTERFACE_OURS && observed->is_up &&
		       observed->mtu == desired->mtu &&
		       observed->listen_port == desired->listen_port &&
		       key_compare(&observed->private_key, &desired->private_key) == 0 &&
		       observed->addresses.len == 1 && observed->peers.len == wanted_peers(desired);

	/* Some may be in the way of an endpoint. */
	vec_foreach(route, &observed->routes)
		reached &= observed_has_prefix(&routes, route);
	while (reached && (peer = desired_next_peer(desired, peer))) {
		const struct wg_peer *have = observed_find_peer(observed, &peer->key);

		check(desired_write_peer(desired, peer, &want) == 0);
		reached = have && want.keepalive_s == have->keepalive_s &&
			  same_prefixes(&want.allowed, &have->allowed) &&
			  (want.endpoint.ip.family == IP_NONE ||
			   endpoint_equal(&want.endpoint, &have->endpoint));
	}
	wg_peer_done(&want);
	vec_done(&routes);
	return reached;
}

/* What somebody else does meanwhile. */
static void disturb(struct observed *observed)
{
	if (below(8) == 0)
		observed_done(observed);
	if (below(4) == 0 && observed->peers.len > 0)
		observed_remove_peer(observed, &observed->peers.at[0]->key);
	if (below(4) == 0 && observed->peers.len > 0)
		observed->peers.at[below((uint32_t)observed->peers.len)]->allowed.len = 0;
	if (below(4) == 0 && observed->routes.len > 0)
		observed->routes.len--;
	if (below(4) == 0 && observed->state == INTERFACE_OURS)
		observed->is_up = false;
	if (below(8) == 0 && observed->state == INTERFACE_OURS)
		add_prefix(&observed->routes, "192.168.77.0/24");
}

static void plans_lead_from_any_state_to_what_is_desired(void)
{
	struct told told = random_zone();
	struct observed observed = { 0 };

	for (int i = 0; check_test_ok && i < ROUNDS; i++) {
		struct wireguard before = wireguard_of(&observed);
		struct wireguard after;
		struct plan plan = { 0 };
		struct wireguard walked;

		move_on(&told);
		after = wireguard_wanted(&told.desired);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		walked = walk(&plan, &before, &after);
		check(same_wireguard(&walked, &after));
		check(model_apply(&told.desired, &plan, &observed) == 0);
		check(is_reached(&told.desired, &observed));
		plan_declare(&told.desired, NULL, &plan, &observed);
		plan_done(&plan);
		check(plan_make(&told.desired, &observed, true, &plan, NULL) == 0);
		check(plan_steps(&plan) == 0);
		plan_done(&plan);
		disturb(&observed);
	}
	observed_done(&observed);
	told_done(&told);
}

/* Foreign routes, and what this machine needs, in the way of some prefixes. */
static struct observed some_machine(void)
{
	struct observed observed = { .forwards_v4 = true };
	struct guard guard = { .kind = GUARD_TOWER };

	add_link(&observed, 2, "eth0", 1500);
	add_foreign(&observed, "0.0.0.0/0", 2, 0, false);
	add_foreign(&observed, "10.200.0.3/32", 2, 0, true);
	add_foreign(&observed, "172.24.15.0/25", 2, 0, true);
	check(ip_parse("172.24.17.9", &guard.ip, NULL) == 0);
	check(vec_push(&observed.guards, guard) == 0);
	return observed;
}

static size_t steps_left(const struct told *told, const struct observed *observed)
{
	struct plan plan = { 0 };
	size_t steps;

	check(plan_make(&told->desired, observed, true, &plan, NULL) == 0);
	steps = plan_steps(&plan);
	plan_done(&plan);
	return steps;
}

/* Whatever is told, to plan for what it touched leaves a plan of everything nothing to do. */
static void what_was_touched_is_all_there_is_to_plan(void)
{
	struct told told = random_zone();
	struct observed observed = some_machine();
	size_t partial = 0;

	view_forget_touched(told.view);
	for (int i = 0; check_test_ok && i < ROUNDS; i++) {
		const struct view_touched *touched = NULL;
		struct wireguard before = wireguard_of(&observed);
		struct wireguard after;
		struct plan plan = { 0 };
		struct wireguard walked;

		for (uint32_t events = below(4); i > 0 && events > 0; events--)
			tell_something(&told);
		after = wireguard_wanted(&told.desired);
		if (i > 0)
			touched = view_touched(told.view);
		check(plan_make_touched(&told.desired, &observed, touched, true, &plan, NULL) == 0);
		partial += !plan.is_whole;
		walked = walk(&plan, &before, &after);
		check(same_wireguard(&walked, &after));
		check(model_apply(&told.desired, &plan, &observed) == 0);
		plan_declare(&told.desired, plan.is_whole ? NULL : touched, &plan, &observed);
		plan_done(&plan);
		view_forget_touched(told.view);
		check(steps_left(&told, &observed) == 0);
	}
	check(partial > ROUNDS / 4);
	observed_done(&observed);
	told_done(&told);
}

/* Somebody who was reached is still reached, unless another took the prefix over. */
static bool shrinks_nowhere(const struct wireguard *before, const struct wireguard *now,
			    const struct wireguard *wanted)
{
	bool good = true;

	for (uint32_t i = 0; i <= KEYS; i++)
		good &= !before->has_peer[i] || now->has_peer[i];
	for (uint32_t i = 0; i < PREFIXES; i++)
		good &= wanted->owners[i] == NOBODY ? now->owners[i] == before->owners[i]
						    : now->owners[i] == wanted->owners[i];
	return good;
}

static void nothing_shrinks_before_it_may(void)
{
	struct told told = random_zone();
	struct observed observed = { 0 };

	for (int i = 0; check_test_ok && i < ROUNDS; i++) {
		struct wireguard before = wireguard_of(&observed);
		struct wireguard wanted;
		size_t routes = observed.routes.len;
		struct plan plan = { 0 };
		struct wireguard now;

		move_on(&told);
		wanted = wireguard_wanted(&told.desired);
		check(plan_make(&told.desired, &observed, false, &plan, NULL) == 0);
		check(plan.remove_peers.len + plan.remove_routes.len + plan.remove_addresses.len ==
		      0);
		check(model_apply(&told.desired, &plan, &observed) == 0);
		now = wireguard_of(&observed);
		check(shrinks_nowhere(&before, &now, &wanted));
		check(observed.routes.len >= routes);
		plan_done(&plan);
		disturb(&observed);
	}
	observed_done(&observed);
	told_done(&told);
}

int main(void)
{
	check(crypto_init(NULL) == 0);
	run(plans_lead_from_any_state_to_what_is_desired);
	run(what_was_touched_is_all_there_is_to_plan);
	run(nothing_shrinks_before_it_may);
	return check_done();
}
