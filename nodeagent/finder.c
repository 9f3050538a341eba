// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/finder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "nodeagent/backoff.h"
#include "nodeagent/signpost_cache.h"

#define AREA "signpost"

struct finder {
	struct loop *loop;
	const struct config *config;
	struct controller *controller;
	struct resolver *resolver;
	struct signpost_call *call; /* NULL: none is being read */
	size_t at;                  /* which signpost that is */
	struct loop_timer *again;
	struct backoff retry;
	int64_t asked_ms;             /* monotonic, when the last reading ended; 0: never */
	finder_address_fn on_address; /* NULL: nobody asked */
	void *address_data;
	size_t failures; /* attempts at towers since a join or a reading */

	struct signpost_cache told;   /* read since start; name "": not yet */
	struct signpost_cache cached; /* as the state dir has it */
	char token[SIGNPOST_JOIN_BYTES];
	size_t targets_len;
	bool is_new; /* told differs from cached */
	bool has_warned;
	bool is_waiting; /* for `again` */
	char trouble[FINDER_TROUBLE_BYTES];
};

static uint64_t random_number(void)
{
	uint64_t number;

	crypto_random(&number, sizeof(number));
	return number;
}

static const struct redis_url *signpost_of(const struct finder *finder)
{
	return &finder->config->signposts[finder->at];
}

/* The join secret, unless the operator gave a token. */
static void use_join_secret(struct finder *finder, const struct signpost *signpost)
{
	if (finder->config->token)
		return;
	memcpy(finder->token, signpost->join, sizeof(finder->token));
	controller_set_token(finder->controller, *finder->token ? finder->token : NULL);
}

/* Says so when a tower is now to be trusted by another pin than before. */
static void tell_new_pins(const struct target_list *before, const struct target_list *now)
{
	for (size_t i = 0; i < now->len; i++) {
		const struct tower_target *target = &now->at[i];

		for (size_t k = 0; k < before->len; k++) {
			if (str_eq(before->at[k].url.base, target->url.base) &&
			    *before->at[k].pin && !str_eq(before->at[k].pin, target->pin))
				log_warn(AREA, "%s tells another pin of %s: %s, before %s",
					 target->signpost, target->url.base, target->pin,
					 before->at[k].pin);
		}
	}
}

static void use_targets(struct finder *finder)
{
	const struct signpost_cache *cached = &finder->cached;
	const struct signpost_cache *told = &finder->told;
	struct target_source from_cache = { &cached->signpost, cached->name, cached->here };
	struct target_source from_signpost = { &told->signpost, told->name, told->here };
	struct target_choice choice = { .told = *told->name ? &from_signpost : NULL,
					.cached = *cached->name ? &from_cache : NULL,
					.pin = finder->config->pin,
					.ca_file = finder->config->ca_file,
					.now_ms = clock_real_ms(),
					.random = random_number() };
	struct target_choice known = choice;
	struct target_list targets;
	struct target_list before;

	target_choose(&choice, &targets);
	known.told = NULL;
	target_choose(&known, &before);
	if (choice.told)
		tell_new_pins(&before, &targets);
	finder->targets_len = targets.len;
	if (targets.len > 0)
		controller_set_targets(finder->controller, &targets);
}

static void ask_later(struct finder *finder)
{
	if (finder->is_waiting)
		return;
	finder->is_waiting = true;
	loop_timer_set(finder->again, backoff_next_ms(&finder->retry, random_number()));
}

static void note_stale(struct finder *finder)
{
	const struct signpost *signpost = &finder->told.signpost;
	char seen[CLOCK_TEXT_BYTES];
	char url[SIGNPOST_URL_BYTES];
	const struct signpost_tower *last = &signpost->towers[0];

	for (size_t i = 1; i < signpost->towers_len; i++) {
		if (signpost->towers[i].until_ms > last->until_ms)
			last = &signpost->towers[i];
	}
	clock_format(last->until_ms - SIGNPOST_TTL_MS, seen);
	signpost_url_format(&last->https, finder->told.here, url);
	(void)snprintf(finder->trouble, sizeof(finder->trouble),
		       "the signpost %s is stale: its tower %s said last at %s that it is there; "
		       "start the tower, or find out why it cannot reach this Redis",
		       finder->told.name, url, seen);
	log_warn(AREA, "%s; trying it all the same", finder->trouble);
}

