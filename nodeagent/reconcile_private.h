// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the reconciler holds: shared by its own files only.
 */
#ifndef NODEAGENT_RECONCILE_PRIVATE_H
#define NODEAGENT_RECONCILE_PRIVATE_H

#include "nodeagent/backoff.h"
#include "nodeagent/dataplane.h"
#include "nodeagent/reconcile.h"

enum want { WANT_NOTHING, WANT_DESIRED, WANT_IDLE };

struct reconcile {
	struct loop *loop;
	struct dataplane *plane;
	struct loop_hook *hook;
	struct loop_timer *check; /* the next full reading, or attempt */
	struct loop_timer *calm;  /* the next reading that notices asked for too early */
	struct backoff backoff;
	char interface[INTERFACE_NAME_BYTES];
	struct wg_choice wireguard;
	bool dry_run;
	void (*on_up)(void *data);
	void *data;

	enum want want;
	struct view *view; /* that desired is of */
	struct desired desired;

	struct guard guards[RECONCILE_GUARDS_MAX]; /* oldest first */
	size_t guards_len;
	struct plan_conflict_vec conflicts; /* as of the last plan */
	char overlap[PLAN_CONFLICT_TEXT_BYTES];

	struct plan_foreign foreign;
	struct repairs repairs;
	struct observed observed;
	bool is_asked;     /* since the last round: what it does is no repair */
	bool is_due;       /* to be worked on before the loop sleeps */
	bool is_whole;     /* to be planned, not only what was touched */
	bool stale;        /* everything must be read first */
	bool stale_kernel; /* all but what WireGuard knows */
	bool failed;       /* the last time: not before `check` fires again */
	bool came_up;      /* and `on_up` does not know yet */
	int64_t calm_ms;   /* monotonic: no reading for notices before this */
	uint64_t readings;
	bool in_sync;
	char trouble[ERR_TEXT_BYTES];
	uint64_t applied_steps;
};

/* One line of what was done. */
void reconcile_log_plan(const struct reconcile *reconcile, const struct plan *plan);

/* What stands in the way although every step succeeds; untouched when nothing does. */
void reconcile_describe(const struct reconcile *reconcile, const struct plan *plan,
			struct err *ret);

/*
 * Which routes are refused, and why: each is said once; the first one is the trouble itself. A plan
 * of a part says nothing of the other routes: what is known of them stays. Takes the plan's
 * conflicts over; -ENOMEM.
 */
int reconcile_note_conflicts(struct reconcile *reconcile, struct plan *plan) _must_check_;

#endif
