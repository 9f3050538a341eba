// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "tower/store/load.h"
#include "tower/store/private.h"

enum store_status store_status(const struct store *store)
{
	return store->status;
}

const char *store_status_why(const struct store *store)
{
	return store->why;
}

bool store_is_durable(const struct store *store)
{
	return contact_is_durable(store->contact);
}

int64_t store_now_ms(const struct store *store)
{
	return clock_boot_ms() + store->clock_ms;
}

int64_t store_ready_since_ms(const struct store *store)
{
	return store->ready_ms ? store->ready_ms : store_now_ms(store);
}

struct history store_history(const struct store *store)
{
	struct history history = {
		.revision = state_revision(store->config.state),
		.mark = state_mark(store->config.state),
	};

	memcpy(history.epoch, store->epoch, sizeof(history.epoch));
	return history;
}

void store_note_time(struct store *store, int64_t redis_ms)
{
	store->compared_ms = loop_now_ms(store->config.loop);
	if (redis_ms > 0)
		store->clock_ms = redis_ms - clock_boot_ms();
}

/* Each new sentence is logged once, however often it comes about. */
void store_set_status(struct store *store, enum store_status status, const char *why)
{
	bool is_news = strcmp(store->why, why) != 0;

	if (status == store->status && !is_news)
		return;
	store->status = status;
	(void)snprintf(store->why, sizeof(store->why), "%s", why);
	if (status != STORE_READY && status != STORE_LOADING)
		store->ready_ms = 0;
	if (is_news && status == STORE_FOREIGN)
		log_error(STORE_AREA, "%s", why);
	else if (is_news && *why)
		log_warn(STORE_AREA, "%s", why);
	store->config.on_status(status, store->why, store->config.data);
}

void store_become_ready(struct store *store)
{
	if (store->status != STORE_READY) {
		if (store->ready_ms == 0)
			store->ready_ms = store_now_ms(store);
		log_info(STORE_AREA, "%s: ready at revision %" PRIu64, contact_name(store->contact),
			 state_revision(store->config.state));
		store_set_status(store, STORE_READY, "");
	}
	follow_tail(store);
}

/* --- loading --- */

/* Whether what Redis holds may replace what this tower has. */
static bool may_replace(struct store *store, const struct load *load)
{
	struct history mine = store_history(store);
	const uint64_t *logged = NULL;
	enum history_relation relation;
	char why[ERR_TEXT_BYTES];

	vec_foreach(loaded, &load->newest) {
		if (loaded->change->revision == mine.revision)
			logged = &loaded->change->mark;
	}
	relation = history_compare(&mine, &load->history, logged);
	if (history_explain(relation, &mine, &load->history, why, sizeof(why)))
		return true;
	store_set_status(store, STORE_FOREIGN, why);
	return false;
}

static void take_load(struct store *store, struct load *load)
{
	uint64_t had = state_revision(store->config.state);
	bool again = store->loaded;

	state_swap(store->config.state, load->state);
	memcpy(store->epoch, load->history.epoch, sizeof(store->epoch));
	store->loaded = true;
	store->must_load = false;
	if (*load->history.epoch && load->fingerprint != store->config.fingerprint)
		log_warn(
			STORE_AREA,
			"the towers of this Redis have other secrets than this one: give all the same --secret-dir");
	vec_foreach(loaded, &load->newest) {
		if (loaded->change->revision > had)
			store->config.on_history(loaded->change, store->config.data);
	}
	store->config.on_loaded(again, store->config.data);
}

static void on_load(const struct redis_reply *reply, void *data)
{
	_cleanup_(load_done) struct load load = { 0 };
	struct store *store = data;
	struct err err;
	int r = load_read(reply, &load, &err);

	store->asking = false;
	if (r == -EPROTO || r == -ENOTSUP) {
		store_set_status(store, STORE_FOREIGN, err.text);
		return;
	}
	if (r < 0) {
		contact_drop(store->contact, err.text);
		return;
	}
	store_note_time(store, load.time_ms);
	if (!may_replace(store, &load))
		return;
	take_load(store, &load);
	seen_read(store, reply);
	load_done(&load);
	store->must_trim = true;
	store_become_ready(store);
}

void store_consult(struct store *store)
{
	struct redis *redis = contact_commands(store->contact);

	if (store->asking || !redis)
		return;
	if (!store->must_load)
		follow_check(store);
	else if (load_send(redis, &store->keys, on_load, store) < 0)
		contact_drop(store->contact, "out of memory");
	else
		store->asking = true;
}

void store_reload(struct store *store, const char *why)
{
	log_warn(STORE_AREA, "%s: loading everything anew", why);
	store->must_load = true;
	store_set_status(store, STORE_LOADING, "");
	store_consult(store);
}

static void on_up(void *data)
{
	struct store *store = data;

	store_set_status(store, STORE_LOADING, "");
	store_consult(store);
}

static void on_down(const char *why, void *data)
{
	struct store *store = data;
	struct batch batch = store->batch;

	store->asking = false;
	store->tailing = false;
	store->batch = (struct batch){ 0 };
	store_set_status(store, store->loaded ? STORE_LOST : STORE_CONNECTING, why);
	if (batch.fn)
		batch.fn(STORE_UNKNOWN, why, batch.data);
}

