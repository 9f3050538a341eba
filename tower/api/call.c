// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/api/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

json_t *call_body(struct api_call *call)
{
	const struct http_asked *asked = http_asked(call->http);
	json_t *body = NULL;
	struct err err;

	if (doc_load(asked->body, asked->body_len, &body, &err) < 0) {
		call_refuse_err(call, "E400-json", &err);
		return NULL;
	}
	return body;
}

void call_refuse_err(struct api_call *call, const char *code, const struct err *err)
{
	struct refusal refusal;

	refusal_set(&refusal, code, "%s", err->text);
	refusal_hint(&refusal, "%s",
		     str_starts(code, "E503") ? "try again in a moment"
					      : "docs/protocol.md shows what this request takes");
	http_refuse(call->http, &refusal);
}

void call_refuse_zone(struct api_call *call)
{
	struct refusal refusal;

	refusal_set(&refusal, "E404-zone", "no zone '%s'", call->path.zone);
	refusal_hint(&refusal, "GET /zones lists them; POST /zones makes one");
	http_refuse(call->http, &refusal);
}

void call_refuse_peer(struct api_call *call)
{
	struct refusal refusal;
	char text[KEY_TEXT_BYTES];

	key_format(&call->path.key, text);
	refusal_set(&refusal, "E404-peer", "no peer %s", text);
	refusal_hint(&refusal, "GET /peers lists them");
	http_refuse(call->http, &refusal);
}

bool call_answer_known(struct api_call *call, const char *etag)
{
	const char *known = http_header(call->http, "If-None-Match");

	(void)http_add_header(call->http, "ETag", "%s", etag);
	if (!known || !(str_eq(known, "*") || strstr(known, etag)))
		return false;
	http_answer_empty(call->http, 304);
	return true;
}

void call_answer_doc(struct api_call *call, int status, const char *doc, uint64_t revision)
{
	char etag[24];
	char *copy;

	(void)snprintf(etag, sizeof(etag), "\"%" PRIu64 "\"", revision);
	if (status == 200 && call_answer_known(call, etag))
		return;
	if (status != 200)
		(void)http_add_header(call->http, "ETag", "%s", etag);
	copy = strdup(doc);
	http_answer_json(call->http, status, copy, copy ? strlen(copy) : 0);
}

bool call_if_match(struct api_call *call, struct request *request)
{
	const char *wanted = http_header(call->http, "If-Match");
	struct refusal refusal;
	char digits[24];
	size_t len = wanted ? strlen(wanted) : 0;

	if (!wanted || str_eq(wanted, "*"))
		return true;
	if (len >= 3 && len - 2 < sizeof(digits) && wanted[0] == '"' && wanted[len - 1] == '"') {
		memcpy(digits, wanted + 1, len - 2);
		digits[len - 2] = '\0';
		if (str_to_u64(digits, 0, UINT64_MAX, &request->if_match) == 0) {
			request->has_if_match = true;
			return true;
		}
	}
	refusal_set(&refusal, "E412-revision", "If-Match '%.64s' is no revision", wanted);
	refusal_hint(&refusal, "send the ETag of a GET as it was answered, quotes included");
	http_refuse(call->http, &refusal);
	return false;
}

bool call_page(struct api_call *call, struct list_page *ret_page)
{
	const char *limit = http_query(call->http, "limit");
	struct list_page page = { .limit = UINT64_MAX, .after = http_query(call->http, "after") };
	struct refusal refusal;

	if (limit && str_to_u64(limit, 1, 100000, &page.limit) < 0) {
		refusal_set(&refusal, "E400-query", "limit=%.32s is not a number from 1 to 100000",
			    limit);
		refusal_hint(&refusal, "leave it out for the complete list");
		http_refuse(call->http, &refusal);
		return false;
	}
	*ret_page = page;
	return true;
}

void list_begin(struct str *list)
{
	str_append(list, "[");
}

void list_add(struct str *list, const char *doc)
{
	if (list->len > 1)
		str_append(list, ",");
	str_append(list, doc);
}

void call_answer_list(struct api_call *call, struct str *list, const struct list_page *page,
		      const char *next)
{
	char *text;
	size_t len;

	str_append(list, "]");
	if (next)
		(void)http_add_header(call->http, "Link",
				      "<%s?limit=%" PRIu64 "&after=%s>; rel=\"next\"",
				      http_asked(call->http)->path, page->limit, next);
	len = list->len;
	text = str_take(list);
	http_answer_json(call->http, 200, text, len);
}
