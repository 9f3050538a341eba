// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Goes through peers as they are wanted and as they are there, side by side and in order of keys:
 * through all of them, or those that were touched. For plan.c alone.
 */
#ifndef NODEAGENT_PLAN_WALK_H
#define NODEAGENT_PLAN_WALK_H

#include "nodeagent/observed.h"

struct plan_walk {
	const struct desired *desired;
	const struct observed *observed;
	const struct view_touched *touched; /* NULL: all */
	const struct view_peer *want;       /* the next one; all */
	size_t at;                          /* of what is observed, or of what was touched */
	bool is_begun;
	bool has_told_hub;
};

/* One of them may be NULL, not both. */
struct plan_pair {
	const struct view_peer *want;
	struct wg_peer *have;
};

bool plan_walk_next(struct plan_walk *walk, struct plan_pair *ret_pair);

#endif
