// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Every rule of the tower, once: decide(state, request, context) -> change | refusal. Pure: no
 * I/O, no clock, no log, no random numbers; what it needs of these comes in.
 */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "mesh/refusal.h"
#include "tower/core/limits.h"
#include "tower/core/presence.h"
#include "tower/core/state.h"

enum request_kind {
	REQUEST_ZONE_CREATE,
	REQUEST_ZONE_PATCH,
	REQUEST_ZONE_DELETE,
	REQUEST_JOIN,
	REQUEST_PEER_PATCH,
	REQUEST_PEER_DELETE,
	REQUEST_PEER_ROTATE,
	REQUEST_TOKEN_CREATE,
	REQUEST_TOKEN_DELETE,
	REQUEST_SWEEP, /* once a minute: reaps unseen peers, clears what has rested or expired */
};

struct zone_patch {
	bool has_description, has_hub_zone, has_takeover, has_peer_ttl, has_quarantine,
		has_signpost_join;
	struct zone values; /* name says which zone */
};

/* How a join was let in. */
enum admission {
	ADMITTED_ADMIN,    /* an admin, or an open listener: any key */
	ADMITTED_TOKEN,    /* a join token and a proof: any key; the token is in `token_id` */
	ADMITTED_PROOF,    /* a proof alone: known keys only */
	ADMITTED_SIGNPOST, /* the signpost's join secret and a proof: any key, where the zone says
			      so */
};

/* A join, and (less zone and instance) a PATCH of a peer: what is absent stays. */
struct peer_wish {
	struct key key;
	char zone[ZONE_NAME_BYTES];
	bool has_endpoint, has_endpoints, has_address, has_prefixes, has_hostname, has_hub_router;
	struct endpoint endpoint;
	struct endpoint_vec endpoints;
	struct ip address[ZONE_CIDRS_MAX]; /* IP_NONE: as it is, or any */
	struct prefix_vec prefixes;        /* the whole wanted set */
	bool take;                         /* an admin's: prefixes pass from who holds them */
	char hostname[PEER_HOSTNAME_BYTES];
	bool hub_router;
	char instance[PEER_INSTANCE_BYTES]; /* "" only for an agentless peer or an admin's curl */
	uint64_t
		generation; /* that this instance holds, and does not want to take anew; 0: takes */
	char node_uid[PEER_UID_BYTES];
	bool agentless;
	enum admission admission;
	char token_id[PEER_TOKEN_ID_BYTES];
};

/*
 * Values are as the readers of lib/mesh give them: clean text, endpoints with a port, none twice.
 * Everything else is decided here.
 */
struct request {
	enum request_kind kind;
	uint64_t mark;
	bool has_if_match;
	uint64_t if_match; /* the revision that the object must still have: else E412-revision */
	union {
		struct zone zone; /* ZONE_CREATE: the CIDR is read from `cidr_typed` */
		struct zone_patch zone_patch;
		struct {
			char name[ZONE_NAME_BYTES];
			bool force;
		} zone_delete;
		struct peer_wish wish; /* JOIN, PEER_PATCH */
		struct {
			struct key key;
		} peer_delete;
		struct {
			struct key from, to;                /* both proven */
			char instance[PEER_INSTANCE_BYTES]; /* "" for a device without an agent */
			uint64_t generation;                /* that it holds; 0: not said */
		} peer_rotate;
		struct token token; /* TOKEN_CREATE: id and hash were made by the caller */
		struct {
			char zone[ZONE_NAME_BYTES];
			char id[PEER_TOKEN_ID_BYTES];
		} token_delete;
	};
};

void request_done(struct request *request);

/* What a zone's options are when a request leaves them out. */
void decide_zone_defaults(struct zone *zone);

/*
 * Whether the request reads more than single rows: it is then decided alone, on a committed state
 * (not an overlay).
 */
bool request_is_wide(const struct request *request);

struct decide_context {
	int64_t now_ms;         /* Redis time */
	int64_t ready_since_ms; /* absence before this moment is nobody's fault */
	const struct presence *presence;
	const struct limits *limits;
};

enum verdict {
	VERDICT_UNCHANGED, /* all is as it was asked for: no change, no event */
	VERDICT_CHANGE,
	VERDICT_REFUSED,
};

/*
 * Decides one request: a verdict, or -ENOMEM. VERDICT_CHANGE: *ret_change is the caller's; it
 * applies to the state, for it was tried on an overlay. VERDICT_REFUSED: *ret_refusal is filled
 * in. (-EPROTO: a rule let through what state_apply would not: a bug of ours.)
 */
int decide(const struct state *state, const struct request *request,
	   const struct decide_context *context, struct change **ret_change,
	   struct refusal *ret_refusal) _must_check_;

#endif
