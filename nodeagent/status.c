// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/status.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/str.h"
#include "mesh/doc.h"

const struct wg_peer *status_find_seen(const struct status_input *input, const struct key *key)
{
	return input->reconcile.observed ? observed_find_peer(input->reconcile.observed, key)
					 : NULL;
}

int64_t status_handshake_age_s(const struct status_input *input, const struct wg_peer *seen)
{
	if (!seen || seen->handshake_s <= 0)
		return -1;
	return MAX(input->now_ms / 1000 - seen->handshake_s, 0);
}

static json_t *time_to_json(int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(ms, text);
	return json_string(text);
}

static json_t *report_tower(const struct controller_status *controller)
{
	const struct tower_target *target = controller->target;

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "Url", controller->url, "Trust",
			 target ? target_trust_words(target->trust) : "", "Signpost",
			 target ? target->signpost : "", "State",
			 controller_state_word(controller->state), "Since",
			 time_to_json(controller->since_ms), "Trouble", controller->trouble);
}

static json_t *report_refusal(const struct controller_status *controller)
{
	const struct refusal *refusal = controller->refusal;

	if (!*refusal->code)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:o}", "Code", refusal->code, "Detail", refusal->detail,
			 "Hint", refusal->hint, "At", time_to_json(controller->refused_ms));
}

static json_t *report_endpoint(const struct own_endpoint_status *status)
{
	static const char *const sources[] = {
		[OWN_ENDPOINT_NONE] = "none",
		[OWN_ENDPOINT_DECLARED] = "declared",
		[OWN_ENDPOINT_INTERNAL] = "internal-network",
		[OWN_ENDPOINT_STUN] = "stun",
	};
	static const char *const nats[] = {
		[OWN_ENDPOINT_NAT_UNKNOWN] = "unknown",
		[OWN_ENDPOINT_NAT_NONE] = "none",
		[OWN_ENDPOINT_NAT_BEHIND] = "behind",
	};
	const struct own_endpoint_choice *choice = &status->choice;
	char address[ENDPOINT_TEXT_BYTES] = "";
	char server[ENDPOINT_TEXT_BYTES] = "";

	if (choice->endpoint.ip.family != IP_NONE)
		endpoint_format(&choice->endpoint, address);
	if (status->server.ip.family != IP_NONE)
		endpoint_format(&status->server, server);
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "Address", address, "Source",
			 sources[choice->source], "Server", server, "Nat", nats[choice->nat],
			 "Public", choice->is_public, "Trouble", status->why ? status->why : "");
}

json_t *status_address_text(const struct view_peer *peer)
{
	struct ip address[ZONE_CIDRS_MAX] = { 0 };

	if (peer)
		view_peer_addresses(peer, address);
	return doc_address_text(address);
}

static json_t *report_prefixes(const struct view_peer *peer)
{
	_cleanup_(doc_unref) json_t *list = json_array();

	for (size_t i = 0; i < peer->claims_len; i++) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(&peer->claims[i].prefix, text);
		if (!peer->claims[i].is_address &&
		    json_array_append_new(list, json_string(text)) < 0)
			return NULL;
	}
	return TAKE_PTR(list);
}

static json_t *report_peer(const struct status_input *input, const struct view_peer *peer)
{
	const struct wg_peer *seen = status_find_seen(input, &peer->key);
	int64_t age_s = status_handshake_age_s(input, seen);
	char key[KEY_TEXT_BYTES];
	char endpoint[ENDPOINT_TEXT_BYTES] = "";

	key_format(&peer->key, key);
	if (seen && seen->endpoint.ip.family != IP_NONE)
		endpoint_format(&seen->endpoint, endpoint);
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:I, s:I}", "PublicKey", key,
			 "Hostname", peer->hostname, "NodeAddress", status_address_text(peer),
			 "ChildPrefixes", report_prefixes(peer), "Endpoint", endpoint,
			 "InWireGuard", seen != NULL, "HandshakeAge",
			 age_s < 0 ? json_null() : json_integer(age_s), "RxBytes",
			 (json_int_t)(seen ? seen->rx_bytes : 0), "TxBytes",
			 (json_int_t)(seen ? seen->tx_bytes : 0));
}

static json_t *report_peers(const struct status_input *input)
{
	_cleanup_(doc_unref) json_t *peers = json_array();
	const struct view_peer *peer = NULL;

	while ((peer = view_next_peer(input->view, peer))) {
		if (key_compare(&peer->key, input->public_key) != 0 &&
		    json_array_append_new(peers, report_peer(input, peer)) < 0)
			return NULL;
	}
	return TAKE_PTR(peers);
}

static json_t *report_conflicts(const struct plan_conflict_vec *conflicts)
{
	_cleanup_(doc_unref) json_t *list = json_array();
	char text[PLAN_CONFLICT_TEXT_BYTES];

	for (size_t i = 0; conflicts && i < conflicts->len; i++) {
		plan_conflict_format(&conflicts->at[i], text);
		if (json_array_append_new(list, json_string(text)) < 0)
			return NULL;
	}
	return TAKE_PTR(list);
}

