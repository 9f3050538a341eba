// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Random requests of every kind over a few small, overlapping zones, in batches under overlays that
 * are dropped or applied. Whatever was asked, in whatever order: no address or prefix is held
 * twice, every lease lies in its zone, a key is in one zone, nobody is left without an address, no
 * token is spent too often, and the log alone leads another tower to the same state.
 *
 *   APEX_OPS=1000000 APEX_SEED=7 build/plain/tests/unit/test_core_property
 */
#include "core.h"

#define ZONES 6
#define KEYS 120
#define RESTLESS_KEYS 5 /* that join over and over */
#define TOKENS 24
#define BATCH_MAX 24
#define CHECK_EVERY 512 /* batches between two full checks */

/* What the program keeps beside the state, to hold against it. */
struct world {
	struct core core;
	struct state *replica; /* fed by the encoded log alone */
	uint64_t random;
	uint64_t admitted[TOKENS]; /* by each token since it was created */
	uint64_t verdicts[REQUEST_SWEEP + 1][VERDICT_REFUSED + 1];
	uint64_t dropped, applied; /* batches */
	unsigned codes_len;
	char codes[64][REFUSAL_CODE_BYTES]; /* refusals that came up */
};

static const char *const zone_names[ZONES] = { "a", "b", "c", "d", "e", "f" };
static const char *const zone_cidrs[ZONES] = {
	"10.1.0.0/28", "10.1.0.0/26", "10.1.0.0/24,fd00::/121",
	"fd00::/124",  "10.1.0.0/29", "10.1.0.0/16,fd00::/64",
};

/* --- chance: SplitMix64 --- */

