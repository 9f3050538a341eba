// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/reconcile_private.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "nodeagent/interface.h"
#include "nodeagent/model.h"

#define RETRY_FIRST_MS 500
#define RETRY_CAP_MS 5000
#define CALM_MS 50           /* between two readings that notices ask for: a storm of them is one */
#define QUARREL_CALM_MS 1000 /* the same while somebody undoes what we do */
/* In a large zone a reading takes long: those are one part in so many of this program's time. */
#define CALM_SHARE 20
#define CHECK_SHARE 100
#define TRIM_LEN 1000 /* a plan or a reading of so many took memory that is worth giving back */

static void set_trouble(struct reconcile *reconcile, const char *trouble)
{
	if (str_eq(reconcile->trouble, trouble))
		return;
	if (*trouble)
		log_warn("reconcile", "%s", trouble);
	else
		log_info("reconcile", "%s is in order again", reconcile->interface);
	(void)!str_copy(reconcile->trouble, sizeof(reconcile->trouble), trouble);
}

static int add_guards(struct reconcile *reconcile)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reconcile->guards_len; i++)
		r = vec_push(&reconcile->observed.guards, reconcile->guards[i]);
	return r;
}

static bool must_read(const struct reconcile *reconcile)
{
	return reconcile->stale ||
	       (reconcile->stale_kernel && clock_mono_ms() >= reconcile->calm_ms);
}

static int observe(struct reconcile *reconcile, struct err *err)
{
	int r;

	if (!must_read(reconcile))
		return 0;
	r = reconcile->plane->ops->read(reconcile->plane, reconcile->stale, &reconcile->observed,
					err);
	if (r == 0 && add_guards(reconcile) < 0)
		r = err_oom(err);
	if (r == 0 &&
	    plan_foreign_mark(&reconcile->foreign, &reconcile->desired, &reconcile->observed) < 0)
		r = err_oom(err);
	if (r < 0)
		return r;
	reconcile->stale = false;
	reconcile->stale_kernel = false;
	reconcile->is_whole = true;
	reconcile->readings++;
	return 0;
}

/* As soon as it was calm for long enough. */
static void read_soon(struct reconcile *reconcile)
{
	reconcile->stale_kernel = true;
	loop_timer_set(reconcile->calm, MAX(reconcile->calm_ms - clock_mono_ms(), 0));
}

static void note_repairs(struct reconcile *reconcile, const struct plan *plan)
{
	if (!reconcile->is_asked)
		repairs_note(&reconcile->repairs, plan, clock_mono_ms());
}

static int carry_out(struct reconcile *reconcile, struct plan *plan, struct err *err)
{
	int r = 0;

	reconcile->came_up |= plan->create || plan->set_up;
	if (plan_steps(plan) > 0)
		r = reconcile->plane->ops->apply(reconcile->plane, &reconcile->desired, plan, err);
	if (r == 0 && plan_steps(plan) > 0) {
		note_repairs(reconcile, plan);
		if (reconcile->is_asked || !repairs_is_quarrel(&reconcile->repairs))
			reconcile_log_plan(reconcile, plan);
		reconcile->applied_steps += plan_steps(plan);
		r = model_apply(&reconcile->desired, plan, &reconcile->observed);
	}
	if (r == 0)
		plan_foreign_adopt(&reconcile->foreign, plan, &reconcile->observed);
	/* Its index is not known yet; or WireGuard was not asked under the other name. */
	if (plan->create || plan->rename != 0)
		read_soon(reconcile);
	reconcile->stale |= plan->rename != 0;
	return r;
}

static int idle(struct reconcile *reconcile, struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { .is_whole = true };
	int r = plan_make_idle(reconcile->interface, &reconcile->observed, &plan, err);

	if (r == 0)
		r = carry_out(reconcile, &plan, err);
	if (r == 0 && reconcile_note_conflicts(reconcile, &plan) < 0)
		r = err_oom(err);
	return r;
}

/* What went wrong is in `err`; what stands in the way although nothing did, in `obstacle`. */
static int bring_in_line(struct reconcile *reconcile, struct err *obstacle, struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { 0 };
	const struct view_touched *touched = NULL;
	int r;

	if (!reconcile->is_whole)
		touched = view_touched(reconcile->view);
	r = plan_make_touched(&reconcile->desired, &reconcile->observed, touched,
			      !reconcile->desired.is_past && view_is_complete(reconcile->view),
			      &plan, err);
	if (r < 0)
		return r;
	r = carry_out(reconcile, &plan, err);
	plan_declare(&reconcile->desired, plan.is_whole ? NULL : touched, &plan,
		     &reconcile->observed);
	if (r == 0 && reconcile_note_conflicts(reconcile, &plan) < 0)
		r = err_oom(err);
	if (r < 0)
		return r;
	reconcile->is_whole = false;
	view_forget_touched(reconcile->view);
	reconcile_describe(reconcile, &plan, obstacle);
	return 0;
}

