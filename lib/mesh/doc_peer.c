// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/doc.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static void add_key(struct str *to, const char *name, const struct key *key)
{
	char text[KEY_TEXT_BYTES];

	key_format(key, text);
	doc_append_text(to, name, text);
}

static void add_endpoint(struct str *to, const char *name, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_BYTES];

	endpoint_format(endpoint, text);
	doc_append_text(to, name, text);
}

/* What WireGuard may carry to the peer: its addresses, then its child prefixes. */
static void add_allowed(struct str *to, const struct peer *peer)
{
	char text[PREFIX_TEXT_BYTES];
	const char *before = "";

	str_append(to, ",\"AllowedIPs\":\"");
	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		struct prefix host = prefix_host(&peer->address[i]);

		if (host.ip.family == IP_NONE)
			continue;
		prefix_format(&host, text);
		str_append(to, before);
		str_append(to, text);
		before = ",";
	}
	vec_foreach(prefix, &peer->prefixes) {
		prefix_format(prefix, text);
		str_append(to, before);
		str_append(to, text);
		before = ",";
	}
	str_append(to, "\"");
}

static void add_endpoints(struct str *to, const char *name, const struct endpoint_vec *endpoints)
{
	str_append(to, name);
	str_append(to, "[");
	vec_foreach(endpoint, endpoints)
		add_endpoint(to, endpoint == endpoints->at ? "" : ",", endpoint);
	str_append(to, "]");
}

static void add_public(struct str *to, const struct peer *peer)
{
	add_key(to, "{\"PublicKey\":", &peer->key);
	add_endpoint(to, ",\"EndpointIP\":", &peer->endpoint);
	add_allowed(to, peer);
	doc_append_text(to, ",\"Zone\":", peer->zone);
	doc_append_addresses(to, ",\"NodeAddress\":", peer->address);
	doc_append_prefixes(to, ",\"ChildPrefixes\":", &peer->prefixes);
	doc_append_text(to, ",\"Hostname\":", peer->hostname);
	add_endpoints(to, ",\"Endpoints\":", &peer->endpoints);
	doc_append_bool(to, ",\"HubRouter\":", peer->hub_router);
	doc_append_number(to, ",\"Generation\":", (int64_t)peer->generation);
	doc_append_number(to, ",\"Revision\":", (int64_t)peer->revision);
}

static void add_private(struct str *to, const struct peer *peer)
{
	const char *before = ",\"Returned\":[";

	doc_append_text(to, ",\"Instance\":", peer->instance);
	doc_append_text(to, ",\"NodeUID\":", peer->node_uid);
	doc_append_text(to, ",\"TokenId\":", peer->token_id);
	doc_append_bool(to, ",\"Agentless\":", peer->agentless);
	doc_append_bool(to, ",\"AddressFixed\":", peer->address_fixed);
	doc_append_number(to, ",\"EphemeralTTL\":", peer->ephemeral_ttl_s);
	doc_append_number(to, ",\"Created\":", peer->created_ms);
	doc_append_text(to, ",\"Displaced\":", peer->displaced);
	for (size_t i = 0; i < PEER_RETURNS_MAX; i++) {
		doc_append_number(to, before, peer->returned_ms[i]);
		before = ",";
	}
	str_append(to, "]");
}

char *doc_of_peer(const struct peer *peer)
{
	struct str doc = { 0 };

	add_public(&doc, peer);
	str_append(&doc, "}");
	return str_take(&doc);
}

char *doc_row_of_peer(const struct peer *peer)
{
	struct str row = { 0 };

	add_public(&row, peer);
	add_private(&row, peer);
	str_append(&row, "}");
	return str_take(&row);
}

static int read_zone_name(const json_t *object, struct peer *peer, struct err *err)
{
	int r = doc_text(object, "Zone", peer->zone, sizeof(peer->zone), err);

	r = doc_required(r, "Zone", err);
	if (r > 0 && !zone_name_is_valid(peer->zone))
		return err_set(err, -EPROTO, "field 'Zone': '%s' is not a zone's name", peer->zone);
	return r;
}

