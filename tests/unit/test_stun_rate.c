// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/stun_rate.h"

#include "check.h"
#include "crypto/crypto.h"

#define START_MS 1000000

static struct stun_rate *rate;

static struct ip address(const char *text)
{
	struct ip ip = { 0 };

	check(ip_parse(text, &ip, NULL) == 0);
	return ip;
}

/* How many of `tries` at this moment are allowed. */
static int allowed(const struct ip *from, int tries, int64_t now_ms)
{
	int count = 0;

	for (int i = 0; i < tries; i++)
		count += stun_rate_take(rate, from, now_ms);
	return count;
}

static void begin(void)
{
	stun_rate_free(rate);
	check(stun_rate_new(&rate, NULL) == 0);
}

static void one_address_is_held_to_its_rate(void)
{
	struct ip ip = address("192.0.2.1");

	begin();
	check(allowed(&ip, 1000, START_MS) == STUN_RATE_ADDRESS_BURST);
	check(allowed(&ip, 1000, START_MS + 1000) == STUN_RATE_ADDRESS);
	check(allowed(&ip, 1000, START_MS + 1000) == 0);
	check(allowed(&ip, 1000, START_MS + 100000) == STUN_RATE_ADDRESS_BURST);
}

static void another_address_is_none_the_worse(void)
{
	struct ip one = address("192.0.2.1");
	int well_off = 0;

	begin();
	check(allowed(&one, 100000, START_MS) == STUN_RATE_ADDRESS_BURST);
	for (unsigned i = 0; i < 10; i++) {
		struct ip other = ip_from_number(IP_V4, 0xc6336400 + i);

		well_off += allowed(&other, 1, START_MS) == 1;
	}
	check(well_off >= 9); /* one of them may share the bucket */
}

static void an_ipv6_site_counts_as_one_address(void)
{
	struct ip one = address("2001:db8::1");
	struct ip other = address("2001:db8::ffff:1");

	begin();
	check(allowed(&one, 1000, START_MS) == STUN_RATE_ADDRESS_BURST);
	check(allowed(&other, 1000, START_MS) == 0);
}

static void all_addresses_together_are_held_to_a_rate(void)
{
	int count = 0;

	begin();
	for (unsigned i = 0; i < 20000; i++) {
		struct ip ip = ip_from_number(IP_V4, 0x0a000000 + i);

		count += stun_rate_take(rate, &ip, START_MS);
	}
	check(count == STUN_RATE_ALL_BURST);
}

int main(void)
{
	check(crypto_init(NULL) == 0);
	run(one_address_is_held_to_its_rate);
	run(another_address_is_none_the_worse);
	run(an_ipv6_site_counts_as_one_address);
	run(all_addresses_together_are_held_to_a_rate);
	stun_rate_free(rate);
	return check_done();
}
