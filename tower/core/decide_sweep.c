// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The sweep, once a minute: reaps peers that were not seen for too long, clears away addresses
 * that have rested and tokens long expired.
 */
#include "tower/core/decision.h"
#include "tower/core/index.h"

#define SWEEP_OPS_MAX 10000                       /* the next sweep goes on */
#define REAPED_SHARE 100                          /* at most one of so many peers of a zone */
#define TOKEN_KEPT_MS (INT64_C(7) * 86400 * 1000) /* an expired token is still listed */

static bool has_room(const struct decision *decision)
{
	return decision->change->ops.len < SWEEP_OPS_MAX;
}

static bool is_due(const struct decision *decision, const struct zone *zone,
		   const struct peer *peer)
{
	int64_t ttl_s = peer->ephemeral_ttl_s > 0 ? peer->ephemeral_ttl_s : zone->peer_ttl_s;

	return ttl_s > 0 && !peer->agentless &&
	       decision->context->now_ms - decision_last_seen_ms(decision, peer) >= ttl_s * 1000;
}

/* Few at a time: when a network fails between nodes and tower, most of a zone must survive it. */
static int reap_peers(struct decision *decision, const struct zone *zone)
{
	uint64_t left = MAX(state_peers_len(decision->state, zone->name) / REAPED_SHARE, 1);
	const struct peer *peer = state_next_peer(decision->state, zone->name, NULL);
	int r = 0;

	for (; r == 0 && left > 0 && peer && has_room(decision); peer = peer_entry_next(peer)) {
		if (!is_due(decision, zone, peer))
			continue;
		left--;
		r = decision_remove_peer(decision, peer);
		if (r == 0)
			r = decision_rest_freed(decision, peer);
	}
	return r;
}

static int clear_rested(struct decision *decision, const struct zone *zone)
{
	const struct state *state = decision->state;
	const struct resting *at;
	int r = 0;

	for (at = state_next_resting(state, zone->name, 0, NULL);
	     r == 0 && at && at->until_ms <= decision->context->now_ms && has_room(decision);
	     at = state_next_resting(state, zone->name, at->until_ms, &at->ip))
		r = decision_remove_resting(decision, at);
	return r;
}

/* Ranges go on binding the peers that the token admitted. */
static bool is_needed(const struct decision *decision, const struct token *token)
{
	return token->ranges.len > 0 &&
	       state_token_has_peers(decision->draft, token->zone, token->id);
}

static int clear_tokens(struct decision *decision, const struct zone *zone)
{
	const struct state *state = decision->state;
	int64_t expired_before_ms = decision->context->now_ms - TOKEN_KEPT_MS;
	const struct token *token;
	int r = 0;

	for (token = state_next_token(state, zone->name, NULL);
	     r == 0 && token && has_room(decision);
	     token = state_next_token(state, zone->name, token->id)) {
		if (token->expires_ms > 0 && token->expires_ms <= expired_before_ms &&
		    !is_needed(decision, token))
			r = decision_remove_token(decision, token);
	}
	return r;
}

int decide_sweep(struct decision *decision)
{
	const struct state *state = decision->state;
	const struct zone *zone;
	int r = 0;

	for (zone = state_next_zone(state, NULL); r == 0 && zone;
	     zone = state_next_zone(state, zone->name)) {
		r = clear_rested(decision, zone);
		if (r == 0)
			r = reap_peers(decision, zone);
		if (r == 0)
			r = clear_tokens(decision, zone);
	}
	return r;
}
