// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan.h"

#include <errno.h>
#include <string.h>

#include "nodeagent/plan_route.h"

void plan_done(struct plan *plan)
{
	vec_done(&plan->add_addresses);
	vec_done(&plan->set_peers);
	vec_done(&plan->add_routes);
	vec_done(&plan->remove_routes);
	vec_done(&plan->remove_peers);
	vec_done(&plan->remove_addresses);
	vec_done(&plan->conflicts);
	*plan = (struct plan){ 0 };
}

size_t plan_steps(const struct plan *plan)
{
	return (size_t)plan->create + plan->set_key + plan->set_port + (plan->set_mtu != 0) +
	       plan->set_up + plan->set_down + plan->add_addresses.len + plan->set_peers.len +
	       plan->add_routes.len + plan->remove_routes.len + plan->remove_peers.len +
	       plan->remove_addresses.len;
}

/* WireGuard keeps a private key clamped (RFC 7748, section 5): bits that do not count differ. */
static bool same_private_key(const struct key *a, const struct key *b)
{
	const uint8_t last = KEY_BYTES - 1;

	return ((a->bytes[0] ^ b->bytes[0]) & 0xf8) == 0 &&
	       ((a->bytes[last] ^ b->bytes[last]) & 0x3f) == 0 &&
	       memcmp(a->bytes + 1, b->bytes + 1, last - 1) == 0;
}

static void plan_interface(const struct desired *desired, const struct observed *observed,
			   struct plan *plan)
{
	uint16_t mtu = plan_mtu(desired, observed);

	plan->create = observed->state == INTERFACE_ABSENT;
	plan->set_key = !same_private_key(&desired->private_key, &observed->private_key);
	plan->set_port = desired->listen_port != 0 && desired->listen_port != observed->listen_port;
	plan->set_mtu = mtu == observed->mtu ? 0 : mtu;
	plan->set_up = !observed->is_up;
}

static bool is_own_address(const struct desired *desired, const struct prefix *prefix)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(desired->address); i++)
		found |= ip_equal(&desired->address[i], &prefix->ip);
	return found && prefix->bits == ip_family_bits(prefix->ip.family);
}

static bool has_address(const struct observed *observed, const struct prefix *prefix)
{
	vec_foreach(address, &observed->addresses) {
		if (prefix_equal(address, prefix))
			return true;
	}
	return false;
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
		if (!is_own_address(desired, &observed->addresses.at[i]))
			r = vec_push(&plan->remove_addresses, observed->addresses.at[i]);
	}
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

/* What the peer may send and should, and what it may but should not. */
static void compare_allowed(const struct prefix_vec *want, const struct prefix_vec *have,
			    const struct prefix_vec *all, struct wg_change *change)
{
	size_t i = 0;
	size_t j = 0;

	while (i < want->len || j < have->len) {
		int order = i == want->len   ? 1
			    : j == have->len ? -1
					     : prefix_compare(&want->at[i], &have->at[j]);

		if (order < 0)
			change->allowed = true;
		/* One that another peer should have leaves this one when that one takes it. */
		else if (order > 0 && !plan_find_prefix(all, &have->at[j]))
			change->replace_allowed = true;
		i += order <= 0;
		j += order >= 0;
	}
}

static int plan_lasting_peer(const struct desired *desired, const struct wg_peer *want,
			     const struct observed *observed, const struct wg_peer *have,
			     bool allow_removal, struct plan *plan)
{
	struct wg_change change = { .key = want->key, .want = want };

	change.endpoint = endpoint_is_due(want, have, observed->now_s);
	change.keepalive = want->keepalive_s != have->keepalive_s;
	/* Another key of ours ends every session, and who waits to be greeted waits for long. */
	change.greet = plan->set_key;
	compare_allowed(&want->allowed, &have->allowed, &desired->routes, &change);
	change.replace_allowed &= allow_removal;
	change.allowed |= change.replace_allowed;
	if (!change.endpoint && !change.keepalive && !change.greet && !change.allowed)
		return 0;
	return vec_push(&plan->set_peers, change);
}

static int plan_new_peer(const struct wg_peer *want, struct plan *plan)
{
	struct wg_change change = {
		.key = want->key,
		.want = want,
		.endpoint = want->endpoint.ip.family != IP_NONE,
		.keepalive = want->keepalive_s != 0,
		.allowed = want->allowed.len > 0,
	};

	return vec_push(&plan->set_peers, change);
}

static int plan_peers(const struct desired *desired, const struct observed *observed,
		      bool allow_removal, struct plan *plan)
{
	const struct wg_peer *want = desired->peers.at;
	const struct wg_peer *wants_end = want + desired->peers.len;
	const struct wg_peer *have = observed->peers.at;
	const struct wg_peer *haves_end = have + observed->peers.len;
	int r = 0;

	while (r == 0 && (want < wants_end || have < haves_end)) {
		int order = want == wants_end   ? 1
			    : have == haves_end ? -1
						: key_compare(&want->key, &have->key);

		if (order < 0) {
			r = plan_new_peer(want, plan);
		} else if (order == 0) {
			r = plan_lasting_peer(desired, want, observed, have, allow_removal, plan);
		} else if (allow_removal) {
			struct wg_change change = { .key = have->key, .remove = true };

			r = vec_push(&plan->remove_peers, change);
		}
		want += order <= 0;
		have += order >= 0;
	}
	return r;
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

int plan_make(const struct desired *desired, const struct observed *observed, bool allow_removal,
	      struct plan *ret_plan, struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { 0 };
	int r = refuse_foreign(observed, desired->interface, err);

	if (r < 0)
		return r;
	plan_interface(desired, observed, &plan);
	r = plan_addresses(desired, observed, allow_removal, &plan);
	if (r == 0)
		r = plan_peers(desired, observed, allow_removal, &plan);
	if (r == 0)
		r = plan_routes(desired, observed, allow_removal, &plan);
	if (r < 0)
		return err_oom(err);
	plan.forwarding_off = plan_forwarding(desired, observed);
	*ret_plan = plan;
	plan = (struct plan){ 0 };
	return 0;
}

int plan_make_idle(const char *interface, const struct observed *observed, struct plan *ret_plan,
		   struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { 0 };
	bool is_ours = observed->state == INTERFACE_OURS;
	int r = refuse_foreign(observed, interface, err);

	if (r < 0)
		return r;
	plan.set_key = is_ours && !key_is_zero(&observed->private_key);
	plan.set_down = is_ours && observed->is_up;
	for (size_t i = 0; is_ours && r == 0 && i < observed->peers.len; i++) {
		struct wg_change change = { .key = observed->peers.at[i].key, .remove = true };

		r = vec_push(&plan.remove_peers, change);
	}
	if (r < 0)
		return err_oom(err);
	*ret_plan = TAKE_STRUCT(plan);
	return 0;
}
