// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The whole state as a value in memory, with the indexes that the rules need. A state may lie over
 * another one: then it holds only what differs, lookups fall through, and freeing it drops the
 * difference. That is how the requests of one batch see one another before any of them is
 * committed.
 *
 * No I/O, no clock, no log. Pointers handed out are borrowed until the next apply.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "tower/core/change.h"

struct state;

int state_new(struct state **ret_state) _must_check_;

/* An empty overlay. `under` must stay unchanged and alive as long as the overlay is used. */
int state_over(const struct state *under, struct state **ret_state) _must_check_;
void state_free(struct state *state);

/*
 * Applies a change whose revision is the next one. -ENOMEM leaves the state to state_free alone;
 * -EPROTO: the change does not fit (wrong revision, a row it removes is absent, an address or
 * prefix would be held twice): nothing was applied.
 */
int state_apply(struct state *state, const struct change *change, struct err *err) _must_check_;

/*
 * Loading: puts one row (an OP_PUT_*) without a revision check, zones first; then the revision and
 * mark once. -EPROTO for a row that does not fit, as state_apply. state_clear empties the state
 * to be loaded again.
 */
int state_load(struct state *state, const struct op *op, struct err *err) _must_check_;
void state_clear(struct state *state);

/* Exchanges the content of two states, neither an overlay: what was loaded replaces what was. */
void state_swap(struct state *a, struct state *b);
void state_set_revision(struct state *state, uint64_t revision, uint64_t mark);
uint64_t state_revision(const struct state *state);
uint64_t state_mark(const struct state *state);

/* Lookups: NULL when there is none. */
const struct zone *state_zone(const struct state *state, const char *name);
const struct peer *state_peer(const struct state *state, const struct key *key);
const struct token *state_token(const struct state *state, const char *id);
const struct resting *state_resting(const struct state *state, const char *zone,
				    const struct ip *ip);

/* Who holds the address in the zone as its node address. */
const struct peer *state_holder(const struct state *state, const char *zone, const struct ip *ip);

/* A peer of the zone with a child prefix that overlaps this one, other than `except` (or NULL). */
const struct peer *state_prefix_holder(const struct state *state, const char *zone,
				       const struct prefix *prefix, const struct key *except,
				       struct prefix *ret_held);

/*
 * The peer with a node uid that this token admitted to the zone under this host name (the lowest
 * key when several have it).
 */
const struct peer *state_node(const struct state *state, const char *zone, const char *token_id,
			      const char *hostname);

/* A hub router of the zone other than `except` (or NULL). */
const struct peer *state_hub(const struct state *state, const char *zone, const struct key *except);

/* Whether any peer of the zone was admitted by this token. */
bool state_token_has_peers(const struct state *state, const char *zone, const char *token_id);

/* The lowest free address of a family: neither reserved, leased nor resting. false: none left. */
bool state_lowest_free(const struct state *state, const char *zone, enum ip_family family,
		       struct ip *ret_ip);

uint64_t state_zones_len(const struct state *state);
uint64_t state_peers_len(const struct state *state, const char *zone); /* NULL: of all zones */
uint64_t state_tokens_len(const struct state *state, const char *zone);
uint64_t state_resting_len(const struct state *state, const char *zone);

/*
 * Ordered walks over a committed state (not an overlay): the first row behind `after` (NULL: the
 * first). Zones by name; peers by key, of one zone or (zone NULL) of all; leases by address.
 */
const struct zone *state_next_zone(const struct state *state, const char *after);
const struct peer *state_next_peer(const struct state *state, const char *zone,
				   const struct key *after);
const struct token *state_next_token(const struct state *state, const char *zone,
				     const char *after);
const struct peer *state_next_lease(const struct state *state, const char *zone,
				    const struct ip *after); /* holder of the next address */
const struct peer *state_next_prefix(const struct state *state, const char *zone,
				     const struct prefix *after, struct prefix *ret_prefix);
const struct resting *state_next_resting(const struct state *state, const char *zone,
					 int64_t after_until_ms, const struct ip *after);

/* The public document of a row of a committed state, encoded once when it was applied; borrowed. */
const char *state_zone_doc(const struct state *state, const char *name);
const char *state_peer_doc(const struct state *state, const struct key *key);

/*
 * The revision of the newest change that watchers of the zone were shown (that of the load, until
 * one comes); 0 when there is no such zone.
 */
uint64_t state_zone_revision(const struct state *state, const char *name);

/*
 * Whether every index agrees with every row: no address or prefix held twice, every lease inside
 * its zone, key in one zone, counts right: of a committed state. For tests and for checking what
 * was loaded. -EPROTO says what is wrong.
 */
int state_check(const struct state *state, struct err *err) _must_check_;

#endif
