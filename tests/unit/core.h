// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A small tower without I/O for the tests of the core: a state, presence, a clock that stands
 * until it is moved, and requests as the REST interface would make them.
 */
#ifndef UNIT_CORE_H
#define UNIT_CORE_H

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "check.h"
#include "tower/core/decide.h"

struct core {
	struct state *state;
	struct presence *presence;
	struct limits limits;
	int64_t now_ms;
	int64_t ready_since_ms;
	struct refusal refusal; /* of the last refused request */
	struct change *change;  /* of the last request that changed something; NULL for none */
};

static inline void core_init(struct core *core)
{
	*core = (struct core){ .limits = LIMITS_DEFAULT, .now_ms = 1000000, .ready_since_ms = 1 };
	if (state_new(&core->state) < 0 || presence_new(&core->presence) < 0)
		abort();
}

static inline void core_done(struct core *core)
{
	change_free(core->change);
	presence_free(core->presence);
	state_free(core->state);
}

/* Decides and, when there is a change, applies it; the request is freed. */
static inline enum verdict core_ask(struct core *core, struct request *request)
{
	const struct decide_context context = {
		.now_ms = core->now_ms,
		.ready_since_ms = core->ready_since_ms,
		.presence = core->presence,
		.limits = &core->limits,
	};
	struct err err = { 0 };
	int r;

	change_free(core->change);
	core->change = NULL;
	core->refusal = (struct refusal){ 0 };
	request->mark = state_revision(core->state) * 7919;
	r = decide(core->state, request, &context, &core->change, &core->refusal);
	if (!check(r >= 0))
		printf("# decide: %d\n", r);
	if (r == VERDICT_CHANGE && !check(state_apply(core->state, core->change, &err) == 0))
		printf("# %s\n", err.text);
	if (!check(state_check(core->state, &err) == 0))
		printf("# %s\n", err.text);
	request_done(request);
	return (enum verdict)r;
}

/* "OK", "SAME", or the code of the refusal. */
static inline const char *core_say(struct core *core, struct request *request)
{
	switch (core_ask(core, request)) {
	case VERDICT_CHANGE:
		return "OK";
	case VERDICT_UNCHANGED:
		return "SAME";
	case VERDICT_REFUSED:
		/* Every refusal says what is wrong and what to do next. */
		check(core->refusal.detail[0] && core->refusal.hint[0]);
		return core->refusal.code;
	}
	return "?";
}

/* The key of node `number`: keys order as their numbers do. */
static inline struct key key_of(unsigned number)
{
	return (struct key){ .bytes = { (uint8_t)(number >> 16), (uint8_t)(number >> 8),
					(uint8_t)number, 1 } };
}

static inline struct ip ip_of(const char *text)
{
	struct ip ip;

	if (ip_parse(text, &ip, NULL) < 0)
		abort();
	return ip;
}

static inline struct prefix prefix_of_text(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix, NULL) < 0)
		abort();
	return prefix;
}

static inline struct request zone_request(const char *name, const char *cidr)
{
	struct request request = { .kind = REQUEST_ZONE_CREATE };

	decide_zone_defaults(&request.zone);
	(void)snprintf(request.zone.name, sizeof(request.zone.name), "%s", name);
	(void)snprintf(request.zone.cidr_typed, sizeof(request.zone.cidr_typed), "%s", cidr);
	return request;
}

static inline const char *make_zone(struct core *core, const char *name, const char *cidr)
{
	struct request request = zone_request(name, cidr);

	return core_say(core, &request);
}

/* A join by an admin, to be refined by with_…(). */
static inline struct request join_request(unsigned number, const char *zone)
{
	struct request request = { .kind = REQUEST_JOIN, .wish.key = key_of(number) };

	(void)snprintf(request.wish.zone, sizeof(request.wish.zone), "%s", zone);
	return request;
}

static inline struct request patch_request(unsigned number)
{
	return (struct request){ .kind = REQUEST_PEER_PATCH, .wish.key = key_of(number) };
}

/* "10.0.0.5", "fd00::5" or both with a comma. */
static inline void with_address(struct request *request, const char *text)
{
	char item[IP_TEXT_BYTES];

	request->wish.has_address = true;
	while (str_next_item(&text, item, sizeof(item)) > 0) {
		struct ip ip = ip_of(item);

		request->wish.address[ip.family == IP_V6] = ip;
	}
}

static inline void with_prefixes(struct request *request, const char *text)
{
	char item[PREFIX_TEXT_BYTES];

	request->wish.has_prefixes = true;
	while (str_next_item(&text, item, sizeof(item)) > 0) {
		struct prefix prefix = prefix_of_text(item);

		if (vec_push(&request->wish.prefixes, prefix) < 0)
			abort();
	}
}

static inline void with_hostname(struct request *request, const char *hostname)
{
	request->wish.has_hostname = true;
	(void)snprintf(request->wish.hostname, sizeof(request->wish.hostname), "%s", hostname);
}

static inline void with_instance(struct request *request, const char *instance)
{
	(void)snprintf(request->wish.instance, sizeof(request->wish.instance), "%s", instance);
}

