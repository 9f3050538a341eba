// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The part of a plan that looks at the machine around the interface: routes, what stands in their
 * way, forwarding. For plan.c alone.
 */
#ifndef NODEAGENT_PLAN_ROUTE_H
#define NODEAGENT_PLAN_ROUTE_H

#include "nodeagent/plan.h"

/* The prefix in an ordered list; NULL when it is not there. */
const struct prefix *plan_find_prefix(const struct prefix_vec *ordered,
				      const struct prefix *prefix);

/* The one that covers it. Prefixes of a zone do not overlap, so there is no other. */
const struct prefix *plan_find_covering(const struct prefix_vec *ordered,
					const struct prefix *prefix);

/* Fills conflicts, add_routes and remove_routes; 0 or -ENOMEM. */
int plan_routes(const struct desired *desired, const struct observed *observed, bool allow_removal,
		struct plan *plan) _must_check_;

/* A family that this node must forward and does not; IP_NONE for none. */
enum ip_family plan_forwarding(const struct desired *desired, const struct observed *observed);

#endif
