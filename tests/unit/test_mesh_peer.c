// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "mesh/peer.h"
#include "tests/unit/check.h"

static bool make_peer(struct peer *peer)
{
	struct endpoint endpoint = { { IP_V4, { 192, 0, 2, 1 } }, 51820 };
	struct prefix prefix = { { IP_V4, { 172, 24 } }, 24 };

	*peer = (struct peer){ .key = { { 1 } },
			       .zone = "blue",
			       .hostname = "node1",
			       .generation = 1,
			       .revision = 8 };
	peer->address[0] = (struct ip){ IP_V4, { 10, 1, 0, 1 } };
	return check(vec_push(&peer->prefixes, prefix) == 0) &&
	       check(vec_push(&peer->endpoints, endpoint) == 0);
}

static void a_copy_is_the_same_and_independent(void)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	_cleanup_(peer_done) struct peer copy = { 0 };

	if (!make_peer(&peer) || !check(peer_copy(&peer, &copy) == 0))
		return;
	check(peer_same(&peer, &copy) && copy.revision == 8);
	check(copy.prefixes.at != peer.prefixes.at && copy.endpoints.at != peer.endpoints.at);
	copy.prefixes.at[0].bits = 25;
	check(!peer_same(&peer, &copy));
}

static void the_revision_is_no_difference(void)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	_cleanup_(peer_done) struct peer copy = { 0 };

	check(make_peer(&peer) && peer_copy(&peer, &copy) == 0);
	copy.revision = 9;
	check(peer_same(&peer, &copy));
}

/* Where one bit is turned, so that no field is forgotten when two are compared. */
static const struct {
	const char *field;
	size_t offset;
} fields[] = {
	{ "key", offsetof(struct peer, key.bytes[31]) },
	{ "zone", offsetof(struct peer, zone) },
	{ "IPv4 address", offsetof(struct peer, address[0].bytes[3]) },
	{ "IPv6 address", offsetof(struct peer, address[1].bytes[15]) },
	{ "number of prefixes", offsetof(struct peer, prefixes.len) },
	{ "endpoint's port", offsetof(struct peer, endpoint.port) },
	{ "endpoint's address", offsetof(struct peer, endpoint.ip.bytes) },
	{ "number of endpoints", offsetof(struct peer, endpoints.len) },
	{ "hostname", offsetof(struct peer, hostname) },
	{ "hub_router", offsetof(struct peer, hub_router) },
	{ "generation", offsetof(struct peer, generation) },
	{ "instance", offsetof(struct peer, instance) },
	{ "node_uid", offsetof(struct peer, node_uid) },
	{ "token_id", offsetof(struct peer, token_id) },
	{ "agentless", offsetof(struct peer, agentless) },
	{ "address_fixed", offsetof(struct peer, address_fixed) },
	{ "ephemeral_ttl_s", offsetof(struct peer, ephemeral_ttl_s) },
	{ "created_ms", offsetof(struct peer, created_ms) },
	{ "returned_ms", offsetof(struct peer, returned_ms[PEER_RETURNS_MAX - 1]) },
	{ "displaced", offsetof(struct peer, displaced) },
};

static void every_other_field_is_a_difference(void)
{
	_cleanup_(peer_done) struct peer peer = { 0 };

	if (!make_peer(&peer))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		_cleanup_(peer_done) struct peer copy = { 0 };

		check(peer_copy(&peer, &copy) == 0);
		((uint8_t *)&copy)[fields[i].offset] ^= 1;
		if (!check(!peer_same(&peer, &copy)))
			printf("# %s was not compared\n", fields[i].field);
	}
}

static void every_item_of_a_list_is_a_difference(void)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	_cleanup_(peer_done) struct peer copy = { 0 };

	if (!make_peer(&peer) || !check(peer_copy(&peer, &copy) == 0))
		return;
	copy.prefixes.at[0].bits++;
	check(!peer_same(&peer, &copy));
	copy.prefixes.at[0].bits--;
	copy.endpoints.at[0].port++;
	check(!peer_same(&peer, &copy));
	copy.endpoints.at[0].port--;
	check(peer_same(&peer, &copy));
}

static void an_empty_peer_is_copied_and_freed(void)
{
	struct peer peer = { 0 };
	struct peer copy;

	check(peer_copy(&peer, &copy) == 0 && peer_same(&peer, &copy));
	peer_done(&copy);
	peer_done(&peer);
	peer_done(NULL);
}

static void knows_host_names(void)
{
	static const char *const good[] = {
		"",
		"node1",
		"Node_1.example-net.org",
		"a23456789.123456789.123456789.123456789.123456789.123456789.123",
	};
	static const char *const bad[] = {
		"a b",           "a/b",
		"a\n",           "<script>",
		"z\xc3\xbcrich", "a23456789.123456789.123456789.123456789.123456789.123456789.1234",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check(peer_hostname_is_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check(!peer_hostname_is_valid(bad[i]));
}

int main(void)
{
	run(a_copy_is_the_same_and_independent);
	run(the_revision_is_no_difference);
	run(every_other_field_is_a_difference);
	run(every_item_of_a_list_is_a_difference);
	run(an_empty_peer_is_copied_and_freed);
	run(knows_host_names);
	return check_done();
}
