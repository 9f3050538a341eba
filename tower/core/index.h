// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * How a state holds its rows: one entry a row, hung into every index that the rules need. Private
 * to the core.
 *
 * In an overlay, an entry masks all that the state under it holds of the same row (a peer's
 * addresses, prefixes, host name), also an entry that says "gone". So no index needs tombstones of
 * its own: what is found further down counts unless its row has an entry above.
 */
#ifndef CORE_INDEX_H
#define CORE_INDEX_H

#include <string.h>

#include "tower/core/ranges.h"
#include "tower/core/state.h"

#define FAMILIES 2

struct zone_index;
struct peer_entry;

struct zone_entry {
	struct zone zone;
	char *doc;               /* the public document; NULL in an overlay */
	uint64_t shown_revision; /* newest change that watchers of the zone saw */
};

/* A node address of a peer. */
struct lease {
	RB_ENTRY(lease) node;
	ip_number number;
	struct peer_entry *holder;
};

/* A child prefix of a peer. */
struct child {
	RB_ENTRY(child) node;
	struct prefix prefix;
	struct peer_entry *holder;
};

struct peer_entry {
	struct peer peer;
	bool gone; /* only the key is set, and it hangs in no index but that of all peers */
	char *doc;
	struct zone_index *index;
	RB_ENTRY(peer_entry) in_all;
	RB_ENTRY(peer_entry) in_zone;
	RB_ENTRY(peer_entry) in_nodes; /* when a token admitted it */
	RB_ENTRY(peer_entry) in_hubs;  /* when it is a hub router */
	struct lease leases[FAMILIES];
	struct child *children; /* one a child prefix */
};

struct token_entry {
	struct token token;
	bool gone;
	RB_ENTRY(token_entry) in_all;
	RB_ENTRY(token_entry) in_zone;
};

struct resting_entry {
	struct resting resting;
	bool gone; /* then it hangs in `resting` but not in `resting_by_time` */
	RB_ENTRY(resting_entry) by_address;
	RB_ENTRY(resting_entry) by_time;
};

RB_HEAD(zone_tree, zone_index);
RB_HEAD(peer_tree, peer_entry);
RB_HEAD(member_tree, peer_entry);
RB_HEAD(node_tree, peer_entry);
RB_HEAD(hub_tree, peer_entry);
RB_HEAD(lease_tree, lease);
RB_HEAD(child_tree, child);
RB_HEAD(token_tree, token_entry);
RB_HEAD(zone_token_tree, token_entry);
RB_HEAD(resting_tree, resting_entry);
RB_HEAD(resting_time_tree, resting_entry);

/* What is known of one zone at this level; an overlay has one only for zones that it touches. */
struct zone_index {
	RB_ENTRY(zone_index) node;
	char name[ZONE_NAME_BYTES];
	struct zone_entry *entry;   /* NULL: the row, if there is one, is further down */
	struct member_tree peers;   /* by key */
	struct node_tree nodes;     /* by token, host name, whether it has a node uid, key */
	struct hub_tree hubs;       /* by key */
	struct child_tree children; /* by first address: they never overlap */
	struct zone_token_tree tokens;
	struct resting_tree resting;
	struct resting_time_tree resting_by_time;
	struct lease_tree leases[FAMILIES];
	struct ranges used[FAMILIES];  /* reserved, leased or resting at this level */
	struct ranges freed[FAMILIES]; /* used further down, but by rows that are masked here */
	int64_t peers_len, tokens_len, resting_len; /* in an overlay: the difference */
};

struct state {
	const struct state *under; /* NULL: not an overlay */
	uint64_t revision;
	uint64_t mark;
	uint64_t loaded_revision; /* removals up to here may have left no trace in the rows */
	struct zone_tree zones;
	struct peer_tree peers;
	struct token_tree tokens;
	int64_t zones_len, peers_len; /* in an overlay: the difference */
};

static inline unsigned family_slot(enum ip_family family)
{
	return family == IP_V6;
}

static inline enum ip_family slot_family(unsigned slot)
{
	return slot ? IP_V6 : IP_V4;
}

/* --- the orders of the trees --- */

static inline int zone_index_compare(const struct zone_index *a, const struct zone_index *b)
{
	return strcmp(a->name, b->name);
}

static inline int peer_entry_compare(const struct peer_entry *a, const struct peer_entry *b)
{
	return key_compare(&a->peer.key, &b->peer.key);
}

static inline int node_compare(const struct peer_entry *a, const struct peer_entry *b)
{
	int r = strcmp(a->peer.token_id, b->peer.token_id);

	if (r == 0)
		r = strcmp(a->peer.hostname, b->peer.hostname);
	if (r == 0)
		r = (a->peer.node_uid[0] == '\0') - (b->peer.node_uid[0] == '\0');
	return r ? r : peer_entry_compare(a, b);
}

