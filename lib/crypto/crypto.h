// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The only room that knows libsodium: text encodings, random bytes, hashes, MACs, the X25519
 * secret of two keys, sealed boxes. No product word but "key"; no I/O but random bytes.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CRYPTO_KEY_BYTES 32  /* an X25519 key, private or public */
#define CRYPTO_HASH_BYTES 32 /* BLAKE2b-256, SHA-256 */
#define CRYPTO_MAC_BYTES 32
#define CRYPTO_SEAL_EXTRA_BYTES 40 /* how much longer a sealed box is than what it holds */

/* To be called once before anything else here. -EIO when the library cannot start. */
int crypto_init(struct err *err) _must_check_;

void crypto_random(void *bytes, size_t len);
void crypto_wipe(void *bytes, size_t len);

/* Compares in constant time. */
bool crypto_equal(const void *a, const void *b, size_t len) _must_check_;

enum crypto_text {
	CRYPTO_TEXT_BASE64,     /* RFC 4648 section 4, padded: keys as WireGuard writes them */
	CRYPTO_TEXT_BASE64_URL, /* RFC 4648 section 5, without padding: headers and paths */
	CRYPTO_TEXT_HEX,
};

/* Writes the text with its NUL; to_bytes must hold it (-ENOSPC). */
int crypto_encode(enum crypto_text text, const void *bytes, size_t len, char *to,
		  size_t to_bytes) _must_check_;

/* Decodes exactly `text_len` characters to at most `to_bytes`; -EINVAL for anything malformed. */
int crypto_decode(enum crypto_text text, const char *from, size_t text_len, void *to,
		  size_t to_bytes, size_t *ret_len) _must_check_;

/* BLAKE2b-256 of the bytes. */
void crypto_hash_of(const void *bytes, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES]);

/* SHA-256 of the bytes: only where somebody else's format asks for it. */
void crypto_sha256_of(const void *bytes, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES]);

/*
 * A keyed BLAKE2b-256 over several parts. Each part goes in with its length before it, and
 * `domain` first, so that no two lists of parts, and no two uses, can be taken for one another.
 */
struct crypto_part {
	const void *bytes;
	size_t len;
};
void crypto_mac(const uint8_t key[CRYPTO_KEY_BYTES], const char *domain,
		const struct crypto_part *parts, size_t parts_len,
		uint8_t ret_mac[CRYPTO_MAC_BYTES]);

/* A fresh private key, clamped as WireGuard stores it. */
void crypto_private_key(uint8_t ret_private[CRYPTO_KEY_BYTES]);
void crypto_public_key(const uint8_t private_key[CRYPTO_KEY_BYTES],
		       uint8_t ret_public[CRYPTO_KEY_BYTES]);

/* The X25519 secret of the two (RFC 7748). -EINVAL when it is all zero (a low-order point). */
int crypto_shared(const uint8_t private_key[CRYPTO_KEY_BYTES],
		  const uint8_t public_key[CRYPTO_KEY_BYTES],
		  uint8_t ret_secret[CRYPTO_KEY_BYTES]) _must_check_;

/*
 * Seals under a secret key: who has it reads the bytes, and knows that one who has it wrote them.
 * XSalsa20-Poly1305 behind its 24 random bytes of nonce. `ret_box` holds len +
 * CRYPTO_SEAL_EXTRA_BYTES.
 */
void crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const void *bytes, size_t len,
		 uint8_t *ret_box);

/* Opens; `ret_bytes` holds box_len - CRYPTO_SEAL_EXTRA_BYTES. -EBADMSG: not sealed under `key`. */
int crypto_open(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t *box, size_t box_len,
		void *ret_bytes) _must_check_;

#endif
