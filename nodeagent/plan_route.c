// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan_route.h"

#include <errno.h>

#include "nodeagent/plan_conflict.h"

#define MTU_ENDPOINTS_TRIED 16 /* without a default route all of them go the same few ways */

/* The last prefix of an ordered list that is not above this one; NULL when all are. */
static const struct prefix *find_at_or_below(const struct prefix_vec *ordered,
					     const struct prefix *prefix)
{
	size_t from = 0;
	size_t to = ordered->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_compare(&ordered->at[middle], prefix) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from == 0 ? NULL : &ordered->at[from - 1];
}

const struct prefix *plan_find_prefix(const struct prefix_vec *ordered, const struct prefix *prefix)
{
	const struct prefix *found = find_at_or_below(ordered, prefix);

	return found && prefix_equal(found, prefix) ? found : NULL;
}

const struct prefix *plan_find_covering(const struct prefix_vec *ordered,
					const struct prefix *prefix)
{
	const struct prefix *found = find_at_or_below(ordered, prefix);

	if (!found || found->bits > prefix->bits || !prefix_contains(found, &prefix->ip))
		return NULL;
	return found;
}

/* The routes that are wanted and have no conflict. */
static int filter_routes(const struct prefix_vec *wanted, const struct plan_conflict_vec *conflicts,
			 struct prefix_vec *to)
{
	const struct plan_conflict *conflict = conflicts->at;
	const struct plan_conflict *end = conflict + conflicts->len;

	if (vec_reserve(to, wanted->len) < 0)
		return -ENOMEM;
	vec_foreach(route, wanted) {
		if (conflict < end && prefix_equal(&conflict->route, route))
			conflict++;
		else
			to->at[to->len++] = *route;
	}
	return 0;
}

static void prefix_vec_done(struct prefix_vec *prefixes)
{
	vec_done(prefixes);
}

int plan_routes(const struct desired *desired, const struct observed *observed, bool allow_removal,
		struct plan *plan)
{
	_cleanup_(prefix_vec_done) struct prefix_vec wanted = { 0 };
	const struct prefix_vec *have = &observed->routes;
	size_t i = 0;
	size_t j = 0;
	int r = plan_conflicts(desired, observed, plan);

	if (r == 0)
		r = filter_routes(&desired->routes, &plan->conflicts, &wanted);
	while (r == 0 && (i < wanted.len || j < have->len)) {
		int order = i == wanted.len  ? 1
			    : j == have->len ? -1
					     : prefix_compare(&wanted.at[i], &have->at[j]);

		if (order < 0)
			r = vec_push(&plan->add_routes, wanted.at[i]);
		else if (order > 0 && allow_removal)
			r = vec_push(&plan->remove_routes, have->at[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

static const struct foreign_route *find_default(const struct observed *observed)
{
	const struct foreign_route *best = NULL;

	vec_foreach(route, &observed->foreign) {
		if (route->to.bits == 0 && observed_find_link(observed, route->link_index) &&
		    (!best || route->metric < best->metric))
			best = route;
	}
	return best;
}

/* The longest that covers the address, as the kernel would choose. */
static const struct foreign_route *find_way(const struct observed *observed, const struct ip *ip)
{
	const struct foreign_route *best = NULL;

	vec_foreach(route, &observed->foreign) {
		if (prefix_contains(&route->to, ip) &&
		    observed_find_link(observed, route->link_index) &&
		    (!best || route->to.bits > best->to.bits))
			best = route;
	}
	return best;
}

static const struct foreign_route *find_underlay(const struct desired *desired,
						 const struct observed *observed)
{
	const struct foreign_route *route = find_default(observed);
	int tried = 0;

	for (size_t i = 0; !route && i < desired->peers.len && tried < MTU_ENDPOINTS_TRIED; i++) {
		const struct ip *ip = &desired->peers.at[i].endpoint.ip;

		if (ip->family == IP_NONE)
			continue;
		route = find_way(observed, ip);
		tried++;
	}
	return route;
}

uint16_t plan_mtu(const struct desired *desired, const struct observed *observed)
{
	const struct foreign_route *route = NULL;
	int64_t underlay = UNDERLAY_MTU_DEFAULT;

	if (desired->mtu != 0)
		return desired->mtu;
	route = find_underlay(desired, observed);
	if (route)
		underlay = observed_find_link(observed, route->link_index)->mtu;
	return (uint16_t)MAX(MIN(underlay, UINT16_MAX) - MTU_OVERHEAD_BYTES, MTU_MIN);
}

static bool forwards(const struct observed *observed, enum ip_family family)
{
	return family == IP_V4 ? observed->forwards_v4 : observed->forwards_v6;
}

enum ip_family plan_forwarding(const struct desired *desired, const struct observed *observed)
{
	for (size_t i = 0; desired->is_hub && i < ARRAY_SIZE(desired->address); i++) {
		enum ip_family family = desired->address[i].family;

		if (family != IP_NONE && !forwards(observed, family))
			return family;
	}
	/* A child prefix on the loopback needs none; one behind another link does. */
	vec_foreach(route, &observed->foreign) {
		const struct observed_link *link = observed_find_link(observed, route->link_index);

		if (route->is_connected && link && !link->is_loopback &&
		    route->to.bits < ip_family_bits(route->to.ip.family) &&
		    plan_find_covering(&desired->own_prefixes, &route->to) &&
		    !forwards(observed, route->to.ip.family))
			return route->to.ip.family;
	}
	return IP_NONE;
}
