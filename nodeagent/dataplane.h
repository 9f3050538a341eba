// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Where plans are carried out: this machine, or a value in memory (dry run).
 */
#ifndef NODEAGENT_DATAPLANE_H
#define NODEAGENT_DATAPLANE_H

#include "base/loop.h"
#include "nodeagent/plan.h"
#include "nodeagent/wg/choice.h"

struct dataplane;

struct dataplane_ops {
	/*
	 * Replaces an observation by a new one, or leaves it untouched on failure. Without
	 * `with_peers` what WireGuard knows is kept, as long as the interface is the same.
	 */
	int (*read)(struct dataplane *plane, bool with_peers, struct observed *observed,
		    struct err *err);

	/* Does every step that it can, marks changes that failed; the sentence is of the first. */
	int (*apply)(struct dataplane *plane, const struct desired *desired, struct plan *plan,
		     struct err *err);

	/*
	 * Calls `fn` when somebody else changed something that was observed, or may have. NULL
	 * where there is nobody else.
	 */
	int (*watch)(struct dataplane *plane, struct loop *loop, void (*fn)(void *data), void *data,
		     struct err *err);

	void (*free)(struct dataplane *plane);
};

struct dataplane {
	const struct dataplane_ops *ops;
};

/* `choice` is the caller's; it is made, and kept in line, with each reading. */
int dataplane_new_system(const char *interface, struct wg_choice *choice,
			 struct dataplane **ret_plane, struct err *err) _must_check_;

/* Every plan succeeds, nothing is done: the model is all there is. */
int dataplane_new_dry(struct dataplane **ret_plane, struct err *err) _must_check_;
void dataplane_free(struct dataplane *plane); /* NULL is allowed */

#endif
