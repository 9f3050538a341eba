// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/state.h"

#include <errno.h>

#include "base/str.h"
#include "tower/core/index.h"

int state_new(struct state **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	*ret_state = state;
	return 0;
}

int state_over(const struct state *under, struct state **ret_state)
{
	struct state *state;
	int r = state_new(&state);

	if (r < 0)
		return r;
	state->under = under;
	state->revision = under->revision;
	state->mark = under->mark;
	*ret_state = state;
	return 0;
}

static void clear_zone(struct state *state, struct zone_index *index)
{
	struct resting_entry *resting;
	struct resting_entry *next;

	RB_FOREACH_SAFE(resting, resting_tree, &index->resting, next) {
		RB_REMOVE(resting_tree, &index->resting, resting);
		resting_entry_free(resting);
	}
	zone_entry_free(index->entry);
	index_drop(state, index);
}

void state_clear(struct state *state)
{
	struct peer_entry *peer, *next_peer;
	struct token_entry *token, *next_token;
	struct zone_index *index, *next_index;

	RB_FOREACH_SAFE(peer, peer_tree, &state->peers, next_peer) {
		RB_REMOVE(peer_tree, &state->peers, peer);
		peer_entry_free(peer);
	}
	RB_FOREACH_SAFE(token, token_tree, &state->tokens, next_token) {
		RB_REMOVE(token_tree, &state->tokens, token);
		token_entry_free(token);
	}
	RB_FOREACH_SAFE(index, zone_tree, &state->zones, next_index)
		clear_zone(state, index);
	*state = (struct state){ .under = state->under };
}

void state_free(struct state *state)
{
	if (!state)
		return;
	state_clear(state);
	free(state);
}

void state_swap(struct state *a, struct state *b)
{
	struct state content = *a;

	*a = *b;
	*b = content;
}

void state_set_revision(struct state *state, uint64_t revision, uint64_t mark)
{
	state->revision = revision;
	state->mark = mark;
	state->loaded_revision = revision;
}

uint64_t state_revision(const struct state *state)
{
	return state->revision;
}

uint64_t state_mark(const struct state *state)
{
	return state->mark;
}

/* --- single rows --- */

const struct zone *state_zone(const struct state *state, const char *name)
{
	for (; state; state = state->under) {
		const struct zone_entry *entry = zone_entry_find(state, name);

		if (entry)
			return &entry->zone;
	}
	return NULL;
}

const struct peer *state_peer(const struct state *state, const struct key *key)
{
	for (; state; state = state->under) {
		const struct peer_entry *entry = peer_entry_find(state, key);

		if (entry)
			return entry->gone ? NULL : &entry->peer;
	}
	return NULL;
}

const struct token *state_token(const struct state *state, const char *id)
{
	for (; state; state = state->under) {
		const struct token_entry *entry = token_entry_find(state, id);

		if (entry)
			return entry->gone ? NULL : &entry->token;
	}
	return NULL;
}

const struct resting *state_resting(const struct state *state, const char *zone,
				    const struct ip *ip)
{
	for (; state; state = state->under) {
		const struct resting_entry *entry = resting_entry_find(state, zone, ip);

		if (entry)
			return entry->gone ? NULL : &entry->resting;
	}
	return NULL;
}

/* --- by what a peer holds --- */

/* Whether a peer found at `level` has an entry in a state between there and the top. */
static bool is_masked(const struct state *top, const struct state *level, const struct key *key)
{
	for (; top != level; top = top->under) {
		if (peer_entry_find(top, key))
			return true;
	}
	return false;
}

const struct peer *state_holder(const struct state *state, const char *zone, const struct ip *ip)
{
	unsigned slot = family_slot(ip->family);
	struct lease sought = { .number = ip_to_number(ip) };

	for (const struct state *level = state; level; level = level->under) {
		const struct zone_index *index = index_find(level, zone);
		const struct lease *lease =
			index ? INDEX_FIND(lease_tree, &index->leases[slot], &sought) : NULL;

		/* One level holds an address once: a masked lease has no other one under it. */
		if (lease)
			return is_masked(state, level, &lease->holder->peer.key)
				       ? NULL
				       : &lease->holder->peer;
	}
	return NULL;
}

/* The first child prefix of one level that overlaps and is neither masked nor of `except`. */
static const struct child *find_overlap(const struct state *top, const struct state *level,
					const struct zone_index *index, const struct prefix *prefix,
					const struct key *except)
{
	struct child sought = { .prefix = *prefix };
	struct child_tree *tree = (struct child_tree *)&index->children; /* only read */
	struct child *child = RB_NFIND(child_tree, tree, &sought);
	struct child *before = child ? RB_PREV(child_tree, tree, child) : RB_MAX(child_tree, tree);

	/* They don't overlap one another: only the one before can reach in from the left. */
	if (before && prefix_overlaps(&before->prefix, prefix))
		child = before;
	for (; child && prefix_overlaps(&child->prefix, prefix);
	     child = RB_NEXT(child_tree, tree, child)) {
		const struct key *key = &child->holder->peer.key;

		if ((!except || key_compare(key, except) != 0) && !is_masked(top, level, key))
			return child;
	}
	return NULL;
}

