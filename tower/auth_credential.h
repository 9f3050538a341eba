// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The texts of credentials as they stand in headers: parsed and written, not judged. Every form has
 * a fixed length or a bound; nothing is skipped, trimmed or guessed.
 */
#ifndef TOWER_AUTH_CREDENTIAL_H
#define TOWER_AUTH_CREDENTIAL_H

#include "mesh/proof.h"
#include "tower/core/token.h"

#define CREDENTIAL_TEXT_MAX 512 /* of a bearer token */

enum bearer_kind {
	BEARER_SECRET,     /* an admin or viewer token */
	BEARER_JOIN_TOKEN, /* "apx.…" */
	BEARER_TICKET,     /* "apt.…" */
	BEARER_SIGNPOST,   /* "aps.…": the join secret of the signpost */
};

struct bearer {
	enum bearer_kind kind;
	const char *text; /* in the header */
};

/* "Bearer <token>" (RFC 6750, section 2.1); the scheme in any case. -EINVAL. */
int bearer_parse(const char *header, struct bearer *ret_bearer) _must_check_;

/* Whether a text can stand behind "Bearer ": at most CREDENTIAL_TEXT_MAX of its characters. */
bool bearer_is_valid(const char *text);

struct join_token {
	char id[PEER_TOKEN_ID_BYTES];
	uint8_t secret[TOKEN_SECRET_BYTES];
};

/* "apx.<16 digits of hex>.<43 characters of base64url>"; -EINVAL. */
int join_token_parse(const char *text, struct join_token *ret_token) _must_check_;
int join_token_format(const struct join_token *token, char *to, size_t to_bytes) _must_check_;

/* Wipes; made for _cleanup_. */
void join_token_wipe(struct join_token *token);

struct proof_header {
	struct key key;
	uint8_t nonce[PROOF_NONCE_BYTES];
	uint8_t mac[PROOF_MAC_BYTES];
};

/* "key=<base64url>,nonce=<base64url>,mac=<base64url>", in this order, without blanks; -EINVAL. */
int proof_header_parse(const char *text, struct proof_header *ret_header) _must_check_;

#endif
