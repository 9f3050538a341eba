// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * libcurl tells which descriptors and which timeout it wants watched; the loop tells libcurl when
 * they are due. What comes in is only stored inside libcurl's callbacks and handed on after
 * libcurl has returned (settle), because it must not be called from within itself.
 */
#include "io/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/str.h"
#include "io/http_client_trust.h"

#define CONNECTIONS_KEPT 4

struct http_client {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer *timer;
	const char *user_agent;
	http_address_fn on_address; /* NULL: nobody asked */
	void *address_data;
	TAILQ_HEAD(, http_call) calls;
};

/* A descriptor of libcurl's that the loop watches. */
struct http_socket {
	struct http_client *client;
	int fd;
	struct loop_fd *watch;
};

struct http_call {
	struct http_client *client;
	TAILQ_ENTRY(http_call) link;
	CURL *easy;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char found_pin[HTTP_PIN_BYTES];
	struct str bytes; /* came in and was not handed on yet */
	struct loop_timer *silence;
	int64_t silent_ms;
	bool is_silent, is_too_long, is_over, is_told;
	CURLcode result;
	http_data_fn on_data;
	http_done_fn on_done;
	void *data;
};

static bool is_stream(const struct http_call *call)
{
	long status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return call->on_data && status >= 200 && status < 300;
}

static enum http_outcome outcome_of(const struct http_call *call)
{
	if (call->result == CURLE_OK && !call->is_silent)
		return HTTP_ANSWERED;
	return http_trust_is_broken(call->result) ? HTTP_UNTRUSTED : HTTP_UNREACHABLE;
}

static const char *why_of(const struct http_call *call)
{
	if (call->is_silent)
		return "not a byte came for too long";
	if (call->is_too_long)
		return "the answer is longer than any that is expected";
	if (call->result == CURLE_OK)
		return "";
	return *call->error ? call->error : curl_easy_strerror(call->result);
}

static void tell_end(struct http_call *call)
{
	struct http_answer answer = { .outcome = outcome_of(call), .why = why_of(call) };
	curl_off_t retry_after = 0;
	const char *address = NULL;
	long status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after);
	(void)curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &address);
	answer.address = address ? address : "";
	answer.status = (int)status;
	answer.retry_after_s = (int64_t)retry_after;
	answer.body = call->bytes.at ? call->bytes.at : "";
	answer.body_len = call->bytes.len;
	answer.found_pin = call->found_pin;
	if (answer.outcome == HTTP_UNTRUSTED)
		answer.distrust = http_trust_why(call->easy, call->result, answer.why);
	call->is_told = true;
	call->on_done(&answer, call->data);
}

static void tell_data(struct http_call *call)
{
	_cleanup_str_ struct str bytes = call->bytes;

	call->bytes = (struct str){ 0 };
	call->on_data(bytes.at, bytes.len, call->data);
}

/* One callback; false when there is none to make. It may free any call: the list is read anew. */
static bool tell_one(struct http_client *client)
{
	struct http_call *call;

	TAILQ_FOREACH(call, &client->calls, link) {
		if (call->bytes.len > 0 && is_stream(call)) {
			tell_data(call);
			return true;
		}
		if (call->is_over && !call->is_told) {
			tell_end(call);
			return true;
		}
	}
	return false;
}

static void settle(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		struct http_call *call = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		call->result = message->data.result;
		call->is_over = true;
	}
	while (tell_one(client))
		;
}

static void act(struct http_client *client, curl_socket_t fd, int what)
{
	int running;

	(void)curl_multi_socket_action(client->multi, fd, what, &running);
	settle(client);
}

