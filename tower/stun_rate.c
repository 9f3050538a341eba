// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/stun_rate.h"

#include <string.h>

#include "crypto/crypto.h"

#define IPV6_SITE_BITS 64
#define SECOND_US 1000000

struct stun_rate {
	uint8_t secret[CRYPTO_KEY_BYTES];
	int64_t all_full_us; /* when it will be full again */
	int64_t full_us[STUN_RATE_BUCKETS];
};

int stun_rate_new(struct stun_rate **ret_rate, struct err *err)
{
	struct stun_rate *rate = calloc(1, sizeof(*rate));

	if (!rate)
		return err_oom(err);
	crypto_random(rate->secret, sizeof(rate->secret));
	*ret_rate = rate;
	return 0;
}

void stun_rate_free(struct stun_rate *rate)
{
	free(rate);
}

static int64_t *bucket_of(struct stun_rate *rate, const struct ip *from)
{
	uint8_t bits = from->family == IP_V6 ? IPV6_SITE_BITS : ip_family_bits(from->family);
	struct prefix site = prefix_of(from, bits);
	const struct crypto_part part = { site.ip.bytes, sizeof(site.ip.bytes) };
	uint8_t mac[CRYPTO_MAC_BYTES];
	uint32_t number;

	crypto_mac(rate->secret, "apex stun bucket", &part, 1, mac);
	memcpy(&number, mac, sizeof(number));
	return &rate->full_us[number % STUN_RATE_BUCKETS];
}

/* One more puts off the moment of being full; not past `burst` of them. */
static bool take(int64_t *full_us, int64_t now_us, int64_t per_second, int64_t burst)
{
	int64_t each_us = SECOND_US / per_second;
	int64_t next_us = MAX(*full_us, now_us) + each_us;

	if (next_us > now_us + burst * each_us)
		return false;
	*full_us = next_us;
	return true;
}

/* The address first: one that asks too often must not use up what is there for all. */
bool stun_rate_take(struct stun_rate *rate, const struct ip *from, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;

	return take(bucket_of(rate, from), now_us, STUN_RATE_ADDRESS, STUN_RATE_ADDRESS_BURST) &&
	       take(&rate->all_full_us, now_us, STUN_RATE_ALL, STUN_RATE_ALL_BURST);
}