static int read_address(const json_t *object, struct peer *peer, struct err *err)
{
	int r = doc_addresses(object, "NodeAddress", peer->address, err);
	bool any = false;

	r = doc_required(r, "NodeAddress", err);
	for (size_t i = 0; r > 0 && i < ZONE_CIDRS_MAX; i++) {
		any |= peer->address[i].family != IP_NONE;
		if (ip_is_special(&peer->address[i]))
			return err_set(err, -EPROTO, "field 'NodeAddress': not a node's address");
	}
	return r < 0 || any ? r : err_set(err, -EPROTO, "field 'NodeAddress': empty");
}

static int read_prefixes(const json_t *object, struct peer *peer, struct err *err)
{
	int r = doc_prefixes(object, "ChildPrefixes", PEER_PREFIXES_MAX, &peer->prefixes, err);

	vec_foreach(prefix, &peer->prefixes) {
		if (prefix_check_routable(prefix, err) < 0)
			return doc_malformed("ChildPrefixes", err);
	}
	return r;
}

static int read_hostname(const json_t *object, struct peer *peer, struct err *err)
{
	int r = doc_text(object, "Hostname", peer->hostname, sizeof(peer->hostname), err);

	if (r > 0 && !peer_hostname_is_valid(peer->hostname))
		return err_set(err, -EPROTO, "field 'Hostname': '%s' is not a host name",
			       peer->hostname);
	return r;
}

static int read_public(const json_t *object, struct peer *peer, struct err *err)
{
	int r = doc_required(doc_key(object, "PublicKey", &peer->key, err), "PublicKey", err);

	if (r >= 0)
		r = read_zone_name(object, peer, err);
	if (r >= 0)
		r = read_address(object, peer, err);
	if (r >= 0)
		r = read_prefixes(object, peer, err);
	if (r >= 0)
		r = doc_endpoint(object, "EndpointIP", &peer->endpoint, err);
	if (r >= 0)
		r = doc_endpoints(object, "Endpoints", PEER_ENDPOINTS_MAX, &peer->endpoints, err);
	if (r >= 0)
		r = read_hostname(object, peer, err);
	if (r >= 0)
		r = doc_bool(object, "HubRouter", &peer->hub_router, err);
	if (r >= 0)
		r = doc_u64(object, "Generation", &peer->generation, err);
	if (r >= 0)
		r = doc_u64(object, "Revision", &peer->revision, err);
	return r;
}

static int read_returned(const json_t *object, struct peer *peer, struct err *err)
{
	json_t *array = NULL;
	int r = doc_field(object, "Returned", &array, err);

	if (r < 0 || !array)
		return r;
	if (json_array_size(array) != PEER_RETURNS_MAX)
		return err_set(err, -EPROTO, "field 'Returned': takes %d times", PEER_RETURNS_MAX);
	for (size_t i = 0; i < PEER_RETURNS_MAX; i++) {
		const json_t *value = json_array_get(array, i);

		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return err_set(err, -EPROTO, "field 'Returned': takes milliseconds");
		peer->returned_ms[i] = json_integer_value(value);
	}
	return 1;
}

static int read_private(const json_t *object, struct peer *peer, struct err *err)
{
	uint64_t created_ms = 0;
	int r = doc_text(object, "Instance", peer->instance, sizeof(peer->instance), err);

	if (r >= 0)
		r = doc_text(object, "NodeUID", peer->node_uid, sizeof(peer->node_uid), err);
	if (r >= 0)
		r = doc_text(object, "TokenId", peer->token_id, sizeof(peer->token_id), err);
	if (r >= 0)
		r = doc_bool(object, "Agentless", &peer->agentless, err);
	if (r >= 0)
		r = doc_bool(object, "AddressFixed", &peer->address_fixed, err);
	if (r >= 0)
		r = doc_seconds(object, "EphemeralTTL", &peer->ephemeral_ttl_s, err);
	if (r >= 0)
		r = doc_u64(object, "Created", &created_ms, err);
	if (r >= 0)
		r = doc_text(object, "Displaced", peer->displaced, sizeof(peer->displaced), err);
	if (r >= 0)
		r = read_returned(object, peer, err);
	peer->created_ms = (int64_t)created_ms;
	return r;
}

int doc_read_peer(const json_t *object, struct peer *ret_peer, struct err *err)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	int r = read_public(object, &peer, err);

	if (r >= 0)
		r = read_private(object, &peer, err);
	if (r < 0)
		return r;
	*ret_peer = TAKE_STRUCT(peer);
	return 0;
}
