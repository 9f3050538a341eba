// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "core.h"

static struct core core;

/* Zones blue and red; peer 1 of blue at .1 with a prefix, peer 2 of red; blue's .3 rests. */
static void begin(void)
{
	struct request request = join_request(1, "blue");
	struct request token = token_request("01", "blue");

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/29"), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/29"), "OK");
	with_prefixes(&request, "172.24.0.0/16");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 2, "red", NULL), "OK");
	check_str(join(&core, 3, "blue", "10.20.0.3"), "OK");
	check_str(remove_peer(&core, 3), "OK");
	check_str(core_say(&core, &token), "OK");
}

static struct op peer_op(unsigned number, const char *zone, const char *address,
			 const char *prefixes)
{
	struct op op = { .kind = OP_PUT_PEER, .peer.key = key_of(number) };
	char item[PREFIX_TEXT_BYTES];

	(void)snprintf(op.peer.zone, ZONE_NAME_BYTES, "%s", zone);
	if (address[0])
		op.peer.address[strchr(address, ':') != NULL] = ip_of(address);
	while (str_next_item(&prefixes, item, sizeof(item)) > 0) {
		struct prefix prefix = prefix_of_text(item);

		check(vec_push(&op.peer.prefixes, prefix) == 0);
	}
	return op;
}

static struct op resting_op(enum op_kind kind, const char *zone, const char *address)
{
	struct op op = { .kind = kind, .resting = { .ip = ip_of(address), .until_ms = 5 } };

	(void)snprintf(op.resting.zone, ZONE_NAME_BYTES, "%s", zone);
	return op;
}

static struct op token_op(enum op_kind kind, const char *id, const char *zone)
{
	struct op op = { .kind = kind };

	(void)snprintf(op.token.id, PEER_TOKEN_ID_BYTES, "%s", id);
	(void)snprintf(op.token.zone, ZONE_NAME_BYTES, "%s", zone);
	return op;
}

static struct op zone_op(enum op_kind kind, const char *name, const char *cidr)
{
	struct op op = { .kind = kind };

	(void)snprintf(op.zone.name, ZONE_NAME_BYTES, "%s", name);
	if (cidr)
		check(zone_set_cidr(&op.zone, cidr, NULL) == 0);
	return op;
}

/* Two ops that fit, and then one that does not: nothing of it may stay. */
static int apply_behind_others(struct state *state, const struct op *op, struct err *err)
{
	struct op first = peer_op(8, "blue", "10.20.0.5", "172.30.0.0/16");
	struct op second = { .kind = OP_REMOVE_PEER, .peer = { .key = key_of(2), .zone = "red" } };
	struct change *change;
	int r;

	check(change_new(state_revision(state) + 1, 7, 0, &change) == 0);
	check(change_add(change, &first) == 0 && change_add(change, &second) == 0);
	check(change_add(change, op) == 0);
	r = state_apply(state, change, err);
	change_free(change);
	return r;
}

static void takes_back_changes_that_do_not_fit(void)
{
	_cleanup_free_ char *before = NULL;
	struct op table[] = {
		peer_op(9, "none", "10.20.0.2", ""),
		peer_op(9, "blue", "10.20.0.1", ""), /* held */
		peer_op(9, "blue", "10.20.0.5", ""), /* held since the first op */
		peer_op(9, "blue", "10.20.0.3", ""), /* resting */
		peer_op(9, "blue", "10.20.0.0", ""), /* reserved */
		peer_op(9, "blue", "10.20.0.7", ""), /* reserved */
		peer_op(9, "blue", "10.20.0.8", ""), /* outside */
		peer_op(9, "blue", "fd00::1", ""),   /* of no family of the zone */
		peer_op(9, "blue", "10.20.0.2", "172.24.9.0/24"),
		peer_op(9, "blue", "10.20.0.2", "172.16.0.0/12"),
		peer_op(9, "blue", "10.20.0.2", "172.30.0.0/24"), /* held since the first op */
		peer_op(9, "blue", "10.20.0.2", "10.20.0.0/30"),
		peer_op(9, "blue", "10.20.0.2", "172.26.0.0/16,172.25.0.0/16"),
		peer_op(9, "blue", "10.20.0.2", "172.25.0.0/16,172.25.4.0/24"),
		peer_op(1, "red", "10.20.0.2", ""), /* moves, but does not say from where */
		{ .kind = OP_REMOVE_PEER, .peer = { .key = key_of(9), .zone = "blue" } },
		{ .kind = OP_REMOVE_PEER, .peer = { .key = key_of(2), .zone = "red" } },
		{ .kind = OP_REMOVE_PEER, .peer = { .key = key_of(1), .zone = "red" } },
		zone_op(OP_PUT_ZONE, "red", "10.20.0.0/28"),
		zone_op(OP_PUT_ZONE, "-red", "10.20.0.0/28"),
		zone_op(OP_PUT_ZONE, "green", NULL),
		zone_op(OP_REMOVE_ZONE, "green", NULL),
		zone_op(OP_REMOVE_ZONE, "blue", NULL),
		token_op(OP_PUT_TOKEN, "01", "red"),
		token_op(OP_PUT_TOKEN, "02", "none"),
		token_op(OP_PUT_TOKEN, "", "red"),
		token_op(OP_REMOVE_TOKEN, "02", "blue"),
		token_op(OP_REMOVE_TOKEN, "01", "red"),
		resting_op(OP_PUT_RESTING, "blue", "10.20.0.1"),
		resting_op(OP_PUT_RESTING, "blue", "10.20.0.0"),
		resting_op(OP_PUT_RESTING, "blue", "fd00::1"),
		resting_op(OP_PUT_RESTING, "none", "10.20.0.2"),
		resting_op(OP_REMOVE_RESTING, "blue", "10.20.0.2"),
		resting_op(OP_REMOVE_RESTING, "red", "10.20.0.3"),
		{ .kind = (enum op_kind)99 },
	};
	struct state *overlay = NULL;

	begin();
	before = state_image(core.state);
	check(state_over(core.state, &overlay) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_free_ char *after = NULL;
		struct op copy = table[i];
		struct err err = { 0 };
		struct ip free_ip;

		if (copy.kind == OP_PUT_PEER)
			check(peer_copy(&table[i].peer, &copy.peer) == 0);
		if (!check(apply_behind_others(core.state, &table[i], &err) == -EPROTO))
			printf("# row %zu\n", i);
		after = state_image(core.state);
		check_str(after, before);
		check(state_check(core.state, NULL) == 0);
		check(apply_behind_others(overlay, &copy, &err) == -EPROTO);
		check(state_peers_len(overlay, NULL) == 2 && state_revision(overlay) == 7);
		check(state_lowest_free(overlay, "red", IP_V4, &free_ip));
		check(free_ip.bytes[3] == 2);
	}
	state_free(overlay);
	core_done(&core);
}

