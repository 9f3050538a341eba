// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Documents and rows of zones and peers, against the golden files in tests/unit/data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "mesh/doc.h"
#include "tests/unit/check.h"

static const struct zone zone_blue = {
	.name = "zone-blue",
	.description = "Tenant - Zone Blue",
	.quarantine_s = 60,
	.signpost_join = true,
	.created_ms = 1769860800000,
	.revision = 7,
};

static const struct zone zone_dual = {
	.name = "dual",
	.description = "\"Z\xc3\xbcrich\" / \xe2\x82\xac",
	.hub_zone = true,
	.takeover = TAKEOVER_IF_OFFLINE,
	.peer_ttl_s = 86400,
	.quarantine_s = 0,
	.revision = 18,
};

static void parse_ip(const char *text, struct ip *ip)
{
	check(ip_parse(text, ip, NULL) == 0);
}

static void add_prefix(struct peer *peer, const char *text)
{
	struct prefix prefix;

	check(prefix_parse(text, &prefix, NULL) == 0 && vec_push(&peer->prefixes, prefix) == 0);
}

static void add_endpoint(struct peer *peer, const char *text)
{
	check(endpoint_parse(text, &peer->endpoint, NULL) == 0);
	check(vec_push(&peer->endpoints, peer->endpoint) == 0);
}

/* The peer of docs/protocol.md, with all that the tower alone knows. */
static void make_peer(struct peer *peer)
{
	*peer = (struct peer){
		.zone = "zone-blue",
		.hostname = "node1",
		.generation = 1,
		.revision = 8,
		.instance = "00112233445566778899aabbccddeeff",
		.node_uid = "5b1c3ef0-7a35-4a1d-8ea9-3c2d1f0e9b8a",
		.token_id = "0123456789abcdef",
		.agentless = true,
		.address_fixed = true,
		.ephemeral_ttl_s = 900,
		.created_ms = 1769860800000,
		.returned_ms = { 0, 1769860800001, 1769860800002 },
		.displaced = "ffeeddccbbaa99887766554433221100",
	};
	check(key_parse("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=", &peer->key, NULL) == 0);
	parse_ip("10.20.1.1", &peer->address[0]);
	add_prefix(peer, "172.24.0.0/24");
	add_endpoint(peer, "172.18.0.2:51820");
}

static void make_dual_peer(struct peer *peer)
{
	*peer = (struct peer){
		.zone = "dual", .hub_router = true, .generation = 2, .revision = 19
	};
	check(key_parse("3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=", &peer->key, NULL) == 0);
	parse_ip("10.1.0.1", &peer->address[0]);
	parse_ip("fd00::1", &peer->address[1]);
	add_prefix(peer, "172.24.0.0/24");
	add_prefix(peer, "2001:db8:1::/48");
	add_endpoint(peer, "192.0.2.1:1024");
	add_endpoint(peer, "[2001:db8::1]:51820");
}

static void check_golden(const char *text, const char *name)
{
	_cleanup_free_ char *golden = NULL;
	char path[128];

	(void)snprintf(path, sizeof(path), "tests/unit/data/%s.json", name);
	if (!check(file_read(path, 65536, &golden, NULL, NULL) == 0))
		return;
	golden[strcspn(golden, "\n")] = '\0';
	check_str(text, golden);
}

static void check_golden_row(json_t *row, const char *name)
{
	_cleanup_free_ char *text = json_dumps(row, JSON_COMPACT);

	check_golden(text, name);
}

static void zones_are_written_as_documented(void)
{
	struct zone blue = zone_blue;
	struct zone dual = zone_dual;
	_cleanup_free_ char *blue_text = NULL;
	_cleanup_free_ char *dual_text = NULL;
	_cleanup_(doc_unref) json_t *row = NULL;

	check(zone_set_cidr(&blue, "10.20.1.0/20", NULL) == 0);
	check(zone_set_cidr(&dual, "fd00::/64, 10.1.0.0/16", NULL) == 0);
	blue_text = doc_of_zone(&blue);
	dual_text = doc_of_zone(&dual);
	row = doc_row_of_zone(&blue);
	check_golden(blue_text, "zone");
	check_golden(dual_text, "zone-dual-stack");
	check_golden_row(row, "zone-row");
}

static void peers_are_written_as_documented(void)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	_cleanup_(peer_done) struct peer dual = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *dual_text = NULL;
	_cleanup_(doc_unref) json_t *row = NULL;

	make_peer(&peer);
	make_dual_peer(&dual);
	text = doc_of_peer(&peer);
	dual_text = doc_of_peer(&dual);
	row = doc_row_of_peer(&peer);
	check_golden(text, "peer");
	check_golden(dual_text, "peer-dual-stack");
	check_golden_row(row, "peer-row");
}

