// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Asking for the new key comes first, and by a question that can change nothing: a join would let
 * an unknown key in. A rotation whose answer was lost is asked for again; the tower either does it
 * now or does not know the old key any more.
 */
#include "nodeagent/rotate_call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"
#include "nodeagent/join_call.h"

#define PATH_BYTES 80

struct rotate_call {
	struct rotate_call_config config;
	struct tower_target target;
	struct key old_private, new_private;
	char instance[PEER_INSTANCE_BYTES];
	struct http_call *http;
	bool is_probed; /* the tower does not have the new key */
};

static void end(struct rotate_call *call, enum rotate_outcome outcome,
		const struct tower_answer *tower)
{
	call->config.fn(outcome, tower, call->config.data);
}

static void end_locally(struct rotate_call *call, const struct err *err)
{
	struct tower_answer tower = { .meaning = TOWER_AWAY };

	(void)snprintf(tower.why, sizeof(tower.why), "%.100s: %.200s", call->target.url.base,
		       err->text);
	end(call, ROTATE_AWAY, &tower);
}

static int send_request(struct rotate_call *call, struct http_request *request, const char *path,
			struct err *err)
{
	const struct http_trust trust = target_http_trust(&call->target);
	char url[HTTP_URL_BYTES + PATH_BYTES];
	int r;

	(void)snprintf(url, sizeof(url), "%s%s", call->target.url.base, path);
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

/* What could not be understood or was said by another than a tower decides nothing. */
static bool is_settled(struct rotate_call *call, const struct tower_answer *tower)
{
	if (tower->meaning == TOWER_AGREED || tower->meaning == TOWER_REFUSED)
		return true;
	end(call, ROTATE_AWAY, tower);
	return false;
}

static bool is_unknown_key(const struct tower_answer *tower)
{
	return str_eq(tower->refusal.code, "E401-proof") ||
	       str_eq(tower->refusal.code, "E404-peer");
}

static void on_rotated(const struct http_answer *from, void *data)
{
	struct rotate_call *call = data;
	struct tower_answer tower;

	tower_read_answer(from, &call->target, &tower);
	if (!is_settled(call, &tower))
		return;
	end(call,
	    tower.meaning == TOWER_AGREED || is_unknown_key(&tower) ? ROTATE_DONE : ROTATE_REFUSED,
	    &tower);
}

/* The proof of the new key, which stands in the body; the header's is made as of every request. */
static int write_successor(const struct rotate_call *call, const struct join_challenge *challenge,
			   const char *path, char *to, size_t to_bytes)
{
	struct proof_input request = {
		.method = "POST", .path = path, .zone = "", .tower_public = challenge->tower_key
	};
	struct proof_input successor;
	struct key new_public;
	uint8_t mac[PROOF_MAC_BYTES];
	int r;

	key_public(&call->old_private, &request.node_public);
	key_public(&call->new_private, &new_public);
	memcpy(request.nonce, challenge->nonce, sizeof(request.nonce));
	successor = proof_of_successor(&request, &new_public);
	r = proof_make(&call->new_private, &successor, mac);
	return r < 0 ? r : crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), to, to_bytes);
}

static void write_path(const struct key *private_key, const char *behind,
		       char ret_path[static PATH_BYTES])
{
	char text[KEY_URL_TEXT_BYTES];
	struct key public_key;

	key_public(private_key, &public_key);
	key_format_url(&public_key, text);
	(void)snprintf(ret_path, PATH_BYTES, "/peers/%s%s", text, behind);
}

static void write_body(const struct rotate_call *call, const char *proof, struct str *to)
{
	char text[KEY_TEXT_BYTES];
	struct key public_key;

	key_public(&call->new_private, &public_key);
	key_format(&public_key, text);
	str_printf(to, "{\"PublicKey\":\"%s\",\"Proof\":\"%s\",\"Instance\":\"%s\"", text, proof,
		   call->instance);
	if (call->config.generation > 0)
		str_printf(to, ",\"Generation\":%" PRIu64, call->config.generation);
	str_append(to, "}");
}

