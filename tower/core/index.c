// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/index.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/str.h"

struct zone_index *index_find(const struct state *state, const char *zone)
{
	struct zone_index sought;

	if (str_copy(sought.name, sizeof(sought.name), zone) < 0)
		return NULL;
	return INDEX_FIND(zone_tree, &state->zones, &sought);
}

struct zone_index *index_get(struct state *state, const char *zone)
{
	struct zone_index *index = index_find(state, zone);

	if (index)
		return index;
	index = calloc(1, sizeof(*index));
	if (!index)
		return NULL;
	(void)snprintf(index->name, sizeof(index->name), "%s", zone);
	(void)RB_INSERT(zone_tree, &state->zones, index);
	return index;
}

void index_drop(struct state *state, struct zone_index *index)
{
	for (unsigned slot = 0; slot < FAMILIES; slot++) {
		ranges_done(&index->used[slot]);
		ranges_done(&index->freed[slot]);
	}
	RB_REMOVE(zone_tree, &state->zones, index);
	free(index);
}

struct peer_entry *peer_entry_find(const struct state *state, const struct key *key)
{
	struct peer_entry sought;

	sought.peer.key = *key;
	return INDEX_FIND(peer_tree, &state->peers, &sought);
}

struct token_entry *token_entry_find(const struct state *state, const char *id)
{
	struct token_entry sought = { .gone = false };

	if (str_copy(sought.token.id, sizeof(sought.token.id), id) < 0)
		return NULL;
	return INDEX_FIND(token_tree, &state->tokens, &sought);
}

struct zone_entry *zone_entry_find(const struct state *state, const char *name)
{
	const struct zone_index *index = index_find(state, name);

	return index ? index->entry : NULL;
}

struct resting_entry *resting_entry_find(const struct state *state, const char *zone,
					 const struct ip *ip)
{
	const struct zone_index *index = index_find(state, zone);
	struct resting_entry sought;

	sought.resting.ip = *ip;
	return index ? INDEX_FIND(resting_tree, &index->resting, &sought) : NULL;
}

/* --- zones --- */

