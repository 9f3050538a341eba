// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"

void str_done(struct str *str)
{
	free(str->at);
	*str = (struct str){ 0 };
}

static bool reserve(struct str *str, size_t more)
{
	if (str->failed || more > SIZE_MAX / 2 ||
	    vec_grow((void **)&str->at, &str->cap, str->len + more + 1, 1) < 0)
		str->failed = true;
	return !str->failed;
}

void str_append_bytes(struct str *str, const void *bytes, size_t len)
{
	if (!reserve(str, len))
		return;
	if (len > 0)
		memcpy(str->at + str->len, bytes, len);
	str->len += len;
	str->at[str->len] = '\0';
}

void str_append(struct str *str, const char *text)
{
	str_append_bytes(str, text, strlen(text));
}

void str_printf(struct str *str, const char *fmt, ...)
{
	va_list args;
	int need;

	va_start(args, fmt);
	need = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (need < 0 || !reserve(str, (size_t)need)) {
		str->failed = true;
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(str->at + str->len, (size_t)need + 1, fmt, args);
	va_end(args);
	str->len += (size_t)need;
}

/* What is taken may be kept for long: ten thousand documents, each with a quarter of air. */
static void shrink(struct str *str)
{
	char *fitting =
		str->cap > str->len + str->len / 8 + 32 ? realloc(str->at, str->len + 1) : NULL;

	if (fitting)
		str->at = fitting;
}

char *str_take(struct str *str)
{
	char *text;

	if (!str->failed && !str->at)
		str_append(str, "");
	if (str->failed) {
		str_done(str);
		return NULL;
	}
	shrink(str);
	text = TAKE_PTR(str->at);
	*str = (struct str){ 0 };
	return text;
}

int str_copy(char *to, size_t to_bytes, const char *text)
{
	size_t len = strlen(text);

	if (len >= to_bytes)
		return -ENAMETOOLONG;
	memcpy(to, text, len + 1);
	return 0;
}

bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

int str_to_bool(const char *text, bool *ret_value)
{
	static const char *const yes[] = { "1", "true", "yes", "on" };
	static const char *const no[] = { "0", "false", "no", "off" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*ret_value = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

int str_to_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		unsigned digit;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		digit = (unsigned)(*p - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int str_to_u16(const char *text, uint16_t *ret_value)
{
	uint64_t value;
	int r = str_to_u64(text, 0, UINT16_MAX, &value);

	if (r == 0)
		*ret_value = (uint16_t)value;
	return r;
}

int str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int str_to_seconds(const char *text, int64_t *ret_seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char digits[24];
	size_t len = strlen(text);
	int64_t scale = 1;
	uint64_t value;
	int r;

	for (size_t i = 0; len > 0 && i < ARRAY_SIZE(units); i++) {
		if (text[len - 1] == units[i].unit) {
			scale = units[i].seconds;
			len--;
			break;
		}
	}
	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	r = str_to_u64(digits, 0, (uint64_t)(STR_SECONDS_MAX / scale), &value);
	if (r == 0)
		*ret_seconds = (int64_t)value * scale;
	return r;
}

int str_next_item(const char **list, char *to, size_t to_bytes)
{
	const char *item = *list + strspn(*list, ", \t");
	size_t len = strcspn(item, ",");

	*list = item + len;
	while (len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
		len--;
	if (len >= to_bytes)
		return -ENAMETOOLONG;
	memcpy(to, item, len);
	to[len] = '\0';
	return len > 0;
}

/* Length of the well-formed UTF-8 sequence at `p` (RFC 3629, table in section 4), or 0. */
static size_t sequence_len(const unsigned char *p)
{
	unsigned low = 0x80;
	unsigned high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < len; i++, low = 0x80, high = 0xbf) {
		if (p[i] < low || p[i] > high)
			return 0;
	}
	return len;
}

/* The same, but 0 for a control character too: ASCII's, and those of U+0080 to U+009F. */
static size_t clean_len(const unsigned char *p)
{
	size_t len = sequence_len(p);

	if ((len == 1 && iscntrl(*p)) || (len == 2 && p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	return len;
}

bool str_is_clean(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t len = clean_len(p);

		if (len == 0)
			return false;
		p += len;
	}
	return true;
}

void str_clean(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p) {
		size_t len = clean_len(p);

		if (len == 0) {
			*p = '?';
			len = 1;
		}
		p += len;
	}
}
