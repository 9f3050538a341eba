// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/redis_url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define REDIS_PORT 6379
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:"

/* A stretch of the URL's text. */
struct part {
	const char *at;
	size_t len;
};

/* Cuts off what stands before the first `mark`; false (and no change) when there is none. */
static bool cut_before(struct part *rest, char mark, struct part *ret_before)
{
	const char *found = memchr(rest->at, mark, rest->len);
	size_t len;

	if (!found)
		return false;
	len = (size_t)(found - rest->at);
	*ret_before = (struct part){ rest->at, len };
	*rest = (struct part){ found + 1, rest->len - len - 1 };
	return true;
}

/* Percent-decodes into a field; what does not fit, "%zz" and a zero byte are refused. */
static int decode(struct part part, const char *what, char *to, size_t to_bytes, struct err *err)
{
	size_t len = 0;

	for (size_t i = 0; i < part.len; i++) {
		int value = (unsigned char)part.at[i];

		if (part.at[i] == '%') {
			int high = i + 2 < part.len ? str_hex_digit(part.at[i + 1]) : -1;
			int low = high >= 0 ? str_hex_digit(part.at[i + 2]) : -1;

			if (low < 0)
				return err_set(
					err, -EINVAL,
					"Redis URL: the %s has a '%%' without two hexadecimal digits behind it",
					what);
			value = high * 16 + low;
			i += 2;
		}
		if (value == 0)
			return err_set(err, -EINVAL, "Redis URL: the %s has a zero byte", what);
		if (len + 1 >= to_bytes)
			return err_set(err, -EINVAL, "Redis URL: the %s is longer than %zu bytes",
				       what, to_bytes - 1);
		to[len++] = (char)value;
	}
	to[len] = '\0';
	return 0;
}

static int read_number(struct part part, const char *what, uint64_t min, uint64_t max,
		       uint16_t *ret_value, struct err *err)
{
	char digits[8];
	uint64_t value;
	int r = -EINVAL;

	if (part.len < sizeof(digits)) {
		memcpy(digits, part.at, part.len);
		digits[part.len] = '\0';
		r = str_to_u64(digits, min, max, &value);
	}
	if (r < 0)
		return err_set(err, -EINVAL, "Redis URL: the %s is not a number from %ju to %ju",
			       what, (uintmax_t)min, (uintmax_t)max);
	*ret_value = (uint16_t)value;
	return 0;
}