static json_t *load(const char *text)
{
	json_t *object = NULL;
	struct err err = { 0 };

	if (!check(doc_load(text, strlen(text), &object, &err) == 0))
		printf("# %s\n", err.text);
	return object;
}

static void zones_come_back_from_rows_and_documents(void)
{
	static const char *const cidrs[] = { "10.20.1.0/20", "fd00::/64",
					     "fd00::1/64 , 10.20.1.0/20" };

	for (size_t i = 0; i < ARRAY_SIZE(cidrs); i++) {
		struct zone zone = zone_blue;
		struct zone back = { 0 };
		_cleanup_(doc_unref) json_t *row = NULL;
		_cleanup_(doc_unref) json_t *doc = NULL;
		_cleanup_free_ char *text = NULL;

		check(zone_set_cidr(&zone, cidrs[i], NULL) == 0);
		row = doc_row_of_zone(&zone);
		check(doc_read_zone(row, &back, NULL) == 0);
		check(zone_same(&back, &zone) && back.revision == zone.revision);
		text = doc_of_zone(&zone);
		doc = load(text);
		back = (struct zone){ 0 };
		check(doc_read_zone(doc, &back, NULL) == 0);
		check(back.created_ms == 0);
		back.created_ms = zone.created_ms;
		check(zone_same(&back, &zone) && back.revision == zone.revision);
	}
}

static void peers_come_back_from_rows_whole(void)
{
	void (*const make[])(struct peer *) = { make_peer, make_dual_peer };

	for (size_t i = 0; i < ARRAY_SIZE(make); i++) {
		_cleanup_(peer_done) struct peer peer = { 0 };
		_cleanup_(peer_done) struct peer back = { 0 };
		_cleanup_(doc_unref) json_t *row = NULL;

		make[i](&peer);
		row = doc_row_of_peer(&peer);
		check(doc_read_peer(row, &back, NULL) == 0);
		check(peer_same(&peer, &back) && back.revision == peer.revision);
	}
}

static void a_document_tells_nothing_that_only_the_tower_knows(void)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	_cleanup_(peer_done) struct peer back = { 0 };
	_cleanup_(doc_unref) json_t *doc = NULL;
	_cleanup_free_ char *text = NULL;

	make_peer(&peer);
	text = doc_of_peer(&peer);
	doc = load(text);
	check(doc_read_peer(doc, &back, NULL) == 0);
	check(!back.instance[0] && !back.node_uid[0] && !back.token_id[0] && !back.displaced[0]);
	check(!back.agentless && !back.address_fixed && back.ephemeral_ttl_s == 0);
	check(back.created_ms == 0 && back.returned_ms[1] == 0);
	check(key_compare(&back.key, &peer.key) == 0 && back.prefixes.len == 1);
}

#define ZONE_HEAD "{\"Name\":\"blue\",\"CIDR\":\"10.0.0.0/8\","
#define PEER_HEAD                                                                            \
	"{\"PublicKey\":\"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\",\"Zone\":\"blue\"," \
	"\"NodeAddress\":\"10.0.0.1\","

static void a_short_document_is_enough(void)
{
	_cleanup_(doc_unref) json_t *zone_doc = load(ZONE_HEAD "\"X\":{\"New\":[]}}");
	_cleanup_(doc_unref) json_t *peer_doc = load(PEER_HEAD "\"X\":{\"New\":[]}}");
	_cleanup_(peer_done) struct peer peer = { 0 };
	struct zone zone = { 0 };

	check(doc_read_zone(zone_doc, &zone, NULL) == 0);
	check_str(zone.cidr_typed, "10.0.0.0/8");
	check(doc_read_peer(peer_doc, &peer, NULL) == 0);
	check(peer.prefixes.len == 0 && peer.endpoint.ip.family == IP_NONE);
}

