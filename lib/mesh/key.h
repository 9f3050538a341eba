// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A WireGuard key, private or public, and its text.
 */
#ifndef MESH_KEY_H
#define MESH_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define KEY_BYTES 32
#define KEY_TEXT_BYTES 45     /* 44 characters of base64 and the NUL */
#define KEY_URL_TEXT_BYTES 44 /* 43 characters of base64url and the NUL */
#define KEY_SHORT_BYTES 10    /* 8 characters ("xTIBA5rb") and the NUL, with one to spare */

struct key {
	uint8_t bytes[KEY_BYTES];
};

/*
 * Reads a key by its fixed length: 44 characters of base64, or 43 of base64url. White space around
 * it is not accepted. -EINVAL says what is wrong, never the text itself (it may be private).
 */
int key_parse(const char *text, struct key *ret_key, struct err *err) _must_check_;

/* WireGuard keeps a private key clamped (RFC 7748, section 5): bits that do not count may differ.
 */
bool key_equal_private(const struct key *a, const struct key *b);

void key_format(const struct key *key, char ret_text[static KEY_TEXT_BYTES]);
void key_format_url(const struct key *key, char ret_text[static KEY_URL_TEXT_BYTES]);

/* The first characters of the key, for logs. */
void key_format_short(const struct key *key, char ret_text[static KEY_SHORT_BYTES]);

/* Orders by bytes (public keys only: not constant time). */
int key_compare(const struct key *a, const struct key *b);
bool key_is_zero(const struct key *key);

/* A fresh private key, and the public key of one. */
void key_generate(struct key *ret_private);
void key_public(const struct key *private_key, struct key *ret_public);

/* Wipes a private key; made for _cleanup_(key_wipe). */
void key_wipe(struct key *key);

#endif
