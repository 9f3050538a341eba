// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Joins: who is let in, whose place it takes, which instance speaks for the key.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "tower/core/decision.h"
#include "tower/core/index.h"

#define CLONE_WINDOW_MS (10 * 60 * 1000)

/* One join in the making. */
struct join {
	struct decision *decision;
	const struct peer_wish *wish;
	const struct zone *zone;
	const struct peer *old;      /* the key's row, in whatever zone; NULL for an unknown key */
	const struct token *token;   /* that admits it; NULL when none is used up */
	const struct peer *replaced; /* the node whose place it takes; NULL for none */
	bool enters;                 /* an unknown key, or from another zone */
	struct peer peer;            /* what is to become of it */
};

/* --- who is let in --- */

static int check_token(struct join *join)
{
	static const char hint[] = "get a new one: POST /zones/<zone>/tokens";
	const struct peer_wish *wish = join->wish;
	const struct token *token = state_token(join->decision->state, wish->token_id);

	if (!token)
		return decision_refuse(join->decision, "E401-token", hint,
				       "there is no join token %s", wish->token_id);
	if (!str_eq(token->zone, wish->zone))
		return decision_refuse(join->decision, "E403-zone", hint,
				       "join token %s is for another zone than %s", token->id,
				       wish->zone);
	if (token->expires_ms > 0 && join->decision->context->now_ms >= token->expires_ms)
		return decision_refuse(join->decision, "E401-token", hint,
				       "join token %s has expired", token->id);
	if (token->uses_max > 0 && token->uses >= token->uses_max)
		return decision_refuse(join->decision, "E401-token", hint,
				       "join token %s is used up: it was good for %ju", token->id,
				       (uintmax_t)token->uses_max);
	join->token = token;
	return 0;
}

/* Whoever may read the signpost may join, where the zone lets them. */
static int check_signpost(struct join *join)
{
	if (join->zone->signpost_join)
		return 0;
	return decision_refuse(join->decision, "E403-zone",
			       "join with a token of that zone: POST /zones/<zone>/tokens, aircrew "
			       "--join-token-file=FILE",
			       "zone %s takes no joins by the signpost's secret (its SignpostJoin "
			       "is false)",
			       join->zone->name);
}

static int admit(struct join *join)
{
	if (join->wish->agentless && join->wish->admission != ADMITTED_ADMIN)
		return decision_refuse(join->decision, "E403-role",
				       "let an admin register the device",
				       "only an admin registers devices without an agent");
	if (!join->enters || join->wish->admission == ADMITTED_ADMIN)
		return 0;
	if (join->wish->admission == ADMITTED_TOKEN)
		return check_token(join);
	if (join->wish->admission == ADMITTED_SIGNPOST)
		return check_signpost(join);
	return decision_refuse(join->decision, "E401-token",
			       "join with a token of that zone: POST /zones/<zone>/tokens",
			       join->old ? "to move from another zone to %s takes a join token"
					 : "an unknown key takes a join token of zone %s",
			       join->wish->zone);
}

/* --- which instance speaks --- */

/* A displaced instance comes back; a key that lives on two machines shows by returns that go on. */
static int note_return(struct join *join)
{
	int64_t now_ms = join->decision->context->now_ms;
	struct peer *peer = &join->peer;
	unsigned returns = 1;
	char key[KEY_SHORT_BYTES];

	for (size_t i = 0; i < PEER_RETURNS_MAX; i++)
		returns +=
			peer->returned_ms[i] > 0 && now_ms - peer->returned_ms[i] < CLONE_WINDOW_MS;
	if (returns >= PEER_RETURNS_MAX) {
		key_format_short(&peer->key, key);
		return decision_refuse(
			join->decision, "E409-cloned-key",
			"on the machine that is to keep the address: aircrew rotate-key; the other one "
			"gets another --private-key-file",
			"two machines use the key of peer %s: it came back %u times within ten minutes",
			key, returns);
	}
	memmove(&peer->returned_ms[0], &peer->returned_ms[1],
		sizeof(peer->returned_ms) - sizeof(peer->returned_ms[0]));
	peer->returned_ms[PEER_RETURNS_MAX - 1] = now_ms;
	return 0;
}

/*
 * Only a start takes the key over. An agent that just comes back after an outage holds a
 * generation, and has to hear that it is not the last one any more.
 */
int decision_match_generation(struct decision *decision, const struct peer *peer,
			      const char *instance, uint64_t generation)
{
	char label[PEER_LABEL_BYTES];

	if (generation == 0 || generation >= peer->generation || !peer->instance[0] ||
	    str_eq(instance, peer->instance))
		return 0;
	return decision_refuse(
		decision, "E409-displaced", "start aircrew here again to take the key back",
		"another machine took the key of peer %s over: it is at generation "
		"%ju, this one at %ju",
		peer_label(peer, label), (uintmax_t)peer->generation, (uintmax_t)generation);
}

/* Another instance takes the key over; the first one just gives its name. */
static int note_instance(struct join *join)
{
	const char *instance = join->wish->instance;
	struct peer *peer = &join->peer;
	int r;

	if (!instance[0] || str_eq(instance, peer->instance))
		return 0;
	r = decision_match_generation(join->decision, peer, instance, join->wish->generation);
	if (r < 0)
		return r;
	if (peer->instance[0]) {
		if (str_eq(instance, peer->displaced))
			r = note_return(join);
		peer->generation++;
		memcpy(peer->displaced, peer->instance, sizeof(peer->displaced));
	}
	memcpy(peer->instance, instance, sizeof(peer->instance));
	return r;
}

