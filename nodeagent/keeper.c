// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/keeper.h"

#include <malloc.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "nodeagent/documented.h"

struct keeper {
	struct keeper_config config;
	struct loop_timer *timer;
	bool is_waiting;                                   /* the timer runs */
	int64_t next_ms;                                   /* monotonic: not before this */
	bool is_behind;                                    /* the cache lags behind the view */
	bool is_behind_for_people[DOCUMENTED_APPLIED + 1]; /* so do their files */
};

static void write_later(struct keeper *keeper, int64_t delay_ms)
{
	/* Not pushed back by every further change: a busy zone would never be written. */
	if (!keeper->is_waiting)
		loop_timer_set(keeper->timer, delay_ms);
	keeper->is_waiting = true;
}

/* As soon as the last write is long enough ago. */
static void write_soon(struct keeper *keeper)
{
	write_later(keeper, keeper->next_ms - clock_mono_ms());
}

static void save_cache(struct keeper *keeper)
{
	const struct keeper_config *config = &keeper->config;
	struct err err = { 0 };

	if (!keeper->is_behind || !view_is_complete(config->view))
		return;
	if (statedir_save(config->statedir, config->self, config->view, &err) < 0)
		log_warn("agent", "cache not written: %s", err.text);
	keeper->is_behind = false;
}

/* It holds the private key. */
static void wipe_text(struct str *text)
{
	if (text->at)
		crypto_wipe(text->at, text->cap);
	str_done(text);
}

static void save_text(struct keeper *keeper, enum documented_file file, const struct str *text)
{
	struct err err = { 0 };

	if (keeper->is_behind_for_people[file] &&
	    documented_save(DOCUMENTED_DIR, keeper->config.interface, file, text->at, &err) < 0)
		log_warn("agent", "%s", err.text);
	keeper->is_behind_for_people[file] = false;
}

static void save_texts(struct keeper *keeper)
{
	const bool *is_behind = keeper->is_behind_for_people;
	const struct desired *desired = reconcile_desired(keeper->config.reconcile);
	_cleanup_(wipe_text) struct str text = { 0 };
	struct reconcile_status status;

	reconcile_get_status(keeper->config.reconcile, &status);
	if (desired &&
	    (is_behind[DOCUMENTED_LATEST] || (is_behind[DOCUMENTED_APPLIED] && status.in_sync))) {
		documented_write(&text, desired);
		if (text.failed)
			return;
		save_text(keeper, DOCUMENTED_LATEST, &text);
		if (status.in_sync)
			save_text(keeper, DOCUMENTED_APPLIED, &text);
	}
	if (is_behind[DOCUMENTED_APPLIED])
		write_later(keeper, RECONCILE_CHECK_MS);
}

static void on_timer(void *data)
{
	struct keeper *keeper = data;
	int64_t begin_ms = clock_mono_ms();
	int64_t begin_cpu_ms = clock_cpu_ms();
	int64_t end_ms;
	int64_t rest_ms;

	keeper->is_waiting = false;
	save_cache(keeper);
	save_texts(keeper);
	/* The texts of a large zone are more than the agent holds otherwise. */
	(void)malloc_trim(0);
	end_ms = clock_mono_ms();
	rest_ms = MAX((end_ms - begin_ms) * KEEPER_SHARE,
		      (clock_cpu_ms() - begin_cpu_ms) * KEEPER_CPU_SHARE);
	keeper->next_ms = end_ms + MAX(KEEPER_GAP_MS, rest_ms);
}

int keeper_new(const struct keeper_config *config, struct keeper **ret_keeper, struct err *err)
{
	_cleanup_free_ struct keeper *keeper = calloc(1, sizeof(*keeper));
	int r;

	if (!keeper)
		return err_oom(err);
	keeper->config = *config;
	r = loop_timer_new(config->loop, on_timer, keeper, &keeper->timer, err);
	if (r < 0)
		return r;
	*ret_keeper = TAKE_PTR(keeper);
	return 0;
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	save_cache(keeper);
	loop_timer_free(keeper->timer);
	free(keeper);
}

void keeper_touch(struct keeper *keeper, bool soon)
{
	keeper->is_behind = true;
	if (soon)
		write_soon(keeper);
}

void keeper_touch_texts(struct keeper *keeper)
{
	if (!keeper->config.for_people)
		return;
	keeper->is_behind_for_people[DOCUMENTED_LATEST] = true;
	keeper->is_behind_for_people[DOCUMENTED_APPLIED] = true;
	write_soon(keeper);
}
