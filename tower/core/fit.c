// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whether an op fits a state. The rules were applied when the change was decided; this only keeps
 * a damaged log or row from leading to a state that cannot be.
 */
#include <errno.h>

#include "base/str.h"
#include "tower/core/index.h"

static bool same_cidr(const struct zone *a, const struct zone *b)
{
	if (a->cidr_len != b->cidr_len)
		return false;
	for (uint8_t i = 0; i < a->cidr_len; i++) {
		if (!prefix_equal(&a->cidr[i], &b->cidr[i]))
			return false;
	}
	return true;
}

static int zone_fits(const struct state *state, const struct zone *zone, struct err *err)
{
	const struct zone *old = state_zone(state, zone->name);

	if (!zone_name_is_valid(zone->name))
		return err_set(err, -EPROTO, "'%s' is no zone name", zone->name);
	if (zone->cidr_len == 0 || zone->cidr_len > ZONE_CIDRS_MAX)
		return err_set(err, -EPROTO, "zone %s has no CIDR", zone->name);
	if (old && !same_cidr(old, zone))
		return err_set(err, -EPROTO, "the CIDR of zone %s would change", zone->name);
	return 0;
}

static int zone_removal_fits(const struct state *state, const struct zone *zone, struct err *err)
{
	if (state->under)
		return err_set(err, -EPROTO, "zone %s: not to be removed in an overlay",
			       zone->name);
	if (!state_zone(state, zone->name))
		return err_set(err, -EPROTO, "zone %s is not there", zone->name);
	if (state_peers_len(state, zone->name) > 0 || state_tokens_len(state, zone->name) > 0 ||
	    state_resting_len(state, zone->name) > 0)
		return err_set(err, -EPROTO, "zone %s is not empty", zone->name);
	return 0;
}

/* Whether the address can be in use in the zone at all. */
static int address_fits(const struct zone *zone, const struct ip *ip, struct err *err)
{
	const struct prefix *cidr = zone_cidr(zone, ip->family);
	char text[IP_TEXT_BYTES];

	if (cidr && prefix_contains(cidr, ip) && !zone_reserves(zone, ip))
		return 0;
	ip_format(ip, text);
	return err_set(err, -EPROTO, "address %s is reserved or outside zone %s", text, zone->name);
}

static int lease_fits(const struct state *state, const struct zone *zone, const struct peer *peer,
		      const struct ip *ip, struct err *err)
{
	const struct peer *holder;
	char text[IP_TEXT_BYTES];
	int r;

	if (ip->family == IP_NONE)
		return 0;
	r = address_fits(zone, ip, err);
	if (r < 0)
		return r;
	ip_format(ip, text);
	holder = state_holder(state, zone->name, ip);
	if (holder && key_compare(&holder->key, &peer->key) != 0)
		return err_set(err, -EPROTO, "address %s of zone %s would be held twice", text,
			       zone->name);
	if (state_resting(state, zone->name, ip))
		return err_set(err, -EPROTO, "address %s of zone %s is resting", text, zone->name);
	return 0;
}

static int prefixes_fit(const struct state *state, const struct zone *zone, const struct peer *peer,
			struct err *err)
{
	for (size_t i = 0; i < peer->prefixes.len; i++) {
		const struct prefix *prefix = &peer->prefixes.at[i];
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		for (uint8_t j = 0; j < zone->cidr_len; j++) {
			if (prefix_overlaps(prefix, &zone->cidr[j]))
				return err_set(err, -EPROTO, "child prefix %s overlaps zone %s",
					       text, zone->name);
		}
		/* In ascending order an overlap is always one with the next. */
		if (i > 0 && (prefix_compare(prefix - 1, prefix) >= 0 ||
			      prefix_overlaps(prefix - 1, prefix)))
			return err_set(err, -EPROTO, "child prefix %s is out of order", text);
		if (state_prefix_holder(state, zone->name, prefix, &peer->key, NULL))
			return err_set(err, -EPROTO, "child prefix %s would be held twice", text);
	}
	return 0;
}