static json_t *report_quarrels(const struct reconcile_status *reconcile)
{
	_cleanup_(doc_unref) json_t *list = json_array();

	for (size_t i = 0; i < REPAIR_KINDS; i++) {
		if (reconcile->quarrels[i] > 0 &&
		    json_array_append_new(
			    list, json_pack("{s:s, s:I}", "What", repairs_word((enum repair_kind)i),
					    "LastMinute", (json_int_t)reconcile->quarrels[i])) < 0)
			return NULL;
	}
	return TAKE_PTR(list);
}

/* Peers on the interface that the zone does not name, or NULL when there are none. */
static json_t *report_foreign(const struct reconcile_status *reconcile)
{
	_cleanup_(doc_unref) json_t *keys = json_array();
	const struct plan_foreign *foreign = reconcile->foreign;
	char key[KEY_TEXT_BYTES];
	size_t shown = 0;

	if (!foreign || foreign->count == 0)
		return json_null();
	for (size_t i = 0; i < reconcile->observed->peers.len && shown < PLAN_FOREIGN_SHOWN_MAX;
	     i++) {
		const struct wg_peer *peer = reconcile->observed->peers.at[i];

		if (peer->origin != PEER_FOREIGN)
			continue;
		key_format(&peer->key, key);
		if (json_array_append_new(keys, json_string(key)) < 0)
			return NULL;
		shown++;
	}
	return json_pack("{s:b, s:I, s:O}", "Kept", foreign->choice == FOREIGN_KEEP, "Count",
			 (json_int_t)foreign->count, "PublicKeys", keys);
}

json_t *status_report(const struct status_input *input)
{
	const struct view_peer *self = view_peer(input->view, input->public_key);
	const struct reconcile_status *reconcile = &input->reconcile;
	struct event_id id = { 0 };
	char key[KEY_TEXT_BYTES];

	(void)view_id(input->view, &id);
	key_format(input->public_key, key);
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:I, s:s, s:s, s:s, s:i, s:b, s:s, s:o, "
		"s:s, s:o, s:o, s:o, s:o, s:o}",
		"Version", VERSION, "Zone", input->zone, "PublicKey", key, "Hostname",
		self ? self->hostname : "", "NodeAddress", status_address_text(self), "Generation",
		(json_int_t)(self ? self->generation : 0), "Tower",
		report_tower(&input->controller), "Revision", (json_int_t)id.revision, "Interface",
		input->interface, "Backend", reconcile->backend ? reconcile->backend : "",
		"BackendWhy", reconcile->backend_why ? reconcile->backend_why : "", "Mtu",
		(int)reconcile->mtu, "InSync", reconcile->in_sync, "Trouble",
		reconcile->trouble ? reconcile->trouble : "", "Conflicts",
		report_conflicts(reconcile->conflicts), "Overlap",
		reconcile->overlap ? reconcile->overlap : "", "ForeignPeers",
		report_foreign(reconcile), "Undone", report_quarrels(reconcile), "Refusal",
		report_refusal(&input->controller), "Endpoint", report_endpoint(&input->endpoint),
		"Peers", report_peers(input));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(object, name));
}

