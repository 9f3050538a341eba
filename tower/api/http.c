// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * libmicrohttpd in external-epoll mode: its epoll descriptor hangs on our loop, MHD_run is called
 * when it is readable, when its own timeout is due, and after connections were resumed (resuming
 * wakes nobody in this mode).
 */
#include "tower/api/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "tower/api/http_room.h"

#define RESUME_SLICE 500     /* connections resumed between two turns of the loop */
#define SPARE_CONNECTIONS 64 /* above our own limit: these are told, not left hanging */
#define SWEEP_MS 1000

static void *on_uri(void *data, const char *uri, struct MHD_Connection *mhd)
{
	struct daemon *daemon = data;
	struct http_request *request = calloc(1, sizeof(*request));
	char *query;

	if (!request)
		return NULL;
	request->path = strdup(uri);
	if (!request->path) {
		free(request);
		return NULL;
	}
	query = strchr(request->path, '?');
	if (query)
		*query = '\0';
	request->daemon = daemon;
	request->mhd = mhd;
	request->asked.path = request->path;
	request->asked.trust = &daemon->trust;
	LIST_INSERT_HEAD(&daemon->http->requests, request, link);
	return request;
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void stop_waiting(struct connection *connection)
{
	if (connection->waiting)
		TAILQ_REMOVE(&connection->daemon->http->waiting, connection, link);
	connection->waiting = false;
}

static void start_waiting(struct connection *connection)
{
	struct http *http = connection->daemon->http;

	stop_waiting(connection);
	connection->waiting = true;
	connection->since_ms = loop_now_ms(http->loop);
	TAILQ_INSERT_TAIL(&http->waiting, connection, link);
}

static bool takes_json(const struct http_request *request)
{
	static const char wanted[] = "application/json";
	const char *type = http_header(request, "Content-Type");

	return type && strncasecmp(type, wanted, sizeof(wanted) - 1) == 0 &&
	       strchr("; ", type[sizeof(wanted) - 1]);
}

/* What can be said before anybody looks at the route. True when the request was refused. */
static bool refuse_early(struct http_request *request)
{
	struct http *http = request->daemon->http;
	struct refusal refusal;

	if (http->connections > http->limits.connections) {
		refusal_set(&refusal, "E503-connections", "all %u connections are in use",
			    http->limits.connections);
		refusal_hint(&refusal, "try again soon, or raise --max-connections");
	} else if (request->body_too_long) {
		refusal_set(&refusal, "E413-body", "the body is longer than %d bytes",
			    HTTP_BODY_MAX);
		refusal_hint(&refusal, "send less, for instance fewer child prefixes at once");
	} else if (request->body.failed) {
		refusal_set(&refusal, "E503-memory", "out of memory");
		refusal_hint(&refusal, "try again later");
	} else if (request->body.len > 0 && !takes_json(request)) {
		refusal_set(&refusal, "E415-content-type", "the body is not application/json");
		refusal_hint(&refusal, "add the header 'Content-Type: application/json'");
	} else {
		return false;
	}
	http_refuse(request, &refusal);
	return true;
}

static void dispatch(struct http_request *request)
{
	struct connection *connection = connection_of(request->mhd);

	stop_waiting(connection);
	request->phase = PHASE_DISPATCHED;
	request->asked.client = connection->client;
	request->asked.body = request->body.at ? request->body.at : "";
	request->asked.body_len = request->body.len;
	if (!refuse_early(request))
		request->daemon->http->dispatch(request, request->daemon->http->data);
}

static void take_body(struct http_request *request, const char *bytes, size_t len)
{
	if (request->body.len + len > HTTP_BODY_MAX)
		request->body_too_long = true;
	else
		str_append_bytes(&request->body, bytes, len);
}

static enum MHD_Result start_request(struct http_request *request, const char *method)
{
	const char *length = http_header(request, "Content-Length");

	request->asked.method = method;
	/* An answer before the body makes libmicrohttpd close the connection: nothing is read on.
	 */
	if (length && strlen(length) > 5) {
		request->body_too_long = true;
		dispatch(request);
		return MHD_queue_response(request->mhd, (unsigned)request->status,
					  request->response);
	}
	return MHD_YES;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **state)
{
	struct http_request *request = *state;

	(void)data, (void)mhd, (void)url, (void)version;
	if (!request)
		return MHD_NO; /* no memory for it */
	if (!request->asked.method)
		return start_request(request, method);
	if (*upload_len > 0) {
		take_body(request, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (request->phase == PHASE_READING)
		dispatch(request);
	if (request->phase == PHASE_ANSWERED)
		return MHD_queue_response(request->mhd, (unsigned)request->status,
					  request->response);
	request->suspended = true;
	MHD_suspend_connection(request->mhd);
	return MHD_YES;
}

static void on_completed(void *data, struct MHD_Connection *mhd, void **state,
			 enum MHD_RequestTerminationCode why)
{
	struct http_request *request = *state;
	struct daemon *daemon = data;

	(void)why;
	*state = NULL;
	start_waiting(connection_of(mhd));
	if (!request)
		return;
	if (request->phase == PHASE_DISPATCHED && request->on_gone)
		request->on_gone(request->data);
	if (request->stream.done)
		request->stream.done(request->stream.data);
	if (request->resuming)
		TAILQ_REMOVE(&daemon->http->resuming, request, resume_link);
	if (request->response)
		MHD_destroy_response(request->response);
	LIST_REMOVE(request, link);
	str_done(&request->body);
	str_done(&request->extra_headers);
	free(request->path);
	free(request);
}

static void write_client(struct MHD_Connection *mhd, char *to, size_t to_bytes)
{
	const struct sockaddr *from =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	const struct sockaddr_in6 *from6 = (const struct sockaddr_in6 *)from;

	(void)snprintf(to, to_bytes, "unix");
	if (from && from->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, to,
				(socklen_t)to_bytes);
	else if (from && from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&from6->sin6_addr))
		(void)inet_ntop(AF_INET, &from6->sin6_addr.s6_addr[12], to, (socklen_t)to_bytes);
	else if (from && from->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &from6->sin6_addr, to, (socklen_t)to_bytes);
}

static void on_connection(void *data, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct daemon *daemon = data;
	struct connection *connection;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = calloc(1, sizeof(*connection));
		if (!connection)
			abort(); /* libmicrohttpd offers no way to refuse here */
		connection->daemon = daemon;
		connection->fd =
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		write_client(mhd, connection->client, sizeof(connection->client));
		*context = connection;
		daemon->http->connections++;
		start_waiting(connection);
	} else {
		connection = *context;
		stop_waiting(connection);
		daemon->http->connections--;
		free(connection);
	}
}

void http_resume(struct http_request *request)
{
	struct http *http = request->daemon->http;

	if (!request->suspended || request->resuming)
		return;
	request->resuming = true;
	TAILQ_INSERT_TAIL(&http->resuming, request, resume_link);
}

static void resume_slice(struct http *http)
{
	struct http_request *request;

	for (unsigned n = 0; n < RESUME_SLICE && (request = TAILQ_FIRST(&http->resuming)); n++) {
		TAILQ_REMOVE(&http->resuming, request, resume_link);
		request->resuming = false;
		request->suspended = false;
		request->daemon->resumed = true;
		MHD_resume_connection(request->mhd);
	}
}

static int64_t before_sleep(void *data)
{
	struct http *http = data;
	struct daemon *daemon;
	int64_t sleep_ms = -1;

	resume_slice(http);
	LIST_FOREACH(daemon, &http->daemons, link) {
		MHD_UNSIGNED_LONG_LONG due_ms;

		if (daemon->resumed) {
			daemon->resumed = false;
			(void)MHD_run(daemon->mhd);
		}
		if (MHD_get_timeout(daemon->mhd, &due_ms) == MHD_YES &&
		    (sleep_ms < 0 || (int64_t)due_ms < sleep_ms))
			sleep_ms = (int64_t)due_ms;
		if (sleep_ms == 0)
			daemon->resumed = true; /* run again in the next turn */
	}
	return TAILQ_EMPTY(&http->resuming) ? sleep_ms : 0;
}

static void on_readable(uint32_t events, void *data)
{
	struct daemon *daemon = data;

	(void)events;
	(void)MHD_run(daemon->mhd);
}

/* libmicrohttpd's timeout counts idle time: one byte now and then would hold a connection for ever.
 */
static void sweep_waiting(void *data)
{
	struct http *http = data;
	int64_t oldest_ms = loop_now_ms(http->loop) - HTTP_IDLE_S * 1000;
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&http->waiting)) && connection->since_ms < oldest_ms) {
		(void)shutdown(connection->fd, SHUT_RDWR);
		stop_waiting(connection);
	}
	loop_timer_set(http->sweep, SWEEP_MS);
}