static void on_check_time(void *data)
{
	struct store *store = data;
	int64_t idle_ms = loop_now_ms(store->config.loop) - store->compared_ms;

	loop_timer_set(store->check_timer, STORE_CHECK_MS);
	/* A load's reply, a multiple of the state, is given up behind its callback. */
	if (store->must_trim)
		(void)malloc_trim(0);
	store->must_trim = false;
	/* A commit compares as well; a load under way tells more. */
	if (store->status == STORE_FOREIGN ||
	    (store->status == STORE_READY && idle_ms >= STORE_CHECK_MS / 2))
		store_consult(store);
}

static void on_seen_time(void *data)
{
	struct store *store = data;

	loop_timer_set(store->seen_timer, STORE_SEEN_MS);
	seen_write(store);
}

/* --- commits --- */

static enum store_outcome read_outcome(struct store *store, const struct batch *batch,
				       const struct script_result *result)
{
	switch (result->status) {
	case SCRIPT_UNKNOWN:
		contact_load_script(store->contact);
		return STORE_RACED;
	case SCRIPT_ERROR:
		if (str_starts(result->why, "READONLY"))
			contact_drop(store->contact, "has become a replica");
		return STORE_FAILED;
	case SCRIPT_NONSENSE:
		store_set_status(store, STORE_FOREIGN, result->why);
		return STORE_FAILED;
	case SCRIPT_RACED:
		store_note_time(store, result->time_ms);
		return follow_learn(store, &batch->from, result) ? STORE_RACED : STORE_FAILED;
	case SCRIPT_OK:
		store_note_time(store, result->time_ms);
		break;
	}
	if (batch->changes_len > 0 && !*store->epoch)
		memcpy(store->epoch, store->own_epoch, sizeof(store->epoch));
	for (size_t i = 0; i < batch->changes_len; i++)
		seen_forget(store, batch->changes[i]);
	return STORE_COMMITTED;
}

static void on_commit(const struct redis_reply *reply, void *data)
{
	struct store *store = data;
	struct batch batch = store->batch;
	struct script_result result;
	enum store_outcome outcome;

	script_read(reply, &result);
	outcome = read_outcome(store, &batch, &result);
	store->batch = (struct batch){ 0 };
	batch.fn(outcome, result.status == SCRIPT_ERROR ? result.why : store->why, batch.data);
}

int store_commit(struct store *store, uint64_t from_revision, uint64_t from_mark,
		 struct change *const *changes, size_t changes_len, store_commit_fn fn, void *data,
		 struct err *err)
{
	struct history from = { .revision = from_revision, .mark = from_mark };
	int r;

	if (store->status != STORE_READY)
		return err_set(err, -ENOTCONN, "%s", store->why);
	if (store->batch.fn)
		return err_set(err, -EBUSY, "a batch is under way");
	memcpy(from.epoch, store->epoch, sizeof(from.epoch));
	r = follow_send(store, &from, changes, changes_len, on_commit, err);
	if (r < 0)
		return r;
	store->batch = (struct batch){ fn, data, changes, changes_len, from };
	return 0;
}

/* --- what is no part of the state --- */

int store_ask(struct store *store, struct redis_args *args, redis_reply_fn fn, void *data)
{
	struct redis *redis = contact_commands(store->contact);

	if (store->status == STORE_READY && redis)
		return redis_command(redis, args, fn, data);
	redis_args_done(args);
	return -ENOTCONN;
}

void store_flush(struct store *store)
{
	struct redis *redis = contact_commands(store->contact);

	if (redis)
		redis_flush(redis);
}

/* --- life --- */

static int make_epoch(char ret_epoch[static HISTORY_EPOCH_BYTES])
{
	uint8_t bytes[(HISTORY_EPOCH_BYTES - 1) / 2];

	crypto_random(bytes, sizeof(bytes));
	return crypto_encode(CRYPTO_TEXT_HEX, bytes, sizeof(bytes), ret_epoch, HISTORY_EPOCH_BYTES);
}

static int start(struct store *store, struct err *err)
{
	const struct store_config *config = &store->config;
	struct contact_config contact = {
		.loop = config->loop,
		.url = config->url,
		.password = config->password,
		.state_dir = config->state_dir,
		.key_prefix = config->key_prefix,
		.signpost_listen = config->signpost_listen,
		.signpost_password = config->signpost_password,
		.script = script_text,
		.on_up = on_up,
		.on_down = on_down,
		.data = store,
	};
	int r;

	if ((r = keys_init(&store->keys, config->key_prefix, err)) < 0 ||
	    (r = loop_timer_new(config->loop, on_check_time, store, &store->check_timer, err)) <
		    0 ||
	    (r = loop_timer_new(config->loop, on_seen_time, store, &store->seen_timer, err)) < 0)
		return r;
	r = make_epoch(store->own_epoch);
	if (r < 0)
		return err_errno(err, r, "make an epoch");
	loop_timer_set(store->check_timer, STORE_CHECK_MS);
	loop_timer_set(store->seen_timer, STORE_SEEN_MS);
	return contact_new(&contact, &store->contact, err);
}

static void freep(struct store **store)
{
	store_free(*store);
}

int store_new(const struct store_config *config, struct store **ret_store, struct err *err)
{
	_cleanup_(freep) struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return err_oom(err);
	store->config = *config;
	store->must_load = true;
	store->clock_ms = clock_real_ms() - clock_boot_ms();
	r = start(store, err);
	if (r < 0)
		return r;
	*ret_store = TAKE_PTR(store);
	return 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	contact_free(store->contact);
	loop_timer_free(store->check_timer);
	loop_timer_free(store->seen_timer);
	vec_done(&store->gone);
	free(store);
}