static void take_signpost(struct finder *finder, const struct signpost *signpost)
{
	const struct redis_url *url = signpost_of(finder);
	struct signpost_cache *told = &finder->told;

	told->signpost = *signpost;
	signpost_name(url, told->name);
	(void)snprintf(told->here, sizeof(told->here), "%s", signpost_here(url));
	finder->is_new = true;
	finder->failures = 0;
	*finder->trouble = '\0';
	log_info(AREA, "%s names %zu tower%s", told->name, signpost->towers_len,
		 signpost->towers_len == 1 ? "" : "s");
	if (target_is_stale(signpost, clock_real_ms()))
		note_stale(finder);
	use_join_secret(finder, signpost);
	use_targets(finder);
}

static void note_trouble(struct finder *finder, const struct signpost_answer *answer)
{
	const struct refusal *refusal = &answer->refusal;
	char text[sizeof(finder->trouble)];
	bool is_news;

	(void)snprintf(text, sizeof(text), "%s; %s", refusal->detail, refusal->hint);
	is_news = !str_eq(text, finder->trouble);
	memcpy(finder->trouble, text, sizeof(text));
	if (finder->targets_len > 0) {
		if (is_news)
			log_warn(AREA, "%s", text);
		return;
	}
	controller_note_no_target(finder->controller, refusal->detail,
				  answer->outcome == SIGNPOST_REFUSED ? refusal : NULL);
}

static void on_answer(const struct signpost_answer *answer, void *data)
{
	struct finder *finder = data;

	finder->asked_ms = clock_mono_ms();
	if (answer->outcome == SIGNPOST_FOUND) {
		take_signpost(finder, answer->signpost);
		finder->at = 0;
	} else if (finder->at + 1 < finder->config->signposts_len) {
		log_debug(AREA, "%s; trying the next one", answer->refusal.detail);
		finder->at++;
		loop_timer_set(finder->again, 0);
	} else {
		finder->at = 0;
		ask_later(finder);
		note_trouble(finder, answer);
	}
	signpost_call_free(finder->call);
	finder->call = NULL;
}

static void warn_of_the_wire(struct finder *finder)
{
	const struct redis_url *url = signpost_of(finder);
	struct resolver_answer literal = { .len = 0 };
	char name[SIGNPOST_NAME_BYTES];

	if (finder->has_warned || *url->path ||
	    (resolver_is_literal(url->host, &literal) &&
	     (str_starts(literal.address[0], "127.") || str_eq(literal.address[0], "::1"))))
		return;
	finder->has_warned = true;
	signpost_name(url, name);
	log_warn(AREA,
		 "what crosses the plain connection to %s (its password, the join secret, the "
		 "towers' pins) is as private as that network; --controller=https://… with "
		 "--controller-pin and --join-token-file needs no Redis",
		 name);
}

static void on_address(const struct ip *ip, void *data)
{
	struct finder *finder = data;

	if (finder->on_address)
		finder->on_address(ip, finder->address_data);
}

static void ask(struct finder *finder)
{
	struct signpost_call_config config = { .loop = finder->loop,
					       .resolver = finder->resolver,
					       .url = signpost_of(finder),
					       .key = finder->config->signpost_key,
					       .fn = on_answer,
					       .on_address = on_address,
					       .data = finder };
	struct err err = { 0 };

	if (finder->call)
		return;
	warn_of_the_wire(finder);
	if (signpost_call_start(&config, &finder->call, &err) < 0) {
		log_error(AREA, "%s", err.text);
		ask_later(finder);
	}
}

static void on_again(void *data)
{
	struct finder *finder = data;

	finder->is_waiting = false;
	ask(finder);
}

static void on_resolved(const struct resolver_answer *answer, const char *why, void *data)
{
	struct finder *finder = data;

	if (finder->call)
		signpost_call_resolved(finder->call, answer, why);
}