int http_new(struct loop *loop, const struct http_limits *limits, http_dispatch_fn dispatch_fn,
	     void *data, struct http **ret_http, struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return err_oom(err);
	http->loop = loop;
	http->limits = *limits;
	http->dispatch = dispatch_fn;
	http->data = data;
	LIST_INIT(&http->daemons);
	LIST_INIT(&http->requests);
	TAILQ_INIT(&http->resuming);
	TAILQ_INIT(&http->waiting);
	r = loop_hook_new(loop, before_sleep, http, &http->hook, err);
	if (r == 0)
		r = loop_timer_new(loop, sweep_waiting, http, &http->sweep, err);
	if (r < 0) {
		http_free(http);
		return r;
	}
	loop_timer_set(http->sweep, SWEEP_MS);
	*ret_http = http;
	return 0;
}

/* MHD_stop_daemon must not meet a suspended connection: all are resumed, and told to go. */
static void end_requests(struct http *http)
{
	struct http_request *request;

	http->closing = true;
	LIST_FOREACH(request, &http->requests, link) {
		struct refusal refusal;

		if (request->phase == PHASE_DISPATCHED) {
			refusal_set(&refusal, "E503-stopping", "the tower is stopping");
			refusal_hint(&refusal, "try again, or ask another tower");
			http_refuse(request, &refusal);
		}
		http_resume(request);
	}
	while (!TAILQ_EMPTY(&http->resuming))
		(void)before_sleep(http);
}

