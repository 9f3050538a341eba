// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A peer: one node in a zone. Its public key is its identity.
 */
#ifndef MESH_PEER_H
#define MESH_PEER_H

#include "mesh/key.h"
#include "mesh/zone.h"

#define PEER_HOSTNAME_BYTES 64
#define PEER_INSTANCE_BYTES 33 /* 32 characters of hex and the NUL */
#define PEER_UID_BYTES 65
#define PEER_TOKEN_ID_BYTES 17
#define PEER_ENDPOINTS_MAX 8
#define PEER_RETURNS_MAX 3
#define PEER_PREFIXES_MAX 2048 /* that a document may hold; a tower admits fewer */

struct peer {
	/* What everybody in the zone may see: the document of /peers and of events. */
	struct key key;
	char zone[ZONE_NAME_BYTES];
	struct ip address[ZONE_CIDRS_MAX]; /* IPv4 at [0], IPv6 at [1]; IP_NONE: not in the zone */
	struct prefix_vec prefixes;        /* child prefixes, ordered */
	struct endpoint endpoint;          /* declared; ip.family IP_NONE when unknown */
	struct endpoint_vec endpoints;     /* further candidates, at most PEER_ENDPOINTS_MAX */
	char hostname[PEER_HOSTNAME_BYTES];
	bool hub_router;
	uint64_t generation; /* how often another instance took the key over; starts at 1 */
	uint64_t revision;   /* of its last change */

	/* What only the tower knows: the stored row. */
	char instance[PEER_INSTANCE_BYTES];
	char node_uid[PEER_UID_BYTES];
	char token_id[PEER_TOKEN_ID_BYTES]; /* the join token that admitted it; "" for an admin */
	bool agentless;                     /* registered by an admin: no agent will speak for it */
	bool address_fixed;                 /* by its token */
	int64_t ephemeral_ttl_s;            /* 0: as the zone says */
	int64_t created_ms;
	/* Instances that were displaced and came back, newest last, and when: a cloned key. */
	int64_t returned_ms[PEER_RETURNS_MAX];
	char displaced[PEER_INSTANCE_BYTES]; /* the instance before this one */
};

/* Deep copy; -ENOMEM. */
int peer_copy(const struct peer *from, struct peer *ret_peer) _must_check_;

/* Frees what the struct owns, not the struct; NULL and zeroed ones are allowed. */
void peer_done(struct peer *peer);

/* Equal in everything but revision. */
bool peer_same(const struct peer *a, const struct peer *b);

/*
 * Where others send to first: the declared endpoint, else the first candidate; ::ffff:192.0.2.1 as
 * 192.0.2.1. IP_NONE when none is known, or it lies inside the zone, where it would be reached
 * through itself. `zone` may be NULL.
 */
struct endpoint peer_endpoint(const struct peer *peer, const struct zone *zone);

/* The same of the declared endpoint and the candidates alone. */
struct endpoint peer_pick_endpoint(const struct endpoint *declared,
				   const struct endpoint *candidates, size_t candidates_len,
				   const struct zone *zone);

/* Letters, digits, dot, dash and underscore, at most 63; "" is valid. */
bool peer_hostname_is_valid(const char *hostname);

#endif
