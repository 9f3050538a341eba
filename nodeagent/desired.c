// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/desired.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

void wg_peer_done(struct wg_peer *peer)
{
	vec_done(&peer->allowed);
}

void wg_peer_vec_done(struct wg_peer_vec *peers)
{
	vec_foreach(peer, peers)
		wg_peer_done(peer);
	vec_done(peers);
}

int desired_make(const struct view *view, const struct desired_options *options,
		 struct desired *ret_desired, struct err *err)
{
	struct desired desired = {
		.private_key = options->private_key,
		.listen_port = options->listen_port,
		.mtu = options->mtu,
		.keep_foreign = options->keep_foreign,
		.keepalive = options->keepalive,
		.view = view,
	};

	if (str_copy(desired.interface, sizeof(desired.interface), options->interface) < 0)
		return err_set(err, -ENAMETOOLONG,
			       "interface name '%s' is longer than %zu characters",
			       options->interface, sizeof(desired.interface) - 1);
	key_public(&options->private_key, &desired.public_key);
	*ret_desired = desired;
	key_wipe(&desired.private_key);
	return 0;
}

void desired_done(struct desired *desired)
{
	key_wipe(&desired->private_key);
	*desired = (struct desired){ 0 };
}

int desired_look(struct desired *desired, struct err *err)
{
	bool is_spoke;

	desired->own = view_peer(desired->view, &desired->public_key);
	if (!desired->own)
		return err_set(err, -ENOENT, "the zone does not hold this node's own peer");
	desired->zone = view_zone(desired->view);
	is_spoke = desired->zone && desired->zone->hub_zone && !desired->own->hub_router;
	desired->hub = is_spoke ? view_hub(desired->view) : NULL;
	desired->is_hub = desired->zone && desired->zone->hub_zone && desired->own->hub_router;
	desired->lacks_hub = is_spoke && !desired->hub;
	view_peer_addresses(desired->own, desired->address);
	return 0;
}

bool desired_wants(const struct desired *desired, const struct view_peer *peer)
{
	if (desired->hub || desired->lacks_hub)
		return peer == desired->hub;
	return peer != desired->own;
}

const struct view_peer *desired_next_peer(const struct desired *desired,
					  const struct view_peer *after)
{
	if (desired->hub || desired->lacks_hub)
		return after ? NULL : desired->hub;
	after = view_next_peer(desired->view, after);
	return after == desired->own ? view_next_peer(desired->view, after) : after;
}

/* A spoke leaves the addresses of all others to the hub, which has those of the zone. */
static bool counts(const struct desired *desired, const struct view_claim *claim)
{
	return !desired->hub || !claim->is_address || claim->peer == desired->own;
}

/* Of equals the first one in order of keys is believed. */
static bool is_better(const struct desired *desired, const struct view_peer *a,
		      const struct view_peer *b)
{
	if ((a == desired->own) != (b == desired->own))
		return a == desired->own;
	if (a->absent != b->absent)
		return b->absent;
	return a->revision > b->revision;
}

static bool is_of_zone(const struct desired *desired, const struct prefix *prefix)
{
	bool found = false;

	for (uint8_t i = 0; desired->zone && i < desired->zone->cidr_len; i++)
		found |= prefix_equal(&desired->zone->cidr[i], prefix);
	return found;
}

const struct view_peer *desired_owner(const struct desired *desired, const struct prefix *prefix)
{
	const struct view_claim *claim = view_claim_from(desired->view, prefix);
	const struct view_peer *best = NULL;

	if (desired->lacks_hub)
		return NULL;
	for (; claim && prefix_equal(&claim->prefix, prefix); claim = view_next_claim(claim)) {
		if (counts(desired, claim) && (!best || is_better(desired, claim->peer, best)))
			best = claim->peer;
	}
	if (best && best == desired->own)
		return NULL;
	if (desired->hub)
		return best || is_of_zone(desired, prefix) ? desired->hub : NULL;
	return best;
}

bool desired_next_route(const struct desired *desired, const struct prefix *after,
			struct prefix *ret_route)
{
	static const struct prefix lowest = { 0 };
	const struct view_claim *claim = view_claim_from(desired->view, after ? after : &lowest);
	const struct prefix *found = NULL;

	while (claim && ((after && prefix_equal(&claim->prefix, after)) ||
			 !desired_owner(desired, &claim->prefix)))
		claim = view_next_claim(claim);
	if (claim)
		found = &claim->prefix;
	/* A hub is claimed by nobody to be the way to the zone; it is all the same. */
	for (uint8_t i = 0; desired->hub && i < desired->zone->cidr_len; i++) {
		const struct prefix *cidr = &desired->zone->cidr[i];

		if ((!after || prefix_compare(cidr, after) > 0) &&
		    (!found || prefix_compare(cidr, found) < 0) && desired_owner(desired, cidr))
			found = cidr;
	}
	if (found)
		*ret_route = *found;
	return found != NULL;
}

static int write_all_routes(const struct desired *desired, struct prefix_vec *to)
{
	struct prefix route;
	bool more = desired_next_route(desired, NULL, &route);

	for (; more; more = desired_next_route(desired, &route, &route)) {
		if (vec_push(to, route) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int write_own_claims(const struct desired *desired, const struct view_peer *peer,
			    struct prefix_vec *to)
{
	if (vec_reserve(to, peer->claims_len) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < peer->claims_len; i++) {
		if (desired_owner(desired, &peer->claims[i].prefix) == peer)
			to->at[to->len++] = peer->claims[i].prefix;
	}
	if (to->len > 1)
		prefix_vec_order(to);
	return 0;
}

int desired_write_peer(const struct desired *desired, const struct view_peer *peer,
		       struct wg_peer *to)
{
	to->key = peer->key;
	to->endpoint = view_peer_endpoint(peer, desired->zone);
	to->keepalive_s = desired->keepalive ? KEEPALIVE_S : 0;
	to->generation = peer->generation;
	to->allowed.len = 0;
	return peer == desired->hub ? write_all_routes(desired, &to->allowed)
				    : write_own_claims(desired, peer, &to->allowed);
}

bool desired_is_ours(const struct desired *desired, const struct prefix *prefix)
{
	const struct view_peer *own = desired->own;

	for (size_t i = 0; i < own->claims_len; i++) {
		const struct view_claim *claim = &own->claims[i];

		if (!claim->is_address && claim->prefix.bits <= prefix->bits &&
		    prefix_contains(&claim->prefix, &prefix->ip))
			return true;
	}
	return false;
}
