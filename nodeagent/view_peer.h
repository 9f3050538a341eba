// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A peer as the view keeps it: what its public document says, in one piece of memory, with the
 * places that it has in the view's trees. Pure.
 */
#ifndef NODEAGENT_VIEW_PEER_H
#define NODEAGENT_VIEW_PEER_H

#include "base/tree.h"
#include "mesh/peer.h"

struct view_peer;

/* A peer says that a prefix is reached through it. */
struct view_claim {
	RB_ENTRY(view_claim) link; /* by prefix, then by the peer's key */
	const struct view_peer *peer;
	struct prefix prefix;
	bool is_address; /* its own node address; else a child prefix */
};

struct view_peer {
	struct key key;
	struct endpoint endpoint; /* declared; ip.family IP_NONE when unknown */
	bool hub_router;
	bool absent;      /* of the history before; kept for a while */
	bool in_snapshot; /* of the snapshot that is just taking effect */
	uint8_t endpoints_len;
	uint16_t claims_len;
	uint64_t generation;
	uint64_t revision;
	const struct endpoint *endpoints; /* further candidates */
	const char *hostname;
	RB_ENTRY(view_peer) by_key;
	RB_ENTRY(view_peer) by_ip;  /* of the endpoint that it is reached at, if any; then by key */
	struct view_claim claims[]; /* node addresses, then child prefixes in order */
};

/* In no tree yet; NULL: no memory. */
struct view_peer *view_peer_new(const struct peer *document) _must_check_;
void view_peer_free(struct view_peer *peer); /* NULL is allowed; it must be in no tree */

/* Equal in everything but revision. */
bool view_peer_same(const struct view_peer *a, const struct view_peer *b);

/* Where it is reached, as by peer_endpoint. `zone` may be NULL. */
struct endpoint view_peer_endpoint(const struct view_peer *peer, const struct zone *zone);

/* IPv4 at [0], IPv6 at [1], as in its document. */
void view_peer_addresses(const struct view_peer *peer, struct ip ret_address[ZONE_CIDRS_MAX]);

/* As its document has it, but for the prefixes, which are put into `prefixes`, emptied first. */
int view_peer_document(const struct view_peer *peer, const char *zone, struct prefix_vec *prefixes,
		       struct peer *ret_document) _must_check_;

/* Its child prefixes, into a vector that is emptied first; -ENOMEM. */
int view_peer_prefixes(const struct view_peer *peer, struct prefix_vec *prefixes) _must_check_;

#endif
