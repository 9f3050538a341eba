// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Which towers are tried, in which order, and what vouches for each; what is said when it does not.
 */
#include "nodeagent/target.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "check.h"
#include "crypto/crypto.h"
#include "nodeagent/distrust.h"
#include "nodeagent/signpost_cache.h"

#define NOW INT64_C(1769860800000)
#define PIN_A "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

/* A tower with this URL and pin, good for so long (negative: gone for so long). */
static void add_tower(struct signpost *signpost, const char *url, const char *pin, int left_s)
{
	char field[SIGNPOST_FIELD_BYTES];
	char entry[256];
	struct err err = { 0 };

	signpost_field_format(signpost->towers_len + 1, field);
	(void)snprintf(entry, sizeof(entry),
		       "{\"url\":\"%s\",\"pin\":\"%s\",\"stun\":\"\",\"until\":%jd}", url, pin,
		       (intmax_t)(NOW + left_s * INT64_C(1000)));
	if (!check(signpost_take(signpost, field, strlen(field), entry, strlen(entry), &err) == 1))
		printf("# %s: %s\n", entry, err.text);
}

static struct target_choice choice_of(const struct target_source *told,
				      const struct target_source *cached)
{
	return (struct target_choice){
		.told = told, .cached = cached, .pin = "", .now_ms = NOW, .random = 0
	};
}

static void nothing_known_is_no_tower(void)
{
	struct target_choice choice = choice_of(NULL, NULL);
	struct target_list list;

	target_choose(&choice, &list);
	check(list.len == 0);
}

static void fills_in_the_host_of_the_redis(void)
{
	struct signpost signpost = { .towers_len = 0 };
	struct target_source v4 = { &signpost, "redis://192.0.2.9:6379", "192.0.2.9" };
	struct target_source v6 = { &signpost, "redis://[2001:db8::9]:6379", "2001:db8::9" };
	struct target_choice choice = choice_of(&v4, NULL);
	struct target_list list;

	add_tower(&signpost, "https://:8443", PIN_A, 60);
	add_tower(&signpost, "https://tower.example:443", "", 60);
	target_choose(&choice, &list);
	check(list.len == 2);
	check_str(list.at[0].url.base, "https://192.0.2.9:8443");
	check_str(list.at[1].url.base, "https://tower.example:443");
	check_str(list.at[0].signpost, "redis://192.0.2.9:6379");
	choice.told = &v6;
	target_choose(&choice, &list);
	check_str(list.at[0].url.base, "https://[2001:db8::9]:8443");
}

static void tries_those_first_that_are_there(void)
{
	struct signpost signpost = { .towers_len = 0 };
	struct target_source source = { &signpost, "redis://h:6379", "h" };
	struct target_choice choice = choice_of(&source, NULL);
	struct target_list list;

	add_tower(&signpost, "https://long-gone:1", "", -3600);
	add_tower(&signpost, "https://a:1", "", 60);
	add_tower(&signpost, "https://just-gone:1", "", -1);
	add_tower(&signpost, "https://b:1", "", 1);
	for (choice.random = 0; choice.random < 4; choice.random++) {
		target_choose(&choice, &list);
		check(list.len == 4);
		check_str(list.at[choice.random >= 2 ? 1 : 0].url.host, "a");
		check_str(list.at[choice.random >= 2 ? 0 : 1].url.host, "b");
		check_str(list.at[2].url.host, "just-gone");
		check_str(list.at[3].url.host, "long-gone");
	}
	check(!target_is_stale(&signpost, NOW) && target_is_stale(&signpost, NOW + 60001));
}

static void takes_as_many_as_there_is_room_for(void)
{
	struct signpost signpost = { .towers_len = 0 };
	struct target_source source = { &signpost, "redis://h:6379", "h" };
	struct target_choice choice = choice_of(&source, NULL);
	struct target_list list;

	for (int i = 0; i < TARGETS_MAX + 4; i++)
		add_tower(&signpost, "https://same:1", "", i < 4 ? -1 : 1);
	target_choose(&choice, &list);
	check(list.len == TARGETS_MAX);
}

