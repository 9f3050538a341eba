// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A tower's auth over a small state, and nodes that prove, join and show tickets, for its tests.
 */
#ifndef UNIT_AUTH_H
#define UNIT_AUTH_H

#include "core.h"
#include "crypto/crypto.h"
#include "tower/auth.h"

#define ADMIN_TOKEN "admin-0123456789"
#define VIEWER_TOKEN "viewer-0123456789"
#define AUTH_PATH_BYTES 128

struct tower {
	struct core core;
	struct auth *auth;
	char dir[32];
};

struct node {
	struct key private_key;
	struct key key;
};

static const struct auth_listener closed_listener = { .open = false, .is_tls = true };
static const struct auth_listener open_listener = { .open = true };

static inline int tower_start(struct tower *tower, const char *admin, const char *viewer)
{
	const struct auth_config config = { .secret_dir = tower->dir,
					    .admin_token = admin,
					    .viewer_token = viewer,
					    .state = tower->core.state };

	return auth_new(&config, &tower->auth, NULL);
}

/* Two zones, and an auth with both tokens. */
static inline void tower_init(struct tower *tower)
{
	core_init(&tower->core);
	(void)snprintf(tower->dir, sizeof(tower->dir), "/tmp/auth-unit.XXXXXX");
	if (crypto_init(NULL) < 0 || !mkdtemp(tower->dir))
		abort();
	check_str(make_zone(&tower->core, "blue", "10.1.0.0/24"), "OK");
	check_str(make_zone(&tower->core, "red", "10.1.0.0/24"), "OK");
	check(tower_start(tower, ADMIN_TOKEN, VIEWER_TOKEN) == 0);
}

static inline void tower_done(struct tower *tower)
{
	static const char *const files[] = { "ticket.secret", "nonce.secret", "proof.key" };
	char path[64];

	auth_free(tower->auth);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", tower->dir, files[i]);
		(void)unlink(path);
	}
	check(rmdir(tower->dir) == 0);
	core_done(&tower->core);
}

static inline void node_init(struct node *node)
{
	key_generate(&node->private_key);
	key_public(&node->private_key, &node->key);
}

static inline void node_join(struct tower *tower, const struct node *node, const char *zone)
{
	struct request request = join_request(0, zone);

	request.wish.key = node->key;
	check_str(core_say(&tower->core, &request), "OK");
}

/* "Bearer <ticket>" of the node as it is in the state; valid until the next call. */
static inline const char *ticket_of(struct tower *tower, const struct node *node)
{
	static char header[AUTH_TICKET_TEXT_BYTES + 8];
	char sealed[AUTH_SEALED_TEXT_BYTES];
	uint8_t box[AUTH_SEALED_TEXT_BYTES];
	size_t len = 0;
	const struct peer *peer = state_peer(tower->core.state, &node->key);
	struct key answer_key;

	key_generate(&answer_key);
	memset(header, 0, sizeof(header));
	(void)snprintf(header, sizeof(header), "Bearer ");
	if (!check(auth_ticket(tower->auth, peer, &answer_key, tower->core.now_ms, sealed) == 0) ||
	    !check(crypto_decode(CRYPTO_TEXT_BASE64, sealed, strlen(sealed), box, sizeof(box),
				 &len) == 0))
		return header;
	check(crypto_open(answer_key.bytes, box, len, header + 7) == 0);
	return header;
}

/* "Bearer <join token>" of a new token; valid until the next call. */
static inline const char *token_of(struct tower *tower, const char *zone, uint64_t uses,
				   char ret_id[PEER_TOKEN_ID_BYTES])
{
	static char header[AUTH_TOKEN_TEXT_BYTES + 8];
	char text[AUTH_TOKEN_TEXT_BYTES];
	struct request request = token_request("", zone);

	check(auth_new_token(&request.token, text) == 0);
	request.token.uses_max = uses;
	request.token.created_ms = tower->core.now_ms;
	request.token.expires_ms = tower->core.now_ms + 3600000;
	memcpy(ret_id, request.token.id, PEER_TOKEN_ID_BYTES);
	check_str(core_say(&tower->core, &request), "OK");
	(void)snprintf(header, sizeof(header), "Bearer %s", text);
	return header;
}

/* "Bearer <join secret of the signpost>" as it was at that time; valid until the next call. */
static inline const char *signpost_of(const struct tower *tower, int64_t now_ms)
{
	static char header[AUTH_SIGNPOST_TEXT_BYTES + 8];

	(void)snprintf(header, sizeof(header), "Bearer ");
	auth_signpost_secret(tower->auth, now_ms, header + 7);
	return header;
}

#define PROOF_TEXT_BYTES 256

/* The header Apex-Proof of a request as it stands, with a fresh nonce. */
static inline void prove(const struct tower *tower, const struct node *node,
			 const struct auth_request *request, char ret_text[PROOF_TEXT_BYTES])
{
	struct proof_input input = { .method = request->method,
				     .path = request->path,
				     .zone = request->zone,
				     .body = request->body,
				     .body_len = request->body_len,
				     .node_public = node->key };
	char nonce[AUTH_NONCE_TEXT_BYTES];
	char key[KEY_URL_TEXT_BYTES];
	char mac_text[48];
	uint8_t mac[PROOF_MAC_BYTES];
	size_t len;

	auth_challenge(tower->auth, tower->core.now_ms, nonce, &input.tower_public);
	check(crypto_decode(CRYPTO_TEXT_BASE64_URL, nonce, strlen(nonce), input.nonce,
			    sizeof(input.nonce), &len) == 0);
	check(proof_make(&node->private_key, &input, mac) == 0);
	check(crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), mac_text, sizeof(mac_text)) ==
	      0);
	key_format_url(&node->key, key);
	(void)snprintf(ret_text, PROOF_TEXT_BYTES, "key=%s,nonce=%s,mac=%s", key, nonce, mac_text);
}

/* "ok" or the code of the refusal, which always says what and what next, and never a secret. */
static inline const char *ask(struct tower *tower, const struct auth_request *request,
			      struct auth_subject *ret_subject)
{
	static struct refusal refusal;
	const char *secret = request->authorization;

	memset(ret_subject, 0, sizeof(*ret_subject));
	refusal = (struct refusal){ 0 };
	if (auth_check(tower->auth, request, tower->core.now_ms, ret_subject, &refusal) == 0)
		return "ok";
	check(refusal.detail[0] && refusal.hint[0]);
	if (secret && strlen(secret) > 16) {
		secret += 7;
		check(!strstr(refusal.detail, secret) && !strstr(refusal.hint, secret));
	}
	tower->core.refusal = refusal;
	return refusal.code;
}

#endif
