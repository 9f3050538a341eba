// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whether every index agrees with every row. Counts from the rows what each index must hold, and
 * finds each of them there: then the index holds nothing else.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "tower/core/index.h"

/* What the rows of a zone say that its indexes hold. */
struct tally {
	uint64_t peers, nodes, hubs, children, tokens, resting;
	uint64_t leases[FAMILIES];
	uint64_t used[FAMILIES];
};

static int wrong(struct err *err, const char *zone, const char *what, const char *thing)
{
	return err_set(err, -EPROTO, "zone %s: %s: %s", zone, what, thing);
}

static int check_lease(const struct zone_index *index, const struct peer_entry *entry,
		       const struct ip *ip, struct tally *tally, struct err *err)
{
	const struct zone *zone = &index->entry->zone;
	const struct prefix *cidr = zone_cidr(zone, ip->family);
	unsigned slot = family_slot(ip->family);
	struct lease sought = { .number = ip_to_number(ip) };
	const struct lease *lease;
	char text[IP_TEXT_BYTES];

	if (ip->family == IP_NONE)
		return 0;
	ip_format(ip, text);
	lease = INDEX_FIND(lease_tree, &index->leases[slot], &sought);
	if (!lease || lease->holder != entry)
		return wrong(err, index->name, "the leases don't say who holds it", text);
	if (!cidr || !prefix_contains(cidr, ip) || zone_reserves(zone, ip))
		return wrong(err, index->name, "a lease outside the zone", text);
	if (!ranges_holds(&index->used[slot], sought.number))
		return wrong(err, index->name, "leased but not in use", text);
	tally->leases[slot]++;
	tally->used[slot]++;
	return 0;
}

static int check_children(const struct zone_index *index, const struct peer_entry *entry,
			  struct tally *tally, struct err *err)
{
	const struct peer *peer = &entry->peer;
	char text[PREFIX_TEXT_BYTES];

	for (size_t i = 0; i < peer->prefixes.len; i++) {
		struct child sought = { .prefix = peer->prefixes.at[i] };
		const struct child *child = INDEX_FIND(child_tree, &index->children, &sought);

		prefix_format(&sought.prefix, text);
		if (!child || child->holder != entry)
			return wrong(err, index->name, "the prefixes don't say who holds it", text);
		for (uint8_t j = 0; j < index->entry->zone.cidr_len; j++) {
			if (prefix_overlaps(&sought.prefix, &index->entry->zone.cidr[j]))
				return wrong(err, index->name, "overlaps the zone", text);
		}
	}
	tally->children += peer->prefixes.len;
	return 0;
}

static int check_peers(const struct state *state, const struct zone_index *index,
		       struct tally *tally, struct err *err)
{
	struct peer_entry *entry;
	char key[KEY_SHORT_BYTES];

	RB_FOREACH(entry, member_tree, (struct member_tree *)&index->peers) {
		int r = 0;

		key_format_short(&entry->peer.key, key);
		if (entry->gone || entry->index != index || !str_eq(entry->peer.zone, index->name))
			return wrong(err, index->name, "a peer of another zone", key);
		if (peer_entry_find(state, &entry->peer.key) != entry)
			return wrong(err, index->name, "a key in two zones", key);
		for (unsigned i = 0; r == 0 && i < ZONE_CIDRS_MAX; i++)
			r = check_lease(index, entry, &entry->peer.address[i], tally, err);
		if (r == 0)
			r = check_children(index, entry, tally, err);
		if (r < 0)
			return r;
		tally->peers++;
		tally->nodes += entry->peer.token_id[0] != '\0';
		tally->hubs += entry->peer.hub_router;
	}
	return 0;
}

static int check_overlaps(const struct zone_index *index, struct err *err)
{
	const struct child *before = NULL;
	struct child *child;
	char text[PREFIX_TEXT_BYTES];

	RB_FOREACH(child, child_tree, (struct child_tree *)&index->children) {
		if (before && prefix_overlaps(&before->prefix, &child->prefix)) {
			prefix_format(&child->prefix, text);
			return wrong(err, index->name, "a prefix held twice", text);
		}
		before = child;
	}
	return 0;
}

static int check_tokens(const struct state *state, const struct zone_index *index,
			struct tally *tally, struct err *err)
{
	struct token_entry *entry;

	RB_FOREACH(entry, zone_token_tree, (struct zone_token_tree *)&index->tokens) {
		const struct token *token = &entry->token;

		if (entry->gone || !str_eq(token->zone, index->name) ||
		    token_entry_find(state, token->id) != entry)
			return wrong(err, index->name, "a token of another zone", token->id);
		if (token->uses_max > 0 && token->uses > token->uses_max)
			return wrong(err, index->name, "a token spent too often", token->id);
		tally->tokens++;
	}
	return 0;
}

