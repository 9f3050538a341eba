// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A peer goes over to another key: proven is the old one in the header, the new one in the body.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"
#include "tower/api/call.h"

#define PROOF_TEXT_MAX 64

struct rotation {
	struct key to;
	uint8_t mac[PROOF_MAC_BYTES];
};

static int read_rotation(const json_t *body, struct rotation *rotation, struct request *request,
			 struct err *err)
{
	char text[PROOF_TEXT_MAX] = "";
	size_t len = 0;
	int r = doc_required(doc_key(body, "PublicKey", &rotation->to, err), "PublicKey", err);

	if (r >= 0)
		r = doc_required(doc_text(body, "Proof", text, sizeof(text), err), "Proof", err);
	if (r < 0)
		return r;
	if (doc_text(body, "Instance", request->peer_rotate.instance,
		     sizeof(request->peer_rotate.instance), err) < 0 ||
	    doc_u64(body, "Generation", &request->peer_rotate.generation, err) < 0)
		return -EPROTO;
	if (crypto_decode(CRYPTO_TEXT_BASE64_URL, text, strlen(text), rotation->mac,
			  sizeof(rotation->mac), &len) < 0 ||
	    len != sizeof(rotation->mac))
		return err_set(err, -EPROTO, "field 'Proof' is not 32 bytes of base64url");
	return 0;
}

static bool is_proven(struct api_call *call, const struct rotation *rotation)
{
	const struct http_asked *asked = http_asked(call->http);
	const struct auth_request request = {
		.route = ROUTE_PEER_ROTATE,
		.method = asked->method,
		.path = asked->path,
		.zone = call->path.zone,
		.proof = http_header(call->http, "Apex-Proof"),
		.client = asked->client,
	};
	struct refusal refusal;

	if (auth_check_successor(call->api->c.auth, &request, &rotation->to, rotation->mac,
				 commit_now_ms(call->api->c.commit), &refusal) == 0)
		return true;
	http_refuse(call->http, &refusal);
	return false;
}

static void on_rotated(struct api_call *call, const struct commit_answer *answer)
{
	const struct state *state = call->api->c.state;
	const struct peer *peer = state_peer(state, &call->key);

	(void)answer;
	if (!peer) {
		call_refuse_peer(call);
		return;
	}
	if (!peer->agentless)
		(void)!presence_touch(call->api->c.presence, &peer->key,
				      commit_now_ms(call->api->c.commit));
	call_answer_doc(call, 200, state_peer_doc(state, &peer->key), peer->revision);
}

void peer_rotate(struct api_call *call)
{
	struct request request = { .kind = REQUEST_PEER_ROTATE };
	_cleanup_(doc_unref) json_t *body = call_body(call);
	struct rotation rotation;
	struct err err;

	if (!body)
		return;
	if (read_rotation(body, &rotation, &request, &err) < 0) {
		call_refuse_err(call, "E400-field", &err);
		return;
	}
	if (!is_proven(call, &rotation))
		return;
	request.peer_rotate.from = call->path.key;
	request.peer_rotate.to = rotation.to;
	call->key = rotation.to;
	call_submit(call, &request, on_rotated);
}
