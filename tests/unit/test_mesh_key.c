// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"
#include "mesh/key.h"
#include "tests/unit/check.h"

static const char text[] = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
static const char url_text[] = "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo";

static void reads_base64_and_base64url_alike(void)
{
	char formatted[KEY_TEXT_BYTES];
	char url[KEY_URL_TEXT_BYTES];
	struct key a;
	struct key b;

	check(key_parse(text, &a, NULL) == 0);
	check(key_parse(url_text, &b, NULL) == 0);
	check(key_compare(&a, &b) == 0);
	check(a.bytes[0] == 0x85 && a.bytes[31] == 0x6a);
	key_format(&a, formatted);
	check_str(formatted, text);
	key_format_url(&a, url);
	check_str(url, url_text);
}

static void shortens_for_logs(void)
{
	char formatted[KEY_SHORT_BYTES];
	struct key key;

	check(key_parse(text, &key, NULL) == 0);
	key_format_short(&key, formatted);
	check_str(formatted, "hSDwCYkw");
}

static void refuses_what_is_no_key_without_repeating_it(void)
{
	static const char *const bad[] = {
		"",
		"hSDwCYkw",
		"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",   /* base64 without padding */
		"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",  /* base64url with padding */
		"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmp=",  /* bits behind the end */
		"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo= ", /* too long */
		" hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",
		"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTg==", /* 31 bytes */
		"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmoA", /* 33 bytes */
		"hSDwCYkwp1R0i33ctD73Wg2\nOg0mOBr066SpjqqbTmo=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct key key = { { 1 } };
		struct err err = { 0 };

		check(key_parse(bad[i], &key, &err) == -EINVAL);
		check(key.bytes[0] == 1 && err.code == -EINVAL);
		check(!strstr(err.text, "hSDw"));
	}
}

static void derives_the_public_key(void)
{
	static const char private_text[] = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
	_cleanup_(key_wipe) struct key private_key = { 0 };
	char formatted[KEY_TEXT_BYTES];
	struct key public_key;

	check(key_parse(private_text, &private_key, NULL) == 0);
	key_public(&private_key, &public_key);
	key_format(&public_key, formatted);
	check_str(formatted, text);
}

static void makes_fresh_keys_and_wipes_them(void)
{
	struct key a;
	struct key b;

	key_generate(&a);
	key_generate(&b);
	check(key_compare(&a, &b) != 0 && !key_is_zero(&a));
	key_wipe(&a);
	check(key_is_zero(&a));
}

static void orders_by_bytes(void)
{
	struct key low = { { 0, 1 } };
	struct key high = { { 0, 200 } };

	check(key_compare(&low, &high) < 0 && key_compare(&high, &low) > 0);
	check(key_compare(&low, &low) == 0);
}

static void every_key_survives_its_texts(void)
{
	for (int i = 0; i < 500; i++) {
		char formatted[KEY_TEXT_BYTES];
		char url[KEY_URL_TEXT_BYTES];
		struct key key;
		struct key back;

		crypto_random(&key, sizeof(key));
		key_format(&key, formatted);
		key_format_url(&key, url);
		check(key_parse(formatted, &back, NULL) == 0 && key_compare(&key, &back) == 0);
		check(key_parse(url, &back, NULL) == 0 && key_compare(&key, &back) == 0);
	}
}

int main(void)
{
	if (!check(crypto_init(NULL) == 0))
		return 1;
	run(reads_base64_and_base64url_alike);
	run(shortens_for_logs);
	run(refuses_what_is_no_key_without_repeating_it);
	run(derives_the_public_key);
	run(makes_fresh_keys_and_wipes_them);
	run(orders_by_bytes);
	run(every_key_survives_its_texts);
	return check_done();
}
