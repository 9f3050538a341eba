// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "auth.h"
#include "tower/auth_credential.h"
#include "tower/auth_failures.h"
#include "tower/auth_nonce.h"
#include "tower/auth_signpost.h"
#include "tower/auth_ticket.h"

#define KEY43 "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NONCE75 KEY43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NOW_MS INT64_C(1800000000000)

static const uint8_t secret[CRYPTO_KEY_BYTES] = { 1, 2, 3 };

static void bearer_header_is_read_strictly(void)
{
	static const struct {
		const char *header;
		int r;
		enum bearer_kind kind;
	} rows[] = {
		{ "Bearer abc", 0, BEARER_SECRET },
		{ "bEaReR a-._~+/=Z9", 0, BEARER_SECRET },
		{ "Bearer apx.", 0, BEARER_JOIN_TOKEN },
		{ "Bearer apt.x", 0, BEARER_TICKET },
		{ "Bearer aps.x", 0, BEARER_SIGNPOST },
		{ "Bearer Apx.x", 0, BEARER_SECRET },
		{ "", -EINVAL, 0 },
		{ "Bearer", -EINVAL, 0 },
		{ "Bearer ", -EINVAL, 0 },
		{ "Bearer  abc", -EINVAL, 0 },
		{ "Bearer abc ", -EINVAL, 0 },
		{ "Bearer a b", -EINVAL, 0 },
		{ " Bearer a", -EINVAL, 0 },
		{ "Basic YTpi", -EINVAL, 0 },
		{ "Bearer a\x80", -EINVAL, 0 },
		{ "Bearerabc", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bearer bearer = { 0 };

		if (!check(bearer_parse(rows[i].header, &bearer) == rows[i].r) ||
		    (rows[i].r == 0 && !check(bearer.kind == rows[i].kind)))
			printf("# '%s'\n", rows[i].header);
	}
}

static void bearer_token_has_a_limit(void)
{
	char header[7 + CREDENTIAL_TEXT_MAX + 2] = "Bearer ";
	struct bearer bearer;

	memset(header + 7, 'a', CREDENTIAL_TEXT_MAX);
	check(bearer_parse(header, &bearer) == 0);
	header[7 + CREDENTIAL_TEXT_MAX] = 'a';
	check(bearer_parse(header, &bearer) == -EINVAL);
}

static void proof_header_is_read_exactly(void)
{
	static const char *const bad[] = {
		"",
		"key=",
		"key=" KEY43,
		"key=" KEY43 ",nonce=" NONCE75,
		"key=" KEY43 ",nonce=" NONCE75 ",mac=",
		"key=" KEY43 ",nonce=" NONCE75 ",mac=" KEY43 "A",
		"key=" KEY43 ",nonce=" NONCE75 ",mac=" KEY43 ",",
		"key=" KEY43 ",nonce=" NONCE75 ",mac=" KEY43 " ",
		" key=" KEY43 ",nonce=" NONCE75 ",mac=" KEY43,
		"key=" KEY43 ", nonce=" NONCE75 ",mac=" KEY43,
		"Key=" KEY43 ",nonce=" NONCE75 ",mac=" KEY43,
		"key=" KEY43 "=,nonce=" NONCE75 ",mac=" KEY43,
		"nonce=" NONCE75 ",key=" KEY43 ",mac=" KEY43,
		"key=" KEY43 ",nonce=" KEY43 ",mac=" KEY43,
		"key=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+,nonce=" NONCE75 ",mac=" KEY43,
		"key=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB,nonce=" NONCE75 ",mac=" KEY43,
	};
	struct proof_header header = { .nonce = { 9 } };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!check(proof_header_parse(bad[i], &header) == -EINVAL))
			printf("# '%s'\n", bad[i]);
	}
	check(header.nonce[0] == 9); /* untouched */
	check(proof_header_parse("key=" KEY43 ",nonce=" NONCE75 ",mac=" KEY43, &header) == 0);
	check(header.key.bytes[0] == 1 && header.nonce[0] == 1 && header.mac[0] == 1);
}