/* Every source of trust beside every weaker one: the first that is there decides, and no other. */
static void the_strongest_source_decides_alone(void)
{
	static const struct {
		const char *given;
		const char *ca_file;
		const char *told; /* pin; NULL: the signpost was not read */
		const char *kept; /* pin; NULL: nothing is cached */
		enum target_trust trust;
		const char *pin;
	} rows[] = {
		{ PIN_A, NULL, PIN_B, PIN_B, TARGET_PIN_GIVEN, PIN_A },
		{ PIN_A, NULL, NULL, PIN_B, TARGET_PIN_GIVEN, PIN_A },
		{ "", "/ca", PIN_A, PIN_B, TARGET_CA_GIVEN, "" },
		{ "", "/ca", NULL, PIN_B, TARGET_CA_GIVEN, "" },
		{ "", NULL, PIN_A, PIN_B, TARGET_PIN_SIGNPOST, PIN_A },
		{ "", NULL, PIN_A, NULL, TARGET_PIN_SIGNPOST, PIN_A },
		{ "", NULL, NULL, PIN_B, TARGET_PIN_CACHED, PIN_B },
		/* A signpost that tells no pin any more does not undo the one that is known. */
		{ "", NULL, "", PIN_B, TARGET_PIN_CACHED, PIN_B },
		{ "", NULL, "", "", TARGET_CA_SYSTEM, "" },
		{ "", NULL, "", NULL, TARGET_CA_SYSTEM, "" },
		{ "", NULL, NULL, "", TARGET_CA_SYSTEM, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct signpost now = { .towers_len = 0 };
		struct signpost then = { .towers_len = 0 };
		struct target_source told = { &now, "redis://h:6379", "h" };
		struct target_source cached = { &then, "redis://h:6379", "h" };
		struct target_choice choice =
			choice_of(rows[i].told ? &told : NULL, rows[i].kept ? &cached : NULL);
		struct target_list list;

		if (rows[i].told)
			add_tower(&now, "https://:8443", rows[i].told, 60);
		if (rows[i].kept)
			add_tower(&then, "https://h:8443", rows[i].kept, 60);
		choice.pin = rows[i].given;
		choice.ca_file = rows[i].ca_file;
		target_choose(&choice, &list);
		if (!check(list.len == 1 && list.at[0].trust == rows[i].trust &&
			   str_eq(list.at[0].pin, rows[i].pin)))
			printf("# row %zu: %s\n", i, target_trust_words(list.at[0].trust));
		check(list.at[0].ca_file == rows[i].ca_file);
	}
}

static void check_says(const struct refusal *refusal, const char *text)
{
	if (!check(strstr(refusal->detail, text) || strstr(refusal->hint, text)))
		printf("# %s; %s\n", refusal->detail, refusal->hint);
}

static void explains_what_is_wrong(void)
{
	static const struct {
		enum http_distrust distrust;
		enum target_trust trust;
		const char *code;
		const char *says[3];
	} rows[] = {
		{ HTTP_DISTRUST_PIN,
		  TARGET_PIN_GIVEN,
		  "E-pin",
		  { PIN_A, "the pin of --controller-pin is " PIN_B, "the tower logs at start" } },
		{ HTTP_DISTRUST_PIN,
		  TARGET_PIN_SIGNPOST,
		  "E-pin",
		  { PIN_A, "the pin that the signpost tells is " PIN_B, "redis://h:6379" } },
		{ HTTP_DISTRUST_PIN,
		  TARGET_PIN_CACHED,
		  "E-pin",
		  { PIN_A, "kept in the state dir is " PIN_B, SIGNPOST_CACHE_NAME } },
		{ HTTP_DISTRUST_EXPIRED,
		  TARGET_CA_SYSTEM,
		  "E-certificate",
		  { "has expired", "https://t.example:8443", "clock" } },
		{ HTTP_DISTRUST_EARLY,
		  TARGET_CA_SYSTEM,
		  "E-certificate",
		  { "not good yet", "clock", "" } },
		{ HTTP_DISTRUST_NAME,
		  TARGET_CA_GIVEN,
		  "E-certificate",
		  { "other hosts than t.example", "--tls-name", "" } },
		{ HTTP_DISTRUST_ISSUER,
		  TARGET_CA_GIVEN,
		  "E-certificate",
		  { "the certificates of --controller-ca do not know", "who made the tower's",
		    "" } },
		{ HTTP_DISTRUST_ISSUER,
		  TARGET_CA_SYSTEM,
		  "E-certificate",
		  { "this machine trusts do not know", "--controller-pin",
		    "openssl s_client -connect t.example:8443 </dev/null 2>/dev/null | openssl x509 "
		    "-pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 "
		    "-binary | base64" } },
		{ HTTP_DISTRUST_OTHER,
		  TARGET_CA_SYSTEM,
		  "E-certificate",
		  { "the library's words", "--controller-pin", "" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_answer from = { .outcome = HTTP_UNTRUSTED,
					    .distrust = rows[i].distrust,
					    .why = "the library's words",
					    .found_pin = PIN_A };
		struct tower_target target = { .trust = rows[i].trust,
					       .signpost = "redis://h:6379" };
		struct refusal refusal;

		check(http_url_parse("https://t.example:8443", &target.url, NULL) == 0);
		if (rows[i].distrust == HTTP_DISTRUST_PIN)
			(void)snprintf(target.pin, sizeof(target.pin), "%s", PIN_B);
		distrust_explain(&from, &target, &refusal);
		check_str(refusal.code, rows[i].code);
		for (size_t k = 0; k < ARRAY_SIZE(rows[i].says); k++)
			check_says(&refusal, rows[i].says[k]);
	}
}

static void the_cache_keeps_all_of_a_signpost(void)
{
	char dir[] = "/tmp/agent-signpost.XXXXXX";
	struct signpost_cache cache = { .name = "redis://h:6379/2", .here = "h" };
	struct signpost_cache back = { .name = "" };
	char path[64];
	struct stat st;

	check(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, SIGNPOST_CACHE_NAME);
	check(signpost_cache_load(dir, &back, NULL) == 0);
	add_tower(&cache.signpost, "https://:8443", PIN_A, 60);
	add_tower(&cache.signpost, "https://b:8443", "", -60);
	check(signpost_take(&cache.signpost, "join", 4, "aps.1.xyz", 9, NULL) == 1);
	check(signpost_cache_save(dir, &cache, NULL) == 0);
	check(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	check(signpost_cache_load(dir, &back, NULL) == 1);
	check_str(back.name, cache.name);
	check_str(back.here, cache.here);
	check_str(back.signpost.join, "aps.1.xyz");
	check(back.signpost.towers_len == 2);
	check_str(back.signpost.towers[0].pin, PIN_A);
	check(back.signpost.towers[1].until_ms == NOW - 60000);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void a_spoilt_cache_is_named(void)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{\"Signpost\":1}",
		"{\"Signpost\":\"x\"}",
		"{\"Signpost\":\"x\",\"Here\":\"h\",\"Fields\":{\"join\":7,\"tower:1\":\"x\"}}"
	};
	char dir[] = "/tmp/agent-signpost.XXXXXX";
	char path[64];

	check(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, SIGNPOST_CACHE_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct signpost_cache back = { .name = "" };
		struct err err = { 0 };

		check(file_write_atomic(path, texts[i], strlen(texts[i]), 0600, NULL) == 0);
		check(signpost_cache_load(dir, &back, &err) <= 0 && !*back.name);
		check(!err.code || strstr(err.text, path));
	}
	(void)unlink(path);
	(void)rmdir(dir);
}

int main(void)
{
	if (crypto_init(NULL) < 0)
		return 1;
	run(nothing_known_is_no_tower);
	run(fills_in_the_host_of_the_redis);
	run(tries_those_first_that_are_there);
	run(takes_as_many_as_there_is_room_for);
	run(the_strongest_source_decides_alone);
	run(explains_what_is_wrong);
	run(the_cache_keeps_all_of_a_signpost);
	run(a_spoilt_cache_is_named);
	return check_done();
}
