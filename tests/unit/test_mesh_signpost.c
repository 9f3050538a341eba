// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The signpost's fields, against the golden files in tests/unit/data.
 */
#include "mesh/signpost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "tests/unit/check.h"

#define PIN "sha256//7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y="
#define FIELD "tower:00112233445566ff"

static const struct signpost_tower full = {
	.https = { .host = "", .port = 8443 },
	.stun = { .host = "", .port = 3478 },
	.pin = PIN,
	.until_ms = 1769860860000,
};

static const struct signpost_tower bare = {
	.https = { .host = "2001:db8::1", .port = 8443 },
	.until_ms = 1769860860000,
};

static bool same(const struct signpost_tower *a, const struct signpost_tower *b)
{
	return str_eq(a->https.host, b->https.host) && a->https.port == b->https.port &&
	       str_eq(a->stun.host, b->stun.host) && a->stun.port == b->stun.port &&
	       str_eq(a->pin, b->pin) && a->until_ms == b->until_ms;
}

static void check_golden(const struct signpost_tower *tower, const char *name)
{
	_cleanup_free_ char *text = signpost_entry_format(tower);
	_cleanup_free_ char *golden = NULL;
	struct signpost_tower back = { 0 };
	char path[128];
	size_t len = 0;

	(void)snprintf(path, sizeof(path), "tests/unit/data/%s", name);
	if (!check(file_read(path, 4096, &golden, &len, NULL) == 0 && text))
		return;
	check(signpost_entry_parse(golden, len, &back, NULL) == 0);
	check(same(&back, tower));
	golden[strcspn(golden, "\n")] = '\0';
	check_str(text, golden);
}

static void reads_and_writes_entries(void)
{
	check_golden(&full, "signpost-entry.json");
	check_golden(&bare, "signpost-entry-bare.json");
}

static void names_fields(void)
{
	static const char *const bad[] = {
		"",
		"tower:",
		"tower:00112233445566f",
		"tower:00112233445566fff",
		"tower:00112233445566FF",
		"tower:0011223344556 ff",
		"Tower:00112233445566ff",
		"joins",
	};
	char field[SIGNPOST_FIELD_BYTES];
	uint64_t id = 0;

	signpost_field_format(0x00112233445566ff, field);
	check_str(field, FIELD);
	check(signpost_field_parse(field, strlen(field), &id) == 0);
	check(id == 0x00112233445566ff);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!check(signpost_field_parse(bad[i], strlen(bad[i]), &id) == -EINVAL))
			printf("# '%s'\n", bad[i]);
	}
	check(id == 0x00112233445566ff);
}

static void reads_places(void)
{
	static const struct {
		const char *text, *host, *at_here;
		uint16_t port;
	} rows[] = {
		{ "https://:8443", "", "https://redis.example:8443", 8443 },
		{ "https://tower-1.example:443", "tower-1.example", "https://tower-1.example:443",
		  443 },
		{ "https://192.0.2.1:8443", "192.0.2.1", "https://192.0.2.1:8443", 8443 },
		{ "https://[2001:db8::1]:1", "2001:db8::1", "https://[2001:db8::1]:1", 1 },
	};
	struct signpost_place place;
	char text[SIGNPOST_PLACE_BYTES];
	char url[SIGNPOST_URL_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!check(signpost_url_parse(rows[i].text, &place, NULL) == 0))
			continue;
		check_str(place.host, rows[i].host);
		check(place.port == rows[i].port);
		signpost_url_format(&place, "redis.example", url);
		check_str(url, rows[i].at_here);
		signpost_url_format(&place, "", url);
		check_str(url, rows[i].text);
	}
	check(signpost_url_parse("https://:8443", &place, NULL) == 0);
	signpost_url_format(&place, "fd00::7", url);
	check_str(url, "https://[fd00::7]:8443");
	check(signpost_place_parse("", &place, NULL) == 0 && place.port == 0);
	signpost_place_format(&place, "here", text);
	check_str(text, "");
	check(signpost_place_parse(":3478", &place, NULL) == 0);
	signpost_place_format(&place, "here", text);
	check_str(text, "here:3478");
}