static void join_token_is_read_exactly(void)
{
	static const char *const bad[] = {
		"",
		"apx.",
		"apx.0123456789abcdef",
		"apx.0123456789abcdef.",
		"apx.0123456789abcde." KEY43,
		"apx.0123456789abcdef0." KEY43,
		"apx.0123456789ABCDEF." KEY43,
		"apx.0123456789abcdef." KEY43 "=",
		"apx.0123456789abcdef-" KEY43,
		"apt.0123456789abcdef." KEY43,
	};
	struct join_token token;
	char text[AUTH_TOKEN_TEXT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check(join_token_parse(bad[i], &token) == -EINVAL);
	check(join_token_parse("apx.0123456789abcdef." KEY43, &token) == 0);
	check_str(token.id, "0123456789abcdef");
	check(join_token_format(&token, text, sizeof(text)) == 0);
	check_str(text, "apx.0123456789abcdef." KEY43);
	check(join_token_format(&token, text, 30) < 0);
}

static void new_tokens_differ_and_match_their_hash(void)
{
	struct token first = { 0 };
	struct token second = { 0 };
	char text[2][AUTH_TOKEN_TEXT_BYTES];
	uint8_t hash[CRYPTO_HASH_BYTES];
	struct join_token token;

	check(auth_new_token(&first, text[0]) == 0 && auth_new_token(&second, text[1]) == 0);
	check(strcmp(text[0], text[1]) != 0 && strcmp(first.id, second.id) != 0);
	check(join_token_parse(text[0], &token) == 0);
	check_str(token.id, first.id);
	crypto_hash_of(token.secret, sizeof(token.secret), hash);
	check(memcmp(hash, first.secret_hash, sizeof(hash)) == 0);
}

static struct ticket some_ticket(const char *zone)
{
	struct ticket ticket = { .generation = UINT64_MAX - 1, .expires_ms = NOW_MS };

	memset(ticket.key.bytes, 0xa5, KEY_BYTES);
	(void)snprintf(ticket.zone, sizeof(ticket.zone), "%s", zone);
	return ticket;
}

static void ticket_says_again_what_was_put_in(void)
{
	static const char *const zones[] = {
		"a", "zone-blue",
		"a23456789012345678901234567890123456789012345678901234567890123", /* the longest */
	};

	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		const struct ticket in = some_ticket(zones[i]);
		struct ticket out;
		char text[AUTH_TICKET_TEXT_BYTES];

		check(ticket_format(secret, &in, text) == 0);
		check(strncmp(text, "apt.", 4) == 0);
		check(ticket_parse(secret, text, &out) == 0);
		check_str(out.zone, zones[i]);
		check(key_compare(&in.key, &out.key) == 0);
		check(out.generation == in.generation && out.expires_ms == in.expires_ms);
	}
}

/* Flips each character of a ticket in turn: never is it taken for another one. */
static void changed_ticket_is_refused(void)
{
	const struct ticket in = some_ticket("blue");
	const uint8_t other[CRYPTO_KEY_BYTES] = { 1, 2, 4 };
	struct ticket out = { .zone = "untouched" };
	char text[AUTH_TICKET_TEXT_BYTES];

	check(ticket_format(secret, &in, text) == 0);
	for (size_t i = 0; text[i]; i++) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		check(ticket_parse(secret, text, &out) < 0);
		text[i] = was;
	}
	check(ticket_parse(other, text, &out) == -EBADMSG);
	text[strlen(text) - 4] = '\0';
	check(ticket_parse(secret, text, &out) < 0);
	check_str(out.zone, "untouched");
	check(ticket_parse(secret, "apt.", &out) == -EINVAL);
}

