// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/proof.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"

#define KEY_DOMAIN "apex proof key v1"
#define MAC_DOMAIN "apex proof v1"
#define ANSWER_DOMAIN "apex answer key v1"

_Static_assert(PROOF_MAC_BYTES == CRYPTO_MAC_BYTES, "a proof is one MAC");

/* The X25519 secret is no uniform key yet (RFC 7748, section 6.1): each use hashes it into one. */
static int shared_secret(const struct key *own_private, const struct key *other_public,
			 struct key *ret_secret)
{
	return crypto_shared(own_private->bytes, other_public->bytes, ret_secret->bytes);
}

static void make_mac(const struct key *secret, const struct proof_input *input,
		     uint8_t ret_mac[PROOF_MAC_BYTES])
{
	_cleanup_(key_wipe) struct key key = { 0 };
	uint8_t body_hash[CRYPTO_HASH_BYTES];
	const struct crypto_part parts[] = {
		{ input->method, strlen(input->method) }, { input->path, strlen(input->path) },
		{ input->zone, strlen(input->zone) },     { body_hash, sizeof(body_hash) },
		{ input->nonce, sizeof(input->nonce) },   { input->node_public.bytes, KEY_BYTES },
		{ input->tower_public.bytes, KEY_BYTES },
	};

	crypto_mac(secret->bytes, KEY_DOMAIN, NULL, 0, key.bytes);
	crypto_hash_of(input->body, input->body_len, body_hash);
	crypto_mac(key.bytes, MAC_DOMAIN, parts, ARRAY_SIZE(parts), ret_mac);
}

static void make_answer_key(const struct key *secret, const struct proof_input *input,
			    struct key *ret_key)
{
	const struct crypto_part parts[] = {
		{ input->nonce, sizeof(input->nonce) },
		{ input->node_public.bytes, KEY_BYTES },
		{ input->tower_public.bytes, KEY_BYTES },
	};

	crypto_mac(secret->bytes, ANSWER_DOMAIN, parts, ARRAY_SIZE(parts), ret_key->bytes);
}

struct proof_input proof_of_successor(const struct proof_input *request,
				      const struct key *new_public)
{
	struct proof_input input = *request;

	input.body = request->node_public.bytes;
	input.body_len = sizeof(request->node_public.bytes);
	input.node_public = *new_public;
	return input;
}

int proof_make(const struct key *node_private, const struct proof_input *input,
	       uint8_t ret_mac[PROOF_MAC_BYTES])
{
	_cleanup_(key_wipe) struct key secret = { 0 };

	if (shared_secret(node_private, &input->tower_public, &secret) < 0)
		return -EINVAL;
	make_mac(&secret, input, ret_mac);
	return 0;
}

int proof_answer_key(const struct key *node_private, const struct proof_input *input,
		     struct key *ret_key)
{
	_cleanup_(key_wipe) struct key secret = { 0 };

	if (shared_secret(node_private, &input->tower_public, &secret) < 0)
		return -EINVAL;
	make_answer_key(&secret, input, ret_key);
	return 0;
}

int proof_expect(const struct key *tower_private, const struct proof_input *input,
		 uint8_t ret_mac[PROOF_MAC_BYTES], struct key *ret_answer_key)
{
	_cleanup_(key_wipe) struct key secret = { 0 };

	if (shared_secret(tower_private, &input->node_public, &secret) < 0)
		return -EINVAL;
	make_mac(&secret, input, ret_mac);
	if (ret_answer_key)
		make_answer_key(&secret, input, ret_answer_key);
	return 0;
}
