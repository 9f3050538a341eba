// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/doc.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static json_t *key_text(const struct key *key)
{
	char text[KEY_TEXT_BYTES];

	key_format(key, text);
	return json_string(text);
}

static json_t *endpoint_text(const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_BYTES];

	endpoint_format(endpoint, text);
	return json_string(text);
}

static json_t *endpoint_array(const struct endpoint_vec *endpoints)
{
	_cleanup_(doc_unref) json_t *array = json_array();

	vec_foreach(endpoint, endpoints) {
		if (json_array_append_new(array, endpoint_text(endpoint)) < 0)
			return NULL;
	}
	return TAKE_PTR(array);
}

static void append_prefix(struct str *to, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_BYTES];

	if (to->len > 0)
		str_append(to, ",");
	prefix_format(prefix, text);
	str_append(to, text);
}

/* What WireGuard may carry to the peer: its addresses, then its child prefixes. */
static json_t *allowed_text(const struct peer *peer)
{
	_cleanup_str_ struct str text = { 0 };

	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		struct prefix host = prefix_host(&peer->address[i]);

		if (host.ip.family != IP_NONE)
			append_prefix(&text, &host);
	}
	vec_foreach(prefix, &peer->prefixes)
		append_prefix(&text, prefix);
	return text.failed ? NULL : json_string(text.at ? text.at : "");
}

static json_t *public_of(const struct peer *peer)
{
	_cleanup_(doc_unref) json_t *doc = json_object();
	int r = 0;

	r |= json_object_set_new(doc, "PublicKey", key_text(&peer->key));
	r |= json_object_set_new(doc, "EndpointIP", endpoint_text(&peer->endpoint));
	r |= json_object_set_new(doc, "AllowedIPs", allowed_text(peer));
	r |= json_object_set_new(doc, "Zone", json_string(peer->zone));
	r |= json_object_set_new(doc, "NodeAddress", doc_address_text(peer->address));
	r |= json_object_set_new(doc, "ChildPrefixes", doc_prefix_array(&peer->prefixes));
	r |= json_object_set_new(doc, "Hostname", json_string(peer->hostname));
	r |= json_object_set_new(doc, "Endpoints", endpoint_array(&peer->endpoints));
	r |= json_object_set_new(doc, "HubRouter", json_boolean(peer->hub_router));
	r |= json_object_set_new(doc, "Generation", json_integer((json_int_t)peer->generation));
	r |= json_object_set_new(doc, "Revision", json_integer((json_int_t)peer->revision));
	return r == 0 ? TAKE_PTR(doc) : NULL;
}

char *doc_of_peer(const struct peer *peer)
{
	_cleanup_(doc_unref) json_t *doc = public_of(peer);

	return doc ? json_dumps(doc, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
}

static json_t *returned_array(const struct peer *peer)
{
	_cleanup_(doc_unref) json_t *array = json_array();

	for (size_t i = 0; i < PEER_RETURNS_MAX; i++) {
		if (json_array_append_new(array, json_integer(peer->returned_ms[i])) < 0)
			return NULL;
	}
	return TAKE_PTR(array);
}

json_t *doc_row_of_peer(const struct peer *peer)
{
	_cleanup_(doc_unref) json_t *row = public_of(peer);
	int r = row ? 0 : -1;

	r |= json_object_set_new(row, "Instance", json_string(peer->instance));
	r |= json_object_set_new(row, "NodeUID", json_string(peer->node_uid));
	r |= json_object_set_new(row, "TokenId", json_string(peer->token_id));
	r |= json_object_set_new(row, "Agentless", json_boolean(peer->agentless));
	r |= json_object_set_new(row, "AddressFixed", json_boolean(peer->address_fixed));
	r |= json_object_set_new(row, "EphemeralTTL", json_integer(peer->ephemeral_ttl_s));
	r |= json_object_set_new(row, "Created", json_integer(peer->created_ms));
	r |= json_object_set_new(row, "Displaced", json_string(peer->displaced));
	r |= json_object_set_new(row, "Returned", returned_array(peer));
	return r == 0 ? TAKE_PTR(row) : NULL;
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
