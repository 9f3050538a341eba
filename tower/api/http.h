// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * HTTP on the loop: listeners, connections, bodies, answers. The only room that knows
 * libmicrohttpd. It reads requests and writes answers; what they mean is the router's business.
 *
 * A request lives from its dispatch until its answer was sent or its client has gone; whoever
 * keeps one over a turn of the loop sets `on_gone`.
 */
#ifndef API_HTTP_H
#define API_HTTP_H

#include <sys/socket.h>

#include "base/loop.h"
#include "mesh/refusal.h"
#include "tower/auth.h"

#define HTTP_RETIRED_MAX 8 /* replaced certificates that connections still use */
#define HTTP_BODY_MAX 65536
#define HTTP_BODIES_MAX (32 * 1024 * 1024) /* of all requests at once: else E503-busy */
#define HTTP_DRAIN_MAX (1024 * 1024) /* of a body that is too long, read before it is refused */
#define HTTP_POOL_BYTES 2048  /* a connection's memory: request line, headers, pieces of body */
#define HTTP_HEADERS_MAX 1728 /* of these, for what is asked; the rest for the answer's headers */

struct http;
struct http_request;

struct http_limits {
	unsigned connections;
	unsigned connections_per_address;
	unsigned idle_s;    /* without a byte; streams with nothing to say are not counted */
	unsigned request_s; /* until headers and body are whole, and from an answer to the next */
};

/* Called when headers and body are whole. Answers now or later; exactly once. */
typedef void (*http_dispatch_fn)(struct http_request *request, void *data);

int http_new(struct loop *loop, const struct http_limits *limits, http_dispatch_fn dispatch,
	     void *data, struct http **ret_http, struct err *err) _must_check_;

/* Ends all connections. NULL is allowed. */
void http_free(struct http *http);

/*
 * Serves a listening socket (http_address_open), which is taken over, also on failure. With
 * certificate and key (PEM text, read at once) it speaks TLS.
 */
struct http_listener {
	int fd;
	const char *cert_pem;
	const char *key_pem;
	struct auth_listener trust;
};
int http_listen(struct http *http, const struct http_listener *listener,
		struct err *err) _must_check_;

/*
 * New connections of the TLS listeners see this certificate (PEM texts, read at once) from now on;
 * those that stand keep theirs until they end. On failure everything stays as it is.
 */
int http_replace_certificate(struct http *http, const char *cert_pem, const char *key_pem,
			     struct err *err) _must_check_;

/* What was asked; all borrowed. */
struct http_asked {
	const char *method;
	const char *path; /* as sent, not decoded, without the query */
	const void *body;
	size_t body_len;
	const char *client; /* address as text; "unix" */
	const struct auth_listener *trust;
};
const struct http_asked *http_asked(const struct http_request *request);
const char *http_header(const struct http_request *request, const char *name); /* or NULL */

/* The value of a query parameter, decoded; NULL when absent. Borrowed. */
const char *http_query(const struct http_request *request, const char *name);

/* A slot for whoever answers later. */
void http_set_data(struct http_request *request, void *data, void (*on_gone)(void *data));
void *http_data(const struct http_request *request);

/* Adds a header to the answer that comes; before it is given. */
int http_add_header(struct http_request *request, const char *name, const char *fmt, ...)
	_printf_(3, 4);

/* Answers with JSON text; takes `json` over (malloc). NULL: 503 for want of memory. */
void http_answer_json(struct http_request *request, int status, char *json, size_t len);

/* Answers with a text of this type; takes it over as http_answer_json does. */
void http_answer_owned(struct http_request *request, int status, const char *content_type,
		       char *text, size_t len);
void http_answer_text(struct http_request *request, int status, const char *text);
void http_answer_empty(struct http_request *request, int status);
void http_refuse(struct http_request *request, const struct refusal *refusal);

/*
 * Answers with a stream: `read` copies what is ready (0: nothing now, -ESHUTDOWN: over) until the
 * client goes; then `done` is called, once. http_stream_wake after a 0 has it asked again.
 */
struct http_stream {
	const char *content_type;
	ssize_t (*read)(char *to, size_t to_bytes, void *data);
	void (*done)(void *data);
	void *data;
};
void http_answer_stream(struct http_request *request, const struct http_stream *stream);
void http_stream_wake(struct http_request *request);

#endif
