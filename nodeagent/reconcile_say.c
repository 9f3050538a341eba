// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the reconciler says of its work: the log, and what stands in the way.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "nodeagent/reconcile_private.h"

#define CONFLICTS_SAID_MAX 16

/* What stands in the way although every step succeeds. */
void reconcile_describe(const struct reconcile *reconcile, const struct plan *plan, struct err *ret)
{
	const struct plan_conflict_vec *conflicts = &reconcile->conflicts;
	char text[PLAN_CONFLICT_TEXT_BYTES];

	if (conflicts->len > 0) {
		plan_conflict_format(&conflicts->at[0], text);
		if (conflicts->len == 1)
			(void)err_set(ret, -EEXIST, "%s", text);
		else
			(void)err_set(ret, -EEXIST, "%s (and %zu more routes)", text,
				      conflicts->len - 1);
	} else if (reconcile->want == WANT_DESIRED && reconcile->desired.lacks_hub) {
		(void)err_set(ret, -ENOENT,
			      "this is a hub zone and its hub has not joined: start a node with "
			      "--hub-router");
	} else if (plan->forwarding_off != IP_NONE) {
		(void)err_set(
			ret, -ENOTSUP,
			"this node must forward packets of others, and does not: sysctl -w %s=1",
			plan->forwarding_off == IP_V4 ? "net.ipv4.ip_forward"
						      : "net.ipv6.conf.all.forwarding");
	}
}

static void add_count(struct str *to, const char *what, size_t count)
{
	if (count > 0)
		str_printf(to, " %s=%zu", what, count);
}

void reconcile_log_plan(const struct reconcile *reconcile, const struct plan *plan)
{
	_cleanup_str_ struct str done = { 0 };

	str_append(&done, plan->create ? " created" : "");
	str_append(&done, plan->rename != 0 ? " renamed-back" : "");
	str_append(&done, plan->set_key ? " key" : "");
	str_append(&done, plan->set_port ? " port" : "");
	str_append(&done, plan->set_up ? " up" : "");
	str_append(&done, plan->set_down ? " down" : "");
	add_count(&done, "mtu", plan->set_mtu);
	add_count(&done, "addresses-added", plan->add_addresses.len);
	add_count(&done, "addresses-removed", plan->remove_addresses.len);
	add_count(&done, "peers-set", plan->set_peers.len);
	add_count(&done, "peers-removed", plan->remove_peers.len);
	add_count(&done, "routes-added", plan->add_routes.len);
	add_count(&done, "routes-removed", plan->remove_routes.len);
	if (!done.failed)
		log_info("reconcile", "%s:%s", reconcile->interface, done.at);
}

static int compare_conflicts(const void *a, const void *b)
{
	return prefix_compare(&((const struct plan_conflict *)a)->route,
			      &((const struct plan_conflict *)b)->route);
}

static bool is_known(const struct plan_conflict_vec *conflicts,
		     const struct plan_conflict *conflict)
{
	return conflicts->len > 0 && bsearch(conflict, conflicts->at, conflicts->len,
					     sizeof(*conflict), compare_conflicts);
}

/* A plan of a part says nothing of the other routes: what is known of them stays. */
static int merge_conflicts(const struct plan_conflict_vec *old, struct plan *plan)
{
	struct plan_conflict_vec *merged = &plan->conflicts;
	int r = 0;

	for (size_t i = 0; r == 0 && !plan->is_whole && i < old->len; i++) {
		if (!observed_has_prefix(&plan->routes, &old->at[i].route))
			r = vec_push(merged, old->at[i]);
	}
	if (merged->len > 0)
		qsort(merged->at, merged->len, sizeof(*merged->at), compare_conflicts);
	return r;
}

/* Which routes are refused, and why: each is said once; the first one is the trouble itself. */
int reconcile_note_conflicts(struct reconcile *reconcile, struct plan *plan)
{
	char text[PLAN_CONFLICT_TEXT_BYTES];
	size_t said = 0;
	int r = merge_conflicts(&reconcile->conflicts, plan);

	vec_foreach(conflict, &plan->conflicts) {
		if (is_known(&reconcile->conflicts, conflict) || conflict == plan->conflicts.at ||
		    said++ >= CONFLICTS_SAID_MAX)
			continue;
		plan_conflict_format(conflict, text);
		log_warn("reconcile", "%s", text);
	}
	vec_done(&reconcile->conflicts);
	reconcile->conflicts = TAKE_STRUCT(plan->conflicts);
	*text = '\0';
	if (plan->overlap.zone.ip.family != IP_NONE)
		plan_overlap_format(&plan->overlap, text);
	if (*text && !str_eq(text, reconcile->overlap))
		log_warn("reconcile", "%s", text);
	memcpy(reconcile->overlap, text, sizeof(text));
	return r;
}
