// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A URL that somebody typed. What is accepted can be shown, and means the same when it is read
 * again. Parsers: lib/io/redis_url.c
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "io/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	char shown[REDIS_URL_TEXT_BYTES];
	struct redis_url again;
	struct redis_url url;
	struct err err = { 0 };

	if (!text)
		return 0;
	if (redis_url_parse(text, &url, &err) < 0) {
		assert(err.text[0]);
		return 0;
	}
	assert(!*url.path != !*url.host);
	redis_url_format(&url, shown);
	if (*url.host) {
		assert(url.port > 0);
		assert(redis_url_parse(shown, &again, NULL) == 0);
		assert(str_eq(again.host, url.host) && again.port == url.port);
		assert(!*again.user && !*again.password);
	}
	return 0;
}
