// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan_route.h"

#include <errno.h>

#include "nodeagent/plan_conflict.h"
#include "nodeagent/plan_foreign.h"

#define MTU_ENDPOINTS_TRIED 16 /* without a default route all of them go the same few ways */

/* One prefix: it is there or not, should be or not, and may be or not. */
static int plan_route(const struct desired *desired, const struct observed *observed,
		      const struct prefix *route, bool is_wanted, bool is_there, bool allow_removal,
		      struct plan *plan)
{
	struct plan_conflict conflict;
	int r = 0;

	if (is_wanted && plan_find_conflict(desired, observed, route, &conflict)) {
		is_wanted = false;
		r = vec_push(&plan->conflicts, conflict);
	}
	if (r == 0 && is_wanted && !is_there && !plan_foreign_has_route(observed, route))
		r = vec_push(&plan->add_routes, *route);
	else if (r == 0 && !is_wanted && is_there && allow_removal)
		r = vec_push(&plan->remove_routes, *route);
	return r;
}

static int plan_all_routes(const struct desired *desired, const struct observed *observed,
			   bool allow_removal, struct plan *plan)
{
	const struct prefix_vec *have = &observed->routes;
	struct prefix want;
	bool is_more = desired_next_route(desired, NULL, &want);
	size_t i = 0;
	int r = 0;

	while (r == 0 && (is_more || i < have->len)) {
		int order = !is_more         ? 1
			    : i == have->len ? -1
					     : prefix_compare(&want, &have->at[i]);

		r = plan_route(desired, observed, order <= 0 ? &want : &have->at[i], order <= 0,
			       order >= 0, allow_removal, plan);
		i += order >= 0;
		if (order <= 0)
			is_more = desired_next_route(desired, &want, &want);
	}
	return r;
}

/* The touched prefixes, and the routes that cover an address where a peer is reached, or was. */
static int list_touched(const struct desired *desired, const struct view_touched *touched,
			struct prefix_vec *routes)
{
	int r = vec_copy(routes, &touched->prefixes);

	for (size_t i = 0; r == 0 && i < touched->prefixes.len; i++) {
		const struct prefix *prefix = &touched->prefixes.at[i];
		const struct view_claim *claim = view_claim_upto(desired->view, prefix);

		if (claim && prefix_contains(&claim->prefix, &prefix->ip))
			r = vec_push(routes, claim->prefix);
	}
	for (uint8_t i = 0; r == 0 && desired->hub && i < desired->zone->cidr_len; i++)
		r = vec_push(routes, desired->zone->cidr[i]);
	prefix_vec_order(routes);
	return r;
}

int plan_routes(const struct desired *desired, const struct observed *observed,
		const struct view_touched *touched, bool allow_removal, struct plan *plan)
{
	int r = 0;

	plan_find_overlap(desired, observed, plan);
	if (!touched)
		return plan_all_routes(desired, observed, allow_removal, plan);
	r = list_touched(desired, touched, &plan->routes);
	for (size_t i = 0; r == 0 && i < plan->routes.len; i++) {
		const struct prefix *route = &plan->routes.at[i];

		r = plan_route(desired, observed, route, desired_owner(desired, route) != NULL,
			       observed_has_prefix(&observed->routes, route), allow_removal, plan);
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
	static const struct ip lowest = { 0 };
	const struct foreign_route *route = find_default(observed);
	const struct view_peer *peer = NULL;

	if (!route)
		peer = view_peer_from_ip(desired->view, &lowest);
	for (int tried = 0; !route && peer && tried < MTU_ENDPOINTS_TRIED; tried++) {
		struct endpoint endpoint = view_peer_endpoint(peer, desired->zone);

		if (endpoint.ip.family != IP_NONE && desired_wants(desired, peer))
			route = find_way(observed, &endpoint.ip);
		peer = view_next_peer_by_ip(peer);
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
		    desired_is_ours(desired, &route->to) &&
		    !forwards(observed, route->to.ip.family))
			return route->to.ip.family;
	}
	return IP_NONE;
}