static void print_bytes(int64_t bytes, FILE *to)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	(void)fprintf(to, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void print_peer(const json_t *peer, FILE *to)
{
	const json_t *age = json_object_get(peer, "HandshakeAge");
	const char *endpoint = text_of(peer, "Endpoint");
	const char *hostname = text_of(peer, "Hostname");

	(void)fprintf(to, "  %.8s  %-16s %-16s %-22s", text_of(peer, "PublicKey"),
		      *hostname ? hostname : "-", text_of(peer, "NodeAddress"),
		      *endpoint ? endpoint : "no endpoint");
	if (json_is_integer(age))
		(void)fprintf(to, " handshake %" PRId64 " s ago, ",
			      number_of(peer, "HandshakeAge"));
	else
		(void)fprintf(to, " no handshake, ");
	print_bytes(number_of(peer, "RxBytes"), to);
	(void)fputs(" in, ", to);
	print_bytes(number_of(peer, "TxBytes"), to);
	(void)fputs(" out\n", to);
}

static void print_endpoint(const json_t *endpoint, FILE *to)
{
	const char *source = text_of(endpoint, "Source");
	const char *server = text_of(endpoint, "Server");
	const char *trouble = text_of(endpoint, "Trouble");
	const char *nat = text_of(endpoint, "Nat");

	if (str_eq(source, "none"))
		(void)fputs("endpoint   none", to);
	else
		(void)fprintf(to, "endpoint   %s, %s", text_of(endpoint, "Address"),
			      str_eq(source, "stun") ? "by STUN from " : source);
	if (str_eq(source, "stun"))
		(void)fprintf(to, "%s, %s", server,
			      str_eq(nat, "behind") ? "behind NAT" : "no NAT");
	if (*trouble)
		(void)fprintf(to, ": %s", trouble);
	else if (str_eq(source, "none"))
		(void)fputs(*server ? ": asking the STUN server"
				    : ": no --local-endpoint-ip, no --internal-network, and the "
				      "tower names no STUN server",
			    to);
	(void)fputc('\n', to);
}

/* As words of the shell that take them away, when they are in the way. */
static void print_foreign(const json_t *report, FILE *to)
{
	const json_t *foreign = json_object_get(report, "ForeignPeers");
	const json_t *keys = json_object_get(foreign, "PublicKeys");
	bool is_kept = json_is_true(json_object_get(foreign, "Kept"));
	const json_t *key;
	size_t i;

	if (!json_is_object(foreign))
		return;
	(void)fprintf(to, "foreign    %" PRId64 " peers that the zone does not name%s\n",
		      number_of(foreign, "Count"),
		      is_kept ? ", kept" : "; the command that removes each:");
	json_array_foreach(keys, i, key) {
		if (is_kept)
			(void)fprintf(to, "           %s\n", json_string_value(key));
		else
			(void)fprintf(to, "           wg set %s peer %s remove\n",
				      text_of(report, "Interface"), json_string_value(key));
	}
	if ((size_t)number_of(foreign, "Count") > json_array_size(keys))
		(void)fputs("           …\n", to);
}

static void print_quarrels(const json_t *report, FILE *to)
{
	const json_t *quarrels = json_object_get(report, "Undone");
	const json_t *quarrel;
	size_t i;

	json_array_foreach(quarrels, i, quarrel) {
		(void)fprintf(to,
			      "undone     %s: put back %" PRId64
			      " times in the last minute; who else manages %s?\n",
			      text_of(quarrel, "What"), number_of(quarrel, "LastMinute"),
			      text_of(report, "Interface"));
	}
}

static void print_refusal(const json_t *refusal, FILE *to)
{
	if (!json_is_object(refusal))
		return;
	(void)fprintf(to, "refused    %s: %s\n           %s (%s)\n", text_of(refusal, "Code"),
		      text_of(refusal, "Detail"), text_of(refusal, "Hint"), text_of(refusal, "At"));
}

void status_print(const json_t *report, FILE *to)
{
	const json_t *tower = json_object_get(report, "Tower");
	const json_t *peers = json_object_get(report, "Peers");
	const json_t *refusal = json_object_get(report, "Refusal");
	const char *trouble = text_of(tower, "Trouble");
	const char *code = text_of(refusal, "Code");
	const char *address = text_of(report, "NodeAddress");
	const json_t *conflicts = json_object_get(report, "Conflicts");
	const json_t *conflict;
	const json_t *peer;
	size_t i;

	(void)fprintf(to, "zone       %s\naddress    %s\nkey        %s\n", text_of(report, "Zone"),
		      *address ? address : "none yet", text_of(report, "PublicKey"));
	(void)fprintf(to, "interface  %s (%s, MTU %" PRId64 "), %s\n", text_of(report, "Interface"),
		      text_of(report, "Backend"), number_of(report, "Mtu"),
		      json_is_true(json_object_get(report, "InSync")) ? "as the zone says"
								      : "being brought in line");
	if (*text_of(report, "BackendWhy"))
		(void)fprintf(to, "           %s: %s\n", text_of(report, "Backend"),
			      text_of(report, "BackendWhy"));
	if (*text_of(report, "Trouble"))
		(void)fprintf(to, "trouble    %s\n", text_of(report, "Trouble"));
	/* With one conflict it is the trouble. */
	json_array_foreach(conflicts, i, conflict) {
		if (json_array_size(conflicts) > 1)
			(void)fprintf(to, "           %s\n", json_string_value(conflict));
	}
	if (*text_of(report, "Overlap"))
		(void)fprintf(to, "note       %s\n", text_of(report, "Overlap"));
	print_foreign(report, to);
	print_quarrels(report, to);
	print_endpoint(json_object_get(report, "Endpoint"), to);
	(void)fprintf(to, "tower      %s, %s since %s, revision %" PRId64 "\n",
		      text_of(tower, "Url"), text_of(tower, "State"), text_of(tower, "Since"),
		      number_of(report, "Revision"));
	if (*text_of(tower, "Trust"))
		(void)fprintf(to, "           vouched for by %s\n", text_of(tower, "Trust"));
	if (*text_of(tower, "Signpost"))
		(void)fprintf(to, "           found by %s\n", text_of(tower, "Signpost"));
	/* What was refused last is often the trouble itself: once is enough. */
	if (*trouble && !(*code && str_starts(trouble, code)))
		(void)fprintf(to, "           %s\n", trouble);
	print_refusal(refusal, to);
	(void)fprintf(to, "peers      %zu\n", json_array_size(peers));
	json_array_foreach(peers, i, peer) {
		print_peer(peer, to);
	}
}