static void refuses_other_places(void)
{
	static const char *const bad[] = {
		"",
		"http://:8443",
		"HTTPS://:8443",
		"https://",
		"https://host",
		"https://host:",
		"https://:0",
		"https://:65536",
		"https://:8443/",
		"https://:8443/path",
		"https://:8443?x",
		"https://user@host:1",
		"https://ho st:1",
		"https://host\n:1",
		"https://2001:db8::1:8443",
		"https://[2001:db8::1:8443",
		"https://[]:8443",
		"https://[192.0.2.1]:8443",
		"https://[2001:db8::1%eth0]:1",
		"https://.:1",
		"https://h\xc3\xb6st:1",
		" https://:8443",
	};
	char host[SIGNPOST_HOST_BYTES + 1] = "";
	struct signpost_place place = { .port = 7 };
	char url[2 * SIGNPOST_URL_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!check(signpost_url_parse(bad[i], &place, NULL) == -EINVAL))
			printf("# '%s'\n", bad[i]);
	}
	memset(host, 'h', SIGNPOST_HOST_BYTES - 1);
	(void)snprintf(url, sizeof(url), "https://%s:65535", host);
	check(signpost_url_parse(url, &place, NULL) == 0);
	host[SIGNPOST_HOST_BYTES - 1] = 'h';
	(void)snprintf(url, sizeof(url), "https://%s:65535", host);
	check(signpost_url_parse(url, &place, NULL) == -EINVAL);
}

#define ENTRY(url, pin, stun, until) \
	"{\"url\":" url ",\"pin\":" pin ",\"stun\":" stun ",\"until\":" until "}"
#define GOOD_URL "\"https://:8443\""
#define GOOD_PIN "\"" PIN "\""
#define GOOD_STUN "\":3478\""