static void follows_revisions_only(void)
{
	struct change *change;

	begin();
	for (uint64_t revision = 6; revision <= 10; revision++) {
		uint64_t now = state_revision(core.state);

		check(change_new(revision, revision, 0, &change) == 0);
		check(state_apply(core.state, change, NULL) == (revision == now + 1 ? 0 : -EPROTO));
		change_free(change);
	}
	check(state_revision(core.state) == 10 && state_mark(core.state) == 10);
	core_done(&core);
}

static const char *apply_to(struct state *state, struct request *request)
{
	const struct decide_context context = { .now_ms = core.now_ms,
						.presence = core.presence,
						.limits = &core.limits };
	struct change *change = NULL;
	int r = decide(state, request, &context, &change, &core.refusal);

	if (r == VERDICT_CHANGE)
		check(state_apply(state, change, NULL) == 0);
	change_free(change);
	request_done(request);
	return r == VERDICT_REFUSED ? core.refusal.code : r == VERDICT_CHANGE ? "OK" : "SAME";
}

static void shows_its_difference_over_another_state(void)
{
	_cleanup_free_ char *before = NULL;
	_cleanup_free_ char *after = NULL;
	struct request remove = { .kind = REQUEST_PEER_DELETE, .peer_delete.key = key_of(1) };
	struct key gone = key_of(1);
	struct ip first = ip_of("10.20.0.1");
	struct ip lowest;
	struct prefix prefix = prefix_of_text("172.24.5.0/24");
	struct state *overlay;
	struct request request;

	begin();
	before = state_image(core.state);
	check(state_over(core.state, &overlay) == 0);
	check(state_prefix_holder(overlay, "blue", &prefix, NULL, NULL) != NULL);
	check(state_prefix_holder(overlay, "blue", &prefix, &gone, NULL) == NULL);
	request = zone_request("green", "10.30.0.0/24");
	check_str(apply_to(overlay, &request), "OK");
	check_str(apply_to(overlay, &remove), "OK");
	check(!state_peer(overlay, &gone) && !state_holder(overlay, "blue", &first));
	check(!state_prefix_holder(overlay, "blue", &prefix, NULL, NULL));
	check(state_resting(overlay, "blue", &first) != NULL);
	check(state_lowest_free(overlay, "blue", IP_V4, &lowest) && lowest.bytes[3] == 2);
	core.now_ms += 60000; /* both have rested */
	for (unsigned i = 4; i <= 6; i++) {
		request = join_request(i, i == 6 ? "green" : "blue");
		check_str(apply_to(overlay, &request), "OK");
	}
	check(state_lowest_free(overlay, "blue", IP_V4, &lowest) && lowest.bytes[3] == 3);
	check(state_peers_len(overlay, NULL) == 4 && state_peers_len(overlay, "blue") == 2);
	check(state_resting_len(overlay, "blue") == 0 && state_zones_len(overlay) == 3);
	check(state_revision(overlay) == 12);
	state_free(overlay);
	after = state_image(core.state);
	check_str(after, before);
	core_done(&core);
}