static int peer_fits(const struct state *state, const struct op *op, struct err *err)
{
	const struct peer *peer = &op->peer;
	const struct zone *zone = state_zone(state, peer->zone);
	const struct peer *old = state_peer(state, &peer->key);
	const char *old_zone = op->from_zone[0] ? op->from_zone : peer->zone;
	char key[KEY_SHORT_BYTES];
	int r = 0;

	key_format_short(&peer->key, key);
	if (!zone)
		return err_set(err, -EPROTO, "peer %s: no zone '%s'", key, peer->zone);
	if ((old && !str_eq(old->zone, old_zone)) || (!old && op->from_zone[0]))
		return err_set(err, -EPROTO, "peer %s is not in zone %s", key, old_zone);
	if (peer->address[0].family != IP_NONE &&
	    peer->address[0].family == peer->address[1].family)
		return err_set(err, -EPROTO, "peer %s has two addresses of one family", key);
	for (unsigned i = 0; r == 0 && i < ZONE_CIDRS_MAX; i++)
		r = lease_fits(state, zone, peer, &peer->address[i], err);
	if (r == 0)
		r = prefixes_fit(state, zone, peer, err);
	if (r < 0)
		(void)err_wrap(err, "peer %s", key);
	return r;
}

static int peer_removal_fits(const struct state *state, const struct peer *peer, struct err *err)
{
	const struct peer *old = state_peer(state, &peer->key);
	char key[KEY_SHORT_BYTES];

	if (old && str_eq(old->zone, peer->zone))
		return 0;
	key_format_short(&peer->key, key);
	return err_set(err, -EPROTO, "peer %s is not in zone '%s'", key, peer->zone);
}

static int token_fits(const struct state *state, const struct token *token, struct err *err)
{
	const struct token *old = state_token(state, token->id);

	if (!token->id[0])
		return err_set(err, -EPROTO, "a token without an id");
	if (!state_zone(state, token->zone))
		return err_set(err, -EPROTO, "token %s: no zone '%s'", token->id, token->zone);
	if (old && !str_eq(old->zone, token->zone))
		return err_set(err, -EPROTO, "token %s is of zone %s", token->id, old->zone);
	return 0;
}

static int token_removal_fits(const struct state *state, const struct token *token, struct err *err)
{
	const struct token *old = state_token(state, token->id);

	if (old && str_eq(old->zone, token->zone))
		return 0;
	return err_set(err, -EPROTO, "token %s is not in zone '%s'", token->id, token->zone);
}

static int resting_fits(const struct state *state, const struct resting *resting, struct err *err)
{
	const struct zone *zone = state_zone(state, resting->zone);
	char text[IP_TEXT_BYTES];
	int r;

	if (!zone)
		return err_set(err, -EPROTO, "resting address: no zone '%s'", resting->zone);
	r = address_fits(zone, &resting->ip, err);
	if (r < 0)
		return r;
	if (!state_holder(state, zone->name, &resting->ip))
		return 0;
	ip_format(&resting->ip, text);
	return err_set(err, -EPROTO, "address %s of zone %s is leased", text, zone->name);
}

static int resting_removal_fits(const struct state *state, const struct resting *resting,
				struct err *err)
{
	char text[IP_TEXT_BYTES];

	if (state_resting(state, resting->zone, &resting->ip))
		return 0;
	ip_format(&resting->ip, text);
	return err_set(err, -EPROTO, "address %s of zone '%s' is not resting", text, resting->zone);
}

int op_fits(const struct state *state, const struct op *op, struct err *err)
{
	switch (op->kind) {
	case OP_PUT_ZONE:
		return zone_fits(state, &op->zone, err);
	case OP_REMOVE_ZONE:
		return zone_removal_fits(state, &op->zone, err);
	case OP_PUT_PEER:
		return peer_fits(state, op, err);
	case OP_REMOVE_PEER:
		return peer_removal_fits(state, &op->peer, err);
	case OP_PUT_TOKEN:
		return token_fits(state, &op->token, err);
	case OP_REMOVE_TOKEN:
		return token_removal_fits(state, &op->token, err);
	case OP_PUT_RESTING:
		return resting_fits(state, &op->resting, err);
	case OP_REMOVE_RESTING:
		return resting_removal_fits(state, &op->resting, err);
	}
	return err_set(err, -EPROTO, "an op of no known kind");
}