/* What went wrong, or else what stands in the way, is in `ret_trouble`. */
static int work(struct reconcile *reconcile, struct err *ret_trouble)
{
	struct err obstacle = { 0 };
	struct err err = { 0 };
	int r = observe(reconcile, &err);

	if (r == 0)
		r = plan_foreign_check(&reconcile->foreign, reconcile->interface,
				       &reconcile->desired.private_key, &reconcile->observed, &err);
	if (r == 0 && reconcile->want == WANT_IDLE)
		r = idle(reconcile, &err);
	else if (r == 0)
		r = bring_in_line(reconcile, &obstacle, &err);
	if (r < 0)
		return err_set(ret_trouble, r, "%s", err.text);
	reconcile->in_sync = reconcile->conflicts.len == 0;
	*ret_trouble = obstacle;
	return 0;
}

static void tell_quarrels(struct reconcile *reconcile)
{
	char text[REPAIRS_TEXT_BYTES];

	while (repairs_tell(&reconcile->repairs, reconcile->interface, clock_mono_ms(), text))
		log_warn("reconcile", "%s", text);
}

static void run(struct reconcile *reconcile)
{
	struct err trouble = { 0 };
	bool is_check = reconcile->stale;
	uint64_t readings = reconcile->readings;
	uint64_t steps = reconcile->applied_steps;
	int64_t begin_ms = clock_cpu_ms();
	int r = work(reconcile, &trouble);
	int64_t took_ms = clock_cpu_ms() - begin_ms;
	int64_t least_ms = repairs_is_quarrel(&reconcile->repairs) ? QUARREL_CALM_MS : CALM_MS;

	if (reconcile->readings != readings)
		reconcile->calm_ms = clock_mono_ms() + MAX(least_ms, took_ms * CALM_SHARE);
	reconcile->is_due = false;
	reconcile->is_asked = r < 0;
	tell_quarrels(reconcile);
	reconcile->failed = r < 0;
	set_trouble(reconcile, trouble.text);
	if (r < 0) {
		uint64_t random;

		crypto_random(&random, sizeof(random));
		reconcile->in_sync = false;
		reconcile->stale = true;
		loop_timer_set(reconcile->check, backoff_next_ms(&reconcile->backoff, random));
		return;
	}
	backoff_reset(&reconcile->backoff);
	if (reconcile->applied_steps - steps >= TRIM_LEN ||
	    (is_check && reconcile->observed.peers.len >= TRIM_LEN))
		(void)malloc_trim(0);
	if (is_check)
		loop_timer_set(reconcile->check, MAX(RECONCILE_CHECK_MS, took_ms * CHECK_SHARE));
}

/*
 * Half a change is not acted on: the other half is on its way. Nor is anything concluded from a
 * zone that this node is not in (yet, or any more).
 */
static bool is_ready(struct reconcile *reconcile)
{
	if (reconcile->want == WANT_DESIRED)
		return !view_is_in_change(reconcile->view) &&
		       desired_look(&reconcile->desired, NULL) == 0;
	return reconcile->want == WANT_IDLE;
}

static int64_t on_before_sleep(void *data)
{
	struct reconcile *reconcile = data;

	if (reconcile->is_due && is_ready(reconcile))
		run(reconcile);
	if (!reconcile->came_up)
		return -1;
	reconcile->came_up = false;
	if (reconcile->on_up)
		reconcile->on_up(reconcile->data);
	return 0; /* what it wants now had its turn already */
}

static void on_check(void *data)
{
	struct reconcile *reconcile = data;

	reconcile->stale = true;
	reconcile->is_due = true;
}

static void on_calm(void *data)
{
	struct reconcile *reconcile = data;

	reconcile->calm_ms = 0;
	reconcile->is_due = !reconcile->failed;
}

static void on_notice(void *data)
{
	read_soon(data);
}

static int open_plane(struct reconcile *reconcile, struct err *err)
{
	int r;

	if (reconcile->dry_run)
		return dataplane_new_dry(&reconcile->plane, err);
	r = dataplane_new_system(reconcile->interface, &reconcile->wireguard, &reconcile->plane,
				 err);
	if (r < 0)
		return r;
	return reconcile->plane->ops->watch(reconcile->plane, reconcile->loop, on_notice, reconcile,
					    err);
}

static void free_reconcile(struct reconcile **reconcile)
{
	reconcile_free(*reconcile);
}

int reconcile_new(const struct reconcile_config *config, struct reconcile **ret_reconcile,
		  struct err *err)
{
	_cleanup_(free_reconcile) struct reconcile *reconcile = NULL;
	int r = interface_check_name(config->interface, err);

