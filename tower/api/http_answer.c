// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tower/api/http_room.h"

#define RETRY_AFTER_S "2"

const struct http_asked *http_asked(const struct http_request *request)
{
	return &request->asked;
}

const char *http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

void http_set_data(struct http_request *request, void *data, void (*on_gone)(void *data))
{
	request->data = data;
	request->on_gone = on_gone;
}

void *http_data(const struct http_request *request)
{
	return request->data;
}

int http_add_header(struct http_request *request, const char *name, const char *fmt, ...)
{
	char value[512];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(value))
		return -ENAMETOOLONG;
	str_append_bytes(&request->extra_headers, name, strlen(name) + 1);
	str_append_bytes(&request->extra_headers, value, (size_t)len + 1);
	return request->extra_headers.failed ? -ENOMEM : 0;
}

/* Headers that every answer, or this request's, carries besides its own. */
static void each_extra_header(struct http_request *request,
			      enum MHD_Result (*fn)(struct MHD_Response *response, const char *name,
						    const char *value))
{
	const char *name = request->extra_headers.at;
	const char *end = name ? name + request->extra_headers.len : NULL;

	(void)fn(request->response, "Cache-Control", "no-store");
	while (name < end) {
		const char *value = name + strlen(name) + 1;

		(void)fn(request->response, name, value);
		name = value + strlen(value) + 1;
	}
}

/* The answer is made; whether the handler is on the stack or the connection suspended. */
static void answer(struct http_request *request, int status, struct MHD_Response *response,
		   const char *content_type)
{
	request->response = response;
	request->status = status;
	request->phase = PHASE_ANSWERED;
	if (response) {
		if (content_type)
			(void)MHD_add_response_header(response, "Content-Type", content_type);
		if (status == 503 || status == 429)
			(void)MHD_add_response_header(response, "Retry-After", RETRY_AFTER_S);
		each_extra_header(request, MHD_add_response_header);
	}
	http_resume(request);
}

void http_answer_owned(struct http_request *request, int status, const char *content_type,
		       char *text, size_t len)
{
	struct refusal refusal;

	if (text) {
		answer(request, status,
		       MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE),
		       content_type);
		return;
	}
	refusal_set(&refusal, "E503-memory", "out of memory");
	refusal_hint(&refusal, "try again later");
	http_refuse(request, &refusal);
}

void http_answer_json(struct http_request *request, int status, char *json, size_t len)
{
	http_answer_owned(request, status, "application/json", json, len);
}

void http_answer_text(struct http_request *request, int status, const char *text)
{
	answer(request, status,
	       MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY),
	       "text/plain");
}

void http_answer_empty(struct http_request *request, int status)
{
	answer(request, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT),
	       NULL);
}

void http_refuse(struct http_request *request, const struct refusal *refusal)
{
	static const char fallback[] = "{\"status\":503,\"code\":\"E503-memory\"}";
	char *json = refusal_to_json(refusal);
	struct MHD_Response *response;

	if (json)
		response =
			MHD_create_response_from_buffer(strlen(json), json, MHD_RESPMEM_MUST_FREE);
	else
		response = MHD_create_response_from_buffer(sizeof(fallback) - 1, (void *)fallback,
							   MHD_RESPMEM_PERSISTENT);
	if (response && refusal->status == 401)
		(void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	answer(request, json ? refusal->status : 503, response, "application/problem+json");
}

/* Ten thousand streams stay for hours: what only their beginning needed is given back. */
static void slim_down(struct http_request *request)
{
	(void)MHD_del_response_header(request->response, "Content-Type",
				      request->stream.content_type);
	each_extra_header(request, MHD_del_response_header);
	body_drop(request);
	str_done(&request->extra_headers);
	free(request->path);
	request->path = NULL;
	request->asked.path = "";
}

static ssize_t read_stream(void *data, uint64_t position, char *to, size_t to_bytes)
{
	struct http_request *request = data;
	ssize_t n;

	/* The headers are out by now. */
	if (position == 0)
		slim_down(request);
	if (request->daemon->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = request->stream.read(to, to_bytes, request->stream.data);
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	/* An answer of 0 without this would be asked again at once, for ever. */
	if (n == 0) {
		request->suspended = true;
		MHD_suspend_connection(request->mhd);
	}
	return n;
}

void http_answer_stream(struct http_request *request, const struct http_stream *stream)
{
	/* Chunks are made in the connection's own memory: this buffer serves HTTP/1.0 alone. */
	const size_t buffer_bytes = 64;

	request->stream = *stream;
	answer(request, 200,
	       MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, buffer_bytes, read_stream,
						 request, NULL),
	       stream->content_type);
}

void http_stream_wake(struct http_request *request)
{
	http_resume(request);
}
