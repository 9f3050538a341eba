// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/join_call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"

#define PATH_BYTES 160
#define TARGET_BYTES (HTTP_URL_BYTES + PATH_BYTES)

struct join_call {
	struct join_call_config config;
	struct tower_target target; /* that of `config`, which may change */
	struct http_call *http;
	struct join_challenge challenge;
	bool is_waiting;
	char *body;
	char path[PATH_BYTES];
};

static void join_call_freep(struct join_call **call)
{
	join_call_free(*call);
}

static void end_with(struct join_call *call, enum tower_meaning meaning, const struct err *err)
{
	struct tower_answer tower = { .meaning = meaning };

	(void)snprintf(tower.why, sizeof(tower.why), "%.100s: %.200s",
		       call->config.target->url.base, err->text);
	call->config.fn(&tower, NULL, call->config.data);
}

static int send_request(struct join_call *call, struct http_request *request, const char *path,
			struct err *err)
{
	const struct http_trust trust = target_http_trust(call->config.target);
	char url[TARGET_BYTES];
	int r;

	(void)snprintf(url, sizeof(url), "%s%s", call->config.target->url.base, path);
	request->url = url;
	request->trust = &trust;
	request->timeout_ms = JOIN_TIMEOUT_MS;
	request->data = call;
	http_call_free(call->http);
	call->http = NULL;
	r = http_client_start(call->config.client, request, &call->http, err);
	request->url = NULL;
	request->trust = NULL;
	return r;
}

static void on_joined(const struct http_answer *from, void *data)
{
	struct join_call *call = data;
	struct tower_answer tower;
	struct join_answer answer = { 0 };
	struct err err = { 0 };

	tower_read_answer(from, call->config.target, &tower);
	if (tower.meaning == TOWER_AGREED &&
	    join_read_answer(from->body, from->body_len, &call->challenge, call->config.private_key,
			     call->config.zone, &answer, &err) < 0)
		end_with(call, TOWER_AWAY, &err);
	else
		call->config.fn(&tower, &answer, call->config.data);
	crypto_wipe(&answer, sizeof(answer));
}

static int send_join(struct join_call *call, struct err *err)
{
	struct join_proof proof = { .private_key = call->config.private_key,
				    .challenge = &call->challenge,
				    .method = "POST",
				    .path = call->path,
				    .zone = call->config.zone,
				    .body = call->body };
	char proof_line[JOIN_PROOF_BYTES];
	char token_line[JOIN_HEADER_BYTES] = "";
	const char *headers[] = { "Content-Type: application/json", proof_line, NULL, NULL };
	struct http_request request = { .method = "POST",
					.headers = headers,
					.body = call->body,
					.body_len = strlen(call->body),
					.on_done = on_joined };
	int r = join_write_proof(&proof, proof_line, err);

	if (r < 0)
		return r;
	if (call->config.token) {
		(void)snprintf(token_line, sizeof(token_line), "Authorization: Bearer %s",
			       call->config.token);
		headers[2] = token_line;
	}
	r = send_request(call, &request, call->path, err);
	crypto_wipe(token_line, sizeof(token_line));
	return r;
}

static void on_challenge(const struct http_answer *from, void *data)
{
	struct join_call *call = data;
	struct tower_answer tower;
	struct endpoint stun;
	struct err err = { 0 };

	tower_read_answer(from, call->config.target, &tower);
	if (tower.meaning != TOWER_AGREED) {
		call->config.fn(&tower, NULL, call->config.data);
		return;
	}
	if (join_read_challenge(from->body, from->body_len, &call->challenge, &err) < 0) {
		end_with(call, TOWER_AWAY, &err);
		return;
	}
	stun = join_stun_server(&call->challenge, from->address);
	call->is_waiting = true;
	call->config.on_challenged(&stun, call->config.data);
}

static struct join_call *new_call(const struct join_call_config *config)
{
	struct join_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->config = *config;
	call->target = *config->target;
	call->config.target = &call->target;
	return call;
}

int join_call_start(const struct join_call_config *config, struct join_call **ret_call,
		    struct err *err)
{
	_cleanup_(join_call_freep) struct join_call *call = new_call(config);
	struct http_request request = { .method = "GET", .on_done = on_challenge };
	int r;

	if (!call)
		return err_oom(err);
	(void)snprintf(call->path, sizeof(call->path), "/zones/%s/peers", config->zone);
	r = send_request(call, &request, "/challenge", err);
	if (r < 0)
		return r;
	*ret_call = TAKE_PTR(call);
	return 0;
}

bool join_call_is_waiting(const struct join_call *call)
{
	return call->is_waiting;
}

int join_call_post(struct join_call *call, const struct join_wish *wish, struct err *err)
{
	call->is_waiting = false;
	call->body = join_write_body(wish);
	return call->body ? send_join(call, err) : err_oom(err);
}

static void on_left(const struct http_answer *from, void *data)
{
	struct join_call *call = data;
	struct tower_answer tower;

	tower_read_answer(from, call->config.target, &tower);
	call->config.fn(&tower, NULL, call->config.data);
}

int join_call_start_leave(const struct join_call_config *config, const char *ticket,
			  struct join_call **ret_call, struct err *err)
{
	_cleanup_(join_call_freep) struct join_call *call = new_call(config);
	char ticket_line[JOIN_HEADER_BYTES];
	const char *headers[] = { ticket_line, NULL };
	struct http_request request = { .method = "DELETE",
					.headers = headers,
					.on_done = on_left };
	char key_text[KEY_URL_TEXT_BYTES];
	struct key public_key;
	int r;

	if (!call)
		return err_oom(err);
	key_public(config->private_key, &public_key);
	key_format_url(&public_key, key_text);
	(void)snprintf(call->path, sizeof(call->path), "/peers/%s", key_text);
	(void)snprintf(ticket_line, sizeof(ticket_line), "Authorization: Bearer %s", ticket);
	r = send_request(call, &request, call->path, err);
	crypto_wipe(ticket_line, sizeof(ticket_line));
	if (r < 0)
		return r;
	*ret_call = TAKE_PTR(call);
	return 0;
}

void join_call_free(struct join_call *call)
{
	if (!call)
		return;
	http_call_free(call->http);
	free(call->body);
	free(call);
}
