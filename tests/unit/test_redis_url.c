// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "base/str.h"
#include "check.h"
#include "io/redis_url.h"

static void reads_each_form(void)
{
	static const struct {
		const char *text;
		struct redis_url url;
		const char *shown;
	} rows[] = {
		{ "redis://host", { .host = "host", .port = 6379 }, "redis://host:6379" },
		{ "redis://host:7000/12",
		  { .host = "host", .port = 7000, .db = 12 },
		  "redis://host:7000" },
		{ "redis://127.0.0.1/",
		  { .host = "127.0.0.1", .port = 6379 },
		  "redis://127.0.0.1:6379" },
		{ "redis://[fd00::1]:7000",
		  { .host = "fd00::1", .port = 7000 },
		  "redis://[fd00::1]:7000" },
		{ "redis://[::1]", { .host = "::1", .port = 6379 }, "redis://[::1]:6379" },
		{ "redis://ann@host",
		  { .host = "host", .port = 6379, .user = "ann" },
		  "redis://host:6379" },
		{ "redis://ann:secret@host",
		  { .host = "host", .port = 6379, .user = "ann", .password = "secret" },
		  "redis://host:6379" },
		{ "redis://:a%2Fb%3a%40%25@host",
		  { .host = "host", .port = 6379, .password = "a/b:@%" },
		  "redis://host:6379" },
		{ "redis://ann:p@ss:word@host:1",
		  { .host = "host", .port = 1, .user = "ann", .password = "p@ss:word" },
		  "redis://host:1" },
		{ "unix:///run/redis.sock",
		  { .path = "/run/redis.sock" },
		  "unix:///run/redis.sock" },
		{ "unix:///run/a%20b@c?db=3",
		  { .path = "/run/a b@c", .db = 3 },
		  "unix:///run/a b@c" },
		{ "unix://ann:secret@/run/redis.sock",
		  { .path = "/run/redis.sock", .user = "ann", .password = "secret" },
		  "unix:///run/redis.sock" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct redis_url url = { 0 };
		struct err err = { 0 };
		char shown[REDIS_URL_TEXT_BYTES];

		if (!check(redis_url_parse(rows[i].text, &url, &err) == 0))
			printf("# %s: %s\n", rows[i].text, err.text);
		if (!check(memcmp(&url, &rows[i].url, sizeof(url)) == 0))
			printf("# %s: '%s' '%s' %u %u '%s' '%s'\n", rows[i].text, url.path,
			       url.host, url.port, url.db, url.user, url.password);
		redis_url_format(&url, shown);
		check_str(shown, rows[i].shown);
	}
}

static void refuses_without_telling_the_secret(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "takes redis://" },
		{ "host:6379", "takes redis://" },
		{ "http://s3cret@host", "takes redis://" },
		{ "rediss://ann:s3cret@host", "stunnel" },
		{ "redis://", "host is missing" },
		{ "redis://:s3cret@", "host is missing" },
		{ "redis://:6379", "host is missing" },
		{ "redis://host:", "port is not a number" },
		{ "redis://host:0", "port is not a number" },
		{ "redis://host:65536", "port is not a number" },
		{ "redis://host:12345678", "port is not a number" },
		{ "redis://host:6379x", "port is not a number" },
		{ "redis://s3cret/x@host", "database is not a number" },
		{ "redis://host/x", "database is not a number" },
		{ "redis://host/65536", "database is not a number" },
		{ "redis://host/1/2", "database is not a number" },
		{ "redis://host/1?db=2", "nothing may follow" },
		{ "redis://host#1", "nothing may follow" },
		{ "redis://[::1", "']'" },
		{ "redis://[::1]x", "':port'" },
		{ "redis://[]", "host is missing" },
		{ "redis://ho%73t", "other characters" },
		{ "redis://ho st", "other characters" },
		{ "redis://:s3cret%@host", "two hexadecimal digits" },
		{ "redis://:s3cret%4@host", "two hexadecimal digits" },
		{ "redis://:s3cret%4g@host", "two hexadecimal digits" },
		{ "redis://:s3cret%00@host", "zero byte" },
		{ "unix://run/redis.sock", "absolute path" },
		{ "unix://", "absolute path" },
		{ "unix:///", "absolute path" },
		{ "unix:///run/redis.sock?x=1", "only db=" },
		{ "unix:///run/redis.sock?db=", "database is not a number" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct redis_url url = { .port = 1 };
		struct err err = { 0 };

		check(redis_url_parse(rows[i].text, &url, &err) == -EINVAL);
		if (!check(strstr(err.text, rows[i].why)))
			printf("# '%s': %s\n", rows[i].text, err.text);
		check(!strstr(err.text, "s3cret"));
		check(url.port == 1);
	}
}

static void refuses_what_is_too_long(void)
{
	static const struct {
		const char *before;
		size_t len;
		const char *behind;
		int wanted;
	} rows[] = {
		{ "redis://", REDIS_URL_HOST_BYTES - 1, "", 0 },
		{ "redis://", REDIS_URL_HOST_BYTES, "", -EINVAL },
		{ "redis://", REDIS_URL_USER_BYTES - 1, "@host", 0 },
		{ "redis://", REDIS_URL_USER_BYTES, "@host", -EINVAL },
		{ "redis://:", REDIS_URL_PASSWORD_BYTES - 1, "@host", 0 },
		{ "redis://:", REDIS_URL_PASSWORD_BYTES, "@host", -EINVAL },
		{ "unix:///", REDIS_URL_PATH_BYTES - 2, "", 0 },
		{ "unix:///", REDIS_URL_PATH_BYTES - 1, "", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_str_ struct str text = { 0 };
		struct redis_url url;

		str_append(&text, rows[i].before);
		for (size_t j = 0; j < rows[i].len; j++)
			str_append(&text, "x");
		str_append(&text, rows[i].behind);
		if (!check(redis_url_parse(text.at, &url, NULL) == rows[i].wanted))
			printf("# row %zu\n", i);
	}
}

static void wipes_the_password(void)
{
	struct redis_url url;

	check(redis_url_parse("redis://ann:secret@host", &url, NULL) == 0);
	redis_url_wipe(&url);
	check(!memmem(&url, sizeof(url), "secret", 6));
}

int main(void)
{
	run(reads_each_form);
	run(refuses_without_telling_the_secret);
	run(refuses_what_is_too_long);
	run(wipes_the_password);
	return check_done();
}
