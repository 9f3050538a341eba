// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/addr.h"
#include "tests/unit/check.h"

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };

	check(ip_parse(text, &ip, NULL) == 0);
	return ip;
}

static struct prefix prefix_from(const char *text)
{
	struct prefix prefix = { 0 };

	check(prefix_parse(text, &prefix, NULL) == 0);
	return prefix;
}

static void check_ip(const struct ip *ip, const char *wanted)
{
	char text[IP_TEXT_BYTES];

	ip_format(ip, text);
	check_str(text, wanted);
}

static void writes_addresses_in_one_way(void)
{
	static const struct {
		const char *typed, *written;
	} rows[] = {
		{ "10.200.0.1", "10.200.0.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* RFC 5952, 4.2.3 */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "0fd0::0001", "fd0::1" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ip ip = ip_of(rows[i].typed);

		check_ip(&ip, rows[i].written);
	}
}

static void refuses_what_is_no_address(void)
{
	static const char *const bad[] = {
		"",
		"10.0.0",
		"10.0.0.0.1",
		"10.0.0.256",
		"010.0.0.1",
		"10.0.0.1 ",
		"0x0a.1",
		"10.0.0.1/8",
		"fe80::1%eth0",
		"[::1]",
		"::1::",
		"1:2:3:4:5:6:7",
		"12345::",
		":",
		"localhost",
		"10.0.0.1:80",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ip ip = { 0 };
		struct err err = { 0 };

		check(ip_parse(bad[i], &ip, &err) == -EINVAL && ip.family == IP_NONE);
		check(strstr(err.text, bad[i]) != NULL);
	}
}

static void no_address_is_an_empty_text(void)
{
	struct ip none = { 0 };

	check_ip(&none, "");
	check(ip_equal(&none, &none) && ip_family_bits(IP_NONE) == 0);
}

static void addresses_are_numbers(void)
{
	struct ip v4 = ip_of("10.0.0.255");
	struct ip v6 = ip_of("fd00::ffff");
	struct ip next;

	check(ip_to_number(&v4) == 0x0a0000ff);
	next = ip_from_number(IP_V4, ip_to_number(&v4) + 1);
	check_ip(&next, "10.0.1.0");
	next = ip_from_number(IP_V6, ip_to_number(&v6) + 1);
	check_ip(&next, "fd00::1:0");
	v6 = ip_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	check(ip_to_number(&v6) == ~(ip_number)0);
}

static void orders_family_first_then_value(void)
{
	static const char *const ordered[] = { "0.0.0.1", "10.0.0.9", "10.0.0.10", "192.0.2.1",
					       "::1",     "2::",      "fd00::" };

	for (size_t i = 0; i + 1 < ARRAY_SIZE(ordered); i++) {
		struct ip a = ip_of(ordered[i]);
		struct ip b = ip_of(ordered[i + 1]);

		check(ip_compare(&a, &b) < 0 && ip_compare(&b, &a) > 0 && ip_compare(&a, &a) == 0);
	}
}

static void knows_special_and_private_addresses(void)
{
	static const struct {
		const char *ip;
		bool special, private;
	} rows[] = {
		{ "0.1.2.3", true, false },
		{ "127.0.0.1", true, false },
		{ "169.254.1.1", true, false },
		{ "224.0.0.1", true, false },
		{ "239.255.255.255", true, false },
		{ "255.255.255.255", true, false },
		{ "::", true, false },
		{ "::1", true, false },
		{ "fe80::1", true, false },
		{ "ff02::1", true, false },
		{ "::ffff:10.0.0.1", true, false },
		{ "10.255.0.1", false, true },
		{ "172.16.0.1", false, true },
		{ "172.31.255.255", false, true },
		{ "192.168.1.1", false, true },
		{ "100.64.0.1", false, true },
		{ "fd00::1", false, true },
		{ "172.32.0.1", false, false },
		{ "192.0.2.1", false, false },
		{ "100.128.0.1", false, false },
		{ "2001:db8::1", false, false },
		{ "255.255.255.254", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ip ip = ip_of(rows[i].ip);

		if (!check(ip_is_special(&ip) == rows[i].special) ||
		    !check(ip_is_private(&ip) == rows[i].private))
			printf("# it was %s\n", rows[i].ip);
	}
}

static void clears_host_bits(void)
{
	static const struct {
		const char *typed, *written, *first, *last;
	} rows[] = {
		{ "10.200.1.0/20", "10.200.0.0/20", "10.200.0.0", "10.200.15.255" },
		{ "192.0.2.77/32", "192.0.2.77/32", "192.0.2.77", "192.0.2.77" },
		{ "192.0.2.77/31", "192.0.2.76/31", "192.0.2.76", "192.0.2.77" },
		{ "255.255.255.255/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
		{ "10.0.0.1/008", "10.0.0.0/8", "10.0.0.0", "10.255.255.255" },
		{ "FD00:0:0:1:2::3/64", "fd00:0:0:1::/64",
		  "fd00:0:0:1::", "fd00::1:ffff:ffff:ffff:ffff" },
		{ "fd00::77/127", "fd00::76/127", "fd00::76", "fd00::77" },
		{ "fd00::/128", "fd00::/128", "fd00::", "fd00::" },
		{ "fd00::1/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix prefix = prefix_from(rows[i].typed);
		struct ip first = prefix_first(&prefix);
		struct ip last = prefix_last(&prefix);
		char text[PREFIX_TEXT_BYTES];

		prefix_format(&prefix, text);
		check_str(text, rows[i].written);
		check_ip(&first, rows[i].first);
		check_ip(&last, rows[i].last);
		check(prefix_contains(&prefix, &first) && prefix_contains(&prefix, &last));
	}
}

static void refuses_what_is_no_prefix(void)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/8 ",
		"10.0.0.0/255.0.0.0",
		"10.0.0.0/8/8",
		"fd00::/129",
		"fd00::/18446744073709551616",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct prefix prefix = { 0 };
		struct err err = { 0 };

		check(prefix_parse(bad[i], &prefix, &err) == -EINVAL);
		check(prefix.ip.family == IP_NONE && err.code == -EINVAL);
	}
}

static void contains_and_overlaps(void)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.0/16", true },
		{ "10.0.0.0/8", "11.0.0.0/8", false },
		{ "10.0.0.0/8", "10.0.0.0/8", true },
		{ "0.0.0.0/0", "192.0.2.1/32", true },
		{ "172.24.0.0/24", "172.24.1.0/24", false },
		{ "0.0.0.0/0", "::/0", false },
		{ "fd00::/64", "fd00::1/128", true },
		{ "fd00::/64", "fd00:0:0:1::/64", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix a = prefix_from(rows[i].a);
		struct prefix b = prefix_from(rows[i].b);

		check(prefix_overlaps(&a, &b) == rows[i].overlap);
		check(prefix_overlaps(&b, &a) == rows[i].overlap);
		check(prefix_contains(&a, &b.ip) == rows[i].overlap);
	}
}

static void no_address_lies_in_no_prefix(void)
{
	struct prefix any = prefix_from("0.0.0.0/0");
	struct prefix nothing = { 0 };
	struct ip none = { 0 };

	check(!prefix_contains(&any, &none) && !prefix_contains(&nothing, &none));
	check(!prefix_overlaps(&nothing, &nothing) && !prefix_overlaps(&any, &nothing));
}

static void says_why_a_prefix_cannot_be_routed(void)
{
	static const struct {
		const char *prefix, *says;
	} rows[] = {
		{ "0.0.0.0/0", "default route" }, { "::/0", "default route" },
		{ "127.0.0.0/8", "loopback" },    { "127.1.0.0/16", "loopback" },
		{ "64.0.0.0/2", "loopback" },     { "169.254.0.0/24", "link-local" },
		{ "224.0.0.0/24", "multicast" },  { "192.0.0.0/2", "multicast" },
		{ "0.0.0.0/8", "this network" },  { "255.255.255.255/32", "broadcast" },
		{ "::1/128", "loopback" },        { "fe80::/64", "link-local" },
		{ "ff00::/8", "multicast" },      { "::ffff:10.0.0.0/104", "IPv4-mapped" },
	};
	static const char *const good[] = { "10.0.0.0/8", "172.24.0.0/24", "192.0.2.1/32",
					    "fd00::/8",   "2000::/3",      "64.0.0.0/3" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix prefix = prefix_from(rows[i].prefix);
		struct err err = { 0 };

		check(prefix_check_routable(&prefix, &err) == -EINVAL);
		if (!check(strstr(err.text, rows[i].says) != NULL))
			printf("# it said: %s\n", err.text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct prefix prefix = prefix_from(good[i]);

		check(prefix_check_routable(&prefix, NULL) == 0);
	}
}

static void reads_and_writes_endpoints(void)
{
	static const struct {
		const char *typed, *written;
	} rows[] = {
		{ "192.0.2.1:51820", "192.0.2.1:51820" },
		{ "192.0.2.1:065535", "192.0.2.1:65535" },
		{ "[2001:DB8::1]:51820", "[2001:db8::1]:51820" },
		{ "[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:1" },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint endpoint = { 0 };
		char text[ENDPOINT_TEXT_BYTES];

		check(endpoint_parse(rows[i].typed, &endpoint, NULL) == 0);
		endpoint_format(&endpoint, text);
		check_str(text, rows[i].written);
		check(endpoint_equal(&endpoint, &endpoint));
	}
}

static void refuses_what_is_no_endpoint(void)
{
	static const char *const bad[] = {
		"",
		"192.0.2.1",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:-1",
		"192.0.2.1:80 ",
		"2001:db8::1:51820",
		"[2001:db8::1]",
		"[2001:db8::1]:",
		"[2001:db8::1]x:1",
		"[192.0.2.1]:80",
		"[]:80",
		"[2001:db8::1:80",
		":80",
		"host.example:80",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
	};
	struct endpoint none = { 0 };
	char text[ENDPOINT_TEXT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct endpoint endpoint = { 0 };
		struct err err = { 0 };

		check(endpoint_parse(bad[i], &endpoint, &err) == -EINVAL);
		check(endpoint_equal(&endpoint, &none) && err.code == -EINVAL);
	}
	endpoint_format(&none, text);
	check_str(text, "");
}

static struct ip random_ip(enum ip_family family, unsigned *seed)
{
	struct ip ip = { .family = family };

	for (size_t i = 0; i < ip_family_bits(family) / 8; i++)
		ip.bytes[i] = (uint8_t)rand_r(seed);
	return ip;
}

/* All of a prefix lies between its first and last address, and nothing beside it is in it. */
static void check_bounds(const struct prefix *prefix, const struct ip *inside)
{
	enum ip_family family = inside->family;
	struct ip first = prefix_first(prefix);
	struct ip last = prefix_last(prefix);
	struct ip before = ip_from_number(family, ip_to_number(&first) - 1);
	struct ip behind = ip_from_number(family, ip_to_number(&last) + 1);

	check(ip_compare(&first, inside) <= 0 && ip_compare(inside, &last) <= 0);
	check(prefix_contains(prefix, inside));
	check(prefix->bits == 0 || !prefix_contains(prefix, &before));
	check(prefix->bits == 0 || !prefix_contains(prefix, &behind));
}

static void holds_for_random_prefixes(void)
{
	unsigned seed = 7;

	for (int i = 0; i < 20000; i++) {
		enum ip_family family = i % 2 ? IP_V4 : IP_V6;
		uint8_t bits = (uint8_t)(rand_r(&seed) % (ip_family_bits(family) + 1));
		struct ip ip = random_ip(family, &seed);
		struct prefix prefix = prefix_of(&ip, bits);
		struct prefix back = { 0 };
		char text[PREFIX_TEXT_BYTES];

		prefix_format(&prefix, text);
		check(prefix_parse(text, &back, NULL) == 0 && prefix_equal(&prefix, &back));
		check_bounds(&prefix, &ip);
	}
}

int main(void)
{
	run(writes_addresses_in_one_way);
	run(refuses_what_is_no_address);
	run(no_address_is_an_empty_text);
	run(addresses_are_numbers);
	run(orders_family_first_then_value);
	run(knows_special_and_private_addresses);
	run(clears_host_bits);
	run(refuses_what_is_no_prefix);
	run(contains_and_overlaps);
	run(no_address_lies_in_no_prefix);
	run(says_why_a_prefix_cannot_be_routed);
	run(reads_and_writes_endpoints);
	run(refuses_what_is_no_endpoint);
	run(holds_for_random_prefixes);
	return check_done();
}
