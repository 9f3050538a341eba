// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the files of the HTTP room share. Nobody else includes it.
 */
#ifndef API_HTTP_ROOM_H
#define API_HTTP_ROOM_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/queue.h>

#include "base/str.h"
#include "base/tree.h"
#include "tower/api/http.h"

#define HTTP_SWEEP_MS 1000

/* A listener: one daemon of libmicrohttpd, driven by our loop through its epoll descriptor. */
struct daemon {
	struct http *http;
	struct MHD_Daemon *mhd;
	struct loop_fd *watch;
	struct auth_listener trust;
	bool resumed; /* connections were resumed: it must run before the loop sleeps */
	bool is_tls;
	bool retired; /* its certificate was replaced: it accepts nobody, and ends with its last */
	bool closing; /* its streams are told to end */
	LIST_ENTRY(daemon) link;
};

/* An address, as long as it has connections. */
struct http_client {
	char address[INET6_ADDRSTRLEN];
	unsigned connections;
	RB_ENTRY(http_client) link;
};

RB_HEAD(http_client_tree, http_client);

/* A connection, kept to bound how long it may take to come up with a request. */
struct connection {
	struct daemon *daemon;
	struct http_client *client;
	int fd;
	bool over_limit; /* one too many when it came: its requests are refused */
	bool over_address_limit;
	bool waiting;
	int64_t since_ms;
	TAILQ_ENTRY(connection) link; /* on http->waiting, oldest first */
};

TAILQ_HEAD(connection_queue, connection);

enum request_phase {
	PHASE_READING,    /* headers or body are coming */
	PHASE_DISPATCHED, /* somebody will answer */
	PHASE_ANSWERED,   /* the answer is made, and on its way */
};

enum unfit {
	FIT,
	UNFIT_CONNECTION, /* too many, in all */
	UNFIT_ADDRESS,    /* too many of its address */
	UNFIT_HEADERS,
	UNFIT_BODY,
	UNFIT_ROOM, /* no memory for its body, or HTTP_BODIES_MAX */
	UNFIT_TYPE,
};

struct http_request {
	struct daemon *daemon;
	struct MHD_Connection *mhd;
	enum request_phase phase;
	bool suspended;
	bool resuming; /* on http->resuming */
	struct http_asked asked;
	char *path; /* owns asked.path; behind its NUL stands the query */
	struct str body;
	size_t body_seen; /* bytes that came, also of a body that is refused */
	enum unfit unfit;
	struct MHD_Response *response;
	int status;
	struct http_stream stream;
	void *data;
	void (*on_gone)(void *data);
	struct str extra_headers; /* "name\0value\0", for the answer that comes */
	LIST_ENTRY(http_request) link;
	TAILQ_ENTRY(http_request) resume_link;
};

TAILQ_HEAD(request_queue, http_request);

struct http {
	struct loop *loop;
	struct loop_hook *hook;
	struct loop_timer *sweep;
	struct http_limits limits;
	http_dispatch_fn dispatch;
	void *data;
	unsigned connections;
	size_t bodies_bytes;                    /* of all requests */
	LIST_HEAD(daemon_list, daemon) daemons; /* newest first */
	LIST_HEAD(, http_request) requests;
	struct request_queue resuming;
	struct connection_queue waiting;
	struct http_client_tree clients;
};

/* NULL when there was no memory for it. */
struct connection *connection_of(struct MHD_Connection *mhd);

/* Bounds the time until connection_stop_waiting. */
void connection_start_waiting(struct connection *connection);
void connection_stop_waiting(struct connection *connection);

/* Keeps what came of the body. False when the connection is to be closed. */
bool body_take(struct http_request *request, const char *bytes, size_t len);
void body_drop(struct http_request *request);

/* Looks at the headers: whether the request is to be refused before its body is read. */
bool request_is_hopeless(struct http_request *request);

/* True when the request does not fit, and was refused. */
bool request_refuse_unfit(struct http_request *request, const struct connection *connection);

/* For libmicrohttpd: a request line came, a request goes on, a request is over. */
void *request_begin(void *data, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result request_handle(void *data, struct MHD_Connection *mhd, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_len, void **state);
void request_complete(void *data, struct MHD_Connection *mhd, void **state,
		      enum MHD_RequestTerminationCode why);

/* Ends what a daemon still does: it must not be stopped with a suspended connection. */
void http_end_requests(struct daemon *daemon);

/* After http_end_requests, or without connections. */
void daemon_stop(struct daemon *daemon);

/* Stops the retired ones that have nobody left, or are too many. For the timer. */
void daemon_sweep(struct http *http);

/* For MHD_OPTION_NOTIFY_CONNECTION, and for the timer. */
void connection_notify(void *data, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode what);
void connection_sweep(struct http *http);

/* Has the connection's handler called again, before the loop sleeps. */
void http_resume(struct http_request *request);

#endif