/* The zone's reserved addresses join or leave those in use. */
static int count_reserved(struct zone_index *index, const struct zone *zone, bool in_use)
{
	for (uint8_t i = 0; i < zone->cidr_len; i++) {
		const struct ip ends[] = { prefix_first(&zone->cidr[i]),
					   prefix_last(&zone->cidr[i]) };

		for (size_t j = 0; j < ARRAY_SIZE(ends); j++) {
			struct ranges *used = &index->used[family_slot(ends[j].family)];
			ip_number number = ip_to_number(&ends[j]);
			int r;

			if (!zone_reserves(zone, &ends[j]))
				continue;
			r = in_use ? ranges_add(used, number) : ranges_remove(used, number);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int zone_entry_swap(struct state *state, struct zone_entry *before, struct zone_entry *after)
{
	const struct zone *zone;
	struct zone_index *index;
	bool is_below;
	int r;

	assert(before || after);
	zone = before ? &before->zone : &after->zone;
	is_below = state->under && state_zone(state->under, zone->name);
	index = index_get(state, zone->name);
	if (!index)
		return -ENOMEM;
	index->entry = after;
	if (is_below || (before && after))
		return 0;
	state->zones_len += after ? 1 : -1;
	r = count_reserved(index, zone, after != NULL);
	/* A committed state keeps an index only for zones that there are. */
	if (!after && !state->under)
		index_drop(state, index);
	return r;
}

/* --- peers --- */

static int link_leases(struct peer_entry *entry)
{
	for (unsigned i = 0; i < ZONE_CIDRS_MAX; i++) {
		const struct ip *ip = &entry->peer.address[i];
		unsigned slot = family_slot(ip->family);
		int r;

		if (ip->family == IP_NONE)
			continue;
		entry->leases[slot].number = ip_to_number(ip);
		entry->leases[slot].holder = entry;
		(void)RB_INSERT(lease_tree, &entry->index->leases[slot], &entry->leases[slot]);
		r = ranges_add(&entry->index->used[slot], entry->leases[slot].number);
		if (r < 0)
			return r;
	}
	return 0;
}

static int unlink_leases(struct peer_entry *entry)
{
	for (unsigned slot = 0; slot < FAMILIES; slot++) {
		struct lease *lease = &entry->leases[slot];
		int r;

		if (!lease->holder)
			continue;
		RB_REMOVE(lease_tree, &entry->index->leases[slot], lease);
		lease->holder = NULL;
		r = ranges_remove(&entry->index->used[slot], lease->number);
		if (r < 0)
			return r;
	}
	return 0;
}

static int link_peer(struct state *state, struct peer_entry *entry)
{
	const struct peer *peer = &entry->peer;
	struct zone_index *index;

	(void)RB_INSERT(peer_tree, &state->peers, entry);
	if (entry->gone)
		return 0;
	index = index_get(state, peer->zone);
	if (!index)
		return -ENOMEM;
	entry->index = index;
	(void)RB_INSERT(member_tree, &index->peers, entry);
	if (peer->token_id[0])
		(void)RB_INSERT(node_tree, &index->nodes, entry);
	if (peer->hub_router)
		(void)RB_INSERT(hub_tree, &index->hubs, entry);
	for (size_t i = 0; i < peer->prefixes.len; i++) {
		entry->children[i].prefix = peer->prefixes.at[i];
		entry->children[i].holder = entry;
		(void)RB_INSERT(child_tree, &index->children, &entry->children[i]);
	}
	index->peers_len++;
	state->peers_len++;
	return link_leases(entry);
}

static int unlink_peer(struct state *state, struct peer_entry *entry)
{
	const struct peer *peer = &entry->peer;
	struct zone_index *index = entry->index;

	RB_REMOVE(peer_tree, &state->peers, entry);
	if (entry->gone)
		return 0;
	RB_REMOVE(member_tree, &index->peers, entry);
	if (peer->token_id[0])
		RB_REMOVE(node_tree, &index->nodes, entry);
	if (peer->hub_router)
		RB_REMOVE(hub_tree, &index->hubs, entry);
	for (size_t i = 0; i < peer->prefixes.len; i++)
		RB_REMOVE(child_tree, &index->children, &entry->children[i]);
	index->peers_len--;
	state->peers_len--;
	return unlink_leases(entry);
}

/* Notes that an address in use further down is free at this level, or no longer so. */
static int mark_freed(struct zone_index *index, const struct ip *ip, bool freed)
{
	struct ranges *ranges = &index->freed[family_slot(ip->family)];

	if (ip->family == IP_NONE)
		return 0;
	return freed ? ranges_add(ranges, ip_to_number(ip))
		     : ranges_remove(ranges, ip_to_number(ip));
}

/* A peer of a state further down gets its first entry at this level, or loses it again. */
static int mask_peer(struct state *state, const struct peer *below, bool masked)
{
	struct zone_index *index = index_get(state, below->zone);
	int r = 0;

	if (!index)
		return -ENOMEM;
	index->peers_len += masked ? -1 : 1;
	state->peers_len += masked ? -1 : 1;
	for (unsigned i = 0; r == 0 && i < ZONE_CIDRS_MAX; i++)
		r = mark_freed(index, &below->address[i], masked);
	return r;
}

int peer_entry_swap(struct state *state, struct peer_entry *before, struct peer_entry *after)
{
	const struct peer *below = NULL;
	int r = 0;

	assert(before || after);
	if (state->under && (!before || !after))
		below = state_peer(state->under, before ? &before->peer.key : &after->peer.key);
	if (before)
		r = unlink_peer(state, before);
	if (r == 0 && below)
		r = mask_peer(state, below, after != NULL);
	if (r == 0 && after)
		r = link_peer(state, after);
	return r;
}

/* --- tokens --- */

int token_entry_swap(struct state *state, struct token_entry *before, struct token_entry *after)
{
	const struct token *below = NULL;
	const struct token *one;
	struct zone_index *index;

	assert(before || after);
	one = before ? &before->token : &after->token;
	index = index_get(state, one->zone);
	if (!index)
		return -ENOMEM;
	if (state->under && (!before || !after))
		below = state_token(state->under, one->id);
	if (before) {
		RB_REMOVE(token_tree, &state->tokens, before);
		if (!before->gone)
			RB_REMOVE(zone_token_tree, &index->tokens, before);
		index->tokens_len -= !before->gone;
	}
	if (below)
		index->tokens_len += after ? -1 : 1;
	if (after) {
		(void)RB_INSERT(token_tree, &state->tokens, after);
		if (!after->gone)
			(void)RB_INSERT(zone_token_tree, &index->tokens, after);
		index->tokens_len += !after->gone;
	}
	return 0;
}

/* --- resting addresses --- */

static int link_resting(struct zone_index *index, struct resting_entry *entry)
{
	const struct ip *ip = &entry->resting.ip;

	(void)RB_INSERT(resting_tree, &index->resting, entry);
	if (entry->gone)
		return 0;
	(void)RB_INSERT(resting_time_tree, &index->resting_by_time, entry);
	index->resting_len++;
	return ranges_add(&index->used[family_slot(ip->family)], ip_to_number(ip));
}

static int unlink_resting(struct zone_index *index, struct resting_entry *entry)
{
	const struct ip *ip = &entry->resting.ip;

	RB_REMOVE(resting_tree, &index->resting, entry);
	if (entry->gone)
		return 0;
	RB_REMOVE(resting_time_tree, &index->resting_by_time, entry);
	index->resting_len--;
	return ranges_remove(&index->used[family_slot(ip->family)], ip_to_number(ip));
}

int resting_entry_swap(struct state *state, struct resting_entry *before,
		       struct resting_entry *after)
{
	const struct resting *one;
	struct zone_index *index;
	int r = 0;

	assert(before || after);
	one = before ? &before->resting : &after->resting;
	index = index_get(state, one->zone);
	if (!index)
		return -ENOMEM;
	if (before)
		r = unlink_resting(index, before);
	if (r == 0 && state->under && (!before || !after) &&
	    state_resting(state->under, one->zone, &one->ip)) {
		index->resting_len += after ? -1 : 1;
		r = mark_freed(index, &one->ip, after != NULL);
	}
	if (r == 0 && after)
		r = link_resting(index, after);
	return r;
}
