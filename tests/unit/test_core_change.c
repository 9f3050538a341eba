// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "base/file.h"
#include "core.h"

#define GOLDEN "tests/unit/data/change.json"

/* One op of every kind, with every field set. */
static struct change *every_op(void)
{
	struct op ops[8] = {
		{ .kind = OP_PUT_ZONE },
		{ .kind = OP_REMOVE_ZONE, .zone.name = "red" },
		{ .kind = OP_PUT_PEER, .from_zone = "green" },
		{ .kind = OP_REMOVE_PEER, .peer = { .key = key_of(2), .zone = "blue" } },
		{ .kind = OP_PUT_TOKEN },
		{ .kind = OP_REMOVE_TOKEN, .token = { .id = "0f", .zone = "blue" } },
		{ .kind = OP_PUT_RESTING,
		  .resting = { .zone = "blue",
			       .ip = ip_of("fd00::7"),
			       .until_ms = 1700000060000 } },
		{ .kind = OP_REMOVE_RESTING,
		  .resting = { .zone = "blue", .ip = ip_of("10.20.0.9") } },
	};
	struct endpoint endpoints[] = { { ip_of("192.0.2.1"), 51820 },
					{ ip_of("2001:db8::1"), 51821 } };
	struct prefix prefixes[] = { prefix_of_text("172.24.0.0/24"), prefix_of_text("fd01::/64") };
	struct zone *zone = &ops[0].zone;
	struct peer *peer = &ops[2].peer;
	struct token *token = &ops[4].token;
	struct change *change;

