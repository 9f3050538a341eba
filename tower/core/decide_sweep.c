// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The sweep, once a minute: reaps peers that were not seen for too long, clears away addresses
 * that have rested and tokens long expired.
 */
#include "tower/core/decision.h"

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
	const struct peer *peer = NULL;
	int r = 0;

	while (r == 0 && left > 0 && has_room(decision) &&
	       (peer = state_next_peer(decision->state, zone->name, peer ? &peer->key : NULL))) {
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
	const struct resting *resting = NULL;
	int r = 0;

	while (r == 0 && has_room(decision) &&
	       (resting = state_next_resting(decision->state, zone->name,
					     resting ? resting->until_ms : 0,
					     resting ? &resting->ip : NULL)) &&
	       resting->until_ms <= decision->context->now_ms)
		r = decision_remove_resting(decision, resting);
	return r;
}

static int clear_tokens(struct decision *decision, const struct zone *zone)
{
	const struct token *token = NULL;
	int r = 0;

	while (r == 0 && has_room(decision) &&
	       (token = state_next_token(decision->state, zone->name, token ? token->id : NULL))) {
		if (token->expires_ms == 0 ||
		    decision->context->now_ms - token->expires_ms < TOKEN_KEPT_MS)
			continue;
		/* Its ranges still bind the peers that it admitted. */
		if (token->ranges.len > 0 &&
		    state_token_has_peers(decision->draft, zone->name, token->id))
			continue;
		r = decision_remove_token(decision, token);
	}
	return r;
}

int decide_sweep(struct decision *decision)
{
	const struct zone *zone = NULL;
	int r = 0;

	while (r == 0 && (zone = state_next_zone(decision->state, zone ? zone->name : NULL))) {
		r = clear_rested(decision, zone);
		if (r == 0)
			r = reap_peers(decision, zone);
		if (r == 0)
			r = clear_tokens(decision, zone);
	}
	return r;
}
