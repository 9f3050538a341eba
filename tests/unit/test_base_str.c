// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/check.h"

static void grows_as_text_is_appended(void)
{
	_cleanup_str_ struct str str = { 0 };
	_cleanup_free_ char *taken = NULL;

	for (int i = 0; i < 1000; i++)
		str_printf(&str, "%d,", i % 10);
	str_append(&str, "end");
	str_append_bytes(&str, "!?", 1);
	check(str.len == 2004 && strlen(str.at) == str.len && !str.failed);
	taken = str_take(&str);
	check(taken && str_starts(taken, "0,1,2,") && str_eq(taken + 2000, "end!"));
	check(!str.at && str.len == 0);
}

static void an_empty_buffer_is_taken_as_an_empty_text(void)
{
	struct str str = { 0 };
	_cleanup_free_ char *taken = str_take(&str);

	check_str(taken, "");
}

static void a_failed_append_is_remembered(void)
{
	struct str str = { 0 };

	str_append(&str, "kept");
	str_append_bytes(&str, "", SIZE_MAX);
	str_append(&str, "dropped");
	check(str.failed);
	check_str(str.at, "kept");
	check(!str_take(&str));
	check(!str.at && !str.failed);
}

static void copies_only_what_fits(void)
{
	char to[5] = "keep";

	check(str_copy(to, sizeof(to), "12345") == -ENAMETOOLONG);
	check_str(to, "keep");
	check(str_copy(to, sizeof(to), "1234") == 0);
	check_str(to, "1234");
}

static void reads_words_for_true_and_false(void)
{
	static const char *const yes[] = { "1", "true", "YES", "On" };
	static const char *const no[] = { "0", "False", "no", "OFF" };
	static const char *const neither[] = { "", "2", "truee", "y", " true" };
	bool value;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		check(str_to_bool(yes[i], &value) == 0 && value);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		check(str_to_bool(no[i], &value) == 0 && !value);
	for (size_t i = 0; i < ARRAY_SIZE(neither); i++)
		check(str_to_bool(neither[i], &value) == -EINVAL);
}

static void reads_numbers_without_surprises(void)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 0;

		check(str_to_u64(rows[i].text, 0, UINT64_MAX, &value) == rows[i].r);
		check(value == rows[i].value);
	}
}

static void keeps_numbers_in_their_range(void)
{
	uint64_t value = 7;
	uint16_t port = 7;

	check(str_to_u64("9", 10, 20, &value) == -ERANGE && value == 7);
	check(str_to_u64("21", 10, 20, &value) == -ERANGE && value == 7);
	check(str_to_u64("20", 10, 20, &value) == 0 && value == 20);
	check(str_to_u16("65536", &port) == -ERANGE && port == 7);
	check(str_to_u16("65535", &port) == 0 && port == 65535);
}

static void reads_times_with_units(void)
{
	static const struct {
		const char *text;
		int r;
		int64_t seconds;
	} rows[] = {
		{ "0", 0, 0 },
		{ "90", 0, 90 },
		{ "90s", 0, 90 },
		{ "15m", 0, 900 },
		{ "12h", 0, 43200 },
		{ "30d", 0, 2592000 },
		{ "36600d", 0, STR_SECONDS_MAX },
		{ "36601d", -ERANGE, -1 },
		{ "99999999999999999999", -ERANGE, -1 },
		{ "9999999999999999999999999s", -EINVAL, -1 },
		{ "", -EINVAL, -1 },
		{ "s", -EINVAL, -1 },
		{ "1ms", -EINVAL, -1 },
		{ "1.5h", -EINVAL, -1 },
		{ "-1s", -EINVAL, -1 },
		{ "1w", -EINVAL, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t seconds = -1;

		check(str_to_seconds(rows[i].text, &seconds) == rows[i].r);
		check(seconds == rows[i].seconds);
	}
}

static void takes_a_list_apart(void)
{
	const char *list = " 10.0.0.0/8 ,,fd00::/64,\ta b ,";
	const char *too_long = "abcdef";
	char item[16];
	char small[4];

	check(str_next_item(&list, item, sizeof(item)) == 1);
	check_str(item, "10.0.0.0/8");
	check(str_next_item(&list, item, sizeof(item)) == 1);
	check_str(item, "fd00::/64");
	check(str_next_item(&list, item, sizeof(item)) == 1);
	check_str(item, "a b");
	check(str_next_item(&list, item, sizeof(item)) == 0);
	check(str_next_item(&list, item, sizeof(item)) == 0);
	check(str_next_item(&too_long, small, sizeof(small)) == -ENAMETOOLONG);
}

static const struct {
	const char *text;
	const char *cleaned;
} utf8[] = {
	{ "", "" },
	{ "Tenant - Zone Blue", "Tenant - Zone Blue" },
	{ "Zürich \xe2\x82\xac \xf0\x9f\x9b\xa9", "Zürich \xe2\x82\xac \xf0\x9f\x9b\xa9" },
	{ "a\tb", "a?b" },
	{ "a\x7f", "a?" },
	{ "\xc2\x9b[2J", "??[2J" },         /* CSI as one C1 character */
	{ "\xc2\xa0", "\xc2\xa0" },         /* the first behind C1 */
	{ "\xc0\x80", "??" },               /* overlong */
	{ "\xe0\x80\xaf", "???" },          /* overlong */
	{ "\xe0\xa0\x80", "\xe0\xa0\x80" }, /* the first of three bytes */
	{ "\xed\xa0\x80", "???" },          /* surrogate */
	{ "\xf0\x8f\xbf\xbf", "????" },     /* overlong */
	{ "\xf4\x90\x80\x80", "????" },     /* above U+10FFFF */
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "\xf5", "?" },
	{ "cut \xe2\x82", "cut ??" },
	{ "\xff\xfe", "??" },
};

static void knows_clean_text(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(utf8); i++)
		check(str_is_clean(utf8[i].text) == str_eq(utf8[i].text, utf8[i].cleaned));
}

static void cleans_text_byte_by_byte(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(utf8); i++) {
		char text[64];

		check(str_copy(text, sizeof(text), utf8[i].text) == 0);
		str_clean(text);
		check_str(text, utf8[i].cleaned);
		check(str_is_clean(text));
	}
}

int main(void)
{
	run(grows_as_text_is_appended);
	run(an_empty_buffer_is_taken_as_an_empty_text);
	run(a_failed_append_is_remembered);
	run(copies_only_what_fits);
	run(reads_words_for_true_and_false);
	run(reads_numbers_without_surprises);
	run(keeps_numbers_in_their_range);
	run(reads_times_with_units);
	run(takes_a_list_apart);
	run(knows_clean_text);
	run(cleans_text_byte_by_byte);
	return check_done();
}
