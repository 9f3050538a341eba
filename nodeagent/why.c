// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "mesh/doc.h"

#define HANDSHAKE_FRESH_S 180 /* WireGuard renews within this time while packets go */
#define KEY_BEGINNING_MIN 4   /* fewer characters of a key name nobody */

static bool is_named(const struct view_peer *peer, const char *word)
{
	char key[KEY_TEXT_BYTES];
	size_t len = strlen(word);

	key_format(&peer->key, key);
	if (len >= KEY_BEGINNING_MIN && strncmp(key, word, len) == 0)
		return true;
	if (*peer->hostname && str_eq(peer->hostname, word))
		return true;
	for (size_t i = 0; i < peer->claims_len && peer->claims[i].is_address; i++) {
		char address[IP_TEXT_BYTES];

		ip_format(&peer->claims[i].prefix.ip, address);
		if (str_eq(address, word))
			return true;
	}
	return false;
}

/* How many peers the word names; the first of them. */
static size_t find_named(const struct view *view, const char *word,
			 const struct view_peer **ret_peer)
{
	const struct view_peer *peer = NULL;
	size_t found = 0;

	while ((peer = view_next_peer(view, peer))) {
		if (is_named(peer, word) && found++ == 0)
			*ret_peer = peer;
	}
	return found;
}

static void add_reason(json_t *reasons, bool is_good, const char *fmt, ...) _printf_(3, 4);

static void add_reason(json_t *reasons, bool is_good, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	str_clean(text);
	/* A reason for which there is no memory is left out; the others still help. */
	(void)json_array_append_new(reasons,
				    json_pack("{s:b, s:s}", "Good", is_good, "Text", text));
}

static void explain_agent(const struct status_input *input, json_t *reasons)
{
	const struct controller_status *controller = &input->controller;
	bool is_connected = controller->state == CONTROLLER_CONNECTED;

	add_reason(reasons, is_connected, "tower: %s (%s)%s%s", controller->url,
		   controller_state_word(controller->state), *controller->trouble ? ": " : "",
		   controller->trouble);
	if (!is_connected)
		add_reason(reasons, true, "tower: what follows is what it said last");
	if (input->reconcile.in_sync)
		add_reason(reasons, true, "%s: addresses, peers and routes are as the zone says",
			   input->interface);
	else
		add_reason(reasons, false, "%s: not as the zone says: %s", input->interface,
			   input->reconcile.trouble && *input->reconcile.trouble
				   ? input->reconcile.trouble
				   : "being brought in line");
}

static void explain_zone(const struct status_input *input, const struct view_peer *peer,
			 json_t *reasons)
{
	const struct zone *zone = view_zone(input->view);
	const struct view_peer *self = view_peer(input->view, input->public_key);

	add_reason(reasons, true, "zone: it is a peer of zone '%s' since revision %" PRIu64,
		   input->zone, peer->revision);
	if (peer->absent)
		add_reason(
			reasons, false,
			"zone: the tower's new history does not know it; it is kept for a while");
	if (!self)
		add_reason(reasons, false, "zone: this node itself is not in it");
	if (zone && zone->hub_zone && !peer->hub_router && self && !self->hub_router)
		add_reason(reasons, true, "zone: a hub zone: packets go by way of the hub");
}

static void explain_endpoint(const struct view_peer *peer, const struct wg_peer *seen,
			     json_t *reasons)
{
	char declared[ENDPOINT_TEXT_BYTES];
	char used[ENDPOINT_TEXT_BYTES];

	if (peer->endpoint.ip.family == IP_NONE) {
		add_reason(reasons, false,
			   "endpoint: it declared none (--local-endpoint-ip, --internal-network): "
			   "only it can begin");
	} else {
		endpoint_format(&peer->endpoint, declared);
		add_reason(reasons, true, "endpoint: it declared %s", declared);
	}
	if (seen && seen->endpoint.ip.family != IP_NONE) {
		endpoint_format(&seen->endpoint, used);
		add_reason(reasons, true, "endpoint: WireGuard sends to %s", used);
	}
}

