// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Join tokens: made, listed, removed. Their text is shown once.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "tower/api/call.h"

#define DEFAULT_USES 1
#define DEFAULT_TTL_S 86400

/* The document of a token, with its text when it was just made. NULL: no memory. */
static char *token_doc(const struct token *token, const char *secret)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	json_t *address = doc_address_text(token->address);
	json_t *ranges = doc_prefix_array(&token->ranges);
	char expires[CLOCK_TEXT_BYTES];

	clock_format(token->expires_ms, expires);
	object = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:o, s:o, s:I}", "Id", token->id,
			   "Zone", token->zone, "Description", token->description, "UsesMax",
			   (json_int_t)token->uses_max, "Uses", (json_int_t)token->uses, "Expires",
			   expires, "EphemeralTTL", (json_int_t)token->ephemeral_ttl_s,
			   "NodeAddress", address, "PrefixRanges", ranges, "Revision",
			   (json_int_t)token->revision);
	if (!object || (*secret && json_object_set_new(object, "Token", json_string(secret)) < 0))
		return NULL;
	return json_dumps(object, JSON_COMPACT);
}

void tokens_list(struct api_call *call)
{
	const struct state *state = call->api->c.state;
	const struct token *token;
	struct list_page page;
	struct str list = { 0 };
	const char *last = NULL;
	uint64_t n = 0;

	if (!call_page(call, &page))
		return;
	if (!state_zone(state, call->path.zone)) {
		call_refuse_zone(call);
		return;
	}
	list_begin(&list);
	for (token = state_next_token(state, call->path.zone, page.after); token && n < page.limit;
	     token = state_next_token(state, call->path.zone, token->id), n++) {
		_cleanup_free_ char *doc = token_doc(token, "");

		if (doc)
			list_add(&list, doc);
		else
			list.failed = true;
		last = token->id;
	}
	call_answer_list(call, &list, &page, token ? last : NULL);
}

static int read_token(const json_t *body, int64_t now_ms, struct token *token, struct err *err)
{
	int64_t ttl_s = DEFAULT_TTL_S;

	token->uses_max = DEFAULT_USES;
	if (doc_text(body, "Description", token->description, sizeof(token->description), err) <
		    0 ||
	    doc_u64(body, "Uses", &token->uses_max, err) < 0 ||
	    doc_seconds(body, "TTL", &ttl_s, err) < 0 ||
	    doc_seconds(body, "EphemeralTTL", &token->ephemeral_ttl_s, err) < 0 ||
	    doc_addresses(body, "NodeAddress", token->address, err) < 0)
		return -EPROTO;
	token->expires_ms = ttl_s > 0 ? now_ms + ttl_s * 1000 : 0;
	token->created_ms = now_ms;
	return doc_prefixes(body, "PrefixRanges", TOKEN_RANGES_MAX, &token->ranges, err);
}

static void on_created(struct api_call *call, const struct commit_answer *answer)
{
	const struct token *token = state_token(call->api->c.state, call->path.id);
	char *doc = token ? token_doc(token, call->secret) : NULL;

	(void)answer;
	(void)http_add_header(call->http, "Location", "/zones/%s/tokens/%s", call->path.zone,
			      call->path.id);
	http_answer_json(call->http, 201, doc, doc ? strlen(doc) : 0);
}

void token_create(struct api_call *call)
{
	struct request request = { .kind = REQUEST_TOKEN_CREATE };
	const struct http_asked *asked = http_asked(call->http);
	_cleanup_(doc_unref) json_t *body = NULL;
	struct err err;

	/* No body at all means a token with every default. */
	body = asked->body_len > 0 ? call_body(call) : json_object();
	if (!body)
		return;
	memcpy(request.token.zone, call->path.zone, sizeof(request.token.zone));
	if (read_token(body, commit_now_ms(call->api->c.commit), &request.token, &err) < 0) {
		call_refuse_err(call, "E400-field", &err);
		request_done(&request);
		return;
	}
	if (auth_new_token(&request.token, call->secret) < 0) {
		(void)err_oom(&err);
		call_refuse_err(call, "E503-memory", &err);
		request_done(&request);
		return;
	}
	memcpy(call->path.id, request.token.id, sizeof(call->path.id));
	call_submit(call, &request, on_created);
	crypto_wipe(call->secret, sizeof(call->secret));
}

static void on_deleted(struct api_call *call, const struct commit_answer *answer)
{
	(void)answer;
	http_answer_empty(call->http, 204);
}

void token_delete(struct api_call *call)
{
	struct request request = { .kind = REQUEST_TOKEN_DELETE };

	memcpy(request.token_delete.zone, call->path.zone, sizeof(call->path.zone));
	memcpy(request.token_delete.id, call->path.id, sizeof(call->path.id));
	if (call_if_match(call, &request))
		call_submit(call, &request, on_deleted);
}
