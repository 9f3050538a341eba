// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Peers: list, show, join, change, remove.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tower/api/call.h"

static void answer_peer(struct api_call *call, const struct key *key, int status)
{
	const struct peer *peer = state_peer(call->api->c.state, key);

	if (peer)
		call_answer_doc(call, status, state_peer_doc(call->api->c.state, key),
				peer->revision);
	else
		call_refuse_peer(call);
}

void peers_list(struct api_call *call)
{
	const struct state *state = call->api->c.state;
	const char *zone = *call->path.zone ? call->path.zone : NULL;
	char last_text[KEY_URL_TEXT_BYTES] = "";
	const struct peer *peer;
	struct list_page page;
	struct str list = { 0 };
	struct key after;
	struct err err;
	uint64_t n = 0;

	if (!call_page(call, &page))
		return;
	if (page.after && key_parse(page.after, &after, &err) < 0) {
		call_refuse_err(call, "E400-query", &err);
		return;
	}
	if (zone && !state_zone(state, zone)) {
		call_refuse_zone(call);
		return;
	}
	list_begin(&list);
	for (peer = state_next_peer(state, zone, page.after ? &after : NULL);
	     peer && n < page.limit; peer = state_next_peer(state, zone, &peer->key), n++) {
		list_add(&list, state_peer_doc(state, &peer->key));
		if (n + 1 == page.limit)
			key_format_url(&peer->key, last_text);
	}
	call_answer_list(call, &list, &page, peer ? last_text : NULL);
}

void peer_get(struct api_call *call)
{
	answer_peer(call, &call->path.key, 200);
}

void peer_status(struct api_call *call)
{
	const struct api_config *c = &call->api->c;
	char key_text[KEY_TEXT_BYTES];
	char seen[CLOCK_TEXT_BYTES];
	json_t *object;
	char *text;

	if (!state_peer(c->state, &call->path.key)) {
		call_refuse_peer(call);
		return;
	}
	key_format(&call->path.key, key_text);
	clock_format(presence_seen_ms(c->presence, &call->path.key), seen);
	object = json_pack(
		"{s:s, s:b, s:s}", "PublicKey", key_text, "Online",
		presence_is_online(c->presence, &call->path.key, commit_now_ms(c->commit)),
		"LastSeen", seen);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	http_answer_json(call->http, 200, text, text ? strlen(text) : 0);
}

/* The fields that joining and changing have in common. 0, -EPROTO, -ENOMEM. */
static int read_wish(const json_t *body, struct peer_wish *wish, struct err *err)
{
	int endpoint = doc_endpoint(body, "EndpointIP", &wish->endpoint, err);
	int endpoints = endpoint < 0 ? endpoint
				     : doc_endpoints(body, "Endpoints", PEER_ENDPOINTS_MAX,
						     &wish->endpoints, err);
	int address =
		endpoints < 0 ? endpoints : doc_addresses(body, "NodeAddress", wish->address, err);
	int prefixes = address < 0 ? address
				   : doc_prefixes(body, "ChildPrefixes", PEER_PREFIXES_MAX,
						  &wish->prefixes, err);
	int hostname = prefixes < 0 ? prefixes
				    : doc_text(body, "Hostname", wish->hostname,
					       sizeof(wish->hostname), err);
	int hub = hostname < 0 ? hostname : doc_bool(body, "HubRouter", &wish->hub_router, err);

	if (hub < 0)
		return hub;
	if (!peer_hostname_is_valid(wish->hostname))
		return err_set(err, -EPROTO,
			       "field 'Hostname': letters, digits, '.', '-' and '_' are wanted");
	wish->has_endpoint = endpoint > 0;
	wish->has_endpoints = endpoints > 0;
	wish->has_address = address > 0 && (wish->address[0].family || wish->address[1].family);
	wish->has_prefixes = prefixes > 0;
	wish->has_hostname = hostname > 0;
	wish->has_hub_router = hub > 0;
	return 0;
}

static int read_join(const json_t *body, struct peer_wish *wish, struct err *err)
{
	int r = doc_required(doc_key(body, "PublicKey", &wish->key, err), "PublicKey", err);

	if (r < 0)
		return r;
	if (doc_text(body, "Instance", wish->instance, sizeof(wish->instance), err) < 0 ||
	    doc_u64(body, "Generation", &wish->generation, err) < 0 ||
	    doc_text(body, "NodeUID", wish->node_uid, sizeof(wish->node_uid), err) < 0 ||
	    doc_bool(body, "Agentless", &wish->agentless, err) < 0)
		return -EPROTO;
	if (key_is_zero(&wish->key))
		return err_set(err, -EPROTO, "field 'PublicKey' is all zero");
	return read_wish(body, wish, err);
}

