// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The client against a server of one canned answer, both on one loop.
 */
#include "io/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/str.h"
#include "check.h"

#define DEADLINE_MS 5000

/* What one test is about. */
struct stage {
	struct loop *loop;
	struct http_client *client;
	struct http_call *call;
	struct loop_timer *deadline;

	const char *canned; /* what the server answers; NULL: it stays silent */
	bool stays_open;    /* the server does not close behind it */
	int listener;
	int peer;
	struct loop_fd *listener_watch;
	struct loop_fd *peer_watch;
	struct str asked;
	char url[64];

	int done;
	struct http_answer answer; /* its texts were copied to body and why */
	char body[256];
	char why[256];
	char streamed[256];
};

static void on_deadline(void *data)
{
	struct stage *stage = data;

	check(!"the deadline was met");
	loop_stop(stage->loop, 1);
}

static void on_asked(uint32_t events, void *data)
{
	struct stage *stage = data;
	char piece[1024];
	ssize_t n = recv(stage->peer, piece, sizeof(piece), 0);

	(void)events;
	if (n <= 0) {
		loop_fd_set(stage->peer_watch, 0);
		return;
	}
	str_append_bytes(&stage->asked, piece, (size_t)n);
	if (!strstr(stage->asked.at, "\r\n\r\n") || !stage->canned)
		return;
	check(send(stage->peer, stage->canned, strlen(stage->canned), MSG_NOSIGNAL) > 0);
	stage->canned = NULL;
	if (!stage->stays_open)
		(void)shutdown(stage->peer, SHUT_WR);
}

static void on_connection(uint32_t events, void *data)
{
	struct stage *stage = data;

	(void)events;
	stage->peer = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC);
	check(stage->peer >= 0);
	check(loop_fd_new(stage->loop, stage->peer, EPOLLIN, on_asked, stage, &stage->peer_watch,
			  NULL) == 0);
}

static void set_up(struct stage *stage, const char *canned)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	*stage = (struct stage){ .canned = canned, .peer = -1 };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	stage->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(bind(stage->listener, (struct sockaddr *)&address, len) == 0);
	check(listen(stage->listener, 4) == 0);
	check(getsockname(stage->listener, (struct sockaddr *)&address, &len) == 0);
	(void)snprintf(stage->url, sizeof(stage->url), "http://127.0.0.1:%u/x",
		       ntohs(address.sin_port));
	check(loop_new(&stage->loop, NULL) == 0);
	check(loop_fd_new(stage->loop, stage->listener, EPOLLIN, on_connection, stage,
			  &stage->listener_watch, NULL) == 0);
	check(loop_timer_new(stage->loop, on_deadline, stage, &stage->deadline, NULL) == 0);
	loop_timer_set(stage->deadline, DEADLINE_MS);
	check(http_client_new(stage->loop, "test/1", &stage->client, NULL) == 0);
}

static void tear_down(struct stage *stage)
{
	http_call_free(stage->call);
	http_client_free(stage->client);
	loop_fd_free(stage->listener_watch);
	loop_fd_free(stage->peer_watch);
	loop_timer_free(stage->deadline);
	loop_free(stage->loop);
	attr_closep(&stage->listener);
	attr_closep(&stage->peer);
	str_done(&stage->asked);
}

static void on_done(const struct http_answer *answer, void *data)
{
	struct stage *stage = data;

	stage->done++;
	stage->answer = *answer;
	(void)snprintf(stage->body, sizeof(stage->body), "%s", answer->body);
	(void)snprintf(stage->why, sizeof(stage->why), "%s", answer->why);
	/* The call may go inside its own callback. */
	http_call_free(stage->call);
	stage->call = NULL;
	loop_stop(stage->loop, 0);
}

static void on_data(const char *bytes, size_t len, void *data)
{
	struct stage *stage = data;
	size_t used = strlen(stage->streamed);

	(void)snprintf(stage->streamed + used, sizeof(stage->streamed) - used, "%.*s", (int)len,
		       bytes);
}

static void go(struct stage *stage, struct http_request *request)
{
	request->url = stage->url;
	request->on_done = on_done;
	request->data = stage;
	if (!request->method)
		request->method = "GET";
	check(http_client_start(stage->client, request, &stage->call, NULL) == 0);
	check(loop_run(stage->loop) == 0);
}

