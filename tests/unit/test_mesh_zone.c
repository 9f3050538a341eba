// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mesh/zone.h"
#include "tests/unit/check.h"

static const char name_63[] = "a23456789.123456789.123456789.123456789.123456789.123456789.123";

static void knows_names_of_zones(void)
{
	static const char *const good[] = { "default", "zone-blue", "Z", "0", "a.b_c-d", name_63 };
	static const char *const bad[] = {
		"",
		".",
		"-a",
		"_a",
		".a",
		"a b",
		"a/b",
		"z\xc3\xbcrich",
		"a\n",
		"a:b",
		"a23456789.123456789.123456789.123456789.123456789.123456789.1234",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check(zone_name_is_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check(!zone_name_is_valid(bad[i]));
}

static void keeps_the_cidr_as_typed_beside_the_canonical(void)
{
	struct zone zone = { .name = "default" };
	char text[PREFIX_TEXT_BYTES];

	check(zone_set_cidr(&zone, "10.200.1.0/20", NULL) == 0);
	check(zone.cidr_len == 1);
	prefix_format(&zone.cidr[0], text);
	check_str(text, "10.200.0.0/20");
	check_str(zone.cidr_typed, "10.200.1.0/20");
}

static void puts_ipv4_first_in_a_dual_stack_zone(void)
{
	struct zone zone = { 0 };

	check(zone_set_cidr(&zone, "fd00:1::/64, 10.1.0.0/16", NULL) == 0);
	check(zone.cidr_len == 2);
	check(zone.cidr[0].ip.family == IP_V4 && zone.cidr[1].ip.family == IP_V6);
	check(zone_cidr(&zone, IP_V4) == &zone.cidr[0]);
	check(zone_cidr(&zone, IP_V6) == &zone.cidr[1]);
	check_str(zone.cidr_typed, "fd00:1::/64, 10.1.0.0/16");
}

static void has_no_cidr_of_the_other_family(void)
{
	struct zone zone = { 0 };

	check(zone_set_cidr(&zone, "fd00:1::/64", NULL) == 0);
	check(!zone_cidr(&zone, IP_V4) && zone_cidr(&zone, IP_V6) == &zone.cidr[0]);
}

static void takes_the_widest_and_the_narrowest(void)
{
	static const char *const good[] = { "10.0.0.0/8", "10.0.0.4/30", "fd00::/8",
					    "fd00::2/127" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct zone zone = { 0 };

		check(zone_set_cidr(&zone, good[i], NULL) == 0);
	}
}

static void refuses_a_bad_cidr_and_keeps_the_old_one(void)
{
	static const struct {
		const char *typed, *says;
	} rows[] = {
		{ "", "is not a CIDR" },
		{ " , ", "is not a CIDR" },
		{ "10.0.0.0", "no /length" },
		{ "10.0.0.0/7", "larger than /8" },
		{ "10.0.0.0/31", "no room" },
		{ "10.0.0.0/32", "no room" },
		{ "fd00::/128", "no room" },
		{ "0.0.0.0/0", "default route" },
		{ "127.0.0.0/8", "loopback" },
		{ "fe80::/64", "link-local" },
		{ "10.0.0.0/8,11.0.0.0/8", "one CIDR a family" },
		{ "fd00::/64,10.0.0.0/8,11.0.0.0/8", "one CIDR a family" },
		{ "10.0.0.0/8,nonsense", "not a prefix" },
		{ "10.0.0.0/8,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "not a CIDR" },
		{ "10.0.0.0/8                                                                    "
		  "                             ",
		  "at most" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct zone zone = { .cidr_typed = "old", .cidr_len = 1 };
		struct err err = { 0 };

		check(zone_set_cidr(&zone, rows[i].typed, &err) == -EINVAL);
		if (!check(strstr(err.text, rows[i].says) != NULL))
			printf("# it said: %s\n", err.text);
		check_str(zone.cidr_typed, "old");
		check(zone.cidr_len == 1 && zone.cidr[0].ip.family == IP_NONE);
	}
}

static void reserves_the_first_address_and_for_ipv4_the_last(void)
{
	static const struct {
		const char *ip;
		bool reserved;
	} rows[] = {
		{ "10.1.0.0", true },    { "10.1.0.1", false },
		{ "10.1.0.254", false }, { "10.1.0.255", true },
		{ "10.2.0.0", false },   { "fd00::", true },
		{ "fd00::1", false },    { "fd00::ffff:ffff:ffff:ffff", false },
	};
	struct zone zone = { 0 };

	check(zone_set_cidr(&zone, "10.1.0.0/24,fd00::/64", NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ip ip = { 0 };

		check(ip_parse(rows[i].ip, &ip, NULL) == 0);
		check(zone_reserves(&zone, &ip) == rows[i].reserved);
	}
	check(!zone_reserves(&zone, &(struct ip){ 0 }));
}

/* Where one bit is turned, so that no field is forgotten when two are compared. */
static const struct {
	const char *field;
	size_t offset;
} fields[] = {
	{ "name", offsetof(struct zone, name) },
	{ "description", offsetof(struct zone, description) },
	{ "cidr_typed", offsetof(struct zone, cidr_typed) },
	{ "first cidr", offsetof(struct zone, cidr[0].ip.bytes) },
	{ "second cidr", offsetof(struct zone, cidr[1].bits) },
	{ "cidr_len", offsetof(struct zone, cidr_len) },
	{ "hub_zone", offsetof(struct zone, hub_zone) },
	{ "takeover", offsetof(struct zone, takeover) },
	{ "peer_ttl_s", offsetof(struct zone, peer_ttl_s) },
	{ "quarantine_s", offsetof(struct zone, quarantine_s) },
	{ "signpost_join", offsetof(struct zone, signpost_join) },
	{ "created_ms", offsetof(struct zone, created_ms) },
};

static void every_field_but_the_revision_is_a_difference(void)
{
	struct zone zone = { .name = "blue", .revision = 7 };
	struct zone other;

	check(zone_set_cidr(&zone, "10.1.0.0/16,fd00::/64", NULL) == 0);
	other = zone;
	other.revision = 8;
	check(zone_same(&zone, &other));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		other = zone;
		((uint8_t *)&other)[fields[i].offset] ^= 1;
		if (!check(!zone_same(&zone, &other)))
			printf("# %s was not compared\n", fields[i].field);
	}
}

static void names_the_takeover_policies(void)
{
	enum takeover takeover = TAKEOVER_ALWAYS;

	for (enum takeover t = TAKEOVER_ALWAYS; t <= TAKEOVER_NEVER; t++)
		check(takeover_parse(takeover_word(t), &takeover) == 0 && takeover == t);
	check(takeover_parse("Always", &takeover) == -EINVAL && takeover == TAKEOVER_NEVER);
}

int main(void)
{
	run(knows_names_of_zones);
	run(keeps_the_cidr_as_typed_beside_the_canonical);
	run(puts_ipv4_first_in_a_dual_stack_zone);
	run(has_no_cidr_of_the_other_family);
	run(takes_the_widest_and_the_narrowest);
	run(refuses_a_bad_cidr_and_keeps_the_old_one);
	run(reserves_the_first_address_and_for_ipv4_the_last);
	run(every_field_but_the_revision_is_a_difference);
	run(names_the_takeover_policies);
	return check_done();
}