static int check_resting(const struct zone_index *index, struct tally *tally, struct err *err)
{
	struct resting_entry *entry;
	char text[IP_TEXT_BYTES];

	RB_FOREACH(entry, resting_tree, (struct resting_tree *)&index->resting) {
		const struct ip *ip = &entry->resting.ip;
		const struct ranges *used = &index->used[family_slot(ip->family)];

		ip_format(ip, text);
		if (entry->gone || !str_eq(entry->resting.zone, index->name))
			return wrong(err, index->name, "rests in another zone", text);
		if (INDEX_FIND(resting_time_tree, &index->resting_by_time, entry) != entry)
			return wrong(err, index->name, "rests, but not by time", text);
		if (!ranges_holds(used, ip_to_number(ip)))
			return wrong(err, index->name, "rests, but is not in use", text);
		tally->resting++;
		tally->used[family_slot(ip->family)]++;
	}
	return 0;
}

static void tally_reserved(const struct zone *zone, struct tally *tally)
{
	for (uint8_t i = 0; i < zone->cidr_len; i++) {
		struct ip first = prefix_first(&zone->cidr[i]);
		struct ip last = prefix_last(&zone->cidr[i]);
		unsigned slot = family_slot(first.family);

		tally->used[slot] += zone_reserves(zone, &first) + zone_reserves(zone, &last);
	}
}

/* How many entries a tree holds, counted one by one. */
#define COUNTER_GENERATE(name, type)                        \
	static uint64_t name##_len(const struct name *tree) \
	{                                                   \
		struct type *at;                            \
		uint64_t len = 0;                           \
                                                            \
		RB_FOREACH(at, name, (struct name *)tree)   \
			len++;                              \
		return len;                                 \
	}

COUNTER_GENERATE(peer_tree, peer_entry)
COUNTER_GENERATE(member_tree, peer_entry)
COUNTER_GENERATE(node_tree, peer_entry)
COUNTER_GENERATE(hub_tree, peer_entry)
COUNTER_GENERATE(lease_tree, lease)
COUNTER_GENERATE(child_tree, child)
COUNTER_GENERATE(token_tree, token_entry)
COUNTER_GENERATE(resting_time_tree, resting_entry)

static int check_counts(const struct zone_index *index, const struct tally *tally, struct err *err)
{
	bool ok = member_tree_len(&index->peers) == tally->peers &&
		  node_tree_len(&index->nodes) == tally->nodes &&
		  hub_tree_len(&index->hubs) == tally->hubs &&
		  child_tree_len(&index->children) == tally->children &&
		  resting_time_tree_len(&index->resting_by_time) == tally->resting &&
		  (uint64_t)index->peers_len == tally->peers &&
		  (uint64_t)index->tokens_len == tally->tokens &&
		  (uint64_t)index->resting_len == tally->resting;

	for (unsigned slot = 0; slot < FAMILIES; slot++)
		ok = ok && lease_tree_len(&index->leases[slot]) == tally->leases[slot] &&
		     ranges_count(&index->used[slot]) == tally->used[slot] &&
		     ranges_count(&index->freed[slot]) == 0;
	return ok ? 0 : wrong(err, index->name, "an index holds more or less than the rows", "");
}

static int check_zone(const struct state *state, const struct zone_index *index,
		      struct tally *tally, struct err *err)
{
	int r;

	if (!index->entry || !str_eq(index->entry->zone.name, index->name))
		return wrong(err, index->name, "an index without a zone", "");
	tally_reserved(&index->entry->zone, tally);
	if ((r = check_peers(state, index, tally, err)) < 0 ||
	    (r = check_overlaps(index, err)) < 0 ||
	    (r = check_tokens(state, index, tally, err)) < 0 ||
	    (r = check_resting(index, tally, err)) < 0)
		return r;
	return check_counts(index, tally, err);
}

int state_check(const struct state *state, struct err *err)
{
	struct zone_index *index;
	uint64_t zones = 0;
	uint64_t peers = 0;
	uint64_t tokens = 0;

	RB_FOREACH(index, zone_tree, (struct zone_tree *)&state->zones) {
		struct tally tally = { 0 };
		int r = check_zone(state, index, &tally, err);

		if (r < 0)
			return r;
		zones++;
		peers += tally.peers;
		tokens += tally.tokens;
	}
	if ((uint64_t)state->zones_len != zones || (uint64_t)state->peers_len != peers ||
	    peer_tree_len(&state->peers) != peers || token_tree_len(&state->tokens) != tokens)
		return err_set(err, -EPROTO, "there are rows without a zone");
	return 0;
}