/* --- whose place it takes --- */

/*
 * The same host name with another node uid, by the same token: a node that was made anew. The old
 * one goes in this change, and its addresses are for the taking.
 */
static int replace_node(struct join *join)
{
	const struct peer *peer = &join->peer;
	const struct peer *node;

	if (!join->token || !peer->node_uid[0] || !peer->hostname[0])
		return 0;
	node = state_node(join->decision->state, peer->zone, peer->token_id, peer->hostname);
	if (!node || str_eq(node->node_uid, peer->node_uid))
		return 0;
	join->replaced = node;
	return decision_remove_peer(join->decision, node);
}

/* --- the row --- */

/* A peer enters the zone by a token or by an admin, as if it had never been elsewhere. */
static void enter(struct join *join)
{
	struct peer *peer = &join->peer;
	const struct token *token = join->token;

	(void)snprintf(peer->zone, sizeof(peer->zone), "%s", join->wish->zone);
	memset(peer->address, 0, sizeof(peer->address));
	(void)snprintf(peer->token_id, sizeof(peer->token_id), "%s", token ? token->id : "");
	peer->ephemeral_ttl_s = token ? token->ephemeral_ttl_s : 0;
	peer->address_fixed = token && (token->address[0].family != IP_NONE ||
					token->address[1].family != IP_NONE);
}

static int make_row(struct join *join)
{
	const struct peer_wish *wish = join->wish;
	struct peer *peer = &join->peer;
	int r;

	if (join->old) {
		r = peer_copy(join->old, peer);
		if (r < 0)
			return r;
	} else {
		peer->key = wish->key;
		peer->generation = 1;
		peer->created_ms = join->decision->context->now_ms;
	}
	if (join->enters)
		enter(join);
	/* Once an agent speaks for it, it is a device with an agent. */
	peer->agentless = wish->agentless || (peer->agentless && !wish->instance[0]);
	if (wish->node_uid[0])
		memcpy(peer->node_uid, wish->node_uid, sizeof(peer->node_uid));
	r = note_instance(join);
	return r < 0 ? r : decision_apply_wish(join->decision, wish, peer);
}

/* The address that is asked for: the token's, and else the peer's own wish. */
static int make_wish(struct join *join, struct ip ret_wish[ZONE_CIDRS_MAX])
{
	for (unsigned slot = 0; slot < FAMILIES; slot++) {
		const struct ip *fixed = join->token ? &join->token->address[slot] : NULL;
		const struct ip *own = &join->wish->address[slot];
		char text[IP_TEXT_BYTES];

		ret_wish[slot] = (struct ip){ 0 };
		if (join->wish->has_address)
			ret_wish[slot] = *own;
		if (!fixed || fixed->family == IP_NONE)
			continue;
		ip_format(fixed, text);
		if (ret_wish[slot].family != IP_NONE && !ip_equal(own, fixed))
			return decision_refuse(
				join->decision, "E409-fixed", "ask for that address, or for none",
				"join token %s fixes the address to %s", join->token->id, text);
		ret_wish[slot] = *fixed;
	}
	return 0;
}

static int spend_token(struct join *join)
{
	struct token spent;

	if (!join->token)
		return 0;
	spent = *join->token; /* a borrowed view: its ranges are copied with the row */
	spent.uses++;
	return decision_put_token(join->decision, &spent);
}

static int check_room(struct join *join)
{
	if (!join->enters)
		return 0;
	return decision_limit(join->decision,
			      state_peers_len(join->decision->draft, join->zone->name),
			      join->decision->context->limits->peers_per_zone, "peers per zone");
}

static int run_join(struct join *join)
{
	static const struct ip none[ZONE_CIDRS_MAX];
	struct ip wish[ZONE_CIDRS_MAX];
	int r;

	if ((r = admit(join)) < 0 || (r = make_row(join)) < 0 || (r = make_wish(join, wish)) < 0 ||
	    (r = replace_node(join)) < 0 || (r = check_room(join)) < 0)
		return r;
	r = decision_settle_peer(join->decision, join->old, &join->peer, wish,
				 join->replaced ? join->replaced->address : none);
	if (r == 0 && join->replaced)
		r = decision_rest_freed(join->decision, join->replaced);
	return r < 0 ? r : spend_token(join);
}

int decide_join(struct decision *decision)
{
	const struct peer_wish *wish = &decision->request->wish;
	struct join join = {
		.decision = decision,
		.wish = wish,
		.zone = state_zone(decision->state, wish->zone),
		.old = state_peer(decision->state, &wish->key),
	};
	int r;

	if (key_is_zero(&wish->key))
		return decision_refuse(decision, "E400-key", "send the node's WireGuard public key",
				       "a key of zeros is no key");
	if (!join.zone)
		return decision_no_zone(decision, wish->zone);
	join.enters = !join.old || !str_eq(join.old->zone, wish->zone);
	r = run_join(&join);
	peer_done(&join.peer);
	return r;
}
