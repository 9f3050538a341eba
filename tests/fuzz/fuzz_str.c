// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Numbers, times, lists and clean text.
 * Parsers: lib/base/str.c
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const char *text)
{
	int64_t seconds = -1;
	uint64_t number = 0;
	uint16_t port = 0;
	bool flag;

	if (str_to_u64(text, 1, UINT64_MAX, &number) == 0) {
		char written[24];

		(void)snprintf(written, sizeof(written), "%ju", (uintmax_t)number);
		assert(number > 0 && str_eq(text + strspn(text, "0"), written));
	}
	if (str_to_u16(text, &port) == 0)
		assert(str_to_u64(text, 0, UINT16_MAX, &number) == 0 && number == port);
	if (str_to_seconds(text, &seconds) == 0)
		assert(seconds >= 0 && seconds <= STR_SECONDS_MAX);
	if (str_to_bool(text, &flag) == 0)
		assert(strlen(text) <= strlen("false"));
}

/* The items of a list, put together again with commas, are the same items. */
static void check_list(const char *text)
{
	_cleanup_str_ struct str joined = { 0 };
	_cleanup_str_ struct str again = { 0 };
	const char *rest = text;
	char item[32];
	int r;

	while ((r = str_next_item(&rest, item, sizeof(item))) > 0) {
		assert(*item && !strchr(item, ',') && *item != ' ');
		str_printf(&joined, "%s,", item);
	}
	assert(r == -ENAMETOOLONG || *rest == '\0');
	rest = joined.at ? joined.at : "";
	while (str_next_item(&rest, item, sizeof(item)) > 0)
		str_printf(&again, "%s,", item);
	assert(joined.len == again.len && (joined.len == 0 || str_eq(joined.at, again.at)));
}

static void check_clean(char *text)
{
	bool was_clean = str_is_clean(text);
	size_t len = strlen(text);
	_cleanup_free_ char *before = strdup(text);

	str_clean(text);
	assert(str_is_clean(text) && strlen(text) == len);
	assert(!before || was_clean == str_eq(before, text));
}

/* A copy is the same text or none; a digit's value is the digit again. */
static void check_copies(const char *text)
{
	struct str built = { 0 };
	char fixed[16] = "";
	char *taken;

	if (str_copy(fixed, sizeof(fixed), text) == 0)
		assert(str_eq(fixed, text));
	else
		assert(strlen(text) >= sizeof(fixed) && !*fixed);
	str_append(&built, text);
	taken = str_take(&built);
	assert(!taken || (str_eq(taken, text) && str_starts(taken, text) && !built.at));
	free(taken);
	for (const char *c = text; *c; c++)
		assert(str_hex_digit(*c) < 0 ||
		       "0123456789abcdef"[str_hex_digit(*c)] == tolower(*c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	check_numbers(text);
	check_copies(text);
	check_list(text);
	check_clean(text);
	return 0;
}