static uint64_t draw(struct world *world)
{
	uint64_t z = (world->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(struct world *world, unsigned limit)
{
	return (unsigned)(draw(world) % limit);
}

static bool chance(struct world *world, unsigned percent)
{
	return below(world, 100) < percent;
}

static const char *any_zone(struct world *world)
{
	return zone_names[below(world, ZONES)];
}

/* --- requests --- */

static void format_token(unsigned number, char to[PEER_TOKEN_ID_BYTES])
{
	(void)snprintf(to, PEER_TOKEN_ID_BYTES, "%016x", number);
}

static struct ip any_address(struct world *world, enum ip_family family)
{
	struct ip base = ip_of(family == IP_V6 ? "fd00::" : "10.1.0.0");

	return ip_from_number(family, ip_to_number(&base) + below(world, 70));
}

static struct prefix any_prefix(struct world *world)
{
	static const char *const odd[] = { "0.0.0.0/0", "127.0.0.0/8", "10.1.0.0/24", "fd00::/48",
					   "224.0.0.0/8" };
	struct ip base;

	if (chance(world, 3))
		return prefix_of_text(odd[below(world, ARRAY_SIZE(odd))]);
	base = ip_from_number(IP_V4, 0xac100000u + (below(world, 512) << 8)); /* 172.16.0.0/15 */
	return prefix_of(&base, (uint8_t)(20 + below(world, 9)));
}

static void wish_endpoints(struct world *world, struct peer_wish *wish)
{
	wish->has_endpoint = chance(world, 30);
	if (wish->has_endpoint)
		wish->endpoint = (struct endpoint){ any_address(world, IP_V4),
						    (uint16_t)(1 + below(world, 3)) };
	wish->has_endpoints = chance(world, 10);
	for (unsigned port = wish->has_endpoints ? below(world, 3) : 0; port > 0; port--) {
		struct endpoint endpoint = { any_address(world, IP_V6), (uint16_t)port };

		check(vec_push(&wish->endpoints, endpoint) == 0);
	}
}

static void wish_anything(struct world *world, struct request *request)
{
	static const char *const names[] = { "n1", "n2", "n3", "n4", "n5", "n6", "not a name" };
	struct peer_wish *wish = &request->wish;

	wish_endpoints(world, wish);
	wish->has_address = chance(world, 25);
	if (wish->has_address && chance(world, 80))
		wish->address[0] = any_address(world, IP_V4);
	if (wish->has_address && chance(world, 30))
		wish->address[1] = any_address(world, IP_V6);
	wish->has_prefixes = chance(world, 25);
	for (unsigned i = wish->has_prefixes ? below(world, 4) : 0; i > 0; i--)
		check(vec_push(&wish->prefixes, any_prefix(world)) == 0);
	wish->take = chance(world, 20);
	if (chance(world, 40))
		with_hostname(request, names[below(world, chance(world, 3) ? 7 : 6)]);
	wish->has_hub_router = chance(world, 10);
	wish->hub_router = chance(world, 50);
}

static struct request any_join(struct world *world)
{
	static const char *const instances[] = { "", "aa", "bb", "cc" };
	static const char *const uids[] = { "", "u1", "u2" };
	unsigned keys = chance(world, 15) ? RESTLESS_KEYS : KEYS;
	struct request request = join_request(1 + below(world, keys), any_zone(world));
	char id[PEER_TOKEN_ID_BYTES];

	wish_anything(world, &request);
	with_instance(&request, instances[chance(world, 70) ? 1 : below(world, 4)]);
	with_uid(&request, uids[below(world, 3)]);
	if (chance(world, 50)) {
		unsigned number = below(world, TOKENS);

		format_token(number, id);
		with_token(&request, id);
		/* A token is mostly shown to its own zone. */
		if (chance(world, 90))
			(void)snprintf(request.wish.zone, ZONE_NAME_BYTES, "%s",
				       zone_names[number % ZONES]);
	} else if (chance(world, 20)) {
		request.wish.admission = ADMITTED_PROOF;
	}
	request.wish.agentless = chance(world, 4);
	return request;
}

static struct request any_patch(struct world *world)
{
	struct request request = patch_request(1 + below(world, KEYS));

	wish_anything(world, &request);
	request.has_if_match = chance(world, 5);
	return request;
}

static struct request any_token(struct world *world)
{
	unsigned number = below(world, TOKENS);
	char id[PEER_TOKEN_ID_BYTES];
	struct request request;
	struct token *token = &request.token;

	format_token(number, id);
	request = token_request(id, zone_names[number % ZONES]);
	token->uses_max = below(world, 6);
	if (chance(world, 50))
		token->expires_ms = world->core.now_ms + below(world, 3600 * 1000);
	token->ephemeral_ttl_s = chance(world, 50) ? 1 + below(world, 600) : 0;
	if (chance(world, 10))
		token->address[0] = any_address(world, IP_V4);
	if (chance(world, 30))
		check(vec_push(&token->ranges, any_prefix(world)) == 0);
	return request;
}

static struct request any_zone_patch(struct world *world)
{
	struct request request = { .kind = REQUEST_ZONE_PATCH };
	struct zone_patch *patch = &request.zone_patch;

	(void)snprintf(patch->values.name, ZONE_NAME_BYTES, "%s", any_zone(world));
	patch->has_hub_zone = patch->has_takeover = patch->has_peer_ttl = patch->has_quarantine =
		true;
	patch->values.hub_zone = chance(world, 30);
	patch->values.takeover = (enum takeover)below(world, 3);
	patch->values.peer_ttl_s = chance(world, 50) ? 0 : below(world, 1000);
	patch->values.quarantine_s = chance(world, 30) ? 0 : below(world, 120);
	return request;
}

static struct request any_request(struct world *world)
{
	struct request request = { .kind = REQUEST_SWEEP };
	unsigned zone;
	unsigned dice = below(world, 1000);

	if (dice < 600)
		return any_join(world);
	if (dice < 780)
		return any_patch(world);
	if (dice < 800) {
		request.kind = REQUEST_PEER_ROTATE;
		request.peer_rotate.from = key_of(1 + below(world, KEYS));
		request.peer_rotate.to = key_of(1 + below(world, KEYS));
	} else if (dice < 900) {
		request.kind = REQUEST_PEER_DELETE;
		request.peer_delete.key = key_of(1 + below(world, KEYS));
	} else if (dice < 950) {
		return any_token(world);
	} else if (dice < 960) {
		request.kind = REQUEST_TOKEN_DELETE;
		format_token(below(world, TOKENS), request.token_delete.id);
		(void)snprintf(request.token_delete.zone, ZONE_NAME_BYTES, "%s", any_zone(world));
	} else if (dice < 975) {
		return any_zone_patch(world);
	} else if (dice < 990) {
		zone = below(world, ZONES);
		return zone_request(zone_names[zone], zone_cidrs[zone]);
	} else if (dice < 993) {
		request.kind = REQUEST_ZONE_DELETE;
		request.zone_delete.force = chance(world, 50);
		(void)snprintf(request.zone_delete.name, ZONE_NAME_BYTES, "%s", any_zone(world));
	}
	return request;
}

/* --- what must hold for every change --- */

static bool has_every_address(const struct state *state, const struct peer *peer)
{
	const struct zone *zone = state_zone(state, peer->zone);

	for (uint8_t i = 0; i < zone->cidr_len; i++) {
		const struct ip *ip = &peer->address[zone->cidr[i].ip.family == IP_V6];
		const struct peer *holder = state_holder(state, peer->zone, ip);

		if (!prefix_contains(&zone->cidr[i], ip) || zone_reserves(zone, ip) || !holder ||
		    key_compare(&holder->key, &peer->key) != 0 ||
		    state_resting(state, peer->zone, ip))
			return false;
	}
	return true;
}

static void check_change(const struct state *state, const struct change *change)
{
	for (size_t i = 0; i < change->ops.len; i++) {
		const struct op *op = &change->ops.at[i];
		const struct peer *peer;

		if (op->kind != OP_PUT_PEER)
			continue;
		peer = state_peer(state, &op->peer.key);
		check(peer && peer_same(peer, &op->peer) && peer->revision == change->revision);
		check(peer && has_every_address(state, peer));
	}
}

static unsigned token_number(const char *id)
{
	return (unsigned)strtoul(id, NULL, 16);
}

/* Counts by itself whom a token let in. */
static void count_token(struct world *world, const struct request *request, const struct peer *old)
{
	const struct token *token;
	unsigned number;

	if (request->kind == REQUEST_TOKEN_CREATE)
		world->admitted[token_number(request->token.id)] = 0;
	if (request->kind != REQUEST_JOIN || request->wish.admission != ADMITTED_TOKEN ||
	    (old && str_eq(old->zone, request->wish.zone)))
		return;
	number = token_number(request->wish.token_id);
	token = state_token(world->core.state, request->wish.token_id);
	world->admitted[number]++;
	if (check(token != NULL))
		check(token->uses == world->admitted[number] &&
		      (token->uses_max == 0 || token->uses <= token->uses_max));
}

/* Another tower knows the change by the log alone. */
static void replay(struct world *world, const struct change *change)
{
	_cleanup_(change_freep) struct change *read = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };

	if (!check(change_encode(change, NULL, &text) == 0))
		return;
	if (!check(change_decode(text, strlen(text), &read, &err) == 0)) {
		printf("# %s: %s\n", err.text, text);
		return;
	}
	read->revision = change->revision;
	read->mark = change->mark;
	if (!check(state_apply(world->replica, read, &err) == 0))
		printf("# %s: %s\n", err.text, text);
}

/* --- batches --- */

struct pending {
	struct request request;
	struct change *change;
};

static int decide_on(struct world *world, const struct state *state, const struct request *request,
		     struct change **ret_change)
{
	const struct decide_context context = {
		.now_ms = world->core.now_ms,
		.ready_since_ms = world->core.ready_since_ms,
		.presence = world->core.presence,
		.limits = &world->core.limits,
	};

	return decide(state, request, &context, ret_change, &world->core.refusal);
}

static void note_verdict(struct world *world, const struct request *request, int verdict)
{
	const char *code = world->core.refusal.code;
	unsigned i;

	if (!check(verdict >= 0))
		return;
	world->verdicts[request->kind][verdict]++;
	if (verdict != VERDICT_REFUSED)
		return;
	check(world->core.refusal.detail[0] && world->core.refusal.hint[0]);
	for (i = 0; i < world->codes_len && !str_eq(world->codes[i], code); i++)
		;
	if (i == world->codes_len && check(i < ARRAY_SIZE(world->codes)))
		(void)snprintf(world->codes[world->codes_len++], REFUSAL_CODE_BYTES, "%s", code);
}

/* What was decided under an overlay is what would be decided on the state that it stands for. */
static void check_same_decision(struct world *world, const struct pending *pending)
{
	_cleanup_(change_freep) struct change *again = NULL;
	_cleanup_free_ char *before = NULL;
	_cleanup_free_ char *after = NULL;

	if (!check(decide_on(world, world->core.state, &pending->request, &again) ==
		   VERDICT_CHANGE))
		return;
	if (check(change_encode(pending->change, NULL, &before) == 0 &&
		  change_encode(again, NULL, &after) == 0))
		check_str(after, before);
}

static void commit(struct world *world, const struct pending *pending)
{
	const struct request *request = &pending->request;
	struct peer old = { 0 };
	const struct peer *row = NULL;
	struct err err = { 0 };

	if (request->kind == REQUEST_JOIN)
		row = state_peer(world->core.state, &request->wish.key);
	if (row)
		(void)snprintf(old.zone, sizeof(old.zone), "%s", row->zone);
	if (!check(state_apply(world->core.state, pending->change, &err) == 0)) {
		printf("# %s\n", err.text);
		return;
	}
	check_change(world->core.state, pending->change);
	count_token(world, request, row ? &old : NULL);
	replay(world, pending->change);
}

/* Decides up to `len` requests under an overlay, then drops or commits them. Returns how many. */
static unsigned run_batch(struct world *world, unsigned len)
{
	struct pending batch[BATCH_MAX];
	struct state *overlay = NULL;
	bool drop = chance(world, 15);
	bool decide_twice = chance(world, 30);
	unsigned asked = 0;
	unsigned kept = 0;

	check(state_over(world->core.state, &overlay) == 0);
	while (asked < len) {
		struct pending *pending = &batch[kept];
		int verdict;

		*pending = (struct pending){ .request = any_request(world) };
		pending->request.mark = draw(world);
		/* A wide request is alone in its batch. */
		if (request_is_wide(&pending->request) && kept > 0) {
			request_done(&pending->request);
			break;
		}
		asked++;
		verdict = decide_on(
			world, request_is_wide(&pending->request) ? world->core.state : overlay,
			&pending->request, &pending->change);
		note_verdict(world, &pending->request, verdict);
		if (verdict != VERDICT_CHANGE || !check(pending->change != NULL)) {
			request_done(&pending->request);
			continue;
		}
		kept++;
		if (request_is_wide(&pending->request))
			break;
		check(state_apply(overlay, pending->change, NULL) == 0);
	}
	state_free(overlay);
	for (unsigned i = 0; i < kept; i++) {
		if (!drop && decide_twice && check_test_ok)
			check_same_decision(world, &batch[i]);
		if (!drop && check_test_ok)
			commit(world, &batch[i]);
		change_free(batch[i].change);
		request_done(&batch[i].request);
	}
	world->dropped += drop;
	world->applied += !drop;
	return MAX(asked, 1);
}

/* --- what must hold at the end --- */

static void check_apart(const struct peer *a, const struct peer *b)
{
	for (unsigned slot = 0; slot < ZONE_CIDRS_MAX; slot++)
		check(a->address[slot].family == IP_NONE ||
		      !ip_equal(&a->address[slot], &b->address[slot]));
	for (size_t i = 0; i < a->prefixes.len; i++) {
		for (size_t j = 0; j < b->prefixes.len; j++)
			check(!prefix_overlaps(&a->prefixes.at[i], &b->prefixes.at[j]));
	}
}

/* Without any index: every two peers of a zone are held against each other. */
static void check_rows(const struct state *state)
{
	const struct peer *peers[KEYS] = { NULL };
	const struct peer *peer;
	size_t len = 0;

	for (peer = state_next_peer(state, NULL, NULL); peer && check(len < KEYS);
	     peer = state_next_peer(state, NULL, &peer->key))
		peers[len++] = peer;
	check(len == state_peers_len(state, NULL));
	for (size_t i = 0; i < len; i++) {
		check(has_every_address(state, peers[i]));
		for (size_t j = i + 1; j < len; j++) {
			if (str_eq(peers[i]->zone, peers[j]->zone))
				check_apart(peers[i], peers[j]);
		}
	}
}

static void check_same_state(const struct state *a, const struct state *b)
{
	_cleanup_free_ char *a_image = state_image(a);
	_cleanup_free_ char *b_image = state_image(b);

	check_str(b_image, a_image);
}

static void check_everything(struct world *world)
{
	struct err err = { 0 };

	if (!check(state_check(world->core.state, &err) == 0))
		printf("# %s\n", err.text);
	if (!check(state_check(world->replica, &err) == 0))
		printf("# replica: %s\n", err.text);
	check_rows(world->core.state);
	check_same_state(world->core.state, world->replica);
}

/* --- the run --- */

static uint64_t from_env(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	uint64_t value;

	return text && str_to_u64(text, 1, UINT64_MAX, &value) == 0 ? value : fallback;
}

static void pass_time(struct world *world)
{
	world->core.now_ms += below(world, chance(world, 2) ? 600 * 1000 : 1000);
	if (chance(world, 1))
		world->core.ready_since_ms = world->core.now_ms;
	for (unsigned i = 0; i < 8; i++)
		touch(&world->core, 1 + below(world, KEYS));
}

static void report(const struct world *world, uint64_t ops)
{
	printf("# %ju requests, revision %ju, %ju peers, %ju batches applied, %ju dropped\n",
	       (uintmax_t)ops, (uintmax_t)state_revision(world->core.state),
	       (uintmax_t)state_peers_len(world->core.state, NULL), (uintmax_t)world->applied,
	       (uintmax_t)world->dropped);
	for (unsigned i = 0; i < world->codes_len; i++)
		printf("%s %s%s", i == 0 ? "#" : "", world->codes[i],
		       i + 1 == world->codes_len ? "\n" : "");
}

/* A run that never comes to the rules shows nothing: it must have met all of them. */
static void check_reach(const struct world *world)
{
	static const char *const wanted[] = {
		"E401-token",      "E403-zone",       "E403-role",           "E404-zone",
		"E404-peer",       "E404-token",      "E409-zone-exists",    "E409-zone-in-use",
		"E409-address",    "E409-reserved",   "E409-fixed",          "E409-pool-full",
		"E409-hub-exists", "E409-cloned-key", "E409-prefix-overlap", "E409-limit",
		"E412-revision",   "E422-address",    "E422-prefix",         "E422-range",
		"E400-name",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		bool met = false;

		for (unsigned j = 0; j < world->codes_len; j++)
			met |= str_eq(world->codes[j], wanted[i]);
		if (!check(met))
			printf("# never refused with %s\n", wanted[i]);
	}
	for (unsigned kind = 0; kind <= REQUEST_SWEEP; kind++) {
		if (!check(world->verdicts[kind][VERDICT_CHANGE] > 0))
			printf("# no change by a request of kind %u\n", kind);
	}
	check(world->verdicts[REQUEST_JOIN][VERDICT_UNCHANGED] > 0);
	check(world->dropped > 0 && world->applied > 0);
}

static void holds_for_random_requests(void)
{
	static struct world world;
	uint64_t ops = from_env("APEX_OPS", 40000);
	uint64_t done = 0;
	uint64_t batches = 0;

	world.random = from_env("APEX_SEED", 1);
	core_init(&world.core);
	world.core.limits = (struct limits){ .zones = ZONES - 1,
					     .peers_per_zone = 30,
					     .prefixes_per_peer = 6,
					     .tokens_per_zone = 3,
					     .resting_per_zone = 20 };
	check(state_new(&world.replica) == 0);
	while (done < ops && check_test_ok) {
		done += run_batch(&world, 1 + below(&world, BATCH_MAX));
		pass_time(&world);
		if (++batches % CHECK_EVERY == 0)
			check_everything(&world);
	}
	check_everything(&world);
	report(&world, done);
	if (ops >= 40000)
		check_reach(&world);
	if (!check_test_ok)
		printf("# seed %ju\n", (uintmax_t)from_env("APEX_SEED", 1));
	state_free(world.replica);
	core_done(&world.core);
}

int main(void)
{
	run(holds_for_random_requests);
	return check_done();
}