static void loads_what_was_stored(void)
{
	_cleanup_free_ char *before = NULL;
	_cleanup_free_ char *after = NULL;
	struct state *loaded;
	struct op op = zone_op(OP_PUT_ZONE, "stale", "10.0.0.0/8");
	struct op remove = zone_op(OP_REMOVE_ZONE, "stale", NULL);
	struct key key = key_of(1);
	struct ip rests = ip_of("10.20.0.3");

	begin();
	before = state_image(core.state);
	check(state_new(&loaded) == 0);
	check(state_load(loaded, &op, NULL) == 0);
	check(state_load(loaded, &remove, NULL) == -EPROTO);
	state_clear(loaded);
	check(state_zones_len(loaded) == 0);
	op = (struct op){ .kind = OP_PUT_PEER, .peer = peer_now(&core, 1) };
	check(state_load(loaded, &op, NULL) == -EPROTO); /* zones come first */
	for (const struct zone *zone = state_next_zone(core.state, NULL); zone;
	     zone = state_next_zone(core.state, zone->name)) {
		op = (struct op){ .kind = OP_PUT_ZONE, .zone = *zone };
		check(state_load(loaded, &op, NULL) == 0);
	}
	for (unsigned i = 1; i <= 2; i++) {
		op = (struct op){ .kind = OP_PUT_PEER, .peer = peer_now(&core, i) };
		check(state_load(loaded, &op, NULL) == 0);
	}
	op = (struct op){ .kind = OP_PUT_TOKEN, .token = *state_token(core.state, "01") };
	check(state_load(loaded, &op, NULL) == 0);
	op = (struct op){ .kind = OP_PUT_RESTING,
			  .resting = *state_resting(core.state, "blue", &rests) };
	check(state_load(loaded, &op, NULL) == 0);
	state_set_revision(loaded, state_revision(core.state), state_mark(core.state));
	after = state_image(loaded);
	check_str(after, before);
	check(state_check(loaded, NULL) == 0);
	check(state_peer_doc(loaded, &key) != NULL);
	check(state_zone_revision(loaded, "red") == 7); /* whatever was removed before the load */
	state_free(loaded);
	core_done(&core);
}

static void walks_in_a_stable_order(void)
{
	static const char *const addresses[] = { "10.7.0.3", "10.7.0.1", "10.7.0.2" };
	const struct peer *peer = NULL;
	struct prefix prefix;
	struct ip at = { 0 };
	struct key key;

	begin();
	check_str(make_zone(&core, "dual", "10.7.0.0/24,fd00::/64"), "OK");
	for (unsigned i = 0; i < 3; i++) {
		struct request request = join_request(10 + i, "dual");

		with_address(&request, addresses[i]);
		with_prefixes(&request, i == 0   ? "172.30.2.0/24,172.30.0.0/24"
					: i == 1 ? "172.30.1.0/24"
						 : "fd01::/64");
		check_str(core_say(&core, &request), "OK");
	}
	for (unsigned i = 1; i <= 3; i++) {
		peer = state_next_lease(core.state, "dual", i == 1 ? NULL : &at);
		check(peer && peer->address[0].bytes[3] == i);
		at = peer->address[0];
	}
	peer = state_next_lease(core.state, "dual", &at); /* then the other family */
	check(peer && peer->address[1].bytes[15] == 1);
	at = ip_of("fd00::3");
	check(!state_next_lease(core.state, "dual", &at));
	peer = state_next_prefix(core.state, "dual", NULL, &prefix);
	for (unsigned i = 0; i < 3; i++) {
		check(peer && prefix.ip.bytes[2] == i);
		peer = state_next_prefix(core.state, "dual", &prefix, &prefix);
	}
	check(peer && prefix.ip.family == IP_V6);
	check(!state_next_prefix(core.state, "dual", &prefix, &prefix));
	key = key_of(1); /* walks go on behind rows that have gone */
	check_str(remove_peer(&core, 1), "OK");
	peer = state_next_peer(core.state, NULL, &key);
	check(peer && peer->key.bytes[2] == 2);
	check(!state_next_peer(core.state, "blue", NULL) &&
	      !state_next_peer(core.state, "x", NULL));
	check_str(state_next_zone(core.state, "blurb")->name, "dual");
	core_done(&core);
}

static void tells_what_each_zone_was_shown(void)
{
	struct key key = key_of(1);
	struct request token = token_request("02", "blue");

	begin();
	check(state_zone_revision(core.state, "none") == 0);
	check(state_zone_revision(core.state, "blue") == 6);
	check(state_zone_revision(core.state, "red") == 4);
	check_str(core_say(&core, &token), "OK"); /* no watcher sees a token */
	check(state_zone_revision(core.state, "blue") == 6);
	check_str(join(&core, 1, "red", NULL), "OK");
	check(state_zone_revision(core.state, "blue") == 9);
	check(state_zone_revision(core.state, "red") == 9);
	check(strstr(state_peer_doc(core.state, &key), "\"Zone\":\"red\"") != NULL);
	check(strstr(state_zone_doc(core.state, "red"), "\"Name\":\"red\"") != NULL);
	core_done(&core);
}

int main(void)
{
	run(takes_back_changes_that_do_not_fit);
	run(follows_revisions_only);
	run(shows_its_difference_over_another_state);
	run(loads_what_was_stored);
	run(walks_in_a_stable_order);
	run(tells_what_each_zone_was_shown);
	return check_done();
}
