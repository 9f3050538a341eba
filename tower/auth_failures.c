// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/auth_failures.h"

#include <string.h>
#include <sys/queue.h>

#include "base/tree.h"
#include "crypto/crypto.h"
#include "mesh/addr.h"

#define IPV6_SITE_BITS 64

struct bucket {
	RB_ENTRY(bucket) link;
	TAILQ_ENTRY(bucket) age; /* the longest unused first */
	uint64_t id;
	int64_t full_ms; /* when it will be full again */
};

RB_HEAD(bucket_tree, bucket);

struct failures {
	uint8_t secret[CRYPTO_KEY_BYTES]; /* nobody outside can choose colliding ids */
	struct bucket_tree buckets;
	TAILQ_HEAD(bucket_ages, bucket) ages;
	size_t buckets_len;
};

static int compare_buckets(const struct bucket *a, const struct bucket *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

TREE_GENERATE(bucket_tree, bucket, link, compare_buckets)

int failures_new(struct failures **ret_failures, struct err *err)
{
	struct failures *failures = calloc(1, sizeof(*failures));

	if (!failures)
		return err_oom(err);
	crypto_random(failures->secret, sizeof(failures->secret));
	RB_INIT(&failures->buckets);
	TAILQ_INIT(&failures->ages);
	*ret_failures = failures;
	return 0;
}

static void drop(struct failures *failures, struct bucket *bucket)
{
	RB_REMOVE(bucket_tree, &failures->buckets, bucket);
	TAILQ_REMOVE(&failures->ages, bucket, age);
	failures->buckets_len--;
	free(bucket);
}

void failures_free(struct failures *failures)
{
	struct bucket *bucket;

	if (!failures)
		return;
	while ((bucket = TAILQ_FIRST(&failures->ages)))
		drop(failures, bucket);
	free(failures);
}

static uint64_t bucket_id(const struct failures *failures, const char *domain, const char *text)
{
	const struct crypto_part part = { text, strlen(text) };
	uint8_t mac[CRYPTO_MAC_BYTES];
	uint64_t id;

	crypto_mac(failures->secret, domain, &part, 1, mac);
	memcpy(&id, mac, sizeof(id));
	return id;
}

/* The bucket, as the newest of all; NULL on want of memory. */
static struct bucket *touch(struct failures *failures, uint64_t id)
{
	struct bucket *bucket =
		RB_FIND(bucket_tree, &failures->buckets, &(struct bucket){ .id = id });

	if (bucket) {
		TAILQ_REMOVE(&failures->ages, bucket, age);
		TAILQ_INSERT_TAIL(&failures->ages, bucket, age);
		return bucket;
	}
	bucket = calloc(1, sizeof(*bucket));
	if (!bucket)
		return NULL;
	bucket->id = id;
	RB_INSERT(bucket_tree, &failures->buckets, bucket);
	TAILQ_INSERT_TAIL(&failures->ages, bucket, age);
	failures->buckets_len++;
	if (failures->buckets_len > FAILURES_BUCKETS_MAX)
		drop(failures, TAILQ_FIRST(&failures->ages));
	return bucket;
}

/* One more failure puts off the moment of being full; past `burst` of them it waits. */
static int64_t count_one(struct failures *failures, uint64_t id, int64_t burst, int64_t each_ms,
			 int64_t now_ms)
{
	struct bucket *bucket = touch(failures, id);
	int64_t full_ms;

	if (!bucket)
		return 0;
	/* A clock that went back must not make anybody wait for it. */
	full_ms = MIN(MAX(bucket->full_ms, now_ms), now_ms + burst * each_ms) + each_ms;
	if (full_ms > now_ms + burst * each_ms)
		return full_ms - now_ms - burst * each_ms;
	bucket->full_ms = full_ms;
	return 0;
}

static void site_of(const char *client, char ret_site[static PREFIX_TEXT_BYTES])
{
	struct prefix site;
	struct ip ip;

	ret_site[0] = '\0';
	if (ip_parse(client, &ip, NULL) < 0)
		return;
	site = ip.family == IP_V6 ? prefix_of(&ip, IPV6_SITE_BITS) : prefix_host(&ip);
	prefix_format(&site, ret_site);
}

int64_t failures_count(struct failures *failures, const char *client, const char *credential,
		       int64_t now_ms)
{
	char site[PREFIX_TEXT_BYTES];
	int64_t of_address_ms;
	int64_t of_credential_ms = 0;

	site_of(client, site);
	of_address_ms = count_one(failures, bucket_id(failures, "address", site),
				  FAILURES_ADDRESS_BURST, FAILURES_ADDRESS_MS, now_ms);
	if (credential[0])
		of_credential_ms =
			count_one(failures, bucket_id(failures, "credential", credential),
				  FAILURES_CREDENTIAL_BURST, FAILURES_CREDENTIAL_MS, now_ms);
	return MAX(of_address_ms, of_credential_ms);
}
