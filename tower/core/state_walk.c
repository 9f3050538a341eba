// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Ordered walks, and what is shown of the rows.
 */
#include "tower/core/state.h"

#include "base/str.h"
#include "tower/core/index.h"

const struct zone *state_next_zone(const struct state *state, const char *after)
{
	struct zone_index sought;
	struct zone_index *index;

	if (!after) {
		index = RB_MIN(zone_tree, (struct zone_tree *)&state->zones);
	} else {
		if (str_copy(sought.name, sizeof(sought.name), after) < 0)
			return NULL;
		index = INDEX_NFIND(zone_tree, &state->zones, &sought);
		if (index && str_eq(index->name, after))
			index = RB_NEXT(zone_tree, NULL, index);
	}
	return index ? &index->entry->zone : NULL;
}

static const struct peer *next_of_all(const struct state *state, const struct key *after)
{
	struct peer_entry sought;
	struct peer_entry *entry;

	if (!after) {
		entry = RB_MIN(peer_tree, (struct peer_tree *)&state->peers);
	} else {
		sought.peer.key = *after;
		entry = INDEX_NFIND(peer_tree, &state->peers, &sought);
		if (entry && key_compare(&entry->peer.key, after) == 0)
			entry = RB_NEXT(peer_tree, NULL, entry);
	}
	return entry ? &entry->peer : NULL;
}

const struct peer *state_next_peer(const struct state *state, const char *zone,
				   const struct key *after)
{
	const struct zone_index *index = zone ? index_find(state, zone) : NULL;
	struct peer_entry sought;
	struct peer_entry *entry;

	if (!zone)
		return next_of_all(state, after);
	if (!index)
		return NULL;
	if (!after) {
		entry = RB_MIN(member_tree, (struct member_tree *)&index->peers);
	} else {
		sought.peer.key = *after;
		entry = INDEX_NFIND(member_tree, &index->peers, &sought);
		if (entry && key_compare(&entry->peer.key, after) == 0)
			entry = RB_NEXT(member_tree, NULL, entry);
	}
	return entry ? &entry->peer : NULL;
}

const struct token *state_next_token(const struct state *state, const char *zone, const char *after)
{
	const struct zone_index *index = index_find(state, zone);
	struct token_entry sought = { .gone = false };
	struct token_entry *entry;

	if (!index)
		return NULL;
	if (!after) {
		entry = RB_MIN(zone_token_tree, (struct zone_token_tree *)&index->tokens);
	} else {
		if (str_copy(sought.token.id, sizeof(sought.token.id), after) < 0)
			return NULL;
		entry = INDEX_NFIND(zone_token_tree, &index->tokens, &sought);
		if (entry && str_eq(entry->token.id, after))
			entry = RB_NEXT(zone_token_tree, NULL, entry);
	}
	return entry ? &entry->token : NULL;
}

const struct peer *state_next_lease(const struct state *state, const char *zone,
				    const struct ip *after)
{
	const struct zone_index *index = index_find(state, zone);
	struct lease *lease = NULL;
	unsigned slot = 0;

	if (!index)
		return NULL;
	if (after && after->family != IP_NONE) {
		struct lease sought = { .number = ip_to_number(after) };

		slot = family_slot(after->family);
		lease = INDEX_NFIND(lease_tree, &index->leases[slot], &sought);
		if (lease && lease->number == sought.number)
			lease = RB_NEXT(lease_tree, NULL, lease);
		slot++;
	}
	for (; !lease && slot < FAMILIES; slot++)
		lease = RB_MIN(lease_tree, (struct lease_tree *)&index->leases[slot]);
	return lease ? &lease->holder->peer : NULL;
}

const struct peer *state_next_prefix(const struct state *state, const char *zone,
				     const struct prefix *after, struct prefix *ret_prefix)
{
	const struct zone_index *index = index_find(state, zone);
	struct child *child;

	if (!index)
		return NULL;
	if (!after) {
		child = RB_MIN(child_tree, (struct child_tree *)&index->children);
	} else {
		struct child sought = { .prefix = *after };

		child = INDEX_NFIND(child_tree, &index->children, &sought);
		if (child && prefix_equal(&child->prefix, after))
			child = RB_NEXT(child_tree, NULL, child);
	}
	if (!child)
		return NULL;
	*ret_prefix = child->prefix;
	return &child->holder->peer;
}

/* Whether a resting address found at `level` has an entry in a state between there and the top. */
static bool is_masked(const struct state *top, const struct state *level, const char *zone,
		      const struct ip *ip)
{
	for (; top != level; top = top->under) {
		if (resting_entry_find(top, zone, ip))
			return true;
	}
	return false;
}

const struct resting *state_next_resting(const struct state *state, const char *zone,
					 int64_t after_until_ms, const struct ip *after)
{
	struct resting_entry sought = { .resting = { .until_ms = after_until_ms } };
	const struct resting_entry *soonest = NULL;

	if (after)
		sought.resting.ip = *after;
	for (const struct state *level = state; level; level = level->under) {
		const struct zone_index *index = index_find(level, zone);
		struct resting_entry *entry = NULL;

		if (index && after)
			entry = INDEX_NFIND(resting_time_tree, &index->resting_by_time, &sought);
		else if (index)
			entry = RB_MIN(resting_time_tree,
				       (struct resting_time_tree *)&index->resting_by_time);
		while (entry && ((after && resting_time_compare(entry, &sought) == 0) ||
				 is_masked(state, level, zone, &entry->resting.ip)))
			entry = RB_NEXT(resting_time_tree, NULL, entry);
		if (entry && (!soonest || resting_time_compare(entry, soonest) < 0))
			soonest = entry;
	}
	return soonest ? &soonest->resting : NULL;
}

const char *state_zone_doc(const struct state *state, const char *name)
{
	const struct zone_entry *entry = zone_entry_find(state, name);

	return entry ? entry->doc : NULL;
}

const char *state_peer_doc(const struct state *state, const struct key *key)
{
	const struct peer_entry *entry = peer_entry_find(state, key);

	return entry ? entry->doc : NULL;
}

uint64_t state_zone_revision(const struct state *state, const char *name)
{
	const struct zone_entry *entry = zone_entry_find(state, name);

	return entry ? MAX(entry->shown_revision, state->loaded_revision) : 0;
}
