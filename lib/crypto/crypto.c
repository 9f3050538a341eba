// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "crypto/crypto.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

_Static_assert(CRYPTO_KEY_BYTES == crypto_scalarmult_BYTES, "X25519 keys");
_Static_assert(CRYPTO_KEY_BYTES == crypto_scalarmult_SCALARBYTES, "X25519 keys");
_Static_assert(CRYPTO_KEY_BYTES <= crypto_generichash_KEYBYTES_MAX, "keys of MACs");
_Static_assert(CRYPTO_KEY_BYTES == crypto_secretbox_KEYBYTES, "keys of boxes");
_Static_assert(CRYPTO_SEAL_EXTRA_BYTES == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
	       "sealed boxes");

int crypto_init(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, -EIO, "libsodium: cannot start (no random numbers?)");
	return 0;
}

void crypto_random(void *bytes, size_t len)
{
	randombytes_buf(bytes, len);
}

void crypto_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

static int base64_variant(enum crypto_text text)
{
	return text == CRYPTO_TEXT_BASE64 ? sodium_base64_VARIANT_ORIGINAL
					  : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
}

int crypto_encode(enum crypto_text text, const void *bytes, size_t len, char *to, size_t to_bytes)
{
	/* libsodium aborts when the text does not fit, so it is asked beforehand. */
	if (len >= to_bytes)
		return -ENOSPC;
	if (text == CRYPTO_TEXT_HEX) {
		if (len * 2 + 1 > to_bytes)
			return -ENOSPC;
		(void)sodium_bin2hex(to, to_bytes, bytes, len);
		return 0;
	}
	if (sodium_base64_encoded_len(len, base64_variant(text)) > to_bytes)
		return -ENOSPC;
	(void)sodium_bin2base64(to, to_bytes, bytes, len, base64_variant(text));
	return 0;
}

/*
 * libsodium 1.0.18 takes some bytes above 127 for letters of base64: one key would have many texts.
 * Looks at every byte, whatever it finds: the text may be secret.
 */
static bool is_ascii(const char *text, size_t len)
{
	unsigned seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= (unsigned char)text[i];
	return seen < 0x80;
}

int crypto_decode(enum crypto_text text, const char *from, size_t text_len, void *to,
		  size_t to_bytes, size_t *ret_len)
{
	size_t len = 0;
	int r;

	if (!is_ascii(from, text_len))
		return -EINVAL;
	if (text == CRYPTO_TEXT_HEX)
		r = sodium_hex2bin(to, to_bytes, from, text_len, NULL, &len, NULL);
	else
		r = sodium_base642bin(to, to_bytes, from, text_len, NULL, &len, NULL,
				      base64_variant(text));
	if (r < 0)
		return -EINVAL;
	*ret_len = len;
	return 0;
}

void crypto_hash_of(const void *bytes, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES])
{
	(void)crypto_generichash(ret_hash, CRYPTO_HASH_BYTES, bytes, len, NULL, 0);
}

void crypto_sha256_of(const void *bytes, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES])
{
	(void)crypto_hash_sha256(ret_hash, bytes, len);
}

static void add_part(crypto_generichash_state *hash, const void *bytes, size_t len)
{
	uint8_t before[8];

	for (size_t i = 0; i < sizeof(before); i++)
		before[i] = (uint8_t)((uint64_t)len >> (8 * i));
	(void)crypto_generichash_update(hash, before, sizeof(before));
	if (len > 0)
		(void)crypto_generichash_update(hash, bytes, len);
}

void crypto_mac(const uint8_t key[CRYPTO_KEY_BYTES], const char *domain,
		const struct crypto_part *parts, size_t parts_len,
		uint8_t ret_mac[CRYPTO_MAC_BYTES])
{
	crypto_generichash_state hash;

	(void)crypto_generichash_init(&hash, key, CRYPTO_KEY_BYTES, CRYPTO_MAC_BYTES);
	add_part(&hash, domain, strlen(domain));
	for (size_t i = 0; i < parts_len; i++)
		add_part(&hash, parts[i].bytes, parts[i].len);
	(void)crypto_generichash_final(&hash, ret_mac, CRYPTO_MAC_BYTES);
	sodium_memzero(&hash, sizeof(hash));
}

void crypto_private_key(uint8_t ret_private[CRYPTO_KEY_BYTES])
{
	randombytes_buf(ret_private, CRYPTO_KEY_BYTES);
	ret_private[0] &= 248;
	ret_private[31] = (ret_private[31] & 127) | 64;
}

void crypto_public_key(const uint8_t private_key[CRYPTO_KEY_BYTES],
		       uint8_t ret_public[CRYPTO_KEY_BYTES])
{
	(void)crypto_scalarmult_base(ret_public, private_key);
}

int crypto_shared(const uint8_t private_key[CRYPTO_KEY_BYTES],
		  const uint8_t public_key[CRYPTO_KEY_BYTES], uint8_t ret_secret[CRYPTO_KEY_BYTES])
{
	uint8_t secret[CRYPTO_KEY_BYTES];
	int r = 0;

	if (crypto_scalarmult(secret, private_key, public_key) < 0)
		r = -EINVAL;
	else
		memcpy(ret_secret, secret, sizeof(secret));
	sodium_memzero(secret, sizeof(secret));
	return r;
}

void crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const void *bytes, size_t len,
		 uint8_t *ret_box)
{
	/* 192 random bits: a nonce that came before is not to be feared. */
	randombytes_buf(ret_box, crypto_secretbox_NONCEBYTES);
	(void)crypto_secretbox_easy(ret_box + crypto_secretbox_NONCEBYTES, bytes, len, ret_box,
				    key);
}

int crypto_open(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t *box, size_t box_len,
		void *ret_bytes)
{
	if (box_len < CRYPTO_SEAL_EXTRA_BYTES ||
	    crypto_secretbox_open_easy(ret_bytes, box + crypto_secretbox_NONCEBYTES,
				       box_len - crypto_secretbox_NONCEBYTES, box, key) < 0)
		return -EBADMSG;
	return 0;
}
