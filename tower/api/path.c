// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/api/path.h"

#include <string.h>

#include "base/str.h"

/* One character of a path, decoded: how many bytes it took, 0 at the end or where it is broken. */
static size_t take_char(const char *path, char *ret_c)
{
	int high;
	int low;

	if (*path != '%') {
		*ret_c = *path;
		return *path ? 1 : 0;
	}
	high = str_hex_digit(path[1]);
	low = high < 0 ? -1 : str_hex_digit(path[2]);
	*ret_c = (char)(high * 16 + low);
	return low < 0 || *ret_c == '\0' ? 0 : 3;
}

/* Decodes up to `len` characters, a literal slash ending it unless `slashes`. Bytes taken. */
static size_t take_chars(const char *path, size_t len, bool slashes, char *to)
{
	size_t taken = 0;
	size_t n = 0;

	while (n < len && (slashes || path[taken] != '/')) {
		size_t step = take_char(path + taken, &to[n]);

		if (step == 0)
			break;
		taken += step;
		n++;
	}
	to[n] = '\0';
	return taken;
}

static bool ends_segment(const char *path)
{
	return *path == '\0' || *path == '/';
}

/* Bytes that the key took; 0 when there is none. */
static size_t take_key(const char *path, struct key *ret_key)
{
	char text[KEY_TEXT_BYTES] = "";
	size_t taken = take_chars(path, KEY_TEXT_BYTES - 1, true, text);

	if (text[KEY_TEXT_BYTES - 2] == '=' && ends_segment(path + taken) &&
	    key_parse(text, ret_key, NULL) == 0)
		return taken;
	taken = take_chars(path, KEY_URL_TEXT_BYTES - 1, false, text);
	if (ends_segment(path + taken) && key_parse(text, ret_key, NULL) == 0)
		return taken;
	return 0;
}

/* Bytes of one whole segment, decoded to `to`; 0 when it is empty, broken or too long. */
static size_t take_segment(const char *path, char *to, size_t to_bytes)
{
	size_t taken = take_chars(path, to_bytes - 1, false, to);

	return ends_segment(path + taken) ? taken : 0;
}

static bool same_end(const char *pattern, const char *path)
{
	size_t pattern_len = strlen(pattern);
	size_t path_len = strlen(path);

	return path_len >= pattern_len && str_eq(path + path_len - pattern_len, pattern);
}

enum path_match path_match(const char *pattern, const char *path, struct path_values *ret_values)
{
	struct path_values values = { 0 };

	while (*pattern) {
		size_t taken = 1;

		if (*pattern != '{') {
			if (*pattern++ != *path)
				return PATH_NO;
		} else if (str_starts(pattern, "{key}")) {
			pattern += 5;
			taken = take_key(path, &values.key);
			if (taken == 0)
				return *path && same_end(pattern, path) ? PATH_BAD_KEY : PATH_NO;
			values.has_key = true;
		} else if (str_starts(pattern, "{zone}")) {
			pattern += 6;
			taken = take_segment(path, values.zone, sizeof(values.zone));
		} else {
			pattern += 4; /* {id} */
			taken = take_segment(path, values.id, sizeof(values.id));
		}
		if (taken == 0)
			return PATH_NO;
		path += taken;
	}
	if (*path)
		return PATH_NO;
	*ret_values = values;
	return PATH_YES;
}
