// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One call of the REST interface, as the resources see it. Only files of tower/api include this.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include <jansson.h>

#include "base/str.h"
#include "mesh/doc.h"
#include "tower/api/api.h"
#include "tower/api/pending.h"

struct api {
	struct api_config c;
	struct pending pending;
};

struct api_call;
typedef void (*api_answer_fn)(struct api_call *call, const struct commit_answer *answer);

struct api_call {
	struct api *api;
	struct http_request *http;
	struct path_values path;
	struct auth_subject subject;
	struct key key;                     /* that a join's or a rotation's body names */
	char secret[AUTH_TOKEN_TEXT_BYTES]; /* shown once: a new token's text */

	/* From call_submit on: */
	struct commit_ticket *ticket;
	api_answer_fn on_answer;
	int64_t since_ms;
	TAILQ_ENTRY(api_call) link; /* api->pending.calls */
};

typedef void (*api_handler)(struct api_call *call);

/* The resources, a handler a route. */
void zones_list(struct api_call *call);
void zone_get(struct api_call *call);
void zone_create(struct api_call *call);
void zone_patch(struct api_call *call);
void zone_delete(struct api_call *call);
void peers_list(struct api_call *call);
void peer_get(struct api_call *call);
void peer_status(struct api_call *call);
void peer_config(struct api_call *call);
void peer_patch(struct api_call *call);
void peer_delete(struct api_call *call);
void peer_rotate(struct api_call *call);
void peer_join(struct api_call *call);
void events_follow(struct api_call *call);
void leases_list(struct api_call *call);
void tokens_list(struct api_call *call);
void token_create(struct api_call *call);
void token_delete(struct api_call *call);
void challenge_get(struct api_call *call);
void health_get(struct api_call *call);
void ready_get(struct api_call *call);

/* The body as a JSON object; refused and NULL when it is none. The caller's (doc_unref). */
json_t *call_body(struct api_call *call);

/* Refuses with this code, the sentence of `err` as detail. */
void call_refuse_err(struct api_call *call, const char *code, const struct err *err);

/* Refuses: "no zone 'x'", "no peer x". */
void call_refuse_zone(struct api_call *call);
void call_refuse_peer(struct api_call *call);

/*
 * Adds the ETag to the answer. True when If-None-Match names it, and the answer was 304.
 */
bool call_answer_known(struct api_call *call, const char *etag);

/* Answers with a copy of a document and its ETag; 304 when If-None-Match names it. */
void call_answer_doc(struct api_call *call, int status, const char *doc, uint64_t revision);

/* Reads If-Match into the request. False when it was refused. */
bool call_if_match(struct api_call *call, struct request *request);

/*
 * Submits the change; its content is taken over. A refusal is answered by itself; `on_answer` is
 * called otherwise (VERDICT_CHANGE or VERDICT_UNCHANGED), unless the client has gone by then.
 */
void call_submit(struct api_call *call, struct request *request, api_answer_fn on_answer);

/* What the query says of a list. False when it was refused. */
struct list_page {
	uint64_t limit;    /* UINT64_MAX: all */
	const char *after; /* cursor: the last item of the page before; NULL: from the start */
};
bool call_page(struct api_call *call, struct list_page *ret_page);

/*
 * Ends a list that was built as "[…,…": answers it. `next` is the last item's cursor when there is
 * more, else NULL.
 */
void call_answer_list(struct api_call *call, struct str *list, const struct list_page *page,
		      const char *next);
void list_begin(struct str *list);
void list_add(struct str *list, const char *doc);

#endif
