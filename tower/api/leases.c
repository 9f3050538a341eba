// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * GET /ipam/leases/{zone}: what is taken, in address order: the zone's CIDRs, then the child
 * prefixes.
 */
#include <string.h>

#include "tower/api/call.h"

static int mark_ip(json_t *ips, const struct ip *ip)
{
	char text[IP_TEXT_BYTES];

	ip_format(ip, text);
	return json_object_set_new(ips, text, json_true());
}

/* The first address, and for IPv4 the last, are marked in each prefix. */
static int mark_last(json_t *ips, const struct prefix *prefix)
{
	struct ip last = prefix_last(prefix);

	return prefix->ip.family == IP_V4 ? mark_ip(ips, &last) : 0;
}

static int add_prefix(json_t *list, const struct prefix *prefix, json_t *ips)
{
	char text[PREFIX_TEXT_BYTES];

	prefix_format(prefix, text);
	return json_array_append_new(list, json_pack("{s:s, s:o}", "Cidr", text, "IPs", ips));
}

static int add_cidr(json_t *list, const struct state *state, const struct zone *zone,
		    const struct prefix *cidr)
{
	json_t *ips = json_object();
	struct ip at = prefix_first(cidr);
	const struct peer *peer;
	int r = mark_ip(ips, &at);

	while (r == 0 && (peer = state_next_lease(state, zone->name, &at))) {
		const struct ip *next = &peer->address[cidr->ip.family == IP_V6];

		if (ip_compare(next, &at) <= 0 || next->family != cidr->ip.family)
			break; /* the leases of the other family begin */
		at = *next;
		r = mark_ip(ips, &at);
	}
	if (r == 0)
		r = mark_last(ips, cidr);
	if (r < 0) {
		json_decref(ips);
		return r;
	}
	return add_prefix(list, cidr, ips);
}

static int add_child_prefixes(json_t *list, const struct state *state, const char *zone)
{
	struct prefix at;
	int r = 0;

	for (const struct peer *peer = state_next_prefix(state, zone, NULL, &at); r == 0 && peer;
	     peer = state_next_prefix(state, zone, &at, &at)) {
		json_t *ips = json_object();
		struct ip first = prefix_first(&at);

		if (mark_ip(ips, &first) < 0 || mark_last(ips, &at) < 0) {
			json_decref(ips);
			return -1;
		}
		r = add_prefix(list, &at, ips);
	}
	return r;
}

void leases_list(struct api_call *call)
{
	const struct state *state = call->api->c.state;
	const struct zone *zone = state_zone(state, call->path.zone);
	_cleanup_(doc_unref) json_t *list = json_array();
	char *text;
	int r = 0;

	if (!zone) {
		call_refuse_zone(call);
		return;
	}
	for (uint8_t i = 0; r == 0 && i < zone->cidr_len; i++)
		r = add_cidr(list, state, zone, &zone->cidr[i]);
	if (r == 0)
		r = add_child_prefixes(list, state, zone->name);
	text = r == 0 ? json_dumps(list, JSON_COMPACT) : NULL;
	http_answer_json(call->http, 200, text, text ? strlen(text) : 0);
}