static void signpost_secret_is_read_exactly(void)
{
	static const char *const bad[] = {
		"",
		"aps.",
		"aps.20833",
		"aps.20833.",
		"aps..%s",
		"aps.-1.%s",
		"aps.+20833.%s",
		"aps. 20833.%s",
		"aps.99999999.%s",
		"aps.20833.%sA",
		"aps.20833.%s.",
		"apx.20833.%s",
		"APS.20833.%s",
	};
	char text[AUTH_SIGNPOST_TEXT_BYTES];
	char changed[2 * AUTH_SIGNPOST_TEXT_BYTES];
	const char *mac;

	signpost_secret_format(secret, NOW_MS, text);
	check(signpost_secret_check(secret, text, NOW_MS) == 0);
	check(str_starts(text, "aps.20833."));
	mac = text + strlen("aps.20833.");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *hole = strstr(bad[i], "%s");

		(void)snprintf(changed, sizeof(changed), "%.*s%s%s",
			       (int)(hole ? hole - bad[i] : (long)strlen(bad[i])), bad[i],
			       hole ? mac : "", hole ? hole + 2 : "");
		if (!check(signpost_secret_check(secret, changed, NOW_MS) == -EINVAL))
			printf("# '%s'\n", changed);
	}
	/* The MAC is of the day: another day's number does not go with it. */
	(void)snprintf(changed, sizeof(changed), "aps.20834.%s", mac);
	check(signpost_secret_check(secret, changed, NOW_MS) == -EBADMSG);
	check(signpost_secret_check((const uint8_t[CRYPTO_KEY_BYTES]){ 9 }, text, NOW_MS) ==
	      -EBADMSG);
}

static void nonce_is_of_its_towers_and_of_its_time(void)
{
	const uint8_t other[CRYPTO_KEY_BYTES] = { 7 };
	uint8_t nonce[PROOF_NONCE_BYTES];

	nonce_make(secret, NOW_MS, nonce);
	check(nonce_check(secret, nonce, NOW_MS) == 0);
	check(nonce_check(secret, nonce, NOW_MS + AUTH_NONCE_MS) == 0);
	check(nonce_check(secret, nonce, NOW_MS + AUTH_NONCE_MS + 1) == -ETIME);
	check(nonce_check(secret, nonce, NOW_MS - NONCE_AHEAD_MS) == 0);
	check(nonce_check(secret, nonce, NOW_MS - NONCE_AHEAD_MS - 1) == -ETIME);
	check(nonce_check(other, nonce, NOW_MS) == -EBADMSG);
	for (size_t i = 0; i < sizeof(nonce); i++) {
		nonce[i] ^= 1;
		check(nonce_check(secret, nonce, NOW_MS) == -EBADMSG);
		nonce[i] ^= 1;
	}
}

/* Nonces used at all times, each shown again for as long as it could be. */
static void used_nonce_is_remembered_as_long_as_it_could_be_shown(void)
{
	enum { NONCES = 3000, STEP_MS = 37 };
	struct nonces_used used = { 0 };
	uint8_t nonces[NONCES][PROOF_NONCE_BYTES];
	int64_t now_ms = NOW_MS;

	for (int i = 0; i < NONCES; i++, now_ms += STEP_MS) {
		int older = i - (AUTH_NONCE_MS + NONCE_AHEAD_MS) / STEP_MS;

		nonce_make(secret, now_ms, nonces[i]);
		check(nonce_use(&used, nonces[i], now_ms) == 0);
		check(nonce_use(&used, nonces[i], now_ms) == -EALREADY);
		if (older >= 0)
			check(nonce_use(&used, nonces[older], now_ms) == -EALREADY);
	}
	check(used.fresh.len + used.older.len < NONCES); /* not for ever */
	nonces_used_done(&used);
}

static void full_memory_of_nonces_refuses_and_recovers(void)
{
	struct nonces_used used = { 0 };
	uint8_t nonce[PROOF_NONCE_BYTES] = { 0 };

	for (uint64_t i = 1; i <= NONCE_USED_MAX; i++) {
		uint64_t random = i * UINT64_C(0x9e3779b97f4a7c15);

		memcpy(nonce + 8, &random, sizeof(random));
		if (nonce_use(&used, nonce, NOW_MS) != 0)
			check(false);
	}
	crypto_random(nonce + 8, 16);
	check(nonce_use(&used, nonce, NOW_MS) == -ENOSPC);
	check(nonce_use(&used, nonce, NOW_MS + AUTH_NONCE_MS + NONCE_AHEAD_MS) == 0);
	nonces_used_done(&used);
}