void http_free(struct http *http)
{
	struct daemon *daemon;

	if (!http)
		return;
	end_requests(http);
	while ((daemon = LIST_FIRST(&http->daemons))) {
		LIST_REMOVE(daemon, link);
		loop_fd_free(daemon->watch);
		MHD_stop_daemon(daemon->mhd);
		free(daemon);
	}
	loop_timer_free(http->sweep);
	loop_hook_free(http->hook);
	free(http);
}

static struct MHD_Daemon *start_daemon(struct daemon *daemon, int fd,
				       const struct http_listener *listener)
{
	const struct http_limits *limits = &daemon->http->limits;
	bool tls = listener->cert_pem != NULL;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_LISTEN_SOCKET, fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, limits->connections + SPARE_CONNECTIONS, NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits->connections_per_address, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_POOL_BYTES, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_uri, daemon },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, daemon },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, daemon },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)listener->cert_pem },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)listener->key_pem },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!tls)
		options[8].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, daemon, MHD_OPTION_ARRAY, options,
				MHD_OPTION_END);
}

int http_listen(struct http *http, const struct http_listener *listener, struct err *err)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	_cleanup_close_ int fd = listener->fd;
	int r;

	if (!daemon)
		return err_oom(err);
	daemon->http = http;
	daemon->trust = listener->trust;
	daemon->mhd = start_daemon(daemon, fd, listener);
	if (!daemon->mhd) {
		free(daemon);
		return err_set(err, -EIO, "the HTTP server cannot start%s",
			       listener->cert_pem ? " with this certificate and key" : "");
	}
	(void)TAKE_FD(fd); /* the daemon's now */
	r = loop_fd_new(http->loop,
			MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			EPOLLIN, on_readable, daemon, &daemon->watch, err);
	if (r < 0) {
		MHD_stop_daemon(daemon->mhd);
		free(daemon);
		return r;
	}
	LIST_INSERT_HEAD(&http->daemons, daemon, link);
	return 0;
}