static void explain_handshake(const struct status_input *input, const struct wg_peer *seen,
			      json_t *reasons)
{
	int64_t age_s = status_handshake_age_s(input, seen);

	if (!seen)
		add_reason(reasons, false, "WireGuard: %s does not hold this peer",
			   input->interface);
	else if (age_s < 0)
		add_reason(reasons, false,
			   "handshake: none yet; is its UDP port open, does it run, and is this "
			   "node's endpoint right over there?");
	else
		add_reason(reasons, age_s <= HANDSHAKE_FRESH_S, "handshake: %" PRId64 " s ago%s",
			   age_s,
			   age_s <= HANDSHAKE_FRESH_S ? ""
						      : "; while packets go it is renewed sooner");
	if (seen)
		add_reason(reasons, seen->rx_bytes > 0,
			   "packets: %" PRIu64 " bytes came, %" PRIu64 " went", seen->rx_bytes,
			   seen->tx_bytes);
}

static bool is_route_of(const struct view_peer *peer, const struct prefix *route)
{
	for (size_t i = 0; i < peer->claims_len; i++) {
		if (prefix_equal(&peer->claims[i].prefix, route))
			return true;
	}
	return false;
}

/* What this node does not send to the peer, for the way is somebody else's. */
static void explain_routes(const struct status_input *input, const struct view_peer *peer,
			   json_t *reasons)
{
	const struct plan_conflict_vec *conflicts = input->reconcile.conflicts;
	char text[PLAN_CONFLICT_TEXT_BYTES];

	for (size_t i = 0; conflicts && i < conflicts->len; i++) {
		if (!is_route_of(peer, &conflicts->at[i].route))
			continue;
		plan_conflict_format(&conflicts->at[i], text);
		add_reason(reasons, false, "route: %s", text);
	}
}

json_t *why_explain(const struct status_input *input, const char *word)
{
	_cleanup_(doc_unref) json_t *reasons = json_array();
	const struct view_peer *peer = NULL;
	const struct wg_peer *seen;
	size_t found = find_named(input->view, word, &peer);
	char text[512];
	char key[KEY_TEXT_BYTES];

	if (found != 1) {
		(void)snprintf(text, sizeof(text),
			       found == 0 ? "no peer of zone '%s' has the name, address or key "
					    "'%.64s'; 'aircrew status' lists them"
					  : "several peers of zone '%s' go by '%.64s': name it by "
					    "its key",
			       input->zone, word);
		str_clean(text);
		return json_pack("{s:s}", "Error", text);
	}
	key_format(&peer->key, key);
	if (key_compare(&peer->key, input->public_key) == 0)
		return json_pack("{s:s}", "Error", "that is this node itself");
	seen = status_find_seen(input, &peer->key);
	explain_agent(input, reasons);
	explain_zone(input, peer, reasons);
	explain_routes(input, peer, reasons);
	explain_endpoint(peer, seen, reasons);
	explain_handshake(input, seen, reasons);
	add_reason(reasons, true,
		   "presence: the tower knows when it saw it last: GET %s/peers/<key>/status",
		   input->controller.url);
	return json_pack("{s:s, s:s, s:o, s:O}", "Peer", key, "Hostname", peer->hostname,
			 "NodeAddress", status_address_text(peer), "Reasons", reasons);
}

void why_print(const json_t *answer, FILE *to)
{
	const json_t *reasons = json_object_get(answer, "Reasons");
	const json_t *reason;
	size_t i;

	(void)fprintf(to, "%s %s %s\n", json_string_value(json_object_get(answer, "Peer")),
		      json_string_value(json_object_get(answer, "Hostname")),
		      json_string_value(json_object_get(answer, "NodeAddress")));
	json_array_foreach(reasons, i, reason) {
		(void)fprintf(to, "  %s %s\n",
			      json_is_true(json_object_get(reason, "Good")) ? "ok" : "!!",
			      json_string_value(json_object_get(reason, "Text")));
	}
}
