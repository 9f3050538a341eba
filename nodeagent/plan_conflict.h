// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the mesh must not take from this machine: what others route and hold here, and the addresses
 * that its own life hangs on (tower, signpost, resolver, where peers are reached). For
plan_route.c alone.
 *
 * Only what lies within one of our routes counts: a wider route of somebody else (the default
 * route, a pool of Docker's) keeps all that we do not name, and our own child prefixes are his to
 * route who brought them.
 */
#ifndef NODEAGENT_PLAN_CONFLICT_H
#define NODEAGENT_PLAN_CONFLICT_H

#include "nodeagent/plan.h"

/* Whether a wanted route has one: then the first one. */
bool plan_find_conflict(const struct desired *desired, const struct observed *observed,
			const struct prefix *route, struct plan_conflict *ret_conflict);

void plan_find_overlap(const struct desired *desired, const struct observed *observed,
		       struct plan *plan);

#endif
