// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Carries a plan out on this machine, step by step. Decides nothing.
 */
#ifndef NODEAGENT_APPLY_H
#define NODEAGENT_APPLY_H

#include "io/netlink.h"
#include "nodeagent/plan.h"
#include "nodeagent/wg/choice.h"

struct apply_tools {
	struct netlink *netlink;
	const struct wg_choice *wireguard;
	const char *interface;
};

/*
 * A step that fails does not keep the others from being done, unless there is no interface. Marks
 * changes to peers that failed. The failure and its sentence are those of the first.
 */
int apply_plan(const struct apply_tools *tools, const struct desired *desired, struct plan *plan,
	       struct err *err) _must_check_;

#endif
