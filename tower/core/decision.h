// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One decision in the making. Every op is tried on a draft (an overlay) at once, so that each rule
 * sees what the ones before it did, and what was decided is known to apply. Private to the core.
 *
 * A step returns 0 to go on, -EACCES when it refused (the refusal is filled in), or -ENOMEM.
 */
#ifndef CORE_DECISION_H
#define CORE_DECISION_H

#include "tower/core/decide.h"

struct decision {
	const struct state *state; /* as the request found it; its rows stay valid throughout */
	struct state *draft;       /* as the ops so far leave it */
	struct change *change;
	const struct request *request;
	const struct decide_context *context;
	struct refusal refusal;
};

/* One function a kind of request. */
int decide_zone_create(struct decision *decision) _must_check_;
int decide_zone_patch(struct decision *decision) _must_check_;
int decide_zone_delete(struct decision *decision) _must_check_;
int decide_join(struct decision *decision) _must_check_;
int decide_peer_patch(struct decision *decision) _must_check_;
int decide_peer_delete(struct decision *decision) _must_check_;
int decide_peer_rotate(struct decision *decision) _must_check_;
int decide_token_create(struct decision *decision) _must_check_;
int decide_token_delete(struct decision *decision) _must_check_;
int decide_sweep(struct decision *decision) _must_check_;

/* --- refusing --- */

/* Fills the refusal in and returns -EACCES. */
int decision_refuse(struct decision *decision, const char *code, const char *hint, const char *fmt,
		    ...) _printf_(4, 5);

/* Refuses when If-Match names another revision than the object has. */
int decision_match(struct decision *decision, uint64_t revision) _must_check_;

/* Refuses with E404-zone. */
int decision_no_zone(struct decision *decision, const char *name);

/* Refuses with E409-limit when `len` has reached `limit`, whose name is `what`. */
int decision_limit(struct decision *decision, uint64_t len, uint64_t limit,
		   const char *what) _must_check_;

/* A peer as refusals name it: "xTIBA5rb (node1)". */
#define PEER_LABEL_BYTES (KEY_SHORT_BYTES + PEER_HOSTNAME_BYTES + 4)
const char *peer_label(const struct peer *peer, char to[static PEER_LABEL_BYTES]);

/* --- ops: rows are copied, and put under the revision of the change --- */

int decision_put_zone(struct decision *decision, const struct zone *zone) _must_check_;
int decision_put_token(struct decision *decision, const struct token *token) _must_check_;
int decision_remove_token(struct decision *decision, const struct token *token) _must_check_;

/* `from_zone`: the zone that it leaves; "" when it stays or is new. */
int decision_put_peer(struct decision *decision, const struct peer *peer,
		      const char *from_zone) _must_check_;

/* Its prefixes and addresses are free at once: see decision_rest_freed. */
int decision_remove_peer(struct decision *decision, const struct peer *peer) _must_check_;

/* Lets the addresses that `old` held, and that nobody holds now, rest as long as its zone says. */
int decision_rest_freed(struct decision *decision, const struct peer *old) _must_check_;
int decision_remove_resting(struct decision *decision, const struct resting *resting) _must_check_;

/* --- rules shared by several requests --- */

/* When the peer was last known to be there: absence while no tower was ready does not count. */
int64_t decision_last_seen_ms(const struct decision *decision, const struct peer *peer);
bool decision_is_offline(const struct decision *decision, const struct peer *peer);

/*
 * Settles a peer's addresses: what is wished for, or what it has, or `inherited`, or the lowest
 * free one, for each family of the zone. May displace the holder of a wished address.
 */
int decision_settle_addresses(struct decision *decision, const struct zone *zone, struct peer *peer,
			      const struct ip wish[ZONE_CIDRS_MAX],
			      const struct ip inherited[ZONE_CIDRS_MAX]) _must_check_;

/*
 * Checks the peer's whole set of child prefixes, less those that `old` (NULL: none) has in the same
 * zone already, and orders it. May take one from an offline ephemeral peer of the same token.
 */
int decision_settle_prefixes(struct decision *decision, const struct zone *zone, struct peer *peer,
			     const struct peer *old) _must_check_;

/* Refuses with E409-displaced an instance whose generation is over. */
int decision_match_generation(struct decision *decision, const struct peer *peer,
			      const char *instance, uint64_t generation) _must_check_;

/* Copies into the peer what was wished for, but for the address. */
int decision_apply_wish(struct decision *decision, const struct peer_wish *wish,
			struct peer *peer) _must_check_;

/*
 * Settles what the peer is to hold and writes it, unless it is the same as `old` (NULL: a new
 * peer); the addresses that it leaves rest.
 */
int decision_settle_peer(struct decision *decision, const struct peer *old, struct peer *peer,
			 const struct ip wish[ZONE_CIDRS_MAX],
			 const struct ip inherited[ZONE_CIDRS_MAX]) _must_check_;

#endif