static void hands_over_status_and_body(void)
{
	const char *headers[] = { "X-One: 1", NULL };
	struct http_request request = {
		.method = "POST", .headers = headers, .body = "{}", .body_len = 2
	};
	struct stage stage;

	set_up(&stage, "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
	go(&stage, &request);
	check(stage.answer.outcome == HTTP_ANSWERED && stage.answer.status == 503);
	check(stage.answer.retry_after_s == 7);
	check_str(stage.body, "busy");
	check(strstr(stage.asked.at, "POST /x HTTP/1.1\r\n") != NULL);
	check(strstr(stage.asked.at, "\r\nX-One: 1\r\n") != NULL);
	check(strstr(stage.asked.at, "\r\nUser-Agent: test/1\r\n") != NULL);
	check(strstr(stage.asked.at, "\r\n\r\n{}") != NULL);
	tear_down(&stage);
}

static void streams_what_was_agreed_to(void)
{
	struct http_request request = { .on_data = on_data };
	struct stage stage;

	set_up(&stage, "HTTP/1.1 200 Yes\r\n\r\nevent: one\n\nevent: two\n\n");
	go(&stage, &request);
	check(stage.answer.outcome == HTTP_ANSWERED && stage.answer.status == 200);
	check_str(stage.streamed, "event: one\n\nevent: two\n\n");
	check_str(stage.body, "");
	tear_down(&stage);
}

static void collects_a_refusal_of_a_stream(void)
{
	struct http_request request = { .on_data = on_data };
	struct stage stage;

	set_up(&stage, "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}");
	go(&stage, &request);
	check(stage.answer.status == 401);
	check_str(stage.body, "{}");
	check_str(stage.streamed, "");
	tear_down(&stage);
}

static void a_silent_stream_is_over(void)
{
	struct http_request request = { .on_data = on_data, .silent_ms = 100 };
	struct stage stage;

	set_up(&stage, "HTTP/1.1 200 Yes\r\n\r\nid: 1-00\n\n");
	stage.stays_open = true;
	go(&stage, &request);
	check(stage.answer.outcome == HTTP_UNREACHABLE);
	check_str(stage.streamed, "id: 1-00\n\n");
	check(strstr(stage.why, "not a byte") != NULL);
	tear_down(&stage);
}

static void an_answer_has_its_time(void)
{
	struct http_request request = { .timeout_ms = 100 };
	struct stage stage;

	set_up(&stage, NULL);
	go(&stage, &request);
	check(stage.answer.outcome == HTTP_UNREACHABLE && *stage.why);
	tear_down(&stage);
}

static void nobody_there_is_said(void)
{
	struct http_request request = { .timeout_ms = 1000 };
	struct stage stage;

	set_up(&stage, NULL);
	loop_fd_free(stage.listener_watch);
	stage.listener_watch = NULL;
	attr_closep(&stage.listener);
	stage.listener = -1;
	go(&stage, &request);
	check(stage.answer.outcome == HTTP_UNREACHABLE && stage.answer.status == 0);
	check(strstr(stage.why, "127.0.0.1") != NULL);
	tear_down(&stage);
}

static void does_not_follow_redirects(void)
{
	struct http_request request = { 0 };
	struct stage stage;

	set_up(&stage, "HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\n"
		       "Content-Length: 0\r\n\r\n");
	go(&stage, &request);
	check(stage.answer.outcome == HTTP_ANSWERED && stage.answer.status == 302);
	tear_down(&stage);
}

static void a_freed_call_is_not_heard_of(void)
{
	struct http_request request = { .method = "GET", .on_done = on_done };
	struct stage stage;

	set_up(&stage, NULL);
	request.url = stage.url;
	request.data = &stage;
	check(http_client_start(stage.client, &request, &stage.call, NULL) == 0);
	http_call_free(stage.call);
	stage.call = NULL;
	check(stage.done == 0);
	tear_down(&stage);
}

int main(void)
{
	run(hands_over_status_and_body);
	run(streams_what_was_agreed_to);
	run(collects_a_refusal_of_a_stream);
	run(a_silent_stream_is_over);
	run(an_answer_has_its_time);
	run(nobody_there_is_said);
	run(does_not_follow_redirects);
	run(a_freed_call_is_not_heard_of);
	return check_done();
}
