// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The part of a plan that looks at the machine around the interface: routes, what stands in their
 * way, forwarding. For plan.c alone.
 */
#ifndef NODEAGENT_PLAN_ROUTE_H
#define NODEAGENT_PLAN_ROUTE_H

#include "nodeagent/plan.h"

/*
 * Fills conflicts, overlap, add_routes and remove_routes, and routes when only what was touched is
 * asked for (`touched` NULL: all); 0 or -ENOMEM.
 */
int plan_routes(const struct desired *desired, const struct observed *observed,
		const struct view_touched *touched, bool allow_removal,
		struct plan *plan) _must_check_;

/* A family that this node must forward and does not; IP_NONE for none. */
enum ip_family plan_forwarding(const struct desired *desired, const struct observed *observed);

#endif