static void bad_zones_are_refused_by_field(void)
{
	static const struct {
		const char *text, *field;
	} rows[] = {
		{ "{\"CIDR\":\"10.0.0.0/8\"}", "'Name': missing" },
		{ "{\"Name\":\"a/b\",\"CIDR\":\"10.0.0.0/8\"}", "'Name'" },
		{ "{\"Name\":\"\",\"CIDR\":\"10.0.0.0/8\"}", "'Name'" },
		{ "{\"Name\":\"blue\"}", "'CIDR': missing" },
		{ "{\"Name\":\"blue\",\"CIDR\":\"10.0.0.0\"}", "'CIDR'" },
		{ "{\"Name\":\"blue\",\"IpCidr\":7}", "'IpCidr'" },
		{ ZONE_HEAD "\"Description\":\"a\\u0007\"}", "'Description'" },
		{ ZONE_HEAD "\"HubZone\":\"yes\"}", "'HubZone'" },
		{ ZONE_HEAD "\"PeerTTL\":-1}", "'PeerTTL'" },
		{ ZONE_HEAD "\"AddressTakeover\":\"sometimes\"}", "'AddressTakeover'" },
		{ ZONE_HEAD "\"AddressTakeover\":7}", "'AddressTakeover'" },
		{ ZONE_HEAD "\"Quarantine\":[]}", "'Quarantine'" },
		{ ZONE_HEAD "\"SignpostJoin\":0}", "'SignpostJoin'" },
		{ ZONE_HEAD "\"Revision\":\"7\"}", "'Revision'" },
		{ ZONE_HEAD "\"Created\":1.5}", "'Created'" },
		{ ZONE_HEAD "\"name\":\"red\"}", "'Name': given twice" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *doc = load(rows[i].text);
		struct zone zone = { .name = "untouched" };
		struct err err = { 0 };

		check(doc_read_zone(doc, &zone, &err) == -EPROTO && err.code == -EPROTO);
		if (!check(strstr(err.text, rows[i].field) != NULL))
			printf("# %s said: %s\n", rows[i].text, err.text);
		check_str(zone.name, "untouched");
	}
}

static void bad_peers_are_refused_by_field(void)
{
	static const struct {
		const char *text, *field;
	} rows[] = {
		{ "{}", "'PublicKey': missing" },
		{ "{\"PublicKey\":\"x\"}", "'PublicKey'" },
		{ PEER_HEAD "\"zone\":\"red\"}", "'Zone': given twice" },
		{ PEER_HEAD "\"public-key\":\"\"}", "'PublicKey': given twice" },
		{ PEER_HEAD "\"ChildPrefixes\":[\"0.0.0.0/0\"]}", "'ChildPrefixes': 0.0.0.0/0" },
		{ PEER_HEAD "\"ChildPrefixes\":[\"172.24.0.0/33\"]}", "'ChildPrefixes'" },
		{ PEER_HEAD "\"EndpointIP\":\"host:80\"}", "'EndpointIP'" },
		{ PEER_HEAD "\"Endpoints\":[\"192.0.2.1:1\",\"192.0.2.1\"]}", "'Endpoints'" },
		{ PEER_HEAD "\"Endpoints\":\"1.0.0.1:1,1.0.0.1:2,1.0.0.1:3,1.0.0.1:4,1.0.0.1:5,"
			    "1.0.0.1:6,1.0.0.1:7,1.0.0.1:8,1.0.0.1:9\"}",
		  "'Endpoints': more than 8" },
		{ PEER_HEAD "\"Hostname\":\"a b\"}", "'Hostname'" },
		{ PEER_HEAD "\"Hostname\":\"a\\u001b\"}", "'Hostname'" },
		{ PEER_HEAD "\"HubRouter\":1}", "'HubRouter'" },
		{ PEER_HEAD "\"Generation\":-1}", "'Generation'" },
		{ PEER_HEAD "\"Revision\":null,\"revision\":1}", "'Revision'" },
		{ PEER_HEAD "\"Instance\":\"00112233445566778899aabbccddeeff0\"}", "'Instance'" },
		{ PEER_HEAD "\"NodeUID\":7}", "'NodeUID'" },
		{ PEER_HEAD "\"TokenId\":\"0123456789abcdef0\"}", "'TokenId'" },
		{ PEER_HEAD "\"Agentless\":\"\"}", "'Agentless'" },
		{ PEER_HEAD "\"AddressFixed\":\"\"}", "'AddressFixed'" },
		{ PEER_HEAD "\"EphemeralTTL\":\"x\"}", "'EphemeralTTL'" },
		{ PEER_HEAD "\"Created\":\"\"}", "'Created'" },
		{ PEER_HEAD "\"Displaced\":false}", "'Displaced'" },
		{ PEER_HEAD "\"Returned\":[1,2]}", "'Returned'" },
		{ PEER_HEAD "\"Returned\":[1,2,-3]}", "'Returned'" },
		{ PEER_HEAD "\"Returned\":7}", "'Returned'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *doc = load(rows[i].text);
		struct peer peer = { .zone = "untouched" };
		struct err err = { 0 };

		check(doc_read_peer(doc, &peer, &err) == -EPROTO && err.code == -EPROTO);
		if (!check(strstr(err.text, rows[i].field) != NULL))
			printf("# %s said: %s\n", rows[i].text, err.text);
		check_str(peer.zone, "untouched");
	}
}

static void bad_zones_and_addresses_of_peers_are_refused(void)
{
	static const struct {
		const char *zone, *address, *field;
	} rows[] = {
		{ "7", "\"10.0.0.1\"", "'Zone'" },
		{ "\"a b\"", "\"10.0.0.1\"", "'Zone'" },
		{ "null", "\"10.0.0.1\"", "'Zone': missing" },
		{ "\"blue\"", "null", "'NodeAddress': missing" },
		{ "\"blue\"", "\"\"", "'NodeAddress': empty" },
		{ "\"blue\"", "\"127.0.0.1\"", "'NodeAddress'" },
		{ "\"blue\"", "\"10.0.0.1,fe80::1\"", "'NodeAddress'" },
		{ "\"blue\"", "\"10.0.0.1/32\"", "'NodeAddress'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *doc = NULL;
		struct peer peer = { .zone = "untouched" };
		struct err err = { 0 };
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "{\"PublicKey\":\"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\","
			       "\"Zone\":%s,\"NodeAddress\":%s}",
			       rows[i].zone, rows[i].address);
		doc = load(text);
		check(doc_read_peer(doc, &peer, &err) == -EPROTO && err.code == -EPROTO);
		if (!check(strstr(err.text, rows[i].field) != NULL))
			printf("# %s said: %s\n", text, err.text);
	}
}

/* Random values in every field that has room for them. */
static void make_random_peer(struct peer *peer, unsigned *seed)
{
	*peer = (struct peer){ .zone = "z",
			       .revision = (uint64_t)rand_r(seed) << 20,
			       .generation = (uint64_t)rand_r(seed),
			       .hub_router = rand_r(seed) % 2,
			       .agentless = rand_r(seed) % 2,
			       .address_fixed = rand_r(seed) % 2,
			       .ephemeral_ttl_s = rand_r(seed),
			       .created_ms = rand_r(seed) };
	for (size_t i = 0; i < KEY_BYTES; i++)
		peer->key.bytes[i] = (uint8_t)rand_r(seed);
	peer->address[0] = ip_from_number(IP_V4, 0x0a000000u + (unsigned)rand_r(seed) % 65536);
	if (rand_r(seed) % 2)
		peer->address[1] =
			ip_from_number(IP_V6, ((ip_number)0xfd00 << 112) + (unsigned)rand_r(seed));
	for (unsigned i = 0, n = (unsigned)rand_r(seed) % 20; i < n; i++) {
		struct ip ip = ip_from_number(IP_V4, 0xac180000u + (i << 8));
		struct prefix prefix = prefix_of(&ip, (uint8_t)(24 + rand_r(seed) % 9));

		check(vec_push(&peer->prefixes, prefix) == 0);
	}
	for (unsigned i = 0, n = (unsigned)rand_r(seed) % PEER_ENDPOINTS_MAX; i < n; i++) {
		struct endpoint endpoint = { ip_from_number(IP_V4, 0xc0000200u + i), 51820 };

		check(vec_push(&peer->endpoints, endpoint) == 0);
	}
}

static void random_peers_come_back_from_text(void)
{
	unsigned seed = 11;

	for (int i = 0; i < 1000; i++) {
		_cleanup_(peer_done) struct peer peer = { 0 };
		_cleanup_(peer_done) struct peer back = { 0 };
		_cleanup_(doc_unref) json_t *row = NULL;
		_cleanup_(doc_unref) json_t *loaded = NULL;
		_cleanup_free_ char *text = NULL;

		make_random_peer(&peer, &seed);
		row = doc_row_of_peer(&peer);
		text = json_dumps(row, JSON_COMPACT);
		loaded = load(text);
		check(doc_read_peer(loaded, &back, NULL) == 0);
		check(peer_same(&peer, &back) && back.revision == peer.revision);
	}
}

int main(void)
{
	run(zones_are_written_as_documented);
	run(peers_are_written_as_documented);
	run(zones_come_back_from_rows_and_documents);
	run(peers_come_back_from_rows_whole);
	run(a_document_tells_nothing_that_only_the_tower_knows);
	run(a_short_document_is_enough);
	run(bad_zones_are_refused_by_field);
	run(bad_peers_are_refused_by_field);
	run(bad_zones_and_addresses_of_peers_are_refused);
	run(random_peers_come_back_from_text);
	return check_done();
}