static int64_t fail_times(struct failures *failures, const char *client, const char *credential,
			  int times, int64_t now_ms)
{
	int64_t wait_ms = 0;

	for (int i = 0; i < times; i++)
		wait_ms = failures_count(failures, client, credential, now_ms);
	return wait_ms;
}

static void failures_of_one_credential_are_limited_from_anywhere(void)
{
	struct failures *failures = NULL;

	check(failures_new(&failures, NULL) == 0);
	check(fail_times(failures, "192.0.2.1", "id", FAILURES_CREDENTIAL_BURST, NOW_MS) == 0);
	check(fail_times(failures, "192.0.2.2", "id", 1, NOW_MS) == FAILURES_CREDENTIAL_MS);
	check(fail_times(failures, "192.0.2.2", "other", 1, NOW_MS) == 0);
	check(fail_times(failures, "192.0.2.2", "id", 1, NOW_MS + FAILURES_CREDENTIAL_MS) == 0);
	failures_free(failures);
}

static void ipv6_site_counts_as_one_address(void)
{
	struct failures *failures = NULL;

	check(failures_new(&failures, NULL) == 0);
	check(fail_times(failures, "2001:db8::1", "", FAILURES_ADDRESS_BURST, NOW_MS) == 0);
	check(fail_times(failures, "2001:db8::ffff:2", "", 1, NOW_MS) > 0);
	check(fail_times(failures, "2001:db8:0:1::1", "", 1, NOW_MS) == 0);
	failures_free(failures);
}

static void clock_that_goes_back_makes_nobody_wait_for_it(void)
{
	struct failures *failures = NULL;

	check(failures_new(&failures, NULL) == 0);
	check(fail_times(failures, "192.0.2.1", "", FAILURES_ADDRESS_BURST, NOW_MS) == 0);
	check(fail_times(failures, "192.0.2.1", "", 1, NOW_MS - 86400000) == FAILURES_ADDRESS_MS);
	failures_free(failures);
}

static void remembered_failures_are_bounded_oldest_first(void)
{
	struct failures *failures = NULL;
	char client[32];

	check(failures_new(&failures, NULL) == 0);
	check(fail_times(failures, "192.0.2.1", "", FAILURES_ADDRESS_BURST + 1, NOW_MS) > 0);
	for (unsigned i = 0; i < FAILURES_BUCKETS_MAX - 1; i++) {
		(void)snprintf(client, sizeof(client), "10.%u.%u.1", i >> 8, i & 255);
		check(failures_count(failures, client, "", NOW_MS) == 0);
	}
	check(fail_times(failures, "192.0.2.1", "", 1, NOW_MS) > 0);
	for (unsigned i = 0; i < FAILURES_BUCKETS_MAX; i++) {
		(void)snprintf(client, sizeof(client), "172.%u.%u.1", i >> 8, i & 255);
		check(failures_count(failures, client, "", NOW_MS) == 0);
	}
	check(fail_times(failures, "192.0.2.1", "", 1, NOW_MS) == 0);
	failures_free(failures);
}

int main(void)
{
	if (crypto_init(NULL) < 0)
		return 1;
	run(bearer_header_is_read_strictly);
	run(bearer_token_has_a_limit);
	run(proof_header_is_read_exactly);
	run(join_token_is_read_exactly);
	run(new_tokens_differ_and_match_their_hash);
	run(ticket_says_again_what_was_put_in);
	run(changed_ticket_is_refused);
	run(signpost_secret_is_read_exactly);
	run(nonce_is_of_its_towers_and_of_its_time);
	run(used_nonce_is_remembered_as_long_as_it_could_be_shown);
	run(full_memory_of_nonces_refuses_and_recovers);
	run(failures_of_one_credential_are_limited_from_anywhere);
	run(ipv6_site_counts_as_one_address);
	run(clock_that_goes_back_makes_nobody_wait_for_it);
	run(remembered_failures_are_bounded_oldest_first);
	return check_done();
}
