// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/desired.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define OWNER_SELF UINT32_MAX

/* Somebody says that a prefix is reached through him. */
struct claim {
	struct prefix prefix;
	uint32_t owner; /* index of a wanted peer, or OWNER_SELF */
	bool is_absent;
	uint64_t revision;
};

VEC(claim_vec, struct claim);

static void claim_vec_done(struct claim_vec *claims)
{
	vec_done(claims);
}

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

void desired_done(struct desired *desired)
{
	key_wipe(&desired->private_key);
	wg_peer_vec_done(&desired->peers);
	vec_done(&desired->routes);
	vec_done(&desired->own_prefixes);
	*desired = (struct desired){ 0 };
}

/* The most believable claim to a prefix comes first. */
static int compare_claims(const void *left, const void *right)
{
	const struct claim *a = left;
	const struct claim *b = right;
	int order = prefix_compare(&a->prefix, &b->prefix);

	if (order != 0)
		return order;
	if ((a->owner == OWNER_SELF) != (b->owner == OWNER_SELF))
		return a->owner == OWNER_SELF ? -1 : 1;
	if (a->is_absent != b->is_absent)
		return a->is_absent ? 1 : -1;
	if (a->revision != b->revision)
		return a->revision > b->revision ? -1 : 1;
	return (a->owner > b->owner) - (a->owner < b->owner);
}

static int claim_prefix(struct claim_vec *claims, const struct claim *from,
			const struct prefix *prefix)
{
	struct claim claim = *from;

	claim.prefix = *prefix;
	return vec_push(claims, claim);
}

static int claim_prefixes(struct claim_vec *claims, const struct claim *from,
			  const struct peer *peer)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < peer->prefixes.len; i++)
		r = claim_prefix(claims, from, &peer->prefixes.at[i]);
	return r;
}

static int claim_addresses(struct claim_vec *claims, const struct claim *from,
			   const struct peer *peer)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(peer->address); i++) {
		struct prefix prefix = prefix_host(&peer->address[i]);

		if (peer->address[i].family != IP_NONE)
			r = claim_prefix(claims, from, &prefix);
	}
	return r;
}

static int claim_zone(struct claim_vec *claims, const struct claim *from, const struct zone *zone)
{
	int r = 0;

	for (uint8_t i = 0; r == 0 && i < zone->cidr_len; i++)
		r = claim_prefix(claims, from, &zone->cidr[i]);
	return r;
}

/* Keeps the first claim to each prefix; those to our own are gone then, too. */
static void settle_claims(struct claim_vec *claims)
{
	const struct prefix *last = NULL;
	size_t kept = 0;

	if (claims->len > 0)
		qsort(claims->at, claims->len, sizeof(*claims->at), compare_claims);
	vec_foreach(claim, claims) {
		bool again = last && prefix_equal(last, &claim->prefix);

		last = &claim->prefix;
		if (!again && claim->owner != OWNER_SELF)
			claims->at[kept++] = *claim;
	}
	claims->len = kept;
}

/* Hands the prefixes out to peers and routes, each list exactly as large as it needs to be. */
static int grant_claims(const struct claim_vec *claims, struct desired *desired)
{
	vec_foreach(claim, claims)
		desired->peers.at[claim->owner].allowed.cap++;
	vec_foreach(peer, &desired->peers) {
		peer->allowed.at = calloc(peer->allowed.cap, sizeof(*peer->allowed.at));
		if (peer->allowed.cap > 0 && !peer->allowed.at)
			return -ENOMEM;
	}
	if (vec_reserve(&desired->routes, claims->len) < 0)
		return -ENOMEM;
	vec_foreach(claim, claims) {
		struct prefix_vec *allowed = &desired->peers.at[claim->owner].allowed;

		allowed->at[allowed->len++] = claim->prefix;
		desired->routes.at[desired->routes.len++] = claim->prefix;
	}
	return 0;
}

static int want_peer(struct desired *desired, const struct peer *peer, const struct zone *zone,
		     bool keepalive)
{
	struct wg_peer wanted = {
		.key = peer->key,
		.endpoint = peer_endpoint(peer, zone),
		.keepalive_s = keepalive ? KEEPALIVE_S : 0,
		.generation = peer->generation,
	};

	return vec_push(&desired->peers, wanted);
}

static const struct peer *find_hub(const struct view *view)
{
	const struct peer *peer = view_next_peer(view, NULL);

	while (peer && !peer->hub_router)
		peer = view_next_peer(view, &peer->key);
	return peer;
}

/* Every other peer, or the hub alone; and who claims what. */
static int want_peers(const struct view *view, const struct peer *own, const struct peer *hub,
		      bool keepalive, struct desired *desired, struct claim_vec *claims)
{
	const struct zone *zone = view_zone(view);
	const struct peer *peer = NULL;
	int r = 0;

	if (hub)
		r = want_peer(desired, hub, zone, keepalive);
	while (r == 0 && (peer = view_next_peer(view, peer ? &peer->key : NULL))) {
		struct claim claim = { .is_absent = view_peer_is_absent(view, &peer->key),
				       .revision = peer->revision };

		if (peer == own)
			claim.owner = OWNER_SELF;
		else if (!hub)
			claim.owner = (uint32_t)desired->peers.len;
		if (peer != own && !hub)
			r = want_peer(desired, peer, zone, keepalive);
		if (r == 0 && !(hub && peer != own))
			r = claim_addresses(claims, &claim, peer);
		if (r == 0)
			r = claim_prefixes(claims, &claim, peer);
		if (r == 0 && peer == hub)
			r = claim_zone(claims, &claim, zone);
	}
	return r;
}

static int fill(const struct view *view, const struct peer *own,
		const struct desired_options *options, struct desired *desired)
{
	_cleanup_(claim_vec_done) struct claim_vec claims = { 0 };
	const struct zone *zone = view_zone(view);
	bool is_spoke = zone && zone->hub_zone && !own->hub_router;
	const struct peer *hub = is_spoke ? find_hub(view) : NULL;
	int r = 0;

	memcpy(desired->address, own->address, sizeof(desired->address));
	for (uint8_t i = 0; zone && i < zone->cidr_len; i++)
		desired->zone_cidr[i] = zone->cidr[i];
	desired->is_hub = zone && zone->hub_zone && own->hub_router;
	desired->lacks_hub = is_spoke && !hub;
	r = vec_copy(&desired->own_prefixes, &own->prefixes);
	if (r == 0 && !desired->lacks_hub)
		r = want_peers(view, own, hub, options->keepalive, desired, &claims);
	if (r < 0)
		return r;
	settle_claims(&claims);
	return grant_claims(&claims, desired);
}

int desired_make(const struct view *view, const struct desired_options *options,
		 struct desired *ret_desired, struct err *err)
{
	_cleanup_(desired_done) struct desired desired = {
		.private_key = options->private_key,
		.listen_port = options->listen_port,
		.mtu = options->mtu,
	};
	const struct peer *own;
	struct key public_key;

	if (str_copy(desired.interface, sizeof(desired.interface), options->interface) < 0)
		return err_set(err, -ENAMETOOLONG,
			       "interface name '%s' is longer than %zu characters",
			       options->interface, sizeof(desired.interface) - 1);
	key_public(&options->private_key, &public_key);
	own = view_peer(view, &public_key);
	if (!own)
		return err_set(err, -ENOENT, "the zone does not hold this node's own peer");
	if (fill(view, own, options, &desired) < 0)
		return err_oom(err);
	*ret_desired = desired;
	desired = (struct desired){ 0 };
	return 0;
}
