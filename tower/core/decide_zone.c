// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Zones: created, patched, deleted.
 */
#include <stdio.h>

#include "base/str.h"
#include "tower/core/decision.h"
#include "tower/core/index.h"

#define QUARANTINE_DEFAULT_S 60

void decide_zone_defaults(struct zone *zone)
{
	zone->takeover = TAKEOVER_ALWAYS;
	zone->quarantine_s = QUARANTINE_DEFAULT_S;
	zone->signpost_join = true;
}

static int check_times(struct decision *decision, const struct zone *zone)
{
	const char *name = zone->peer_ttl_s < 0 ? "PeerTTL" : "Quarantine";

	if (zone->peer_ttl_s >= 0 && zone->peer_ttl_s <= STR_SECONDS_MAX &&
	    zone->quarantine_s >= 0 && zone->quarantine_s <= STR_SECONDS_MAX)
		return 0;
	return decision_refuse(decision, "E400-field",
			       "give seconds, or a time such as \"15m\"; 0 turns it off",
			       "%s of zone %s is out of range", name, zone->name);
}

int decide_zone_create(struct decision *decision)
{
	struct zone zone = decision->request->zone;
	char typed[ZONE_CIDR_TEXT_BYTES];
	struct err err;
	int r;

	if (!zone_name_is_valid(zone.name))
		return decision_refuse(
			decision, "E400-name",
			"use letters, digits, '.', '_' and '-', at most 63, the first a letter or digit",
			"'%s' is not a zone's name", zone.name);
	memcpy(typed, zone.cidr_typed, sizeof(typed));
	if (zone_set_cidr(&zone, typed, &err) < 0)
		return decision_refuse(
			decision, "E400-cidr",
			"give one IPv4 prefix, one IPv6 prefix, or both with a comma",
			"the CIDR of zone %s: %s", zone.name, err.text);
	if (state_zone(decision->state, zone.name))
		return decision_refuse(decision, "E409-zone-exists",
				       "choose another name, or PATCH the zone that there is",
				       "there is a zone '%s' already", zone.name);
	r = check_times(decision, &zone);
	if (r == 0)
		r = decision_limit(decision, state_zones_len(decision->state),
				   decision->context->limits->zones, "zones");
	zone.created_ms = decision->context->now_ms;
	return r < 0 ? r : decision_put_zone(decision, &zone);
}

/* A zone that becomes a hub zone may have one hub at most. */
static int check_hubs(struct decision *decision, const struct zone *zone)
{
	const struct peer *one = state_hub(decision->state, zone->name, NULL);
	const struct peer *other = one ? state_hub(decision->state, zone->name, &one->key) : NULL;
	char one_label[PEER_LABEL_BYTES];
	char other_label[PEER_LABEL_BYTES];

	if (!zone->hub_zone || !other)
		return 0;
	return decision_refuse(decision, "E409-hub-exists",
			       "PATCH all hub routers but one with HubRouter false first",
			       "zone %s has more than one hub router: %s and %s", zone->name,
			       peer_label(one, one_label), peer_label(other, other_label));
}

static bool same_options(const struct zone *a, const struct zone *b)
{
	return str_eq(a->description, b->description) && a->hub_zone == b->hub_zone &&
	       a->takeover == b->takeover && a->peer_ttl_s == b->peer_ttl_s &&
	       a->quarantine_s == b->quarantine_s && a->signpost_join == b->signpost_join;
}

int decide_zone_patch(struct decision *decision)
{
	const struct zone_patch *patch = &decision->request->zone_patch;
	const struct zone *values = &patch->values;
	const struct zone *old = state_zone(decision->state, values->name);
	struct zone zone;
	int r;

	if (!old)
		return decision_no_zone(decision, values->name);
	zone = *old;
	if (patch->has_description)
		memcpy(zone.description, values->description, sizeof(zone.description));
	if (patch->has_hub_zone)
		zone.hub_zone = values->hub_zone;
	if (patch->has_takeover)
		zone.takeover = values->takeover;
	if (patch->has_peer_ttl)
		zone.peer_ttl_s = values->peer_ttl_s;
	if (patch->has_quarantine)
		zone.quarantine_s = values->quarantine_s;
	if (patch->has_signpost_join)
		zone.signpost_join = values->signpost_join;
	if ((r = decision_match(decision, old->revision)) < 0 ||
	    (r = check_times(decision, &zone)) < 0 || (r = check_hubs(decision, &zone)) < 0)
		return r;
	return same_options(old, &zone) ? 0 : decision_put_zone(decision, &zone);
}

/*
 * Everything in the zone goes with it. That can be a hundred thousand rows, all of them removals:
 * they are not tried on the draft.
 */
static int remove_all(struct decision *decision, const char *name)
{
	const struct state *state = decision->state;
	const struct resting *resting;
	const struct token *token;
	const struct peer *peer;
	struct op op = { .kind = OP_REMOVE_PEER };
	int r = 0;

	for (peer = state_next_peer(state, name, NULL); r == 0 && peer;
	     peer = peer_entry_next(peer)) {
		op.peer.key = peer->key;
		(void)snprintf(op.peer.zone, sizeof(op.peer.zone), "%s", name);
		r = change_add(decision->change, &op);
	}
	op = (struct op){ .kind = OP_REMOVE_TOKEN };
	for (token = state_next_token(state, name, NULL); r == 0 && token;
	     token = state_next_token(state, name, token->id)) {
		(void)snprintf(op.token.id, sizeof(op.token.id), "%s", token->id);
		(void)snprintf(op.token.zone, sizeof(op.token.zone), "%s", name);
		r = change_add(decision->change, &op);
	}
	op = (struct op){ .kind = OP_REMOVE_RESTING };
	for (resting = state_next_resting(state, name, 0, NULL); r == 0 && resting;
	     resting = state_next_resting(state, name, resting->until_ms, &resting->ip)) {
		op.resting.ip = resting->ip;
		(void)snprintf(op.resting.zone, sizeof(op.resting.zone), "%s", name);
		r = change_add(decision->change, &op);
	}
	op = (struct op){ .kind = OP_REMOVE_ZONE };
	(void)snprintf(op.zone.name, sizeof(op.zone.name), "%s", name);
	return r < 0 ? r : change_add(decision->change, &op);
}

int decide_zone_delete(struct decision *decision)
{
	const char *name = decision->request->zone_delete.name;
	const struct zone *zone = state_zone(decision->state, name);
	uint64_t peers = state_peers_len(decision->state, name);
	int r;

	if (!zone)
		return decision_no_zone(decision, name);
	r = decision_match(decision, zone->revision);
	if (r < 0)
		return r;
	if (peers > 0 && !decision->request->zone_delete.force)
		return decision_refuse(
			decision, "E409-zone-in-use",
			"remove its peers first, or say ?force=true to remove them with it",
			"zone %s has %ju peers", name, (uintmax_t)peers);
	return remove_all(decision, name);
}
