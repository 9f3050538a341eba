// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/peer.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

int peer_copy(const struct peer *from, struct peer *ret_peer)
{
	_cleanup_(peer_done) struct peer copy = *from;

	copy.prefixes = (struct prefix_vec){ 0 };
	copy.endpoints = (struct endpoint_vec){ 0 };
	if (vec_copy(&copy.prefixes, &from->prefixes) < 0 ||
	    vec_copy(&copy.endpoints, &from->endpoints) < 0)
		return -ENOMEM;
	*ret_peer = TAKE_STRUCT(copy);
	return 0;
}

void peer_done(struct peer *peer)
{
	if (!peer)
		return;
	vec_done(&peer->prefixes);
	vec_done(&peer->endpoints);
}

static bool same_prefixes(const struct prefix_vec *a, const struct prefix_vec *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		if (!prefix_equal(&a->at[i], &b->at[i]))
			return false;
	}
	return true;
}

static bool same_endpoints(const struct endpoint_vec *a, const struct endpoint_vec *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		if (!endpoint_equal(&a->at[i], &b->at[i]))
			return false;
	}
	return true;
}

static bool same_public(const struct peer *a, const struct peer *b)
{
	return key_compare(&a->key, &b->key) == 0 && str_eq(a->zone, b->zone) &&
	       ip_equal(&a->address[0], &b->address[0]) &&
	       ip_equal(&a->address[1], &b->address[1]) &&
	       same_prefixes(&a->prefixes, &b->prefixes) &&
	       endpoint_equal(&a->endpoint, &b->endpoint) &&
	       same_endpoints(&a->endpoints, &b->endpoints) && str_eq(a->hostname, b->hostname) &&
	       a->hub_router == b->hub_router && a->generation == b->generation;
}

static bool same_private(const struct peer *a, const struct peer *b)
{
	return str_eq(a->instance, b->instance) && str_eq(a->node_uid, b->node_uid) &&
	       str_eq(a->token_id, b->token_id) && a->agentless == b->agentless &&
	       a->address_fixed == b->address_fixed && a->ephemeral_ttl_s == b->ephemeral_ttl_s &&
	       a->created_ms == b->created_ms &&
	       memcmp(a->returned_ms, b->returned_ms, sizeof(a->returned_ms)) == 0 &&
	       str_eq(a->displaced, b->displaced);
}

bool peer_same(const struct peer *a, const struct peer *b)
{
	return same_public(a, b) && same_private(a, b);
}

/* WireGuard shows a mapped address as IPv4, and the two must compare equal. */
static struct ip unmap(const struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ip plain = { .family = IP_V4 };

	if (ip->family != IP_V6 || memcmp(ip->bytes, mapped, sizeof(mapped)) != 0)
		return *ip;
	memcpy(plain.bytes, ip->bytes + sizeof(mapped), 4);
	return plain;
}

struct endpoint peer_pick_endpoint(const struct endpoint *declared,
				   const struct endpoint *candidates, size_t candidates_len,
				   const struct zone *zone)
{
	struct endpoint picked = *declared;
	bool in_zone = false;

	for (size_t i = 0; picked.ip.family == IP_NONE && i < candidates_len; i++)
		picked = candidates[i];
	picked.ip = unmap(&picked.ip);
	for (uint8_t i = 0; zone && i < zone->cidr_len; i++)
		in_zone |= prefix_contains(&zone->cidr[i], &picked.ip);
	return in_zone ? (struct endpoint){ 0 } : picked;
}

struct endpoint peer_endpoint(const struct peer *peer, const struct zone *zone)
{
	return peer_pick_endpoint(&peer->endpoint, peer->endpoints.at, peer->endpoints.len, zone);
}

bool peer_hostname_is_valid(const char *hostname)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strnlen(hostname, PEER_HOSTNAME_BYTES);

	return len < PEER_HOSTNAME_BYTES && strspn(hostname, allowed) == len;
}