static inline int lease_compare(const struct lease *a, const struct lease *b)
{
	return (a->number > b->number) - (a->number < b->number);
}

static inline int child_compare(const struct child *a, const struct child *b)
{
	return prefix_compare(&a->prefix, &b->prefix);
}

static inline int token_entry_compare(const struct token_entry *a, const struct token_entry *b)
{
	return strcmp(a->token.id, b->token.id);
}

static inline int resting_entry_compare(const struct resting_entry *a,
					const struct resting_entry *b)
{
	return ip_compare(&a->resting.ip, &b->resting.ip);
}

static inline int resting_time_compare(const struct resting_entry *a, const struct resting_entry *b)
{
	int64_t a_ms = a->resting.until_ms;
	int64_t b_ms = b->resting.until_ms;

	return a_ms != b_ms ? (a_ms > b_ms) - (a_ms < b_ms) : resting_entry_compare(a, b);
}

TREE_GENERATE(zone_tree, zone_index, node, zone_index_compare)
TREE_GENERATE(peer_tree, peer_entry, in_all, peer_entry_compare)
TREE_GENERATE(member_tree, peer_entry, in_zone, peer_entry_compare)
TREE_GENERATE(node_tree, peer_entry, in_nodes, node_compare)
TREE_GENERATE(hub_tree, peer_entry, in_hubs, peer_entry_compare)
TREE_GENERATE(lease_tree, lease, node, lease_compare)
TREE_GENERATE(child_tree, child, node, child_compare)
TREE_GENERATE(token_tree, token_entry, in_all, token_entry_compare)
TREE_GENERATE(zone_token_tree, token_entry, in_zone, token_entry_compare)
TREE_GENERATE(resting_tree, resting_entry, by_address, resting_entry_compare)
TREE_GENERATE(resting_time_tree, resting_entry, by_time, resting_time_compare)

/* The macros of the trees know no const: finds in a tree of which nothing will be changed. */
#define INDEX_FIND(name, tree, sought) RB_FIND(name, (struct name *)(tree), sought)
#define INDEX_NFIND(name, tree, sought) RB_NFIND(name, (struct name *)(tree), sought)

/* The peer behind one of a committed state in its zone, by a step instead of a search. */
static inline const struct peer *peer_entry_next(const struct peer *peer)
{
	struct peer_entry *entry = CONTAINER_OF(peer, struct peer_entry, peer);

	entry = RB_NEXT(member_tree, NULL, entry);
	return entry ? &entry->peer : NULL;
}

/* --- entries: made, freed, hung into the indexes of their level --- */

/* The zone's index at this level, or NULL. */
struct zone_index *index_find(const struct state *state, const char *zone);

/* The same, made when it is absent; NULL: no memory. */
struct zone_index *index_get(struct state *state, const char *zone);

/* Frees an index in which no row hangs any more. */
void index_drop(struct state *state, struct zone_index *index);

/* Deep copies; with `with_doc` the public document is encoded. NULL: no memory. */
struct zone_entry *zone_entry_new(const struct zone *zone, bool with_doc);
struct peer_entry *peer_entry_new(const struct peer *peer, bool with_doc);
struct token_entry *token_entry_new(const struct token *token);
struct resting_entry *resting_entry_new(const struct resting *resting);
void zone_entry_free(struct zone_entry *entry);
void peer_entry_free(struct peer_entry *entry);
void token_entry_free(struct token_entry *entry);
void resting_entry_free(struct resting_entry *entry);

struct peer_entry *peer_entry_find(const struct state *state, const struct key *key);
struct token_entry *token_entry_find(const struct state *state, const char *id);
struct zone_entry *zone_entry_find(const struct state *state, const char *name);
struct resting_entry *resting_entry_find(const struct state *state, const char *zone,
					 const struct ip *ip);

/*
 * Puts `after` in the place of `before` at this level. NULL stands for "no entry at this level":
 * then what is further down shows again. Exchanging the two undoes it. -ENOMEM only.
 */
int zone_entry_swap(struct state *state, struct zone_entry *before,
		    struct zone_entry *after) _must_check_;
int peer_entry_swap(struct state *state, struct peer_entry *before,
		    struct peer_entry *after) _must_check_;
int token_entry_swap(struct state *state, struct token_entry *before,
		     struct token_entry *after) _must_check_;
int resting_entry_swap(struct state *state, struct resting_entry *before,
		       struct resting_entry *after) _must_check_;

/* --- applying --- */

/*
 * Whether the op can be applied to the state as it is: what it removes is there, and nothing would
 * be held twice, outside its zone or by nobody. -EPROTO says what does not fit.
 */
int op_fits(const struct state *state, const struct op *op, struct err *err) _must_check_;

/* Checks and applies one op of any kind, without a revision. -EPROTO, -ENOMEM as state_apply. */
int state_apply_op(struct state *state, const struct op *op, struct err *err) _must_check_;

#endif
