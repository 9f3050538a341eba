// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * auth_check goes from what a request presents to a subject (auth_identify.c), and from there
 * through the table (auth_rules.c). Everything else here is about the secrets.
 */
#include "tower/auth.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "tower/auth_credential.h"
#include "tower/auth_identify.h"
#include "tower/auth_rules.h"
#include "tower/auth_signpost.h"
#include "tower/auth_state.h"
#include "tower/auth_ticket.h"
#include "tower/secrets.h"

#define TICKET_FILE "ticket.secret"
#define NONCE_FILE "nonce.secret"
#define PROOF_FILE "proof.key"
#define FINGERPRINT_DOMAIN "apex secrets v1"
#define TOWER_ID_DOMAIN "apex tower id v1"
#define SECRET_LINE_BYTES 48 /* base64 of 32 bytes, newline, NUL */

static int make_text(const uint8_t bytes[CRYPTO_KEY_BYTES], char **ret_text, struct err *err)
{
	_cleanup_(secret_free) char *text = calloc(1, SECRET_LINE_BYTES);
	int r;

	if (!text)
		return err_oom(err);
	r = crypto_encode(CRYPTO_TEXT_BASE64, bytes, CRYPTO_KEY_BYTES, text, SECRET_LINE_BYTES - 1);
	if (r < 0)
		return err_set(err, r, "text of a secret");
	text[strlen(text)] = '\n';
	*ret_text = TAKE_PTR(text);
	return 0;
}

static int make_secret(char **ret_text, struct err *err)
{
	_cleanup_(key_wipe) struct key secret;

	crypto_random(secret.bytes, sizeof(secret.bytes));
	return make_text(secret.bytes, ret_text, err);
}

static int make_proof_key(char **ret_text, struct err *err)
{
	_cleanup_(key_wipe) struct key secret;

	key_generate(&secret);
	return make_text(secret.bytes, ret_text, err);
}

static int load_secret(const char *dir, const char *name, secret_make_fn make,
		       uint8_t ret_bytes[CRYPTO_KEY_BYTES], struct err *err)
{
	_cleanup_(secret_free) char *text = NULL;
	_cleanup_(key_wipe) struct key key = { 0 };
	int r = secret_load(dir, name, make, &text, err);

	if (r < 0)
		return r;
	text[strcspn(text, "\r\n")] = '\0';
	if (key_parse(text, &key, NULL) < 0 || key_is_zero(&key))
		return err_set(
			err, -EINVAL,
			"%s/%s: not 32 bytes in base64; restore it, or remove it to get a new one (then every agent joins again)",
			dir, name);
	memcpy(ret_bytes, key.bytes, CRYPTO_KEY_BYTES);
	return 0;
}

static int load_secrets(struct auth *auth, const char *dir, struct err *err)
{
	int r = load_secret(dir, TICKET_FILE, make_secret, auth->ticket_secret, err);

	if (r == 0)
		r = load_secret(dir, NONCE_FILE, make_secret, auth->nonce_secret, err);
	if (r == 0)
		r = load_secret(dir, PROOF_FILE, make_proof_key, auth->proof_key.bytes, err);
	if (r == 0)
		key_public(&auth->proof_key, &auth->proof_public);
	return r;
}

static int set_token(struct auth_token *token, const char *role, const char *text, struct err *err)
{
	if (!text)
		return 0;
	if (!bearer_is_valid(text))
		return err_set(err, -EINVAL,
			       "the %s token: 1 to %d letters, digits and -._~+/= are possible",
			       role, CREDENTIAL_TEXT_MAX);
	crypto_hash_of(text, strlen(text), token->hash);
	token->is_set = true;
	return 0;
}

static int set_tokens(struct auth *auth, const struct auth_config *config, struct err *err)
{
	int r = set_token(&auth->admin, "admin", config->admin_token, err);

	if (r == 0)
		r = set_token(&auth->viewer, "viewer", config->viewer_token, err);
	if (r < 0)
		return r;
	if (auth->admin.is_set && auth->viewer.is_set &&
	    crypto_equal(auth->admin.hash, auth->viewer.hash, CRYPTO_HASH_BYTES))
		return err_set(err, -EINVAL, "the admin and the viewer token are the same");
	return 0;
}

static void auth_freep(struct auth **auth)
{
	auth_free(*auth);
}

int auth_new(const struct auth_config *config, struct auth **ret_auth, struct err *err)
{
	_cleanup_(auth_freep) struct auth *auth = calloc(1, sizeof(*auth));
	int r;

	if (!auth)
		return err_oom(err);
	auth->state = config->state;
	r = set_tokens(auth, config, err);
	if (r == 0)
		r = load_secrets(auth, config->secret_dir, err);
	if (r == 0)
		r = failures_new(&auth->failures, err);
	if (r < 0)
		return r;
	*ret_auth = TAKE_PTR(auth);
	return 0;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	failures_free(auth->failures);
	nonces_used_done(&auth->nonces_used);
	crypto_wipe(auth, sizeof(*auth));
	free(auth);
}

