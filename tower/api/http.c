// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * libmicrohttpd in external-epoll mode: its epoll descriptor hangs on our loop, MHD_run is called
 * when it is readable, when its own timeout is due, and after connections were resumed (resuming
 * wakes nobody in this mode).
 */
#include "tower/api/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tower/api/http_room.h"

/*
 * Connections resumed between two turns of the loop: for each slice libmicrohttpd walks through all
 * that are suspended, and in each turn of it everybody else waits (about 10 ms).
 */
#define RESUME_SLICE 2000

void *request_begin(void *data, const char *uri, struct MHD_Connection *mhd)
{
	struct daemon *daemon = data;
	struct http_request *request = calloc(1, sizeof(*request));
	char *query;

	if (request && connection_of(mhd))
		request->path = strdup(uri);
	if (!request || !request->path) {
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

static void dispatch(struct http_request *request)
{
	struct connection *connection = connection_of(request->mhd);

	connection_stop_waiting(connection);
	request->phase = PHASE_DISPATCHED;
	request->asked.client = connection->client->address;
	request->asked.body = request->body.at ? request->body.at : "";
	request->asked.body_len = request->body.len;
	if (!request_refuse_unfit(request, connection))
		request->daemon->http->dispatch(request, request->daemon->http->data);
}

static enum MHD_Result start_request(struct http_request *request, const char *method)
{
	request->asked.method = method;
	if (!request_is_hopeless(request))
		return MHD_YES;
	/* An answer before the body makes libmicrohttpd close the connection behind it. */
	dispatch(request);
	return MHD_queue_response(request->mhd, (unsigned)request->status, request->response);
}

enum MHD_Result request_handle(void *data, struct MHD_Connection *mhd, const char *url,
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
		bool go_on = body_take(request, upload, *upload_len);

		*upload_len = 0;
		return go_on ? MHD_YES : MHD_NO;
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

void request_complete(void *data, struct MHD_Connection *mhd, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct http_request *request = *state;
	struct daemon *daemon = data;

	(void)why;
	*state = NULL;
	if (!request)
		return;
	connection_start_waiting(connection_of(mhd));
	if (request->phase == PHASE_DISPATCHED && request->on_gone)
		request->on_gone(request->data);
	if (request->stream.done)
		request->stream.done(request->stream.data);
	if (request->resuming)
		TAILQ_REMOVE(&daemon->http->resuming, request, resume_link);
	if (request->response)
		MHD_destroy_response(request->response);
	LIST_REMOVE(request, link);
	body_drop(request);
	str_done(&request->extra_headers);
	free(request->path);
	free(request);
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
	bool ran = false;

	resume_slice(http);
	LIST_FOREACH(daemon, &http->daemons, link) {
		MHD_UNSIGNED_LONG_LONG due_ms;

		if (daemon->resumed) {
			daemon->resumed = false;
			(void)MHD_run(daemon->mhd);
			ran = true;
		}
		if (MHD_get_timeout(daemon->mhd, &due_ms) == MHD_YES &&
		    (sleep_ms < 0 || (int64_t)due_ms < sleep_ms))
			sleep_ms = (int64_t)due_ms;
		if (sleep_ms == 0)
			daemon->resumed = true; /* run again in the next turn */
	}
	/* A client that has its answer asks again at once: for hooks that had their turn already.
	 */
	return ran || !TAILQ_EMPTY(&http->resuming) ? 0 : sleep_ms;
}

static void on_sweep(void *data)
{
	struct http *http = data;

	connection_sweep(http);
	daemon_sweep(http);
	loop_timer_set(http->sweep, HTTP_SWEEP_MS);
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
	RB_INIT(&http->clients);
	r = loop_hook_new(loop, before_sleep, http, &http->hook, err);
	if (r == 0)
		r = loop_timer_new(loop, on_sweep, http, &http->sweep, err);
	if (r < 0) {
		http_free(http);
		return r;
	}
	loop_timer_set(http->sweep, HTTP_SWEEP_MS);
	*ret_http = http;
	return 0;
}

void http_end_requests(struct daemon *daemon)
{
	struct http *http = daemon->http;
	struct http_request *request;

	daemon->closing = true;
	LIST_FOREACH(request, &http->requests, link) {
		struct refusal refusal;

		if (request->daemon != daemon)
			continue;
		if (request->phase == PHASE_DISPATCHED) {
			if (request->on_gone)
				request->on_gone(request->data);
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
	LIST_FOREACH(daemon, &http->daemons, link)
		http_end_requests(daemon);
	while ((daemon = LIST_FIRST(&http->daemons)))
		daemon_stop(daemon);
	loop_timer_free(http->sweep);
	loop_hook_free(http->hook);
	free(http);
}