static int send_rotation(struct rotate_call *call, const struct join_challenge *challenge,
			 struct err *err)
{
	_cleanup_str_ struct str body = { 0 };
	char path[PATH_BYTES];
	char successor[2 * PROOF_MAC_BYTES];
	char proof_line[JOIN_PROOF_BYTES];
	const char *headers[] = { "Content-Type: application/json", proof_line, NULL };
	struct join_proof proof = { .private_key = &call->old_private,
				    .challenge = challenge,
				    .method = "POST",
				    .path = path,
				    .zone = "" };
	struct http_request request = { .method = "POST",
					.headers = headers,
					.on_done = on_rotated };
	int r;

	write_path(&call->old_private, "/rotate", path);
	r = write_successor(call, challenge, path, successor, sizeof(successor));
	if (r < 0)
		return err_set(err, r, "no proof can be made with the tower's key");
	write_body(call, successor, &body);
	if (body.failed)
		return err_oom(err);
	proof.body = body.at;
	r = join_write_proof(&proof, proof_line, err);
	request.body = body.at;
	request.body_len = body.len;
	return r < 0 ? r : send_request(call, &request, path, err);
}

static int ask_challenge(struct rotate_call *call, struct err *err);

static void on_probed(const struct http_answer *from, void *data)
{
	struct rotate_call *call = data;
	struct tower_answer tower;
	struct err err = { 0 };

	tower_read_answer(from, &call->target, &tower);
	if (!is_settled(call, &tower))
		return;
	call->is_probed = is_unknown_key(&tower);
	if (!call->is_probed)
		end(call, tower.meaning == TOWER_AGREED ? ROTATE_DONE : ROTATE_REFUSED, &tower);
	else if (ask_challenge(call, &err) < 0)
		end_locally(call, &err);
}

static int send_probe(struct rotate_call *call, const struct join_challenge *challenge,
		      struct err *err)
{
	char path[PATH_BYTES];
	char proof_line[JOIN_PROOF_BYTES];
	const char *headers[] = { proof_line, NULL };
	struct join_proof proof = { .private_key = &call->new_private,
				    .challenge = challenge,
				    .method = "GET",
				    .path = path,
				    .zone = "" };
	struct http_request request = { .method = "GET", .headers = headers, .on_done = on_probed };
	int r;

	write_path(&call->new_private, "", path);
	r = join_write_proof(&proof, proof_line, err);
	return r < 0 ? r : send_request(call, &request, path, err);
}

static void on_challenge(const struct http_answer *from, void *data)
{
	struct rotate_call *call = data;
	struct join_challenge challenge;
	struct tower_answer tower;
	struct err err = { 0 };
	int r;

	tower_read_answer(from, &call->target, &tower);
	if (tower.meaning != TOWER_AGREED) {
		end(call, ROTATE_AWAY, &tower);
		return;
	}
	r = join_read_challenge(from->body, from->body_len, &challenge, &err);
	if (r >= 0)
		r = call->is_probed ? send_rotation(call, &challenge, &err)
				    : send_probe(call, &challenge, &err);
	if (r < 0)
		end_locally(call, &err);
}

static int ask_challenge(struct rotate_call *call, struct err *err)
{
	struct http_request request = { .method = "GET", .on_done = on_challenge };

	return send_request(call, &request, "/challenge", err);
}

int rotate_call_start(const struct rotate_call_config *config, struct rotate_call **ret_call,
		      struct err *err)
{
	struct rotate_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		return err_oom(err);
	call->config = *config;
	call->target = *config->target;
	call->old_private = *config->old_private;
	call->new_private = *config->new_private;
	r = str_copy(call->instance, sizeof(call->instance), config->instance);
	if (r >= 0)
		r = ask_challenge(call, err);
	if (r < 0) {
		rotate_call_free(call);
		return r;
	}
	*ret_call = call;
	return 0;
}

void rotate_call_free(struct rotate_call *call)
{
	if (!call)
		return;
	http_call_free(call->http);
	key_wipe(&call->old_private);
	key_wipe(&call->new_private);
	free(call);
}