static void refuses_entries_that_are_wrong(void)
{
	static const struct {
		const char *text, *names;
	} rows[] = {
		{ "", "JSON" },
		{ "[]", "JSON" },
		{ "null", "JSON" },
		{ "{}", "url" },
		{ ENTRY("7", GOOD_PIN, GOOD_STUN, "1"), "url" },
		{ ENTRY("null", GOOD_PIN, GOOD_STUN, "1"), "url" },
		{ ENTRY("\"\"", GOOD_PIN, GOOD_STUN, "1"), "url" },
		{ ENTRY("\"http://:8443\"", GOOD_PIN, GOOD_STUN, "1"), "url" },
		{ ENTRY("\"https://:8443\\u0000\"", GOOD_PIN, GOOD_STUN, "1"), "JSON" },
		{ ENTRY(GOOD_URL, "{}", GOOD_STUN, "1"), "pin" },
		{ ENTRY(GOOD_URL, "\"sha256//AAAA\"", GOOD_STUN, "1"), "pin" },
		{ ENTRY(GOOD_URL, "\"7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y=\"", GOOD_STUN,
			"1"),
		  "pin" },
		{ ENTRY(GOOD_URL, "\"sha256//7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y@\"",
			GOOD_STUN, "1"),
		  "pin" },
		{ ENTRY(GOOD_URL, GOOD_PIN, "\"3478\"", "1"), "stun" },
		{ ENTRY(GOOD_URL, GOOD_PIN, "false", "1"), "stun" },
		{ ENTRY(GOOD_URL, GOOD_PIN, GOOD_STUN, "-1"), "until" },
		{ ENTRY(GOOD_URL, GOOD_PIN, GOOD_STUN, "1.5"), "until" },
		{ ENTRY(GOOD_URL, GOOD_PIN, GOOD_STUN, "\"1\""), "until" },
		{ "{\"url\":" GOOD_URL ",\"pin\":\"\",\"stun\":\"\"}", "until" },
		{ "{\"url\":" GOOD_URL ",\"stun\":\"\",\"until\":1}", "pin" },
		{ "{\"url\":" GOOD_URL ",\"pin\":\"\",\"until\":1}", "stun" },
		{ "{\"url\":" GOOD_URL ",\"URL\":" GOOD_URL ",\"pin\":\"\",\"stun\":\"\"}", "url" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct signpost_tower tower = { .until_ms = 99 };
		struct err err = { 0 };
		int r = signpost_entry_parse(rows[i].text, strlen(rows[i].text), &tower, &err);

		if (!check(r == -EPROTO && strstr(err.text, rows[i].names)))
			printf("# %s: %d %s\n", rows[i].text, r, err.text);
		check(tower.until_ms == 99);
	}
}

static int take(struct signpost *signpost, const char *field, const char *value)
{
	return signpost_take(signpost, field, strlen(field), value, strlen(value), NULL);
}

static void collects_what_a_hash_says(void)
{
	static const char entry[] = ENTRY(GOOD_URL, "\"\"", "\"\"", "5");
	static const char other[] = ENTRY("\"https://b:1\"", "\"\"", "\"\"", "6");
	_cleanup_(signpost_done) struct signpost signpost = { 0 };

	check(take(&signpost, "tower:00000000000000ff", entry) == 1);
	check(take(&signpost, "tower:0000000000000001", other) == 1);
	check(take(&signpost, "join", "aps.20500.AAAA-bbbb_c") == 1);
	check(take(&signpost, "later", "whatever") == 0);
	check(signpost.towers_len == 2);
	check(signpost.towers[0].id == 1 && signpost.towers[1].id == 0xff);
	check_str(signpost.towers[0].https.host, "b");
	check_str(signpost.join, "aps.20500.AAAA-bbbb_c");
	check(take(&signpost, "tower:0000000000000001", entry) == 1);
	check(signpost.towers_len == 2 && *signpost.towers[0].https.host == '\0');
	check(take(&signpost, "tower:0000000000000001", "{}") == -EPROTO);
	check(signpost.towers_len == 2 && signpost.towers[0].until_ms == 5);
}

static void looks_at_a_bounded_number_of_towers(void)
{
	static const char entry[] = ENTRY(GOOD_URL, "\"\"", "\"\"", "5");
	_cleanup_(signpost_done) struct signpost signpost = { 0 };

	for (uint64_t id = 0; id < 2 * SIGNPOST_TOWERS_MAX; id++) {
		char field[SIGNPOST_FIELD_BYTES];

		signpost_field_format(id, field);
		check(take(&signpost, field, entry) == (id < SIGNPOST_TOWERS_MAX));
	}
	check(signpost.towers_len == SIGNPOST_TOWERS_MAX);
}

static void refuses_entries_that_are_too_long(void)
{
	_cleanup_free_ char *large = malloc(10 << 20);
	_cleanup_(signpost_done) struct signpost signpost = { 0 };
	struct err err = { 0 };

	if (!check(large != NULL))
		return;
	memset(large, '{', 10 << 20);
	check(signpost_take(&signpost, FIELD, strlen(FIELD), large, 10 << 20, &err) == -EPROTO);
	check(strstr(err.text, FIELD) && strstr(err.text, "2048"));
	check(signpost.towers_len == 0);
}

static void refuses_other_join_secrets(void)
{
	static const char *const bad[] = {
		"", "aps.", "apx.1.AA", "aps.1 2", "aps.\r\nX: y", "aps.1.A=", "aps.\x80",
	};
	_cleanup_(signpost_done) struct signpost signpost = { 0 };
	char large[SIGNPOST_JOIN_BYTES + 1] = "aps.";
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check(take(&signpost, "join", bad[i]) == -EPROTO);
	check(signpost_take(&signpost, "join", 4, "aps.1\0", 6, NULL) == -EPROTO);
	memset(large + 4, 'A', SIGNPOST_JOIN_BYTES - 4);
	check(signpost_take(&signpost, "join", 4, large, SIGNPOST_JOIN_BYTES, &err) == -EPROTO);
	check(!strstr(err.text, "AAAA"));
	check_str(signpost.join, "");
	check(signpost_take(&signpost, "join", 4, large, SIGNPOST_JOIN_BYTES - 1, NULL) == 1);
}

int main(void)
{
	run(reads_and_writes_entries);
	run(names_fields);
	run(reads_places);
	run(refuses_other_places);
	run(refuses_entries_that_are_wrong);
	run(collects_what_a_hash_says);
	run(looks_at_a_bounded_number_of_towers);
	run(refuses_entries_that_are_too_long);
	run(refuses_other_join_secrets);
	return check_done();
}