static inline void with_uid(struct request *request, const char *uid)
{
	(void)snprintf(request->wish.node_uid, sizeof(request->wish.node_uid), "%s", uid);
}

static inline void with_token(struct request *request, const char *id)
{
	request->wish.admission = ADMITTED_TOKEN;
	(void)snprintf(request->wish.token_id, sizeof(request->wish.token_id), "%s", id);
}

/* A join by an admin, with an address unless it is NULL. */
static inline const char *join(struct core *core, unsigned number, const char *zone,
			       const char *address)
{
	struct request request = join_request(number, zone);

	if (address)
		with_address(&request, address);
	return core_say(core, &request);
}

static inline const char *remove_peer(struct core *core, unsigned number)
{
	struct request request = { .kind = REQUEST_PEER_DELETE, .peer_delete.key = key_of(number) };

	return core_say(core, &request);
}

static inline struct request token_request(const char *id, const char *zone)
{
	struct request request = { .kind = REQUEST_TOKEN_CREATE };

	(void)snprintf(request.token.id, sizeof(request.token.id), "%s", id);
	(void)snprintf(request.token.zone, sizeof(request.token.zone), "%s", zone);
	return request;
}

static inline struct request sweep_request(void)
{
	return (struct request){ .kind = REQUEST_SWEEP };
}

/* A borrowed copy of the peer; all zero when there is none. */
static inline struct peer peer_now(const struct core *core, unsigned number)
{
	struct key key = key_of(number);
	const struct peer *peer = state_peer(core->state, &key);

	return peer ? *peer : (struct peer){ 0 };
}

/* "zone 10.0.0.1,fd00::1 172.16.0.0/24" of a peer, or "gone"; valid until the next call. */
static inline const char *peer_line(const struct core *core, unsigned number)
{
	static struct str line;
	struct peer peer = peer_now(core, number);
	char text[PREFIX_TEXT_BYTES];
	const char *before = " ";

	str_done(&line);
	if (!peer.zone[0])
		return "gone";
	str_append(&line, peer.zone);
	for (unsigned i = 0; i < ZONE_CIDRS_MAX; i++, before = ",") {
		if (peer.address[i].family == IP_NONE)
			continue;
		ip_format(&peer.address[i], text);
		str_printf(&line, "%s%s", line.len > strlen(peer.zone) ? before : " ", text);
	}
	for (size_t i = 0; i < peer.prefixes.len; i++) {
		prefix_format(&peer.prefixes.at[i], text);
		str_printf(&line, " %s", text);
	}
	return line.at;
}

static inline void add_row(struct str *to, const struct op *op)
{
	struct row row;

	if (op_row(op, &row) < 0)
		abort();
	str_printf(to, "%s %s\n", row.table, row.json);
	free(row.json);
}

static inline void add_zone_rows(struct str *to, const struct state *state, const struct zone *zone)
{
	const struct peer *peer;
	const struct token *token;
	const struct resting *resting;

	add_row(to, &(struct op){ .kind = OP_PUT_ZONE, .zone = *zone });
	str_printf(to, "%s\npeers %ju tokens %ju resting %ju\n", state_zone_doc(state, zone->name),
		   (uintmax_t)state_peers_len(state, zone->name),
		   (uintmax_t)state_tokens_len(state, zone->name),
		   (uintmax_t)state_resting_len(state, zone->name));
	for (peer = state_next_peer(state, zone->name, NULL); peer;
	     peer = state_next_peer(state, zone->name, &peer->key)) {
		add_row(to, &(struct op){ .kind = OP_PUT_PEER, .peer = *peer });
		str_printf(to, "%s\n", state_peer_doc(state, &peer->key));
	}
	for (token = state_next_token(state, zone->name, NULL); token;
	     token = state_next_token(state, zone->name, token->id)) {
		add_row(to, &(struct op){ .kind = OP_PUT_TOKEN, .token = *token });
		str_printf(to, "used %ju\n", (uintmax_t)token->uses);
	}
	for (resting = state_next_resting(state, zone->name, 0, NULL); resting;
	     resting = state_next_resting(state, zone->name, resting->until_ms, &resting->ip))
		add_row(to, &(struct op){ .kind = OP_PUT_RESTING, .resting = *resting });
}

/* Every row and document of a committed state as text, so that two states can be compared. */
static inline char *state_image(const struct state *state)
{
	_cleanup_str_ struct str image = { 0 };
	const struct zone *zone;

	str_printf(&image, "%ju-%jx zones %ju peers %ju\n", (uintmax_t)state_revision(state),
		   (uintmax_t)state_mark(state), (uintmax_t)state_zones_len(state),
		   (uintmax_t)state_peers_len(state, NULL));
	for (zone = state_next_zone(state, NULL); zone; zone = state_next_zone(state, zone->name))
		add_zone_rows(&image, state, zone);
	return str_take(&image);
}

static inline void touch(struct core *core, unsigned number)
{
	struct key key = key_of(number);

	if (presence_touch(core->presence, &key, core->now_ms) < 0)
		abort();
}

#endif
