// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Join tokens: created, deleted.
 */
#include "base/str.h"
#include "tower/core/decision.h"
#include "tower/core/index.h"

static int check_address(struct decision *decision, const struct zone *zone, const struct ip *ip)
{
	const struct prefix *cidr = zone_cidr(zone, ip->family);
	char text[IP_TEXT_BYTES];

	if (ip->family == IP_NONE)
		return 0;
	ip_format(ip, text);
	if (!cidr || !prefix_contains(cidr, ip))
		return decision_refuse(
			decision, "E422-address", "fix an address inside the zone's CIDR, or none",
			"address %s is outside zone %s (%s)", text, zone->name, zone->cidr_typed);
	if (zone_reserves(zone, ip))
		return decision_refuse(decision, "E409-reserved", "fix another address, or none",
				       "address %s is the first or last of zone %s: no node's",
				       text, zone->name);
	return 0;
}

static int check_ranges(struct decision *decision, const struct token *token)
{
	if (token->ranges.len > TOKEN_RANGES_MAX)
		return decision_limit(decision, token->ranges.len, TOKEN_RANGES_MAX,
				      "prefix ranges per token");
	for (size_t i = 0; i < token->ranges.len; i++) {
		char text[PREFIX_TEXT_BYTES];
		struct err err;

		if (prefix_check_routable(&token->ranges.at[i], &err) == 0)
			continue;
		prefix_format(&token->ranges.at[i], text);
		return decision_refuse(decision, "E422-prefix",
				       "name unicast ranges; none at all allows any prefix",
				       "prefix range %s: %s", text, err.text);
	}
	return 0;
}

int decide_token_create(struct decision *decision)
{
	struct token token = decision->request->token; /* a view: decision_put_token copies */
	const struct zone *zone = state_zone(decision->state, token.zone);
	int r;

	if (!zone)
		return decision_no_zone(decision, token.zone);
	if (state_token(decision->state, token.id))
		return decision_refuse(decision, "E503-busy", "repeat the request",
				       "the id that was drawn is another token's");
	if (token.ephemeral_ttl_s < 0 || token.ephemeral_ttl_s > STR_SECONDS_MAX ||
	    token.expires_ms < 0)
		return decision_refuse(decision, "E400-field",
				       "give seconds, or a time such as \"15m\"",
				       "EphemeralTTL or TTL is out of range");
	r = decision_limit(decision, state_tokens_len(decision->state, token.zone),
			   decision->context->limits->tokens_per_zone, "tokens per zone");
	for (unsigned slot = 0; r == 0 && slot < FAMILIES; slot++)
		r = check_address(decision, zone, &token.address[slot]);
	if (r == 0)
		r = check_ranges(decision, &token);
	token.created_ms = decision->context->now_ms;
	token.uses = 0;
	return r < 0 ? r : decision_put_token(decision, &token);
}

/*
 * A token whose ranges still bind peers that it admitted only expires: the ranges must not be
 * lifted by deleting it. The sweep removes it when the last of these peers has gone.
 */
static int retire(struct decision *decision, const struct token *token)
{
	struct token retired = *token; /* a view: decision_put_token copies */
	int64_t now_ms = decision->context->now_ms;

	if (token->expires_ms > 0 && token->expires_ms <= now_ms)
		return 0;
	retired.expires_ms = now_ms;
	return decision_put_token(decision, &retired);
}

int decide_token_delete(struct decision *decision)
{
	const char *zone = decision->request->token_delete.zone;
	const char *id = decision->request->token_delete.id;
	const struct token *token = state_token(decision->state, id);
	int r;

	if (!state_zone(decision->state, zone))
		return decision_no_zone(decision, zone);
	if (!token || !str_eq(token->zone, zone))
		return decision_refuse(decision, "E404-token",
				       "GET /zones/<zone>/tokens lists them",
				       "zone %s has no join token %s", zone, id);
	r = decision_match(decision, token->revision);
	if (r < 0)
		return r;
	if (token->ranges.len > 0 && state_token_has_peers(decision->state, zone, id))
		return retire(decision, token);
	return decision_remove_token(decision, token);
}
