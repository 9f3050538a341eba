// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A field of the signpost from a Redis that somebody else may write to: the field's name, a
 * newline, its value. What is read as an entry is written to a text that is read as the same.
 * Parsers: lib/mesh/signpost.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/signpost.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_place(const struct signpost_place *a, const struct signpost_place *b)
{
	return str_eq(a->host, b->host) && a->port == b->port;
}

static void check_entry(const struct signpost_tower *tower)
{
	_cleanup_free_ char *text = signpost_entry_format(tower);
	struct signpost_tower back = { .id = tower->id };
	char url[SIGNPOST_URL_BYTES];
	struct signpost_place place;
	int r;

	assert(text && tower->https.port != 0 && tower->until_ms >= 0);
	r = signpost_entry_parse(text, strlen(text), &back, NULL);
	assert(r == 0 && same_place(&back.https, &tower->https));
	assert(same_place(&back.stun, &tower->stun) && str_eq(back.pin, tower->pin));
	assert(back.until_ms == tower->until_ms);
	signpost_url_format(&tower->https, "2001:db8::1", url);
	r = signpost_url_parse(url, &place, NULL);
	assert(r == 0 && *place.host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t field_len = newline ? (size_t)(newline - data) : size;
	const char *value = newline ? (const char *)newline + 1 : "";
	size_t value_len = newline ? size - field_len - 1 : 0;
	_cleanup_(signpost_done) struct signpost signpost = { 0 };
	struct err err = { 0 };
	int r = signpost_take(&signpost, (const char *)data, field_len, value, value_len, &err);

	if (r < 0)
		assert(r == err.code && str_is_clean(err.text));
	else if (r == 0)
		assert(signpost.towers_len == 0 && !*signpost.join);
	else if (signpost.towers_len > 0)
		check_entry(&signpost.towers[0]);
	else
		assert(strlen(signpost.join) == value_len);
	return 0;
}
