// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What auth holds: shared by its own files only.
 */
#ifndef TOWER_AUTH_STATE_H
#define TOWER_AUTH_STATE_H

#include "tower/auth.h"
#include "tower/auth_failures.h"
#include "tower/auth_nonce.h"

/* An admin or viewer token: its hash, for the text itself is not needed again. */
struct auth_token {
	bool is_set;
	uint8_t hash[CRYPTO_HASH_BYTES];
};

struct auth {
	const struct state *state;
	uint8_t ticket_secret[CRYPTO_KEY_BYTES];
	uint8_t nonce_secret[CRYPTO_KEY_BYTES];
	struct key proof_key; /* private */
	struct key proof_public;
	struct auth_token admin, viewer;
	struct nonces_used nonces_used;
	struct failures *failures;
};

#endif
