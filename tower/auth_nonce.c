// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Two sets take turns: when the fresh one has been filled for as long as a nonce can be shown, it
 * becomes the older one, and what that held is forgotten. So each nonce is remembered for at least
 * that long, and nothing has to be expired one by one.
 */
#include "tower/auth_nonce.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tower/auth.h"

#define DOMAIN "apex nonce v1"
#define TIME_BYTES 8
#define RANDOM_BYTES 16
#define MAC_AT (TIME_BYTES + RANDOM_BYTES)
#define SET_CAP_MIN 1024
#define PERIOD_MS (AUTH_NONCE_MS + NONCE_AHEAD_MS)

_Static_assert(MAC_AT + CRYPTO_MAC_BYTES == PROOF_NONCE_BYTES, "time, random bytes, MAC");

static void make_mac(const uint8_t secret[CRYPTO_KEY_BYTES], const uint8_t *nonce,
		     uint8_t ret_mac[CRYPTO_MAC_BYTES])
{
	const struct crypto_part part = { nonce, MAC_AT };

	crypto_mac(secret, DOMAIN, &part, 1, ret_mac);
}

void nonce_make(const uint8_t secret[CRYPTO_KEY_BYTES], int64_t now_ms,
		uint8_t ret_nonce[PROOF_NONCE_BYTES])
{
	const uint64_t time_be = htobe64((uint64_t)now_ms);

	memcpy(ret_nonce, &time_be, TIME_BYTES);
	crypto_random(ret_nonce + TIME_BYTES, RANDOM_BYTES);
	make_mac(secret, ret_nonce, ret_nonce + MAC_AT);
}

int nonce_check(const uint8_t secret[CRYPTO_KEY_BYTES], const uint8_t nonce[PROOF_NONCE_BYTES],
		int64_t now_ms)
{
	uint8_t mac[CRYPTO_MAC_BYTES];
	uint64_t time_be;
	int64_t made_ms;

	make_mac(secret, nonce, mac);
	if (!crypto_equal(mac, nonce + MAC_AT, sizeof(mac)))
		return -EBADMSG;
	memcpy(&time_be, nonce, TIME_BYTES);
	made_ms = (int64_t)be64toh(time_be);
	if (now_ms > made_ms + AUTH_NONCE_MS || now_ms < made_ms - NONCE_AHEAD_MS)
		return -ETIME;
	return 0;
}

static size_t slot_of(const struct nonce_set *set, uint64_t number)
{
	size_t slot = number & (set->cap - 1);

	while (set->at[slot] && set->at[slot] != number)
		slot = (slot + 1) & (set->cap - 1);
	return slot;
}

static bool set_has(const struct nonce_set *set, uint64_t number)
{
	return set->cap && set->at[slot_of(set, number)] == number;
}

static int set_grow(struct nonce_set *set)
{
	struct nonce_set grown = { .cap = MAX(set->cap * 2, SET_CAP_MIN), .len = set->len };

	grown.at = calloc(grown.cap, sizeof(*grown.at));
	if (!grown.at)
		return -ENOMEM;
	for (size_t i = 0; i < set->cap; i++) {
		if (set->at[i])
			grown.at[slot_of(&grown, set->at[i])] = set->at[i];
	}
	free(set->at);
	*set = grown;
	return 0;
}

static int set_add(struct nonce_set *set, uint64_t number)
{
	if (set->len >= NONCE_USED_MAX)
		return -ENOSPC;
	if (set->len * 2 >= set->cap && set_grow(set) < 0)
		return -ENOSPC;
	set->at[slot_of(set, number)] = number;
	set->len++;
	return 0;
}

static void set_clear(struct nonce_set *set)
{
	free(set->at);
	*set = (struct nonce_set){ 0 };
}

static void turn(struct nonces_used *used, int64_t now_ms)
{
	if (now_ms < used->turned_ms + PERIOD_MS)
		return;
	set_clear(&used->older);
	if (now_ms < used->turned_ms + 2 * PERIOD_MS)
		used->older = used->fresh;
	else
		set_clear(&used->fresh);
	used->fresh = (struct nonce_set){ 0 };
	used->turned_ms = now_ms;
}

int nonce_use(struct nonces_used *used, const uint8_t nonce[PROOF_NONCE_BYTES], int64_t now_ms)
{
	uint64_t number;

	memcpy(&number, nonce + TIME_BYTES, sizeof(number));
	number += number == 0;
	turn(used, now_ms);
	if (set_has(&used->fresh, number) || set_has(&used->older, number))
		return -EALREADY;
	return set_add(&used->fresh, number);
}

void nonces_used_done(struct nonces_used *used)
{
	set_clear(&used->fresh);
	set_clear(&used->older);
}