static void on_timer(void *data)
{
	act(data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_socket(uint32_t events, void *data)
{
	const struct http_socket *socket = data;
	int what = (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
		   (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & EPOLLERR ? CURL_CSELECT_ERR : 0);

	act(socket->client, socket->fd, what);
}

static void on_silence(void *data)
{
	struct http_call *call = data;

	call->is_silent = true;
	call->is_over = true;
	settle(call->client);
}

/* libcurl: this is how long you may sleep. */
static int set_timeout(CURLM *multi, long timeout_ms, void *data)
{
	struct http_client *client = data;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_clear(client->timer);
	else
		loop_timer_set(client->timer, timeout_ms);
	return 0;
}

/* libcurl: this is what the descriptor is to be watched for. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
	struct http_client *client = data;
	struct http_socket *socket = socket_data;
	uint32_t events =
		(what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (socket)
			loop_fd_free(socket->watch);
		free(socket);
		return 0;
	}
	if (socket) {
		loop_fd_set(socket->watch, events);
		return 0;
	}
	socket = calloc(1, sizeof(*socket));
	if (!socket)
		return -1;
	*socket = (struct http_socket){ .client = client, .fd = fd };
	if (loop_fd_new(client->loop, fd, events, on_socket, socket, &socket->watch, NULL) < 0) {
		free(socket);
		return -1;
	}
	(void)curl_multi_assign(client->multi, fd, socket);
	return 0;
}

static size_t take_bytes(char *bytes, size_t one, size_t len, void *data)
{
	struct http_call *call = data;

	(void)one;
	if (call->silent_ms > 0)
		loop_timer_set(call->silence, call->silent_ms);
	call->is_too_long = !is_stream(call) && call->bytes.len + len > HTTP_ANSWER_MAX;
	if (call->is_too_long)
		return 0;
	str_append_bytes(&call->bytes, bytes, len);
	return call->bytes.failed ? 0 : len;
}

static int take_diagnostic(CURL *easy, curl_infotype type, char *text, size_t len, void *data)
{
	struct http_call *call = data;

	(void)easy;
	if (type == CURLINFO_TEXT)
		http_trust_find_pin(text, len, call->found_pin);
	return 0;
}

static struct ip ip_of(const struct sockaddr *address)
{
	struct ip ip = { .family = IP_NONE };

	if (address->sa_family == AF_INET) {
		ip.family = IP_V4;
		memcpy(ip.bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		ip.family = IP_V6;
		memcpy(ip.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	}
	return ip;
}

/* libcurl: make me a socket for this address. As it would itself, but for telling of it. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct http_client *client = data;
	struct ip ip = ip_of(&address->addr);

	(void)purpose;
	if (client->on_address && ip.family != IP_NONE)
		client->on_address(&ip, client->address_data);
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int open_multi(struct http_client *client)
{
	client->multi = curl_multi_init();
	if (!client->multi)
		return -ENOMEM;
	(void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	(void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	(void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timeout);
	(void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	(void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	return 0;
}

int http_client_new(struct loop *loop, const char *user_agent, struct http_client **ret_client,
		    struct err *err)
{
	struct http_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return err_oom(err);
	TAILQ_INIT(&client->calls);
	client->loop = loop;
	client->user_agent = user_agent;
	r = loop_timer_new(loop, on_timer, client, &client->timer, err);
	if (r < 0 || open_multi(client) < 0) {
		http_client_free(client);
		return err_oom(err);
	}
	*ret_client = client;
	return 0;
}

void http_client_tell_addresses(struct http_client *client, http_address_fn fn, void *data)
{
	client->on_address = fn;
	client->address_data = data;
}

void http_client_disconnect(struct http_client *client)
{
	CURLM *old = client->multi;

	assert(TAILQ_EMPTY(&client->calls));
	/* Without memory for new ones the old connections have to do. */
	if (open_multi(client) < 0)
		client->multi = old;
	else
		(void)curl_multi_cleanup(old);
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	/* Closes the connections, and with them removes their watches. */
	(void)curl_multi_cleanup(client->multi);
	loop_timer_free(client->timer);
	free(client);
}

/* Options that keep a copy of a text can fail for want of memory; those are checked. */
static int set_request(struct http_call *call, const struct http_request *request)
{
	CURL *easy = call->easy;

	for (const char *const *line = request->headers; line && *line; line++) {
		struct curl_slist *longer = curl_slist_append(call->headers, *line);

		if (!longer)
			return -ENOMEM;
		call->headers = longer;
	}
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	if (request->body) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body_len);
		if (curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body) != CURLE_OK)
			return -ENOMEM;
	}
	if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_USERAGENT, call->client->user_agent) != CURLE_OK)
		return -ENOMEM;
	/* Plain HTTP is for this machine or for those who insist: it does not go by a proxy. */
	if (str_starts(request->url, "http:"))
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	return 0;
}

static void set_callbacks(struct http_call *call)
{
	CURL *easy = call->easy;

	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, take_diagnostic);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call->client);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_TIMEOUT_MS);
}

static int start_call(struct http_call *call, const struct http_request *request, struct err *err)
{
	CURLMcode code;
	int r;

	call->easy = curl_easy_init();
	if (!call->easy)
		return err_oom(err);
	r = loop_timer_new(call->client->loop, on_silence, call, &call->silence, err);
	if (r < 0)
		return r;
	set_callbacks(call);
	if (http_trust_set(call->easy, request->trust) < 0 || set_request(call, request) < 0)
		return err_oom(err);
	code = curl_multi_add_handle(call->client->multi, call->easy);
	if (code != CURLM_OK)
		return err_set(err, -EIO, "%s: %s", request->url, curl_multi_strerror(code));
	if (call->silent_ms > 0)
		loop_timer_set(call->silence, call->silent_ms);
	return 0;
}

int http_client_start(struct http_client *client, const struct http_request *request,
		      struct http_call **ret_call, struct err *err)
{
	struct http_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		return err_oom(err);
	call->client = client;
	call->silent_ms = request->silent_ms;
	call->on_data = request->on_data;
	call->on_done = request->on_done;
	call->data = request->data;
	TAILQ_INSERT_TAIL(&client->calls, call, link);
	r = start_call(call, request, err);
	if (r < 0) {
		http_call_free(call);
		return r;
	}
	*ret_call = call;
	return 0;
}

void http_call_free(struct http_call *call)
{
	if (!call)
		return;
	TAILQ_REMOVE(&call->client->calls, call, link);
	if (call->easy) {
		(void)curl_multi_remove_handle(call->client->multi, call->easy);
		curl_easy_cleanup(call->easy);
	}
	loop_timer_free(call->silence);
	curl_slist_free_all(call->headers);
	str_done(&call->bytes);
	free(call);
}