	if (r < 0)
		return r;
	reconcile = calloc(1, sizeof(*reconcile));
	if (!reconcile)
		return err_oom(err);
	reconcile->loop = config->loop;
	reconcile->wireguard.asked = config->wireguard;
	reconcile->dry_run = config->dry_run;
	reconcile->on_up = config->on_up;
	reconcile->data = config->data;
	reconcile->foreign.choice = config->foreign_peers;
	reconcile->stale = true;
	reconcile->backoff = (struct backoff){ .first_ms = RETRY_FIRST_MS, .cap_ms = RETRY_CAP_MS };
	(void)!str_copy(reconcile->interface, sizeof(reconcile->interface), config->interface);
	r = open_plane(reconcile, err);
	if (r == 0)
		r = loop_hook_new(reconcile->loop, on_before_sleep, reconcile, &reconcile->hook,
				  err);
	if (r == 0)
		r = loop_timer_new(reconcile->loop, on_check, reconcile, &reconcile->check, err);
	if (r == 0)
		r = loop_timer_new(reconcile->loop, on_calm, reconcile, &reconcile->calm, err);
	if (r < 0)
		return r;
	*ret_reconcile = TAKE_PTR(reconcile);
	return 0;
}

void reconcile_free(struct reconcile *reconcile)
{
	if (!reconcile)
		return;
	loop_timer_free(reconcile->calm);
	loop_timer_free(reconcile->check);
	loop_hook_free(reconcile->hook);
	dataplane_free(reconcile->plane);
	desired_done(&reconcile->desired);
	observed_done(&reconcile->observed);
	vec_done(&reconcile->conflicts);
	free(reconcile);
}

static bool is_same(const struct desired *a, const struct desired *b)
{
	return a->view == b->view && str_eq(a->interface, b->interface) &&
	       key_compare(&a->private_key, &b->private_key) == 0 &&
	       a->listen_port == b->listen_port && a->mtu == b->mtu &&
	       a->keepalive == b->keepalive && a->is_past == b->is_past;
}

uint16_t reconcile_find_port(struct reconcile *reconcile)
{
	bool is_read = observe(reconcile, NULL) == 0;

	/* What it tells now is too early to plan by. */
	reconcile->stale = true;
	return is_read && reconcile->observed.state == INTERFACE_OURS
		       ? reconcile->observed.listen_port
		       : 0;
}

void reconcile_want(struct reconcile *reconcile, struct view *view, const struct desired *desired)
{
	reconcile->is_whole |=
		reconcile->want != WANT_DESIRED || !is_same(&reconcile->desired, desired);
	reconcile->desired = *desired;
	reconcile->view = view;
	reconcile->want = WANT_DESIRED;
	reconcile->is_asked = true;
	reconcile->is_due |= !reconcile->failed;
}

void reconcile_idle(struct reconcile *reconcile)
{
	desired_done(&reconcile->desired);
	reconcile->want = WANT_IDLE;
	reconcile->is_asked = true;
	reconcile->is_due |= !reconcile->failed;
}

const struct desired *reconcile_desired(struct reconcile *reconcile)
{
	if (reconcile->want != WANT_DESIRED || desired_look(&reconcile->desired, NULL) < 0)
		return NULL;
	return &reconcile->desired;
}

void reconcile_guard(struct reconcile *reconcile, enum guard_kind kind, const struct ip *ip)
{
	const struct guard guard = { .ip = *ip, .kind = kind };
	struct guard *guards = reconcile->guards;
	size_t i = 0;

	while (i < reconcile->guards_len &&
	       !(guards[i].kind == kind && ip_equal(&guards[i].ip, ip)))
		i++;
	if (i == reconcile->guards_len) {
		/* Before the first connection to it: not when it is calm. */
		if (vec_push(&reconcile->observed.guards, guard) < 0)
			reconcile->stale = true;
		reconcile->is_whole = true;
		reconcile->is_asked = true;
		reconcile->is_due |= !reconcile->failed;
		if (i == RECONCILE_GUARDS_MAX)
			i = 0;
		else
			reconcile->guards_len++;
	}
	/* The newest is the last, for the oldest makes room. */
	memmove(&guards[i], &guards[i + 1], (reconcile->guards_len - 1 - i) * sizeof(*guards));
	guards[reconcile->guards_len - 1] = guard;
}

static const char *backend_name(const struct reconcile *reconcile)
{
	if (reconcile->dry_run)
		return "dry-run";
	return reconcile->wireguard.backend ? reconcile->wireguard.backend->name : "";
}

static const char *backend_why(const struct reconcile *reconcile)
{
	return reconcile->dry_run ? "--dry-run asks for it: nothing on this machine is touched"
				  : reconcile->wireguard.why;
}

void reconcile_get_status(const struct reconcile *reconcile, struct reconcile_status *ret_status)
{
	*ret_status = (struct reconcile_status){
		.backend = backend_name(reconcile),
		.backend_why = backend_why(reconcile),
		.in_sync = reconcile->in_sync,
		.trouble = reconcile->trouble,
		.mtu = (uint16_t)reconcile->observed.mtu,
		.observed = &reconcile->observed,
		.foreign = &reconcile->foreign,
		.conflicts = &reconcile->conflicts,
		.overlap = reconcile->overlap,
		.applied_steps = reconcile->applied_steps,
		.readings = reconcile->readings,
	};
	for (size_t i = 0; i < REPAIR_KINDS; i++)
		ret_status->quarrels[i] =
			repairs_count(&reconcile->repairs, (enum repair_kind)i, clock_mono_ms());
}
