// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/proof.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"

#define KEY_DOMAIN "apex proof key v1"
#define MAC_DOMAIN "apex proof v1"

_Static_assert(PROOF_MAC_BYTES == CRYPTO_MAC_BYTES, "a proof is one MAC");

/* The X25519 secret is no uniform key yet (RFC 7748, section 6.1): it is hashed into one. */
static int proof_key(const struct key *own_private, const struct key *other_public,
		     struct key *ret_key)
{
	_cleanup_(key_wipe) struct key secret = { 0 };

	if (crypto_shared(own_private->bytes, other_public->bytes, secret.bytes) < 0)
		return -EINVAL;
	crypto_mac(secret.bytes, KEY_DOMAIN, NULL, 0, ret_key->bytes);
	return 0;
}

static int make_mac(const struct key *own_private, const struct key *other_public,
		    const struct proof_input *input, uint8_t ret_mac[PROOF_MAC_BYTES])
{
	_cleanup_(key_wipe) struct key key = { 0 };
	uint8_t body_hash[CRYPTO_HASH_BYTES];
	const struct crypto_part parts[] = {
		{ input->method, strlen(input->method) }, { input->path, strlen(input->path) },
		{ input->zone, strlen(input->zone) },     { body_hash, sizeof(body_hash) },
		{ input->nonce, sizeof(input->nonce) },   { input->node_public.bytes, KEY_BYTES },
		{ input->tower_public.bytes, KEY_BYTES },
	};
	int r = proof_key(own_private, other_public, &key);

	if (r < 0)
		return r;
	crypto_hash_of(input->body, input->body_len, body_hash);
	crypto_mac(key.bytes, MAC_DOMAIN, parts, ARRAY_SIZE(parts), ret_mac);
	return 0;
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
	return make_mac(node_private, &input->tower_public, input, ret_mac);
}

int proof_expect(const struct key *tower_private, const struct proof_input *input,
		 uint8_t ret_mac[PROOF_MAC_BYTES])
{
	return make_mac(tower_private, &input->node_public, input, ret_mac);
}
