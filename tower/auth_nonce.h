// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The nonces of proofs. Making one stores nothing: it is a time, random bytes and a MAC over both.
 * Only those that a valid proof used are remembered, for as long as they could come again.
 */
#ifndef TOWER_AUTH_NONCE_H
#define TOWER_AUTH_NONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "mesh/proof.h"

#define NONCE_AHEAD_MS 5000      /* by how much the clock of the tower that made it may be ahead */
#define NONCE_USED_MAX (1 << 18) /* remembered in one period, of which there are two: 8 MiB */

void nonce_make(const uint8_t secret[CRYPTO_KEY_BYTES], int64_t now_ms,
		uint8_t ret_nonce[PROOF_NONCE_BYTES]);

/* -EBADMSG: no tower with this secret made it; -ETIME: too old. */
int nonce_check(const uint8_t secret[CRYPTO_KEY_BYTES], const uint8_t nonce[PROOF_NONCE_BYTES],
		int64_t now_ms) _must_check_;

/* A set of numbers that are random already, and so are their own hashes. */
struct nonce_set {
	uint64_t *at; /* 0: free */
	size_t cap;   /* a power of two, at most half full */
	size_t len;
};

struct nonces_used {
	struct nonce_set fresh, older;
	int64_t turned_ms; /* when `fresh` was begun */
};

/* Remembers a nonce that was checked: -EALREADY when it was used, -ENOSPC when the set is full. */
int nonce_use(struct nonces_used *used, const uint8_t nonce[PROOF_NONCE_BYTES],
	      int64_t now_ms) _must_check_;
void nonces_used_done(struct nonces_used *used);

#endif
