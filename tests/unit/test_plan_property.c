// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Plans between random states: followed from any state they lead to what is desired, and on the way
 * no peer that stays loses a prefix that it keeps. What WireGuard does is told here a second time,
 * change by change, so that the model is not its own witness.
 */
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

static void random_peer(struct desired *desired, uint32_t number, const int owners[PREFIXES])
{
	struct wg_peer *peer = add_peer(&desired->peers, (uint8_t)number, "");

	if (below(4) > 0)
		peer->endpoint = endpoint("192.0.2.1:51820");
	peer->endpoint.port = (uint16_t)(1 + below(3));
	peer->keepalive_s = below(2) ? KEEPALIVE_S : 0;
	peer->generation = 1 + below(3);
	for (uint32_t i = 0; i < PREFIXES; i++) {
		if (owners[i] == (int)number)
			check(vec_push(&peer->allowed, prefix_number(i)) == 0);
	}
}

static struct desired random_desired(void)
{
	struct desired desired = { .interface = "wg0", .listen_port = (uint16_t)(1 + below(2)) };
	bool has_peer[KEYS];
	int owners[PREFIXES];

	desired.mtu = (uint16_t)(1400 + below(2));
	desired.private_key.bytes[1] = (uint8_t)below(2);
	check(ip_parse(below(2) ? "10.200.1.1" : "10.200.1.2", &desired.address[0], NULL) == 0);
	if (below(2))
		check(ip_parse("fd00:200::1", &desired.address[1], NULL) == 0);
	for (uint32_t i = 0; i < KEYS; i++)
		has_peer[i] = below(3) > 0;
	for (uint32_t i = 0; i < PREFIXES; i++) {
		owners[i] = (int)below(KEYS);
		if (!has_peer[owners[i]])
			owners[i] = NOBODY;
		else
			check(vec_push(&desired.routes, prefix_number(i)) == 0);
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		if (has_peer[i])
			random_peer(&desired, i, owners);
	}
	return desired;
}

/* WireGuard, as far as it decides where a packet goes. */
struct wireguard {
	bool has_peer[KEYS];
	int owners[PREFIXES];
};

static struct wireguard wireguard_of(const struct wg_peer_vec *peers)
{
	struct wireguard wireguard = { 0 };

	for (uint32_t i = 0; i < PREFIXES; i++) {
		struct prefix number = prefix_number(i);

		wireguard.owners[i] = NOBODY;
		vec_foreach(peer, peers) {
			wireguard.has_peer[peer->key.bytes[0]] = true;
			vec_foreach(prefix, &peer->allowed) {
				if (prefix_equal(prefix, &number))
					wireguard.owners[i] = peer->key.bytes[0];
			}
		}
	}
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
	bool reached = observed->state == INTERFACE_OURS && observed->is_up &&
		       observed->mtu == desired->mtu &&
		       observed->listen_port == desired->listen_port &&
		       key_compare(&observed->private_key, &desired->private_key) == 0 &&
		       same_prefixes(&observed->routes, &desired->routes) &&
		       observed->addresses.len == 1U + (desired->address[1].family != IP_NONE) &&
		       observed->peers.len == desired->peers.len;

	for (size_t i = 0; reached && i < desired->peers.len; i++) {
		const struct wg_peer *want = &desired->peers.at[i];
		const struct wg_peer *have = &observed->peers.at[i];

		reached = key_compare(&want->key, &have->key) == 0 &&
			  want->keepalive_s == have->keepalive_s &&
			  same_prefixes(&want->allowed, &have->allowed) &&
			  (want->endpoint.ip.family == IP_NONE ||
			   endpoint_equal(&want->endpoint, &have->endpoint));
	}
	return reached;
}

/* What somebody else does meanwhile. */
static void disturb(struct observed *observed)
{
	if (below(8) == 0)
		observed_done(observed);
	if (below(4) == 0 && observed->peers.len > 0)
		wg_peer_done(&observed->peers.at[--observed->peers.len]);
	if (below(4) == 0 && observed->peers.len > 0)
		observed->peers.at[below((uint32_t)observed->peers.len)].allowed.len = 0;
	if (below(4) == 0 && observed->routes.len > 0)
		observed->routes.len--;
	if (below(4) == 0 && observed->state == INTERFACE_OURS)
		observed->is_up = false;
	if (below(8) == 0 && observed->state == INTERFACE_OURS)
		add_prefix(&observed->routes, "192.168.77.0/24");
}

static void plans_lead_from_any_state_to_what_is_desired(void)
{
	struct observed observed = { 0 };

	for (int i = 0; check_test_ok && i < ROUNDS; i++) {
		struct desired desired = random_desired();
		struct wireguard before = wireguard_of(&observed.peers);
		struct wireguard after = wireguard_of(&desired.peers);
		struct plan plan = { 0 };
		struct wireguard walked;

		check(plan_make(&desired, &observed, true, &plan, NULL) == 0);
		walked = walk(&plan, &before, &after);
		check(same_wireguard(&walked, &after));
		check(model_apply(&desired, &plan, &observed) == 0);
		check(is_reached(&desired, &observed));
		observed_declare(&observed, &desired, &plan);
		plan_done(&plan);
		check(plan_make(&desired, &observed, true, &plan, NULL) == 0);
		check(plan_steps(&plan) == 0);
		plan_done(&plan);
		disturb(&observed);
		desired_done(&desired);
	}
	observed_done(&observed);
}

/* Somebody who was reached is still reached, unless another took the prefix over. */
static bool shrinks_nowhere(const struct wireguard *before, const struct wireguard *now,
			    const struct wireguard *wanted)
{
	bool good = true;

	for (uint32_t i = 0; i < KEYS; i++)
		good &= !before->has_peer[i] || now->has_peer[i];
	for (uint32_t i = 0; i < PREFIXES; i++)
		good &= wanted->owners[i] == NOBODY ? now->owners[i] == before->owners[i]
						    : now->owners[i] == wanted->owners[i];
	return good;
}

static void nothing_shrinks_before_it_may(void)
{
	struct observed observed = { 0 };

	for (int i = 0; check_test_ok && i < ROUNDS; i++) {
		struct desired desired = random_desired();
		struct wireguard before = wireguard_of(&observed.peers);
		struct wireguard wanted = wireguard_of(&desired.peers);
		size_t routes = observed.routes.len;
		struct plan plan = { 0 };
		struct wireguard now;

		check(plan_make(&desired, &observed, false, &plan, NULL) == 0);
		check(plan.remove_peers.len + plan.remove_routes.len + plan.remove_addresses.len ==
		      0);
		check(model_apply(&desired, &plan, &observed) == 0);
		now = wireguard_of(&observed.peers);
		check(shrinks_nowhere(&before, &now, &wanted));
		check(observed.routes.len >= routes);
		plan_done(&plan);
		disturb(&observed);
		desired_done(&desired);
	}
	observed_done(&observed);
}

int main(void)
{
	run(plans_lead_from_any_state_to_what_is_desired);
	run(nothing_shrinks_before_it_may);
	return check_done();
}
