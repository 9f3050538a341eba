// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/key.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"

_Static_assert(KEY_BYTES == CRYPTO_KEY_BYTES, "a key is an X25519 key");

int key_parse(const char *text, struct key *ret_key, struct err *err)
{
	size_t len = strnlen(text, KEY_TEXT_BYTES);
	struct key key;
	size_t key_len = 0;
	int r = -EINVAL;

	if (len == KEY_TEXT_BYTES - 1)
		r = crypto_decode(CRYPTO_TEXT_BASE64, text, len, key.bytes, KEY_BYTES, &key_len);
	else if (len == KEY_URL_TEXT_BYTES - 1)
		r = crypto_decode(CRYPTO_TEXT_BASE64_URL, text, len, key.bytes, KEY_BYTES,
				  &key_len);
	else
		return err_set(err, -EINVAL,
			       "not a key: takes 44 characters of base64 (or 43 of base64url)");
	if (r == 0 && key_len == KEY_BYTES)
		*ret_key = key;
	else
		r = err_set(err, -EINVAL, "not a key: malformed base64");
	key_wipe(&key);
	return r;
}

void key_format(const struct key *key, char ret_text[static KEY_TEXT_BYTES])
{
	/* Cannot fail: the lengths are fixed. */
	(void)!crypto_encode(CRYPTO_TEXT_BASE64, key->bytes, KEY_BYTES, ret_text, KEY_TEXT_BYTES);
}

void key_format_url(const struct key *key, char ret_text[static KEY_URL_TEXT_BYTES])
{
	(void)!crypto_encode(CRYPTO_TEXT_BASE64_URL, key->bytes, KEY_BYTES, ret_text,
			     KEY_URL_TEXT_BYTES);
}

void key_format_short(const struct key *key, char ret_text[static KEY_SHORT_BYTES])
{
	const size_t shown = 8;
	char text[KEY_TEXT_BYTES];

	key_format(key, text);
	memcpy(ret_text, text, shown);
	ret_text[shown] = '\0';
}

int key_compare(const struct key *a, const struct key *b)
{
	return memcmp(a->bytes, b->bytes, KEY_BYTES);
}

bool key_is_zero(const struct key *key)
{
	static const struct key zero;

	return crypto_equal(key->bytes, zero.bytes, KEY_BYTES);
}

void key_generate(struct key *ret_private)
{
	crypto_private_key(ret_private->bytes);
}

void key_public(const struct key *private_key, struct key *ret_public)
{
	crypto_public_key(private_key->bytes, ret_public->bytes);
}

void key_wipe(struct key *key)
{
	crypto_wipe(key, sizeof(*key));
}

bool key_equal_private(const struct key *a, const struct key *b)
{
	const uint8_t last = KEY_BYTES - 1;

	return ((a->bytes[0] ^ b->bytes[0]) & 0xf8) == 0 &&
	       ((a->bytes[last] ^ b->bytes[last]) & 0x3f) == 0 &&
	       memcmp(a->bytes + 1, b->bytes + 1, last - 1) == 0;
}
