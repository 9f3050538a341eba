// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Addresses: the lowest free one, or the one that was asked for, never silently another.
 */
#include <errno.h>

#include "base/str.h"
#include "tower/core/decision.h"
#include "tower/core/index.h"

#define FREE_RESTED_MAX 64 /* rested addresses cleared away in one change */

/* Addresses that have rested are free: their rows go before one is allocated. */
static int free_rested(struct decision *decision, const char *zone)
{
	for (unsigned i = 0; i < FREE_RESTED_MAX; i++) {
		const struct resting *resting = state_next_resting(decision->draft, zone, 0, NULL);
		int r;

		if (!resting || resting->until_ms > decision->context->now_ms)
			break;
		r = decision_remove_resting(decision, resting);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *family_name(enum ip_family family)
{
	return family == IP_V6 ? "IPv6" : "IPv4";
}

static int allocate(struct decision *decision, const struct zone *zone, enum ip_family family,
		    struct ip *ret_ip)
{
	int r = free_rested(decision, zone->name);

	if (r < 0 || state_lowest_free(decision->draft, zone->name, family, ret_ip))
		return r;
	return decision_refuse(
		decision, "E409-pool-full",
		"delete peers that are gone, shorten the zone's Quarantine, or create a larger zone",
		"zone %s has no free %s address left: %ju peers, %ju addresses at rest", zone->name,
		family_name(family), (uintmax_t)state_peers_len(decision->draft, zone->name),
		(uintmax_t)state_resting_len(decision->draft, zone->name));
}

/* Whether the holder of an address may be given another one for the sake of the claimant. */
static int check_takeover(struct decision *decision, const struct zone *zone,
			  const struct peer *holder, const char *address)
{
	char label[PEER_LABEL_BYTES];

	(void)peer_label(holder, label);
	if (holder->agentless || holder->address_fixed)
		return decision_refuse(
			decision, "E409-fixed", "ask for another address, or for none",
			"address %s is held by peer %s, %s", address, label,
			holder->agentless ? "a device without an agent that could follow a change"
					  : "and fixed by its join token");
	if (zone->takeover == TAKEOVER_NEVER)
		return decision_refuse(
			decision, "E409-address",
			"ask for another address, or delete that peer first",
			"address %s is held by peer %s, and zone %s lets nobody take an address over",
			address, label, zone->name);
	if (zone->takeover == TAKEOVER_IF_OFFLINE && !decision_is_offline(decision, holder))
		return decision_refuse(
			decision, "E409-address",
			"ask for another address, or wait until that peer is offline",
			"address %s is held by peer %s, which is online", address, label);
	return 0;
}

/* The holder gets the lowest free address in the same change, before the claimant gets its. */
static int displace(struct decision *decision, const struct zone *zone, const struct peer *holder,
		    const struct ip *ip)
{
	_cleanup_(peer_done) struct peer moved = { 0 };
	char address[IP_TEXT_BYTES];
	char label[PEER_LABEL_BYTES];
	int r;

	ip_format(ip, address);
	r = check_takeover(decision, zone, holder, address);
	if (r == 0)
		r = peer_copy(holder, &moved);
	if (r == 0)
		r = allocate(decision, zone, ip->family, &moved.address[family_slot(ip->family)]);
	if (r == -EACCES && str_eq(decision->refusal.code, "E409-pool-full"))
		return decision_refuse(
			decision, "E409-pool-full",
			"ask for another address, or delete peers that are gone",
			"address %s is held by peer %s, and zone %s has no other for it", address,
			peer_label(&moved, label), zone->name);
	return r < 0 ? r : decision_put_peer(decision, &moved, "");
}

/* Clears an address that has rested; refuses one that still rests. */
static int check_rested(struct decision *decision, const struct zone *zone, const struct ip *ip)
{
	const struct resting *resting = state_resting(decision->draft, zone->name, ip);
	int64_t left_ms = resting ? resting->until_ms - decision->context->now_ms : 0;
	char address[IP_TEXT_BYTES];

	if (!resting)
		return 0;
	if (left_ms <= 0)
		return decision_remove_resting(decision, resting);
	ip_format(ip, address);
	return decision_refuse(decision, "E409-address",
			       "wait until then, ask for another address, or for none",
			       "address %s was freed a short while ago and rests for another %jd s",
			       address, (intmax_t)((left_ms + 999) / 1000));
}

static int refuse_outside(struct decision *decision, const struct zone *zone, const struct ip *ip)
{
	char address[IP_TEXT_BYTES];

	ip_format(ip, address);
	return decision_refuse(
		decision, "E422-address", "ask for an address inside the zone's CIDR, or for none",
		"address %s is outside zone %s (%s)", address, zone->name, zone->cidr_typed);
}

/* An address that was asked for by number. */
static int claim(struct decision *decision, const struct zone *zone, const struct peer *peer,
		 const struct ip *ip)
{
	const struct peer *holder;
	char address[IP_TEXT_BYTES];
	int r;

	ip_format(ip, address);
	if (!prefix_contains(zone_cidr(zone, ip->family), ip))
		return refuse_outside(decision, zone, ip);
	if (zone_reserves(zone, ip))
		return decision_refuse(decision, "E409-reserved",
				       "ask for another address, or for none",
				       "address %s is the first or last of zone %s: no node's",
				       address, zone->name);
	r = check_rested(decision, zone, ip);
	if (r < 0)
		return r;
	holder = state_holder(decision->draft, zone->name, ip);
	if (!holder || key_compare(&holder->key, &peer->key) == 0)
		return 0;
	return displace(decision, zone, holder, ip);
}

static int settle(struct decision *decision, const struct zone *zone, struct peer *peer,
		  const struct ip *wish, const struct ip *inherited, enum ip_family family)
{
	struct ip *own = &peer->address[family_slot(family)];
	char label[PEER_LABEL_BYTES];
	char address[IP_TEXT_BYTES];
	int r;

	if (wish->family != IP_NONE && !ip_equal(wish, own)) {
		ip_format(own, address);
		if (peer->address_fixed && own->family != IP_NONE)
			return decision_refuse(decision, "E409-fixed",
					       "delete the peer, and join with another token",
					       "address %s of peer %s is fixed by its join token",
					       address, peer_label(peer, label));
		r = claim(decision, zone, peer, wish);
		if (r == 0)
			*own = *wish;
		return r;
	}
	if (own->family != IP_NONE)
		return 0;
	if (inherited->family == IP_NONE)
		return allocate(decision, zone, family, own);
	*own = *inherited;
	return 0;
}

int decision_settle_addresses(struct decision *decision, const struct zone *zone, struct peer *peer,
			      const struct ip wish[ZONE_CIDRS_MAX],
			      const struct ip inherited[ZONE_CIDRS_MAX])
{
	int r = 0;

	for (unsigned slot = 0; r == 0 && slot < FAMILIES; slot++) {
		enum ip_family family = slot_family(slot);

		if (zone_cidr(zone, family))
			r = settle(decision, zone, peer, &wish[slot], &inherited[slot], family);
		else if (wish[slot].family != IP_NONE)
			r = refuse_outside(decision, zone, &wish[slot]);
	}
	return r;
}