const struct peer *state_prefix_holder(const struct state *state, const char *zone,
				       const struct prefix *prefix, const struct key *except,
				       struct prefix *ret_held)
{
	for (const struct state *level = state; level; level = level->under) {
		const struct zone_index *index = index_find(level, zone);
		const struct child *child =
			index ? find_overlap(state, level, index, prefix, except) : NULL;

		if (child) {
			if (ret_held)
				*ret_held = child->prefix;
			return &child->holder->peer;
		}
	}
	return NULL;
}

const struct peer *state_node(const struct state *state, const char *zone, const char *token_id,
			      const char *hostname)
{
	const struct peer *lowest = NULL;
	struct peer_entry sought = { .peer.node_uid = "any" };

	if (str_copy(sought.peer.token_id, sizeof(sought.peer.token_id), token_id) < 0 ||
	    str_copy(sought.peer.hostname, sizeof(sought.peer.hostname), hostname) < 0)
		return NULL;
	for (const struct state *level = state; level; level = level->under) {
		const struct zone_index *index = index_find(level, zone);
		struct peer_entry *entry =
			index ? INDEX_NFIND(node_tree, &index->nodes, &sought) : NULL;

		while (entry && is_masked(state, level, &entry->peer.key))
			entry = RB_NEXT(node_tree, NULL, entry);
		if (!entry || !str_eq(entry->peer.token_id, token_id) ||
		    !str_eq(entry->peer.hostname, hostname) || !entry->peer.node_uid[0])
			continue;
		if (!lowest || key_compare(&entry->peer.key, &lowest->key) < 0)
			lowest = &entry->peer;
	}
	return lowest;
}

bool state_token_has_peers(const struct state *state, const char *zone, const char *token_id)
{
	struct peer_entry sought = { .peer.node_uid = "any" };

	if (str_copy(sought.peer.token_id, sizeof(sought.peer.token_id), token_id) < 0)
		return false;
	for (const struct state *level = state; level; level = level->under) {
		const struct zone_index *index = index_find(level, zone);
		struct peer_entry *entry =
			index ? INDEX_NFIND(node_tree, &index->nodes, &sought) : NULL;

		while (entry && is_masked(state, level, &entry->peer.key))
			entry = RB_NEXT(node_tree, NULL, entry);
		if (entry && str_eq(entry->peer.token_id, token_id))
			return true;
	}
	return false;
}

const struct peer *state_hub(const struct state *state, const char *zone, const struct key *except)
{
	for (const struct state *level = state; level; level = level->under) {
		const struct zone_index *index = index_find(level, zone);
		struct peer_entry *entry =
			index ? RB_MIN(hub_tree, (struct hub_tree *)&index->hubs) : NULL;

		for (; entry; entry = RB_NEXT(hub_tree, NULL, entry)) {
			const struct key *key = &entry->peer.key;

			if ((!except || key_compare(key, except) != 0) &&
			    !is_masked(state, level, key))
				return &entry->peer;
		}
	}
	return NULL;
}

/* --- free addresses --- */

static ip_number next_free(const struct state *state, const char *zone, unsigned slot,
			   ip_number from)
{
	const struct zone_index *index = index_find(state, zone);

	if (!index)
		return state->under ? next_free(state->under, zone, slot, from) : from;
	for (;;) {
		ip_number here = ranges_next_free(&index->used[slot], from);
		ip_number below;
		ip_number freed;

		if (!state->under)
			return here;
		/* Free is what is free below, or freed here; and not used here: ask until both
		 * agree. */
		below = next_free(state->under, zone, slot, here);
		if (ranges_next_used(&index->freed[slot], here, &freed) && freed < below)
			below = freed;
		if (!ranges_holds(&index->used[slot], below))
			return below;
		from = below;
	}
}

bool state_lowest_free(const struct state *state, const char *zone, enum ip_family family,
		       struct ip *ret_ip)
{
	const struct zone *row = state_zone(state, zone);
	const struct prefix *cidr = row ? zone_cidr(row, family) : NULL;
	struct ip first, last;
	ip_number number;

	if (!cidr)
		return false;
	first = prefix_first(cidr);
	last = prefix_last(cidr);
	number = next_free(state, zone, family_slot(family), ip_to_number(&first));
	if (number > ip_to_number(&last))
		return false;
	*ret_ip = ip_from_number(family, number);
	return true;
}

/* --- how many --- */

uint64_t state_zones_len(const struct state *state)
{
	int64_t len = 0;

	for (; state; state = state->under)
		len += state->zones_len;
	return (uint64_t)len;
}

uint64_t state_peers_len(const struct state *state, const char *zone)
{
	int64_t len = 0;

	for (; state; state = state->under) {
		const struct zone_index *index = zone ? index_find(state, zone) : NULL;

		if (!zone)
			len += state->peers_len;
		else if (index)
			len += index->peers_len;
	}
	return (uint64_t)len;
}

uint64_t state_tokens_len(const struct state *state, const char *zone)
{
	int64_t len = 0;

	for (; state; state = state->under) {
		const struct zone_index *index = index_find(state, zone);

		if (index)
			len += index->tokens_len;
	}
	return (uint64_t)len;
}

uint64_t state_resting_len(const struct state *state, const char *zone)
{
	int64_t len = 0;

	for (; state; state = state->under) {
		const struct zone_index *index = index_find(state, zone);

		if (index)
			len += index->resting_len;
	}
	return (uint64_t)len;
}
