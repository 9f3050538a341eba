// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Peers: what a wish makes of a row, for joins and patches alike; patched, deleted.
 */
#include <errno.h>

#include "base/str.h"
#include "tower/core/decision.h"

static int copy_lists(const struct peer_wish *wish, struct peer *peer)
{
	if (wish->has_endpoints) {
		vec_done(&peer->endpoints);
		if (vec_copy(&peer->endpoints, &wish->endpoints) < 0)
			return -ENOMEM;
	}
	if (wish->has_prefixes) {
		vec_done(&peer->prefixes);
		if (vec_copy(&peer->prefixes, &wish->prefixes) < 0)
			return -ENOMEM;
	}
	return 0;
}

int decision_apply_wish(struct decision *decision, const struct peer_wish *wish, struct peer *peer)
{
	if (wish->has_hostname && !peer_hostname_is_valid(wish->hostname))
		return decision_refuse(decision, "E400-name",
				       "use letters, digits, '.', '_' and '-', at most 63",
				       "'%s' is not a host name", wish->hostname);
	if (wish->has_endpoints && wish->endpoints.len > PEER_ENDPOINTS_MAX)
		return decision_limit(decision, wish->endpoints.len, PEER_ENDPOINTS_MAX,
				      "endpoints per peer");
	if (wish->has_endpoint)
		peer->endpoint = wish->endpoint;
	if (wish->has_hostname)
		memcpy(peer->hostname, wish->hostname, sizeof(peer->hostname));
	if (wish->has_hub_router)
		peer->hub_router = wish->hub_router;
	return copy_lists(wish, peer);
}

static int check_hub(struct decision *decision, const struct zone *zone, const struct peer *peer)
{
	const struct peer *hub = state_hub(decision->draft, zone->name, &peer->key);
	char label[PEER_LABEL_BYTES];

	if (!zone->hub_zone || !peer->hub_router || !hub)
		return 0;
	return decision_refuse(decision, "E409-hub-exists",
			       "PATCH that peer with HubRouter false first, or join as a spoke",
			       "zone %s has its hub already: peer %s", zone->name,
			       peer_label(hub, label));
}

int decision_settle_peer(struct decision *decision, const struct peer *old, struct peer *peer,
			 const struct ip wish[ZONE_CIDRS_MAX],
			 const struct ip inherited[ZONE_CIDRS_MAX])
{
	const struct zone *zone = state_zone(decision->state, peer->zone);
	bool moves = old && !str_eq(old->zone, peer->zone);
	int r;

	if ((r = check_hub(decision, zone, peer)) < 0 ||
	    (r = decision_settle_addresses(decision, zone, peer, wish, inherited)) < 0 ||
	    (r = decision_settle_prefixes(decision, zone, peer, old)) < 0)
		return r;
	if (old && peer_same(old, peer))
		return 0;
	r = decision_put_peer(decision, peer, moves ? old->zone : "");
	return r < 0 || !old ? r : decision_rest_freed(decision, old);
}

static int no_peer(struct decision *decision, const struct key *key)
{
	char text[KEY_TEXT_BYTES];

	key_format(key, text);
	return decision_refuse(decision, "E404-peer", "GET /peers lists the peers",
			       "there is no peer %s", text);
}

int decide_peer_patch(struct decision *decision)
{
	static const struct ip none[ZONE_CIDRS_MAX];
	const struct peer_wish *wish = &decision->request->wish;
	const struct peer *old = state_peer(decision->state, &wish->key);
	_cleanup_(peer_done) struct peer peer = { 0 };
	int r;

	if (!old)
		return no_peer(decision, &wish->key);
	if (wish->take && wish->admission != ADMITTED_ADMIN)
		return decision_refuse(decision, "E403-role",
				       "leave out 'take', or let an admin move the prefixes",
				       "only an admin takes prefixes from other peers");
	if ((r = decision_match(decision, old->revision)) < 0 || (r = peer_copy(old, &peer)) < 0 ||
	    (r = decision_apply_wish(decision, wish, &peer)) < 0)
		return r;
	return decision_settle_peer(decision, old, &peer, wish->has_address ? wish->address : none,
				    none);
}

/*
 * All that the peer holds goes to the new key, in one change. Its instances start anew: whoever has
 * the old key has nothing any more. Nothing rests, for nothing was freed.
 */
int decide_peer_rotate(struct decision *decision)
{
	const struct request *request = decision->request;
	const struct key *to = &request->peer_rotate.to;
	const char *instance = request->peer_rotate.instance;
	const struct peer *old = state_peer(decision->state, &request->peer_rotate.from);
	_cleanup_(peer_done) struct peer peer = { 0 };
	char key[KEY_SHORT_BYTES];
	int r;

	if (!old)
		return no_peer(decision, &request->peer_rotate.from);
	key_format_short(to, key);
	if (key_is_zero(to))
		return decision_refuse(decision, "E400-key", "make a key pair: wg genkey",
				       "a key of zeros is no key");
	if (state_peer(decision->state, to))
		return decision_refuse(decision, "E409-key-in-use", "make another key: wg genkey",
				       "key %s is a peer's already", key);
	r = decision_match_generation(decision, old, instance, request->peer_rotate.generation);
	if (r < 0 || (r = peer_copy(old, &peer)) < 0)
		return r;
	peer.key = *to;
	peer.generation = 1;
	memcpy(peer.instance, instance, sizeof(peer.instance));
	memset(peer.displaced, 0, sizeof(peer.displaced));
	memset(peer.returned_ms, 0, sizeof(peer.returned_ms));
	peer.agentless = old->agentless && !instance[0];
	if ((r = decision_remove_peer(decision, old)) < 0)
		return r;
	return decision_put_peer(decision, &peer, "");
}

int decide_peer_delete(struct decision *decision)
{
	const struct key *key = &decision->request->peer_delete.key;
	const struct peer *old = state_peer(decision->state, key);
	int r;

	if (!old)
		return no_peer(decision, key);
	r = decision_match(decision, old->revision);
	if (r == 0)
		r = decision_remove_peer(decision, old);
	return r < 0 ? r : decision_rest_freed(decision, old);
}
