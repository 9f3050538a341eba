// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan.h"

#include <errno.h>
#include <string.h>

#include "nodeagent/plan_foreign.h"
#include "nodeagent/plan_route.h"
#include "nodeagent/plan_walk.h"

static void free_wanted(const struct wg_peer *wanted)
{
	struct wg_peer *peer = (struct wg_peer *)wanted;

	if (peer)
		wg_peer_done(peer);
	free(peer);
}

void plan_done(struct plan *plan)
{
	vec_foreach(change, &plan->set_peers)
		free_wanted(change->want);
	vec_done(&plan->add_addresses);
	vec_done(&plan->set_peers);
	vec_done(&plan->add_routes);
	vec_done(&plan->remove_routes);
	vec_done(&plan->remove_peers);
	vec_done(&plan->remove_addresses);
	vec_done(&plan->losses);
	vec_done(&plan->routes);
	vec_done(&plan->conflicts);
	*plan = (struct plan){ 0 };
}

size_t plan_steps(const struct plan *plan)
{
	return (size_t)plan->create + (plan->rename != 0) + plan->set_key + plan->set_port +
	       (plan->set_mtu != 0) + plan->set_up + plan->set_down + plan->add_addresses.len +
	       plan->set_peers.len + plan->add_routes.len + plan->remove_routes.len +
	       plan->remove_peers.len + plan->remove_addresses.len;
}

static void plan_interface(const struct desired *desired, const struct observed *observed,
			   struct plan *plan)
{
	uint16_t mtu = plan_mtu(desired, observed);

	plan->create = observed->state == INTERFACE_ABSENT;
	plan->rename = observed->is_renamed ? observed->link_index : 0;
	plan->set_key = !key_equal_private(&desired->private_key, &observed->private_key);
	plan->set_port = desired->listen_port != 0 && desired->listen_port != observed->listen_port;
	plan->set_mtu = mtu == observed->mtu ? 0 : mtu;
	plan->set_up = !observed->is_up;
}

/* Also when somebody gave it other bits: that harms nobody. */
static bool is_own_address(const struct desired *desired, const struct prefix *prefix)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(desired->address); i++)
		found |= ip_equal(&desired->address[i], &prefix->ip);
	return found;
}

static bool has_address(const struct observed *observed, const struct prefix *prefix)
{
	vec_foreach(address, &observed->addresses) {
		if (prefix_equal(address, prefix))
			return true;
	}
	return false;
}

/*
 * The kernel lets what goes to the mesh leave by the first address of the interface: when that may
 * be somebody else's, ours must be named. IPv6 chooses by likeness.
 */
static struct ip find_source(const struct desired *desired, const struct observed *observed)
{
	const struct ip *own = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(desired->address); i++) {
		if (desired->address[i].family == IP_V4)
			own = &desired->address[i];
	}
	for (size_t i = 0; own && i < observed->addresses.len; i++) {
		if (observed->addresses.at[i].ip.family == IP_V4 &&
		    !ip_equal(&observed->addresses.at[i].ip, own))
			return *own;
	}
	return (struct ip){ 0 };
}

static int plan_addresses(const struct desired *desired, const struct observed *observed,
			  bool allow_removal, struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(desired->address); i++) {
		struct prefix prefix = prefix_host(&desired->address[i]);

		if (desired->address[i].family != IP_NONE && !has_address(observed, &prefix))
			r = vec_push(&plan->add_addresses, prefix);
	}
	for (size_t i = 0; r == 0 && allow_removal && i < observed->addresses.len; i++) {
		if (!is_own_address(desired, &observed->addresses.at[i]) &&
		    plan_foreign_owns_address(desired, observed, &observed->addresses.at[i]))
			r = vec_push(&plan->remove_addresses, observed->addresses.at[i]);
	}
	plan->route_source = find_source(desired, observed);
	return r;
}

/*
 * A peer roams: where it was heard from counts more than what was declared for it, as long as it is
 * heard. Unless it is declared anew.
 */
static bool endpoint_is_due(const struct wg_peer *want, const struct wg_peer *have, int64_t now_s)
{
	if (want->endpoint.ip.family == IP_NONE || endpoint_equal(&want->endpoint, &have->endpoint))
		return false;
	if (have->endpoint.ip.family == IP_NONE)
		return true;
	if (have->generation != 0 && (want->generation > have->generation ||
				      !endpoint_equal(&want->endpoint, &have->declared)))
		return true;
	return now_s - have->handshake_s >= HANDSHAKE_LIVE_S;
}