/* Whether what is kept was told by one of the signposts that are given now. */
static bool is_ours(const struct finder *finder)
{
	char name[SIGNPOST_NAME_BYTES];

	for (size_t i = 0; i < finder->config->signposts_len; i++) {
		signpost_name(&finder->config->signposts[i], name);
		if (str_eq(name, finder->cached.name))
			return true;
	}
	return false;
}

static void load(struct finder *finder)
{
	struct signpost_cache *cached = &finder->cached;
	struct err err = { 0 };

	if (signpost_cache_load(finder->config->state_dir, cached, &err) < 0)
		log_warn(AREA, "%s: asking the signpost anew", err.text);
	if (!*cached->name || is_ours(finder))
		return;
	signpost_done(&cached->signpost);
	*cached = (struct signpost_cache){ .name = "" };
}

void finder_start(struct finder *finder, struct controller *controller)
{
	finder->controller = controller;
	if (finder->config->signposts_len == 0)
		return;
	load(finder);
	use_join_secret(finder, &finder->cached.signpost);
	use_targets(finder);
	if (finder->targets_len == 0)
		ask(finder);
	else
		log_info(AREA, "towers and pins from the cache: %s told %zu", finder->cached.name,
			 finder->targets_len);
}

/* Whether the signpost may know better than what failed. */
static bool is_worth_asking(const struct finder *finder, const struct tower_answer *answer)
{
	switch (answer->meaning) {
	case TOWER_AWAY:
		return finder->failures >= finder->targets_len;
	case TOWER_UNTRUSTED:
		return true;
	case TOWER_REFUSED:
		return !finder->config->token && str_eq(answer->refusal.code, "E401-token");
	default:
		return false;
	}
}

bool finder_note_failure(struct finder *finder, const struct tower_target *target,
			 const struct tower_answer *answer)
{
	bool is_fresh =
		finder->asked_ms > 0 && clock_mono_ms() - finder->asked_ms < FINDER_FRESH_MS;

	(void)target;
	if (finder->config->signposts_len == 0)
		return false;
	if (finder->call)
		return true;
	finder->failures++;
	if (!is_worth_asking(finder, answer))
		return false;
	if (is_fresh)
		ask_later(finder);
	else
		ask(finder);
	return finder->call;
}

void finder_note_joined(struct finder *finder)
{
	struct err err = { 0 };

	finder->failures = 0;
	*finder->trouble = '\0';
	backoff_reset(&finder->retry);
	finder->is_waiting = false;
	loop_timer_clear(finder->again);
	if (!finder->is_new)
		return;
	finder->is_new = false;
	finder->cached = finder->told;
	if (signpost_cache_save(finder->config->state_dir, &finder->cached, &err) < 0)
		log_warn(AREA, "the signpost cannot be kept: %s", err.text);
}

void finder_tell_addresses(struct finder *finder, finder_address_fn fn, void *data)
{
	finder->on_address = fn;
	finder->address_data = data;
}

const char *finder_trouble(const struct finder *finder)
{
	return finder->trouble;
}

int finder_new(struct loop *loop, const struct config *config, struct finder **ret_finder,
	       struct err *err)
{
	struct finder *finder = calloc(1, sizeof(*finder));
	int r;

	if (!finder)
		return err_oom(err);
	finder->loop = loop;
	finder->config = config;
	finder->retry = (struct backoff){ .first_ms = FINDER_RETRY_FIRST_MS,
					  .cap_ms = FINDER_RETRY_CAP_MS };
	r = loop_timer_new(loop, on_again, finder, &finder->again, err);
	if (r >= 0 && config->signposts_len > 0)
		r = resolver_new(loop, on_resolved, finder, &finder->resolver, err);
	if (r < 0) {
		finder_free(finder);
		return r;
	}
	*ret_finder = finder;
	return 0;
}

void finder_free(struct finder *finder)
{
	if (!finder)
		return;
	signpost_call_free(finder->call);
	resolver_free(finder->resolver);
	loop_timer_free(finder->again);
	signpost_done(&finder->told.signpost);
	signpost_done(&finder->cached.signpost);
	crypto_wipe(finder->token, sizeof(finder->token));
	free(finder);
}