/* {"Peer":…,"Zone":…,…} around the documents as they are kept. NULL: no memory. */
static char *join_text(struct api_call *call, const struct peer *peer, size_t *ret_len)
{
	const struct state *state = call->api->c.state;
	char ticket[AUTH_SEALED_TEXT_BYTES];
	struct str text = { 0 };

	str_append(&text, "{\"Peer\":");
	str_append(&text, state_peer_doc(state, &peer->key));
	str_append(&text, ",\"Zone\":");
	str_append(&text, state_zone_doc(state, peer->zone));
	str_printf(&text, ",\"Revision\":%" PRIu64 ",\"Mark\":\"%016" PRIx64 "\"",
		   state_revision(state), state_mark(state));
	/* Only who has just proven the key can open what is sealed under its answer's key. */
	if (call->subject.proven && key_compare(&call->subject.key, &peer->key) == 0 &&
	    auth_ticket(call->api->c.auth, peer, &call->subject.answer_key,
			commit_now_ms(call->api->c.commit), ticket) == 0)
		str_printf(&text, ",\"Ticket\":\"%s\",\"TicketExpiresIn\":%d", ticket,
			   AUTH_TICKET_S);
	str_append(&text, "}");
	*ret_len = text.len;
	return str_take(&text);
}

static bool is_new(const struct commit_answer *answer, const struct key *key)
{
	if (answer->verdict != VERDICT_CHANGE)
		return false;
	vec_foreach(op, &answer->change->ops) {
		if (op->kind == OP_PUT_PEER && key_compare(&op->peer.key, key) == 0)
			return op->peer.created_ms == answer->change->at_ms;
	}
	return false;
}

static void on_joined(struct api_call *call, const struct commit_answer *answer)
{
	const struct peer *peer = state_peer(call->api->c.state, &call->path.key);
	char key_text[KEY_URL_TEXT_BYTES];
	size_t len = 0;
	char *text;

	if (!peer) {
		call_refuse_peer(call);
		return;
	}
	if (!peer->agentless)
		(void)!presence_touch(call->api->c.presence, &peer->key,
				      commit_now_ms(call->api->c.commit));
	key_format_url(&peer->key, key_text);
	(void)http_add_header(call->http, "Location", "/peers/%s", key_text);
	text = join_text(call, peer, &len);
	http_answer_json(call->http, is_new(answer, &peer->key) ? 201 : 200, text, len);
}

static enum admission admission_of(const struct auth_subject *subject)
{
	if (subject->role == ROLE_ADMIN)
		return ADMITTED_ADMIN;
	if (subject->by_signpost)
		return ADMITTED_SIGNPOST;
	return *subject->token_id ? ADMITTED_TOKEN : ADMITTED_PROOF;
}

void peer_join(struct api_call *call)
{
	struct request request = { .kind = REQUEST_JOIN };
	struct peer_wish *wish = &request.wish;
	_cleanup_(doc_unref) json_t *body = call_body(call);
	struct refusal refusal;
	struct err err;

	if (!body)
		return;
	if (read_join(body, wish, &err) < 0) {
		call_refuse_err(call, "E400-field", &err);
		request_done(&request);
		return;
	}
	wish->admission = admission_of(&call->subject);
	if (wish->agentless && wish->admission != ADMITTED_ADMIN) {
		refusal_set(&refusal, "E403-role",
			    "only an admin registers a device without agent");
		refusal_hint(&refusal, "leave out 'Agentless', or send the admin token");
		http_refuse(call->http, &refusal);
		request_done(&request);
		return;
	}
	memcpy(wish->zone, call->path.zone, sizeof(wish->zone));
	memcpy(wish->token_id, call->subject.token_id, sizeof(wish->token_id));
	call->path.key = wish->key;
	call_submit(call, &request, on_joined);
}

static void on_patched(struct api_call *call, const struct commit_answer *answer)
{
	(void)answer;
	answer_peer(call, &call->path.key, 200);
}

/* "?take=true": prefixes pass from the peers that hold them, in the same change. */
static bool read_take(struct api_call *call, bool *ret_take)
{
	const char *take = http_query(call->http, "take");
	struct err err;

	*ret_take = false;
	if (!take || str_to_bool(take, ret_take) == 0)
		return true;
	(void)err_set(&err, -EINVAL, "take=%.32s: true or false is wanted", take);
	call_refuse_err(call, "E400-query", &err);
	return false;
}

void peer_patch(struct api_call *call)
{
	struct request request = { .kind = REQUEST_PEER_PATCH };
	_cleanup_(doc_unref) json_t *body = call_body(call);
	struct err err;
	bool take;

	if (!body || !read_take(call, &take))
		return;
	request.wish.key = call->path.key;
	request.wish.take = take;
	request.wish.admission = admission_of(&call->subject);
	if (read_wish(body, &request.wish, &err) < 0) {
		call_refuse_err(call, "E400-field", &err);
		request_done(&request);
		return;
	}
	if (call_if_match(call, &request))
		call_submit(call, &request, on_patched);
	else
		request_done(&request);
}

static void on_deleted(struct api_call *call, const struct commit_answer *answer)
{
	(void)answer;
	http_answer_empty(call->http, 204);
}

void peer_delete(struct api_call *call)
{
	struct request request = { .kind = REQUEST_PEER_DELETE,
				   .peer_delete = { .key = call->path.key } };

	if (call_if_match(call, &request))
		call_submit(call, &request, on_deleted);
}