int auth_check(struct auth *auth, const struct auth_request *request, int64_t now_ms,
	       struct auth_subject *ret_subject, struct refusal *ret_refusal)
{
	struct auth_subject subject = { .role = ROLE_NONE };
	int r = 0;

	if (!auth_route_is_public(request->route)) {
		r = auth_identify(auth, request, now_ms, &subject, ret_refusal);
		if (r == 0)
			r = auth_rules_check(&subject, request, ret_refusal);
	}
	if (r == 0)
		*ret_subject = subject;
	return r;
}

void auth_challenge(const struct auth *auth, int64_t now_ms,
		    char ret_nonce[static AUTH_NONCE_TEXT_BYTES], struct key *ret_tower_public)
{
	uint8_t nonce[PROOF_NONCE_BYTES];
	_unused_ int r;

	nonce_make(auth->nonce_secret, now_ms, nonce);
	r = crypto_encode(CRYPTO_TEXT_BASE64_URL, nonce, sizeof(nonce), ret_nonce,
			  AUTH_NONCE_TEXT_BYTES);
	assert(r == 0); /* the text's size is a constant of our header */
	*ret_tower_public = auth->proof_public;
}

int auth_ticket(const struct auth *auth, const struct peer *peer, const struct key *answer_key,
		int64_t now_ms, char ret_text[static AUTH_SEALED_TEXT_BYTES])
{
	struct ticket ticket = { .key = peer->key,
				 .generation = peer->generation,
				 .expires_ms = now_ms + AUTH_TICKET_S * INT64_C(1000) };
	char text[AUTH_TICKET_TEXT_BYTES];
	uint8_t box[AUTH_TICKET_TEXT_BYTES + CRYPTO_SEAL_EXTRA_BYTES];
	size_t len;
	int r;

	memcpy(ticket.zone, peer->zone, sizeof(ticket.zone));
	r = ticket_format(auth->ticket_secret, &ticket, text);
	if (r < 0)
		return r;
	len = strlen(text);
	crypto_seal(answer_key->bytes, text, len, box);
	crypto_wipe(text, sizeof(text));
	return crypto_encode(CRYPTO_TEXT_BASE64, box, len + CRYPTO_SEAL_EXTRA_BYTES, ret_text,
			     AUTH_SEALED_TEXT_BYTES);
}

int auth_new_token(struct token *token, char ret_text[static AUTH_TOKEN_TEXT_BYTES])
{
	_cleanup_(join_token_wipe) struct join_token fresh = { .id = "" };
	uint8_t id[(PEER_TOKEN_ID_BYTES - 1) / 2];
	int r;

	crypto_random(id, sizeof(id));
	crypto_random(fresh.secret, sizeof(fresh.secret));
	r = crypto_encode(CRYPTO_TEXT_HEX, id, sizeof(id), fresh.id, sizeof(fresh.id));
	if (r == 0)
		r = join_token_format(&fresh, ret_text, AUTH_TOKEN_TEXT_BYTES);
	if (r < 0)
		return r;
	memcpy(token->id, fresh.id, sizeof(token->id));
	crypto_hash_of(fresh.secret, sizeof(fresh.secret), token->secret_hash);
	return 0;
}

void auth_signpost_secret(const struct auth *auth, int64_t now_ms,
			  char ret_text[static AUTH_SIGNPOST_TEXT_BYTES])
{
	signpost_secret_format(auth->ticket_secret, now_ms, ret_text);
}

static uint64_t number_of(const uint8_t mac[CRYPTO_MAC_BYTES])
{
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(number); i++)
		number = number << 8 | mac[i];
	return number;
}

uint64_t auth_tower_id(const struct auth *auth, const char *name)
{
	const struct crypto_part part = { name, strlen(name) };
	uint8_t mac[CRYPTO_MAC_BYTES];

	crypto_mac(auth->ticket_secret, TOWER_ID_DOMAIN, &part, 1, mac);
	return number_of(mac);
}

uint64_t auth_fingerprint(const struct auth *auth)
{
	const struct crypto_part parts[] = {
		{ auth->nonce_secret, sizeof(auth->nonce_secret) },
		{ auth->proof_key.bytes, sizeof(auth->proof_key.bytes) },
	};
	uint8_t mac[CRYPTO_MAC_BYTES];

	crypto_mac(auth->ticket_secret, FINGERPRINT_DOMAIN, parts, ARRAY_SIZE(parts), mac);
	return number_of(mac);
}
