// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Proof of possession: a MAC under the X25519 secret of a node's WireGuard key and the tower's
 * proof key. Both sides make it with the same function from their own private key and the other's
 * public key; docs/protocol.md says where each part stands in a request.
 */
#ifndef MESH_PROOF_H
#define MESH_PROOF_H

#include "mesh/key.h"

#define PROOF_MAC_BYTES 32
#define PROOF_NONCE_BYTES 56 /* time, random bytes, MAC: opaque to the node */

struct proof_input {
	const char *method; /* "POST" */
	const char *path;   /* as on the request line, without the query */
	const char *zone;   /* name; "" where the route has none */
	const void *body;   /* NULL for none */
	size_t body_len;
	uint8_t nonce[PROOF_NONCE_BYTES];
	struct key node_public;
	struct key tower_public;
};

/*
 * The second proof of a request that hands a peer over to a new key: that who asks holds the new
 * one, too. As the request's own, but for the new key in place of the old one, and the old key in
 * place of the body, which this proof stands in. Points into `request`.
 */
struct proof_input proof_of_successor(const struct proof_input *request,
				      const struct key *new_public);

/* The node's proof, from its private key. -EINVAL: the tower's key is of low order. */
int proof_make(const struct key *node_private, const struct proof_input *input,
	       uint8_t ret_mac[PROOF_MAC_BYTES]) _must_check_;

/*
 * The key that secrets in the answer to that request are sealed under: only node and tower can make
 * it, for this nonce alone. Here as the node makes it; of `input` it takes nonce and keys. -EINVAL
 * as proof_make.
 */
int proof_answer_key(const struct key *node_private, const struct proof_input *input,
		     struct key *ret_key) _must_check_;

/*
 * The MAC as the tower makes it, to compare, and with the same multiplication the answer's key
 * (NULL when none is wanted). -EINVAL: the node's key is of low order.
 */
int proof_expect(const struct key *tower_private, const struct proof_input *input,
		 uint8_t ret_mac[PROOF_MAC_BYTES], struct key *ret_answer_key) _must_check_;

#endif
