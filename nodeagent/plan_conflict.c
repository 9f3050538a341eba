// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan_conflict.h"

#include <stdio.h>

#include "nodeagent/plan_foreign.h"
static const char *link_name(const struct desired *desired, const struct observed *observed,
			     uint32_t index)
{
	const struct observed_link *link = observed_find_link(observed, index);

	if (link)
		return link->name;
	return index == observed->link_index ? desired->interface : "nowhere";
}

/* What others route lies within ours, without a gateway, or is the same. */
static const struct foreign_route *find_foreign(const struct desired *desired,
						const struct observed *observed,
						const struct prefix *route)
{
	const struct foreign_route_vec *foreign = &observed->foreign;
	size_t i = observed_first_foreign(observed, route);

	for (; i < foreign->len && prefix_contains(route, &foreign->at[i].to.ip); i++) {
		const struct foreign_route *found = &foreign->at[i];

		if ((found->is_connected || prefix_equal(route, &found->to)) &&
		    !plan_foreign_leads_in(found, observed) &&
		    !desired_is_ours(desired, &found->to))
			return found;
	}
	return NULL;
}

/* A route over the way to a peer would lead WireGuard's own packets into WireGuard. */
static bool find_endpoint(const struct desired *desired, const struct prefix *route,
			  struct ip *ret_ip)
{
	const struct ip first = prefix_first(route);
	const struct view_peer *peer = view_peer_from_ip(desired->view, &first);

	for (; peer; peer = view_next_peer_by_ip(peer)) {
		struct endpoint anywhere = view_peer_endpoint(peer, NULL);

		if (!prefix_contains(route, &anywhere.ip))
			return false;
		*ret_ip = view_peer_endpoint(peer, desired->zone).ip;
		if (ret_ip->family != IP_NONE && desired_wants(desired, peer))
			return true;
	}
	return false;
}

/* Nor may a peer take the way to what this node needs even when that peer is gone. */
static const struct guard *find_guard(const struct observed *observed, const struct prefix *route)
{
	const struct guard *found = NULL;

	vec_foreach(guard, &observed->guards) {
		bool is_first =
			!found || guard->kind < found->kind ||
			(guard->kind == found->kind && ip_compare(&guard->ip, &found->ip) < 0);

		if (is_first && prefix_contains(route, &guard->ip))
			found = guard;
	}
	return found;
}

bool plan_find_conflict(const struct desired *desired, const struct observed *observed,
			const struct prefix *route, struct plan_conflict *ret_conflict)
{
	static const enum conflict_kind kinds[] = { [GUARD_TOWER] = CONFLICT_TOWER,
						    [GUARD_SIGNPOST] = CONFLICT_SIGNPOST,
						    [GUARD_RESOLVER] = CONFLICT_RESOLVER };
	const struct foreign_route *foreign = find_foreign(desired, observed, route);
	struct plan_conflict conflict = { .route = *route };
	const struct kept_prefix *kept = plan_foreign_find(desired, observed, route);
	const struct guard *guard;
	struct ip ip;

	if (kept) {
		conflict.with = kept->prefix;
		conflict.kind = CONFLICT_PEER;
		key_format_short(&kept->owner, conflict.peer);
	} else if (foreign) {
		conflict.with = foreign->to;
		conflict.kind = CONFLICT_ROUTE;
		(void)snprintf(conflict.link, sizeof(conflict.link), "%s",
			       link_name(desired, observed, foreign->link_index));
	} else if (find_endpoint(desired, route, &ip)) {
		conflict.with = prefix_host(&ip);
		conflict.kind = CONFLICT_ENDPOINT;
	} else {
		guard = find_guard(observed, route);
		if (!guard)
			return false;
		conflict.with = prefix_host(&guard->ip);
		conflict.kind = kinds[guard->kind];
	}
	*ret_conflict = conflict;
	return true;
}

static const struct prefix *find_overlapped(const struct desired *desired,
					    const struct foreign_route *foreign)
{
	if (!foreign->is_connected || foreign->to.bits == 0)
		return NULL;
	for (uint8_t i = 0; desired->zone && i < desired->zone->cidr_len; i++) {
		if (prefix_overlaps(&desired->zone->cidr[i], &foreign->to))
			return &desired->zone->cidr[i];
	}
	return NULL;
}

void plan_find_overlap(const struct desired *desired, const struct observed *observed,
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
	else if (conflict->kind == CONFLICT_PEER)
		(void)snprintf(
			ret_text, PLAN_CONFLICT_TEXT_BYTES,
			"no route to %s into the mesh: peer %s, which the zone does not name "
			"and which is kept, may send %s",
			route, conflict->peer, with);
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