static int note_loss(const struct wg_peer *have, const struct prefix *prefix, struct plan *plan)
{
	struct plan_loss loss = { .key = have->key, .prefix = *prefix };

	return vec_push(&plan->losses, loss);
}

/* Another peer should have it and gets it; or what it should have is refused. */
static bool goes_to_another(const struct desired *desired, const struct observed *observed,
			    const struct wg_peer *have, const struct prefix *prefix)
{
	const struct view_peer *owner = desired_owner(desired, prefix);

	return owner && key_compare(&owner->key, &have->key) != 0 &&
	       !plan_foreign_find(desired, observed, prefix);
}

/* What the peer may send and should, and what it may but should not. */
static int compare_allowed(const struct desired *desired, const struct observed *observed,
			   const struct wg_peer *want, const struct wg_peer *have,
			   struct wg_change *change, struct plan *plan)
{
	size_t i = 0;
	size_t j = 0;
	int r = 0;

	while (r == 0 && (i < want->allowed.len || j < have->allowed.len)) {
		int order = i == want->allowed.len ? 1
			    : j == have->allowed.len
				    ? -1
				    : prefix_compare(&want->allowed.at[i], &have->allowed.at[j]);

		if (order < 0)
			change->allowed = true;
		/* One that another peer should have leaves this one when that one takes it. */
		else if (order > 0 &&
			 goes_to_another(desired, observed, have, &have->allowed.at[j]))
			r = note_loss(have, &have->allowed.at[j], plan);
		else if (order > 0)
			change->replace_allowed = true;
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

/* Whatever a peer has that is not wanted here is taken from it by those who should have it. */
static int note_losses(const struct desired *desired, const struct wg_peer *have, struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < have->allowed.len; i++) {
		if (desired_owner(desired, &have->allowed.at[i]))
			r = note_loss(have, &have->allowed.at[i], plan);
	}
	return r;
}

static int add_change(const struct wg_change *change, const struct wg_peer *want, struct plan *plan)
{
	struct wg_peer *wanted = malloc(sizeof(*wanted));
	struct wg_change whole = *change;
	int r = wanted ? 0 : -ENOMEM;

	if (r == 0) {
		*wanted = *want;
		wanted->allowed = (struct prefix_vec){ 0 };
		r = observed_set_allowed(wanted, &want->allowed);
	}
	whole.want = wanted;
	if (r == 0)
		r = vec_push(&plan->set_peers, whole);
	if (r < 0)
		free_wanted(wanted);
	return r;
}

static int plan_lasting_peer(const struct desired *desired, const struct wg_peer *want,
			     const struct observed *observed, const struct wg_peer *have,
			     bool allow_removal, struct plan *plan)
{
	struct wg_change change = { .key = want->key };
	int r = compare_allowed(desired, observed, want, have, &change, plan);

	change.endpoint = endpoint_is_due(want, have, observed->now_s);
	change.keepalive = want->keepalive_s != have->keepalive_s;
	/* Another key of ours ends every session, and who waits to be greeted waits for long. */
	change.greet = plan->set_key;
	change.replace_allowed &= allow_removal;
	change.allowed |= change.replace_allowed;
	if (r < 0 || (!change.endpoint && !change.keepalive && !change.greet && !change.allowed))
		return r;
	return add_change(&change, want, plan);
}

static int plan_new_peer(const struct wg_peer *want, struct plan *plan)
{
	struct wg_change change = {
		.key = want->key,
		.endpoint = want->endpoint.ip.family != IP_NONE,
		.keepalive = want->keepalive_s != 0,
		.allowed = want->allowed.len > 0,
	};

	return add_change(&change, want, plan);
}

static int plan_unwanted_peer(const struct desired *desired, const struct wg_peer *have,
			      bool allow_removal, struct plan *plan)
{
	struct wg_change change = { .key = have->key, .remove = true };

	if (have->origin == PEER_FOREIGN)
		return 0;
	return allow_removal ? vec_push(&plan->remove_peers, change)
			     : note_losses(desired, have, plan);
}

static int plan_peers(const struct desired *desired, const struct observed *observed,
		      const struct view_touched *touched, bool allow_removal, struct plan *plan)
{
	struct plan_walk walk = { .desired = desired, .observed = observed, .touched = touched };
	_cleanup_(wg_peer_done) struct wg_peer want = { 0 };
	struct plan_pair pair;
	int r = 0;

	while (r == 0 && plan_walk_next(&walk, &pair)) {
		if (pair.want)
			r = desired_write_peer(desired, pair.want, &want);
		if (r == 0 && pair.want)
			plan_foreign_strip(desired, observed, &want.allowed);
		if (r == 0 && !pair.want)
			r = plan_unwanted_peer(desired, pair.have, allow_removal, plan);
		else if (r == 0 && !pair.have)
			r = plan_new_peer(&want, plan);
		else if (r == 0)
			r = plan_lasting_peer(desired, &want, observed, pair.have, allow_removal,
					      plan);
	}
	return r;
}

static int compare_changes(const void *a, const void *b)
{
	return key_compare(&((const struct wg_change *)a)->key,
			   &((const struct wg_change *)b)->key);
}

static bool has_failed(const struct plan *plan, const struct key *key)
{
	const struct wg_change wanted = { .key = *key };
	const struct wg_change *change = NULL;

	if (plan->set_peers.len > 0)
		change = bsearch(&wanted, plan->set_peers.at, plan->set_peers.len, sizeof(wanted),
				 compare_changes);
	return change && change->failed;
}

void plan_declare(const struct desired *desired, const struct view_touched *touched,
		  const struct plan *plan, struct observed *observed)
{
	struct plan_walk walk = { .desired = desired, .observed = observed, .touched = touched };
	struct plan_pair pair;

	while (plan_walk_next(&walk, &pair)) {
		if (!pair.want || !pair.have || has_failed(plan, &pair.want->key))
			continue;
		pair.have->declared = view_peer_endpoint(pair.want, desired->zone);
		pair.have->generation = pair.want->generation;
		pair.have->origin = PEER_OURS;
	}
}

static int refuse_foreign(const struct observed *observed, const char *interface, struct err *err)
{
	if (observed->state != INTERFACE_FOREIGN)
		return 0;
	return err_set(err, -EPERM,
		       "%s exists and is no WireGuard interface of ours%s%s: remove it (ip link "
		       "del %s) or choose another --interface",
		       interface, *observed->kind ? ", but one of kind " : "", observed->kind,
		       interface);
}

int plan_make_touched(const struct desired *desired, const struct observed *observed,
		      const struct view_touched *touched, bool allow_removal, struct plan *ret_plan,
		      struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { .is_whole = !touched || touched->all };
	int r = refuse_foreign(observed, desired->interface, err);

	if (r < 0)
		return r;
	if (plan.is_whole)
		touched = NULL;
	plan_interface(desired, observed, &plan);
	r = plan_addresses(desired, observed, allow_removal, &plan);
	if (r == 0)
		r = plan_peers(desired, observed, touched, allow_removal, &plan);
	if (r == 0)
		r = plan_routes(desired, observed, touched, allow_removal, &plan);
	if (r < 0)
		return err_oom(err);
	plan.forwarding_off = plan_forwarding(desired, observed);
	*ret_plan = TAKE_STRUCT(plan);
	return 0;
}

int plan_make(const struct desired *desired, const struct observed *observed, bool allow_removal,
	      struct plan *ret_plan, struct err *err)
{
	return plan_make_touched(desired, observed, NULL, allow_removal, ret_plan, err);
}

int plan_make_idle(const char *interface, const struct observed *observed, struct plan *ret_plan,
		   struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { 0 };
	bool is_ours = observed->state == INTERFACE_OURS;
	bool is_shared = false;
	int r = refuse_foreign(observed, interface, err);

	if (r < 0)
		return r;
	for (size_t i = 0; is_ours && r == 0 && i < observed->peers.len; i++) {
		struct wg_change change = { .key = observed->peers.at[i]->key, .remove = true };

		if (observed->peers.at[i]->origin == PEER_FOREIGN)
			is_shared = true;
		else
			r = vec_push(&plan.remove_peers, change);
	}
	plan.rename = is_ours && observed->is_renamed ? observed->link_index : 0;
	plan.set_key = is_ours && !is_shared && !key_is_zero(&observed->private_key);
	plan.set_down = is_ours && !is_shared && observed->is_up;
	if (r == 0 && is_shared)
		r = vec_copy(&plan.remove_routes, &observed->routes);
	if (r < 0)
		return err_oom(err);
	*ret_plan = TAKE_STRUCT(plan);
	return 0;
}
