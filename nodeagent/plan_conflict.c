// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan_conflict.h"

#include <stdio.h>

#include "nodeagent/plan_route.h"

static int add_conflict(struct plan *plan, const struct prefix *route, const struct prefix *with,
			enum conflict_kind kind, const char *link)
{
	struct plan_conflict conflict = { .route = *route, .with = *with, .kind = kind };

	(void)snprintf(conflict.link, sizeof(conflict.link), "%s", link);
	return vec_push(&plan->conflicts, conflict);
}

static int check_address(const struct desired *desired, const struct ip *ip,
			 enum conflict_kind kind, struct plan *plan)
{
	struct prefix host = prefix_host(ip);
	const struct prefix *route = NULL;

	if (ip->family != IP_NONE)
		route = plan_find_covering(&desired->routes, &host);
	return route ? add_conflict(plan, route, &host, kind, "") : 0;
}

/* A route over the way to a peer would lead WireGuard's own packets into WireGuard. */
static int find_endpoint_conflicts(const struct desired *desired, struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < desired->peers.len; i++)
		r = check_address(desired, &desired->peers.at[i].endpoint.ip, CONFLICT_ENDPOINT,
				  plan);
	return r;
}

/* Nor may a peer take the way to what this node needs even when that peer is gone. */
static int find_guard_conflicts(const struct desired *desired, const struct observed *observed,
				struct plan *plan)
{
	static const enum conflict_kind kinds[] = { [GUARD_TOWER] = CONFLICT_TOWER,
						    [GUARD_SIGNPOST] = CONFLICT_SIGNPOST,
						    [GUARD_RESOLVER] = CONFLICT_RESOLVER };
	int r = 0;

	for (size_t i = 0; r == 0 && i < observed->guards.len; i++) {
		const struct guard *guard = &observed->guards.at[i];

		r = check_address(desired, &guard->ip, kinds[guard->kind], plan);
	}
	return r;
}

static const char *link_name(const struct desired *desired, const struct observed *observed,
			     uint32_t index)
{
	const struct observed_link *link = observed_find_link(observed, index);

	if (link)
		return link->name;
	return index == observed->link_index ? desired->interface : "nowhere";
}

static int find_foreign_conflicts(const struct desired *desired, const struct observed *observed,
				  struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < observed->foreign.len; i++) {
		const struct foreign_route *foreign = &observed->foreign.at[i];
		const struct prefix *route = plan_find_covering(&desired->routes, &foreign->to);

		if (!route || (!foreign->is_connected && !prefix_equal(route, &foreign->to)) ||
		    plan_find_covering(&desired->own_prefixes, &foreign->to))
			continue;
		r = add_conflict(plan, route, &foreign->to, CONFLICT_ROUTE,
				 link_name(desired, observed, foreign->link_index));
	}
	return r;
}

static const struct prefix *find_overlapped(const struct desired *desired,
					    const struct foreign_route *foreign)
{
	if (!foreign->is_connected || foreign->to.bits == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(desired->zone_cidr); i++) {
		if (desired->zone_cidr[i].ip.family != IP_NONE &&
		    prefix_overlaps(&desired->zone_cidr[i], &foreign->to))
			return &desired->zone_cidr[i];
	}
	return NULL;
}

static void find_overlap(const struct desired *desired, const struct observed *observed,
			 struct plan *plan)
{
	vec_foreach(foreign, &observed->foreign) {
		const struct prefix *zone = find_overlapped(desired, foreign);

		if (!zone || foreign->link_index == observed->link_index)
			continue;
		plan->overlap.zone = *zone;
		plan->overlap.with = foreign->to;
		(void)snprintf(plan->overlap.link, sizeof(plan->overlap.link), "%s",
			       link_name(desired, observed, foreign->link_index));
		break;
	}
}

static int compare_conflicts(const void *a, const void *b)
{
	const struct plan_conflict *left = a;
	const struct plan_conflict *right = b;
	int order = prefix_compare(&left->route, &right->route);

	if (order == 0)
		order = (left->kind > right->kind) - (left->kind < right->kind);
	return order != 0 ? order : prefix_compare(&left->with, &right->with);
}

/* One a route is enough. */
static void order_conflicts(struct plan_conflict_vec *conflicts)
{
	size_t kept = 0;

	if (conflicts->len > 0)
		qsort(conflicts->at, conflicts->len, sizeof(*conflicts->at), compare_conflicts);
	vec_foreach(conflict, conflicts) {
		if (kept == 0 || !prefix_equal(&conflicts->at[kept - 1].route, &conflict->route))
			conflicts->at[kept++] = *conflict;
	}
	conflicts->len = kept;
}

int plan_conflicts(const struct desired *desired, const struct observed *observed,
		   struct plan *plan)
{
	int r = find_foreign_conflicts(desired, observed, plan);

	if (r == 0)
		r = find_endpoint_conflicts(desired, plan);
	if (r == 0)
		r = find_guard_conflicts(desired, observed, plan);
	order_conflicts(&plan->conflicts);
	find_overlap(desired, observed, plan);
	return r;
}

void plan_conflict_format(const struct plan_conflict *conflict,
			  char ret_text[static PLAN_CONFLICT_TEXT_BYTES])
{
	static const char *const reasons[] = { [CONFLICT_ENDPOINT] = "a peer is reached at",
					       [CONFLICT_TOWER] = "the tower is reached at",
					       [CONFLICT_SIGNPOST] = "the signpost is reached at",
					       [CONFLICT_RESOLVER] = "names are resolved at" };
	char route[PREFIX_TEXT_BYTES];
	char with[PREFIX_TEXT_BYTES];
	char ip[IP_TEXT_BYTES];

	prefix_format(&conflict->route, route);
	prefix_format(&conflict->with, with);
	ip_format(&conflict->with.ip, ip);
	if (conflict->kind == CONFLICT_ROUTE)
		(void)snprintf(ret_text, PLAN_CONFLICT_TEXT_BYTES,
			       "no route to %s into the mesh: %s is there already, on %s", route,
			       with, conflict->link);
	else
		(void)snprintf(ret_text, PLAN_CONFLICT_TEXT_BYTES,
			       "no route to %s into the mesh: %s %s", route,
			       reasons[conflict->kind], ip);
}

void plan_overlap_format(const struct plan_overlap *overlap,
			 char ret_text[static PLAN_CONFLICT_TEXT_BYTES])
{
	char zone[PREFIX_TEXT_BYTES];
	char with[PREFIX_TEXT_BYTES];

	prefix_format(&overlap->zone, zone);
	prefix_format(&overlap->with, with);
	(void)snprintf(ret_text, PLAN_CONFLICT_TEXT_BYTES,
		       "the zone's addresses %s overlap %s, on %s: peers are reached all the same, "
		       "but an address of both is theirs",
		       zone, with, overlap->link);
}