static int read_login(struct part login, struct redis_url *url, struct err *err)
{
	struct part user;
	int r;

	if (!cut_before(&login, ':', &user)) {
		user = login;
		login.len = 0;
	}
	r = decode(user, "user", url->user, sizeof(url->user), err);
	return r < 0 ? r : decode(login, "password", url->password, sizeof(url->password), err);
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static int read_host(struct part place, struct redis_url *url, struct err *err)
{
	struct part host;
	struct part port = { NULL, 0 };

	if (place.len > 0 && place.at[0] == '[') {
		place.at++;
		place.len--;
		if (!cut_before(&place, ']', &host))
			return err_set(err, -EINVAL,
				       "Redis URL: the ']' of the address is missing");
		if (place.len > 0 && place.at[0] != ':')
			return err_set(err, -EINVAL, "Redis URL: only ':port' may follow ']'");
		if (place.len > 0)
			port = (struct part){ place.at + 1, place.len - 1 };
	} else if (cut_before(&place, ':', &host)) {
		port = place;
	} else {
		host = place;
	}
	if (host.len == 0)
		return err_set(err, -EINVAL, "Redis URL: the host is missing");
	if (host.len >= sizeof(url->host))
		return err_set(err, -EINVAL, "Redis URL: the host is longer than %zu bytes",
			       sizeof(url->host) - 1);
	memcpy(url->host, host.at, host.len);
	if (strspn(url->host, HOST_CHARACTERS) != host.len)
		return err_set(
			err, -EINVAL,
			"Redis URL: the host has other characters than a name or an address has");
	url->port = REDIS_PORT;
	return port.at ? read_number(port, "port", 1, UINT16_MAX, &url->port, err) : 0;
}

static int read_tcp(struct part rest, struct redis_url *url, struct err *err)
{
	struct part place;
	int r;

	if (memchr(rest.at, '?', rest.len) || memchr(rest.at, '#', rest.len))
		return err_set(err, -EINVAL,
			       "Redis URL: nothing may follow the database (no '?', no '#')");
	if (!cut_before(&rest, '/', &place)) {
		place = rest;
		rest.len = 0;
	}
	r = read_host(place, url, err);
	if (r < 0 || rest.len == 0)
		return r;
	return read_number(rest, "database", 0, REDIS_URL_DB_MAX, &url->db, err);
}

static int read_unix(struct part rest, struct redis_url *url, struct err *err)
{
	struct part path;
	bool has_query = cut_before(&rest, '?', &path);
	int r;

	if (!has_query)
		path = rest;
	if (path.len < 2 || path.at[0] != '/')
		return err_set(err, -EINVAL,
			       "Redis URL: unix:// takes an absolute path: unix:///run/redis.sock");
	r = decode(path, "path", url->path, sizeof(url->path), err);
	if (r < 0 || !has_query)
		return r;
	if (rest.len < 3 || memcmp(rest.at, "db=", 3) != 0)
		return err_set(err, -EINVAL, "Redis URL: only db=<number> may follow the '?'");
	return read_number((struct part){ rest.at + 3, rest.len - 3 }, "database", 0,
			   REDIS_URL_DB_MAX, &url->db, err);
}

/* The login ends at the last '@' before the path: an unencoded '@' in a password is common. */
static bool cut_login(struct part *rest, struct part *ret_login)
{
	const char *slash = memchr(rest->at, '/', rest->len);
	size_t until = slash ? (size_t)(slash - rest->at) : rest->len;
	const char *at = memrchr(rest->at, '@', until);

	if (!at)
		return false;
	*ret_login = (struct part){ rest->at, (size_t)(at - rest->at) };
	*rest = (struct part){ at + 1, rest->len - ret_login->len - 1 };
	return true;
}

int redis_url_parse(const char *text, struct redis_url *ret_url, struct err *err)
{
	_cleanup_(redis_url_wipe) struct redis_url url = { 0 };
	bool is_unix = str_starts(text, "unix://");
	struct part login;
	struct part rest;
	int r = 0;

	if (str_starts(text, "rediss://"))
		return err_set(
			err, -EINVAL,
			"Redis URL: rediss:// (TLS) is not built in; run stunnel beside the tower and give redis://127.0.0.1:<its port>");
	if (!is_unix && !str_starts(text, "redis://"))
		return err_set(
			err, -EINVAL,
			"Redis URL: takes redis://[user[:password]@]host[:port][/db] or unix:///path");
	rest.at = strstr(text, "://") + 3;
	rest.len = strlen(rest.at);
	if (cut_login(&rest, &login))
		r = read_login(login, &url, err);
	if (r == 0)
		r = is_unix ? read_unix(rest, &url, err) : read_tcp(rest, &url, err);
	if (r < 0)
		return r;
	*ret_url = url;
	return 0;
}

void redis_url_format(const struct redis_url *url, char ret_text[static REDIS_URL_TEXT_BYTES])
{
	bool is_v6 = strchr(url->host, ':');

	if (*url->path)
		(void)snprintf(ret_text, REDIS_URL_TEXT_BYTES, "unix://%s", url->path);
	else
		(void)snprintf(ret_text, REDIS_URL_TEXT_BYTES, "redis://%s%s%s:%u",
			       is_v6 ? "[" : "", url->host, is_v6 ? "]" : "", url->port);
}

void redis_url_wipe(struct redis_url *url)
{
	explicit_bzero(url->password, sizeof(url->password));
}
