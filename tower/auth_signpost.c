// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/auth_signpost.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "mesh/signpost.h"

#define DOMAIN "apex signpost join v1"
#define DAY_MS INT64_C(86400000)
#define DAYS_MAX 1000000 /* a day number that a text may say */
#define DAY_DIGITS_MAX 7
#define MAC_TEXT_LEN 43

_Static_assert(AUTH_SIGNPOST_TEXT_BYTES <= SIGNPOST_JOIN_BYTES,
	       "readers of the signpost have room");

static void make_mac(const uint8_t secret[CRYPTO_KEY_BYTES], uint64_t day,
		     uint8_t ret_mac[CRYPTO_MAC_BYTES])
{
	const uint64_t number = htole64(day);
	const struct crypto_part part = { &number, sizeof(number) };

	crypto_mac(secret, DOMAIN, &part, 1, ret_mac);
}

void signpost_secret_format(const uint8_t secret[CRYPTO_KEY_BYTES], int64_t now_ms,
			    char ret_text[static AUTH_SIGNPOST_TEXT_BYTES])
{
	const uint64_t day = (uint64_t)(now_ms / DAY_MS) % DAYS_MAX;
	uint8_t mac[CRYPTO_MAC_BYTES];
	_unused_ int r;
	int len = snprintf(ret_text, AUTH_SIGNPOST_TEXT_BYTES, SIGNPOST_JOIN_PREFIX "%" PRIu64 ".",
			   day);

	make_mac(secret, day, mac);
	r = crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), ret_text + len,
			  AUTH_SIGNPOST_TEXT_BYTES - (size_t)len);
	assert(r == 0); /* the text's size is a constant of our header */
	crypto_wipe(mac, sizeof(mac));
}

/* The day and the MAC as the text says them. */
static int read_text(const char *text, uint64_t *ret_day, uint8_t ret_mac[CRYPTO_MAC_BYTES])
{
	char digits[DAY_DIGITS_MAX + 1];
	size_t digits_len;
	size_t mac_len = 0;

	if (!str_starts(text, SIGNPOST_JOIN_PREFIX))
		return -EINVAL;
	text += strlen(SIGNPOST_JOIN_PREFIX);
	digits_len = strcspn(text, ".");
	if (digits_len >= sizeof(digits) || text[digits_len] != '.')
		return -EINVAL;
	memcpy(digits, text, digits_len);
	digits[digits_len] = '\0';
	text += digits_len + 1;
	if (str_to_u64(digits, 0, DAYS_MAX - 1, ret_day) < 0 || strlen(text) != MAC_TEXT_LEN ||
	    crypto_decode(CRYPTO_TEXT_BASE64_URL, text, MAC_TEXT_LEN, ret_mac, CRYPTO_MAC_BYTES,
			  &mac_len) < 0 ||
	    mac_len != CRYPTO_MAC_BYTES)
		return -EINVAL;
	return 0;
}

int signpost_secret_check(const uint8_t secret[CRYPTO_KEY_BYTES], const char *text, int64_t now_ms)
{
	const int64_t today = now_ms / DAY_MS;
	uint8_t shown[CRYPTO_MAC_BYTES];
	uint8_t mac[CRYPTO_MAC_BYTES];
	uint64_t day = 0;
	bool right;

	if (read_text(text, &day, shown) < 0)
		return -EINVAL;
	make_mac(secret, day, mac);
	right = crypto_equal(mac, shown, sizeof(mac));
	crypto_wipe(mac, sizeof(mac));
	if (!right)
		return -EBADMSG;
	return (int64_t)day < today - 1 || (int64_t)day > today + 1 ? -ETIME : 0;
}
