// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/target.h"

#include <stdio.h>

#include "base/str.h"

void target_trust_given(struct tower_target *target, const char *pin, const char *ca_file)
{
	if (!target->url.is_tls) {
		target->trust = TARGET_PLAIN;
	} else if (*pin) {
		target->trust = TARGET_PIN_GIVEN;
		(void)snprintf(target->pin, sizeof(target->pin), "%s", pin);
	} else if (ca_file) {
		target->trust = TARGET_CA_GIVEN;
		target->ca_file = ca_file;
	} else {
		target->trust = TARGET_CA_SYSTEM;
	}
}

/* The pin that a tower of this URL had; "" for none. */
static const char *cached_pin(const struct target_source *cached, const char *url)
{
	for (size_t i = 0; cached && i < cached->signpost->towers_len; i++) {
		const struct signpost_tower *tower = &cached->signpost->towers[i];
		char other[SIGNPOST_URL_BYTES];

		signpost_url_format(&tower->https, cached->here, other);
		if (str_eq(other, url))
			return tower->pin;
	}
	return "";
}

static void pin(struct tower_target *target, const char *text, enum target_trust trust)
{
	target->trust = trust;
	(void)snprintf(target->pin, sizeof(target->pin), "%s", text);
}

/* A tower that cannot be spoken to (its host is no host) is left out. */
static void add(const struct target_choice *choice, const struct target_source *from,
		const struct signpost_tower *tower, struct target_list *list)
{
	struct tower_target target = { .signpost = "" };
	char url[SIGNPOST_URL_BYTES];
	const char *kept;

	signpost_url_format(&tower->https, from->here, url);
	if (list->len == ARRAY_SIZE(list->at) || http_url_parse(url, &target.url, NULL) < 0)
		return;
	(void)snprintf(target.signpost, sizeof(target.signpost), "%s", from->name);
	target_trust_given(&target, choice->pin, choice->ca_file);
	kept = cached_pin(choice->cached, url);
	if (target.trust == TARGET_CA_SYSTEM && from == choice->told && *tower->pin)
		pin(&target, tower->pin, TARGET_PIN_SIGNPOST);
	else if (target.trust == TARGET_CA_SYSTEM && *kept)
		pin(&target, kept, TARGET_PIN_CACHED);
	list->at[list->len++] = target;
}

/* The one among those that are gone that comes behind `before` (NULL: the first). */
static const struct signpost_tower *next_gone(const struct signpost *signpost, int64_t now_ms,
					      const struct signpost_tower *before)
{
	const struct signpost_tower *next = NULL;

	for (size_t i = 0; i < signpost->towers_len; i++) {
		const struct signpost_tower *tower = &signpost->towers[i];
		bool is_behind = !before || tower->until_ms < before->until_ms ||
				 (tower->until_ms == before->until_ms && tower > before);

		if (tower->until_ms < now_ms && is_behind &&
		    (!next || tower->until_ms > next->until_ms))
			next = tower;
	}
	return next;
}

void target_choose(const struct target_choice *choice, struct target_list *ret_list)
{
	const struct target_source *from = choice->told ? choice->told : choice->cached;
	const struct signpost *signpost = from ? from->signpost : NULL;
	struct target_list list = { .len = 0 };
	size_t len = signpost ? signpost->towers_len : 0;
	const struct signpost_tower *gone = NULL;

	for (size_t i = 0; i < len; i++) {
		const struct signpost_tower *tower =
			&signpost->towers[(choice->random % len + i) % len];

		if (tower->until_ms >= choice->now_ms)
			add(choice, from, tower, &list);
	}
	while (signpost && (gone = next_gone(signpost, choice->now_ms, gone)))
		add(choice, from, gone, &list);
	*ret_list = list;
}

bool target_is_stale(const struct signpost *signpost, int64_t now_ms)
{
	for (size_t i = 0; i < signpost->towers_len; i++) {
		if (signpost->towers[i].until_ms >= now_ms)
			return false;
	}
	return true;
}

struct http_trust target_http_trust(const struct tower_target *target)
{
	return (struct http_trust){ .pin = *target->pin ? target->pin : NULL,
				    .ca_file = target->ca_file };
}

const char *target_trust_words(enum target_trust trust)
{
	static const char *const words[] = {
		[TARGET_PIN_GIVEN] = "the pin of --controller-pin",
		[TARGET_CA_GIVEN] = "the certificates of --controller-ca",
		[TARGET_PIN_SIGNPOST] = "the pin that the signpost tells",
		[TARGET_PIN_CACHED] = "the pin that is kept in the state dir",
		[TARGET_CA_SYSTEM] = "the certificates that this machine trusts",
		[TARGET_PLAIN] = "nothing, for it is plain HTTP",
	};

	return words[trust];
}
