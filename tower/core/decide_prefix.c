// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Child prefixes: routable, within the token's ranges, and nobody else's.
 */
#include "base/str.h"
#include "tower/core/decision.h"

static bool has_prefix(const struct peer *peer, const struct prefix *prefix)
{
	for (size_t i = 0; i < peer->prefixes.len; i++) {
		if (prefix_equal(&peer->prefixes.at[i], prefix))
			return true;
	}
	return false;
}

static int check_ranges(struct decision *decision, const struct peer *peer,
			const struct prefix *prefix, const char *text)
{
	const struct token *token = state_token(decision->state, peer->token_id);

	if (!token || token->ranges.len == 0)
		return 0;
	for (size_t i = 0; i < token->ranges.len; i++) {
		const struct prefix *range = &token->ranges.at[i];

		if (prefix->bits >= range->bits && prefix_contains(range, &prefix->ip))
			return 0;
	}
	return decision_refuse(
		decision, "E422-range", "choose a prefix inside one of the token's PrefixRanges",
		"child prefix %s is outside the ranges that join token %s allows", text, token->id);
}

static int check_alone(struct decision *decision, const struct zone *zone, const struct peer *peer,
		       const struct prefix *prefix, const char *text)
{
	struct err err;

	if (prefix_check_routable(prefix, &err) < 0)
		return decision_refuse(decision, "E422-prefix",
				       "choose a unicast prefix that can be routed to a node",
				       "child prefix %s: %s", text, err.text);
	for (uint8_t i = 0; i < zone->cidr_len; i++) {
		if (prefix_overlaps(prefix, &zone->cidr[i]))
			return decision_refuse(decision, "E409-prefix-overlap",
					       "choose a prefix outside the zone's own addresses",
					       "child prefix %s overlaps %s, the CIDR of zone %s",
					       text, zone->cidr_typed, zone->name);
	}
	return check_ranges(decision, peer, prefix, text);
}

/* A prefix of an offline ephemeral peer passes to a claimant that the same token admitted. */
static bool may_pass(const struct decision *decision, const struct peer *holder,
		     const struct peer *claimant)
{
	return holder->ephemeral_ttl_s > 0 && holder->token_id[0] &&
	       str_eq(holder->token_id, claimant->token_id) &&
	       decision_is_offline(decision, holder);
}

/* An admin moves whole prefixes: no address of what another peer holds is left without a peer. */
static bool may_take(const struct decision *decision, const struct prefix *held,
		     const struct prefix *wanted)
{
	return decision->request->kind == REQUEST_PEER_PATCH && decision->request->wish.take &&
	       held->bits >= wanted->bits && prefix_contains(wanted, &held->ip);
}

static int take_from(struct decision *decision, const struct peer *holder,
		     const struct prefix *held)
{
	_cleanup_(peer_done) struct peer less = { 0 };
	size_t kept = 0;
	int r = peer_copy(holder, &less);

	if (r < 0)
		return r;
	vec_foreach(prefix, &less.prefixes) {
		if (!prefix_equal(prefix, held))
			less.prefixes.at[kept++] = *prefix;
	}
	less.prefixes.len = kept;
	return decision_put_peer(decision, &less, "");
}

static int check_holders(struct decision *decision, const struct zone *zone,
			 const struct peer *peer, const struct prefix *prefix, const char *text)
{
	const struct peer *holder;
	struct prefix held;

	while ((holder = state_prefix_holder(decision->draft, zone->name, prefix, &peer->key,
					     &held))) {
		char held_text[PREFIX_TEXT_BYTES];
		char label[PEER_LABEL_BYTES];
		int r;

		if (may_pass(decision, holder, peer) || may_take(decision, &held, prefix)) {
			r = take_from(decision, holder, &held);
			if (r < 0)
				return r;
			continue;
		}
		prefix_format(&held, held_text);
		return decision_refuse(decision, "E409-prefix-overlap",
				       "choose another prefix, or let an admin move it: PATCH "
				       "/peers/<key>?take=true",
				       "child prefix %s overlaps %s, held by peer %s", text,
				       held_text, peer_label(holder, label));
	}
	return 0;
}

int decision_settle_prefixes(struct decision *decision, const struct zone *zone, struct peer *peer,
			     const struct peer *old)
{
	struct prefix_vec *prefixes = &peer->prefixes;
	bool stays = old && str_eq(old->zone, peer->zone);
	uint64_t max = decision->context->limits->prefixes_per_peer;
	int r = 0;

	prefix_vec_order(prefixes);
	/* A limit that was lowered takes nothing away. */
	if (prefixes->len > max && (!stays || prefixes->len > old->prefixes.len))
		return decision_limit(decision, prefixes->len, max, "child prefixes per peer");
	for (size_t i = 0; r == 0 && i < prefixes->len; i++) {
		const struct prefix *prefix = &prefixes->at[i];
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		/* In order, an overlap within the set is always one with the next. */
		if (i > 0 && prefix_overlaps(prefix - 1, prefix))
			return decision_refuse(decision, "E409-prefix-overlap",
					       "name each range of addresses once",
					       "child prefix %s overlaps another one of this peer",
					       text);
		if (stays && has_prefix(old, prefix))
			continue;
		r = check_alone(decision, zone, peer, prefix, text);
		if (r == 0)
			r = check_holders(decision, zone, peer, prefix, text);
	}
	return r;
}
