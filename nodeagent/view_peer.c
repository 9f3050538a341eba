// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/view_peer.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static void add_claim(struct view_peer *peer, const struct prefix *prefix, bool is_address)
{
	struct view_claim *claim = &peer->claims[peer->claims_len++];

	claim->peer = peer;
	claim->prefix = *prefix;
	claim->is_address = is_address;
}

/* One piece: the peer, its claims, its candidates, its name. */
struct view_peer *view_peer_new(const struct peer *document)
{
	size_t claims_bytes = (ZONE_CIDRS_MAX + document->prefixes.len) * sizeof(struct view_claim);
	size_t endpoints_bytes = document->endpoints.len * sizeof(struct endpoint);
	size_t hostname_bytes = strlen(document->hostname) + 1;
	struct view_peer *peer;
	char *rest;

	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++)
		claims_bytes -= (document->address[i].family == IP_NONE) * sizeof(*peer->claims);
	peer = calloc(1, sizeof(*peer) + claims_bytes + endpoints_bytes + hostname_bytes);
	if (!peer)
		return NULL;
	peer->key = document->key;
	peer->endpoint = document->endpoint;
	peer->hub_router = document->hub_router;
	peer->generation = document->generation;
	peer->revision = document->revision;
	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		struct prefix prefix = prefix_host(&document->address[i]);

		if (document->address[i].family != IP_NONE)
			add_claim(peer, &prefix, true);
	}
	vec_foreach(prefix, &document->prefixes)
		add_claim(peer, prefix, false);
	rest = (char *)peer + sizeof(*peer) + claims_bytes;
	if (endpoints_bytes > 0)
		memcpy(rest, document->endpoints.at, endpoints_bytes);
	peer->endpoints = (const struct endpoint *)rest;
	peer->endpoints_len = (uint8_t)document->endpoints.len;
	peer->hostname = rest + endpoints_bytes;
	memcpy(rest + endpoints_bytes, document->hostname, hostname_bytes);
	return peer;
}

void view_peer_free(struct view_peer *peer)
{
	free(peer);
}

static bool same_claims(const struct view_peer *a, const struct view_peer *b)
{
	bool same = a->claims_len == b->claims_len;

	for (size_t i = 0; same && i < a->claims_len; i++)
		same = a->claims[i].is_address == b->claims[i].is_address &&
		       prefix_equal(&a->claims[i].prefix, &b->claims[i].prefix);
	return same;
}

static bool same_endpoints(const struct view_peer *a, const struct view_peer *b)
{
	bool same =
		endpoint_equal(&a->endpoint, &b->endpoint) && a->endpoints_len == b->endpoints_len;

	for (size_t i = 0; same && i < a->endpoints_len; i++)
		same = endpoint_equal(&a->endpoints[i], &b->endpoints[i]);
	return same;
}

bool view_peer_same(const struct view_peer *a, const struct view_peer *b)
{
	return key_compare(&a->key, &b->key) == 0 && a->hub_router == b->hub_router &&
	       a->generation == b->generation && same_claims(a, b) && same_endpoints(a, b) &&
	       str_eq(a->hostname, b->hostname);
}

struct endpoint view_peer_endpoint(const struct view_peer *peer, const struct zone *zone)
{
	return peer_pick_endpoint(&peer->endpoint, peer->endpoints, peer->endpoints_len, zone);
}

void view_peer_addresses(const struct view_peer *peer, struct ip ret_address[ZONE_CIDRS_MAX])
{
	memset(ret_address, 0, ZONE_CIDRS_MAX * sizeof(*ret_address));
	for (size_t i = 0; i < peer->claims_len && peer->claims[i].is_address; i++) {
		const struct ip *ip = &peer->claims[i].prefix.ip;

		ret_address[ip->family == IP_V4 ? 0 : 1] = *ip;
	}
}

int view_peer_prefixes(const struct view_peer *peer, struct prefix_vec *prefixes)
{
	prefixes->len = 0;
	if (vec_reserve(prefixes, peer->claims_len) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < peer->claims_len; i++) {
		if (!peer->claims[i].is_address)
			prefixes->at[prefixes->len++] = peer->claims[i].prefix;
	}
	return 0;
}

int view_peer_document(const struct view_peer *peer, const char *zone, struct prefix_vec *prefixes,
		       struct peer *ret_document)
{
	struct peer document = { .key = peer->key,
				 .endpoint = peer->endpoint,
				 .hub_router = peer->hub_router,
				 .generation = peer->generation,
				 .revision = peer->revision };

	if (view_peer_prefixes(peer, prefixes) < 0)
		return -ENOMEM;
	document.prefixes = *prefixes;
	document.endpoints.at = (struct endpoint *)peer->endpoints;
	document.endpoints.len = peer->endpoints_len;
	view_peer_addresses(peer, document.address);
	(void)!str_copy(document.zone, sizeof(document.zone), zone);
	(void)!str_copy(document.hostname, sizeof(document.hostname), peer->hostname);
	*ret_document = document;
	return 0;
}
