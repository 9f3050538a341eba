// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Texts of keys: there is one base64 and one base64url a key, and no refusal repeats the text.
 * Parsers: lib/mesh/key.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	char base64[KEY_TEXT_BYTES];
	char url[KEY_URL_TEXT_BYTES];
	char start[KEY_SHORT_BYTES];
	struct err err = { 0 };
	struct key back;
	struct key key;

	if (key_parse(text, &key, &err) < 0) {
		assert(err.code && (strlen(text) < 16 || !strstr(err.text, text)));
		return;
	}
	key_format(&key, base64);
	key_format_url(&key, url);
	key_format_short(&key, start);
	assert(str_eq(text, base64) || str_eq(text, url));
	assert(str_starts(base64, start));
	assert(key_parse(base64, &back, NULL) == 0 && key_compare(&key, &back) == 0);
	assert(key_parse(url, &back, NULL) == 0 && key_compare(&key, &back) == 0);
}

/* The bytes as a text, and the text of the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	char base64[KEY_TEXT_BYTES];
	struct key key = { 0 };

	if (!text)
		return 0;
	check_text(text);
	memcpy(key.bytes, data, MIN(size, sizeof(key.bytes)));
	key_format(&key, base64);
	check_text(base64);
	return 0;
}