	*zone = (struct zone){ .name = "blue",
			       .description = "Tenant – Zone \"Blue\"",
			       .hub_zone = true,
			       .takeover = TAKEOVER_IF_OFFLINE,
			       .peer_ttl_s = 900,
			       .quarantine_s = 60,
			       .signpost_join = true,
			       .created_ms = 1699999999999,
			       .revision = 41 };
	check(zone_set_cidr(zone, "10.20.1.0/20,fd00::/64", NULL) == 0);
	*peer = (struct peer){ .key = key_of(1),
			       .zone = "blue",
			       .address = { ip_of("10.20.0.1"), ip_of("fd00::1") },
			       .endpoint = endpoints[0],
			       .hostname = "node1",
			       .hub_router = true,
			       .generation = 3,
			       .revision = 42,
			       .instance = "aa",
			       .node_uid = "u1",
			       .token_id = "0e",
			       .agentless = true,
			       .address_fixed = true,
			       .ephemeral_ttl_s = 600,
			       .created_ms = 1699999999000,
			       .returned_ms = { 0, 1, 1699999999500 },
			       .displaced = "bb" };
	*token = (struct token){ .id = "0e",
				 .zone = "blue",
				 .description = "rack 7",
				 .secret_hash = { 0xab, [31] = 0x01 },
				 .uses_max = 5,
				 .uses = 2,
				 .expires_ms = 1700086400000,
				 .ephemeral_ttl_s = 600,
				 .address = { ip_of("10.20.0.1"), ip_of("fd00::1") },
				 .created_ms = 1699999998000,
				 .revision = 42 };
	for (size_t i = 0; i < 2; i++) {
		check(vec_push(&peer->endpoints, endpoints[i]) == 0);
		check(vec_push(&peer->prefixes, prefixes[i]) == 0);
		check(vec_push(&token->ranges, prefixes[i]) == 0);
	}
	check(change_new(42, 7, 1700000000000, &change) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		check(change_add(change, &ops[i]) == 0);
	return change;
}

static void writes_as_the_golden_file(void)
{
	_cleanup_(change_freep) struct change *change = every_op();
	_cleanup_free_ char *golden = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;

	check(file_read(GOLDEN, 65536, &golden, &len, NULL) == 0);
	if (golden)
		golden[strcspn(golden, "\n")] = '\0';
	check(change_encode(change, NULL, &text) == 0);
	check_str(text, golden ? golden : "");
}

static void reads_back_what_it_wrote(void)
{
	_cleanup_(change_freep) struct change *change = every_op();
	_cleanup_(change_freep) struct change *read = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *again = NULL;
	struct err err = { 0 };

	check(change_encode(change, NULL, &text) == 0);
	if (!check(change_decode(text, strlen(text), &read, &err) == 0)) {
		printf("# %s\n", err.text);
		return;
	}
	check(read->revision == 0 && read->mark == 0 && read->at_ms == change->at_ms);
	check(peer_same(&read->ops.at[2].peer, &change->ops.at[2].peer));
	check(memcmp(read->ops.at[4].token.secret_hash, change->ops.at[4].token.secret_hash,
		     CRYPTO_HASH_BYTES) == 0);
	check_str(read->ops.at[2].from_zone, "green");
	check(change_encode(read, NULL, &again) == 0);
	check_str(again, text);
}

static void refuses_what_is_no_change(void)
{
	static const struct {
		const char *text;
		int r;
	} table[] = {
		{ "{\"v\":1,\"at\":5,\"ops\":[]}", 0 },
		{ "{\"v\":1,\"at\":5,\"ops\":[],\"new\":{}}", 0 },
		{ "{\"v\":2,\"at\":5,\"ops\":[]}", -ENOTSUP },
		{ "{\"v\":0,\"at\":5,\"ops\":[]}", -EPROTO },
		{ "{\"at\":5,\"ops\":[]}", -EPROTO },
		{ "{\"v\":1,\"ops\":[]}", -EPROTO },
		{ "{\"v\":1,\"at\":5}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":{}}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[7]}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[{\"op\":\"put-cat\",\"row\":{}}]}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[{\"op\":\"put-peer\"}]}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[{\"op\":\"put-peer\",\"row\":{}}]}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[{\"op\":\"remove-zone\",\"row\":{}}]}", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[{\"op\":\"remove-zone\",\"from\":\"a\\\"b\","
		  "\"row\":{\"Name\":\"blue\"}}]}",
		  -EPROTO },
		{ "", -EPROTO },
		{ "[]", -EPROTO },
		{ "{\"v\":1,\"at\":5,\"ops\":[]}x", -EPROTO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct change *change = NULL;
		struct err err = { 0 };
		int r = change_decode(table[i].text, strlen(table[i].text), &change, &err);

		if (!check(r == table[i].r && (r == 0) == (change != NULL)))
			printf("# %s: %d %s\n", table[i].text, r, err.text);
		check(r == 0 || err.text[0]);
		change_free(change);
	}
}

static void check_read_back(const struct op *op, const struct row *row)
{
	struct row again = { 0 };
	struct op read = { 0 };
	size_t len = strlen(row->json);

	check(op_from_row(row->table, row->id, row->json, len, &read, NULL) == 0);
	check(read.kind == op->kind && op_row(&read, &again) == 0);
	check_str(again.json, row->json);
	op_done(&read);
	check(op_from_row(row->table, "x", row->json, len, &read, NULL) == -EPROTO);
	check(op_from_row("cats", row->id, row->json, len, &read, NULL) == -EPROTO);
	free(again.json);
}

static void names_rows_by_table_and_id(void)
{
	static const struct {
		const char *table, *id;
		bool is_put;
	} wanted[] = {
		{ "zones", "blue", true },
		{ "zones", "red", false },
		{ "peers", "AAABAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", true },
		{ "peers", "AAACAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false },
		{ "tokens", "0e", true },
		{ "tokens", "0f", false },
		{ "resting", "blue/fd00::7", true },
		{ "resting", "blue/10.20.0.9", false },
	};
	_cleanup_(change_freep) struct change *change = every_op();

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct row row = { 0 };

		check(op_row(&change->ops.at[i], &row) == 0);
		check_str(row.table, wanted[i].table);
		check_str(row.id, wanted[i].id);
		check((row.json != NULL) == wanted[i].is_put);
		if (row.json)
			check_read_back(&change->ops.at[i], &row);
		free(row.json);
	}
}

int main(void)
{
	run(writes_as_the_golden_file);
	run(reads_back_what_it_wrote);
	run(refuses_what_is_no_change);
	run(names_rows_by_table_and_id);
	return check_done();
}
