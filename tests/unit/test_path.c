// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/api/path.h"

#include "tests/unit/check.h"

#include "base/attr.h"

/* Its base64 has '/', '+' and '=' in it. */
#define KEY "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA="
#define KEY_PERCENT "%2F%2f79%2FPv6%2Bfj39vX08%2FLx8O%2Fu7ezr6uno5%2Bbl5OPi4eA%3D"
#define KEY_URL "__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA"

static void matches_literal_paths(void)
{
	struct path_values values;

	check(path_match("/zones", "/zones", &values) == PATH_YES);
	check(path_match("/zones", "/zone", &values) == PATH_NO);
	check(path_match("/zones", "/zones/", &values) == PATH_NO);
	check(path_match("/zones", "/zones/x", &values) == PATH_NO);
	check(path_match("/zones", "", &values) == PATH_NO);
}

static void decodes_a_zone_after_splitting(void)
{
	struct path_values values;

	check(path_match("/zones/{zone}/peers", "/zones/blue/peers", &values) == PATH_YES);
	check_str(values.zone, "blue");
	check(path_match("/zones/{zone}", "/zones/bl%75e", &values) == PATH_YES);
	check_str(values.zone, "blue");
	check(path_match("/zones/{zone}", "/zones/a%2Fpeers", &values) == PATH_YES);
	check_str(values.zone, "a/peers");
}

static void finds_a_key_in_each_of_its_texts(void)
{
	static const char *const texts[] = { KEY, KEY_PERCENT, KEY_URL };
	struct key wanted;

	check(key_parse(KEY, &wanted, NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct path_values values;
		char path[256];

		(void)snprintf(path, sizeof(path), "/peers/%s", texts[i]);
		check(path_match("/peers/{key}", path, &values) == PATH_YES);
		check(values.has_key && key_compare(&values.key, &wanted) == 0);
		check(path_match("/peers/{key}/status", path, &values) == PATH_NO);
		(void)snprintf(path, sizeof(path), "/peers/%s/status", texts[i]);
		check(path_match("/peers/{key}/status", path, &values) == PATH_YES);
		check(key_compare(&values.key, &wanted) == 0);
		check(path_match("/peers/{key}", path, &values) == PATH_NO);
	}
}

static void tells_a_bad_key_from_another_path(void)
{
	struct path_values values;

	check(path_match("/peers/{key}", "/peers/abc", &values) == PATH_BAD_KEY);
	check(path_match("/peers/{key}/status", "/peers/abc/status", &values) == PATH_BAD_KEY);
	check(path_match("/peers/{key}/status", "/peers/abc/other", &values) == PATH_NO);
	check(path_match("/peers/{key}", "/peers/", &values) == PATH_NO);
	check(path_match("/peers/{key}", "/peers/" KEY "x", &values) == PATH_BAD_KEY);
}

static void refuses_broken_encodings(void)
{
	static const char *const paths[] = {
		"/zones/%",     "/zones/%4",  "/zones/%zz",
		"/zones/a%00b", "/zones/%00", "/zones//peers",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct path_values values;

		check(path_match("/zones/{zone}", paths[i], &values) == PATH_NO);
		check(path_match("/zones/{zone}/peers", paths[i], &values) == PATH_NO);
	}
}

static void refuses_values_that_are_too_long(void)
{
	struct path_values values;
	char path[128] = "/zones/";

	memset(path + 7, 'a', 63);
	check(path_match("/zones/{zone}", path, &values) == PATH_YES);
	path[7 + 63] = 'a';
	check(path_match("/zones/{zone}", path, &values) == PATH_NO);
}

int main(void)
{
	run(matches_literal_paths);
	run(decodes_a_zone_after_splitting);
	run(finds_a_key_in_each_of_its_texts);
	run(tells_a_bad_key_from_another_path);
	run(refuses_broken_encodings);
	run(refuses_values_that_are_too_long);
	return check_done();
}
