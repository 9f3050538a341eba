// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A join token: admits unknown keys to a zone. Its text is "apx.<id>.<secret>"; only the hash of
 * the secret is kept.
 */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "crypto/crypto.h"
#include "mesh/peer.h"

#define TOKEN_SECRET_BYTES 32
#define TOKEN_DESCRIPTION_BYTES 129
#define TOKEN_RANGES_MAX 16

struct token {
	char id[PEER_TOKEN_ID_BYTES]; /* 16 digits of hex */
	char zone[ZONE_NAME_BYTES];
	char description[TOKEN_DESCRIPTION_BYTES];
	uint8_t secret_hash[CRYPTO_HASH_BYTES];
	uint64_t uses_max; /* 0: any number */
	uint64_t uses;
	int64_t expires_ms;                /* 0: never */
	int64_t ephemeral_ttl_s;           /* 0: the peers it admits are not ephemeral */
	struct ip address[ZONE_CIDRS_MAX]; /* the fixed address of the peer it admits, or IP_NONE */
	struct prefix_vec ranges;          /* child prefixes must lie in one of these; empty: any */
	int64_t created_ms;
	uint64_t revision;
};

int token_copy(const struct token *from, struct token *ret_token) _must_check_;
void token_done(struct token *token);

#endif
