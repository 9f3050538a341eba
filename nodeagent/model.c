// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/model.h"

#include <errno.h>

static int set_peer(struct observed *observed, const struct wg_change *change)
{
	struct wg_peer *peer = observed_make_peer(observed, &change->key);

	if (!peer)
		return -ENOMEM;
	if (change->endpoint)
		peer->endpoint = change->want->endpoint;
	if (change->keepalive)
		peer->keepalive_s = change->want->keepalive_s;
	if (!change->allowed)
		return 0;
	if (change->replace_allowed || peer->allowed.len == 0)
		return observed_set_allowed(peer, &change->want->allowed);
	return observed_add_prefixes(&peer->allowed, &change->want->allowed);
}

static void take_loss(struct observed *observed, const struct plan_loss *loss)
{
	struct wg_peer *peer = observed_find_peer(observed, &loss->key);
	struct prefix prefix = loss->prefix;
	struct prefix_vec gone = { .at = &prefix, .len = 1 };

	if (peer)
		observed_remove_prefixes(&peer->allowed, &gone);
}

static int apply_peers(const struct plan *plan, struct observed *observed)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->set_peers.len; i++)
		r = set_peer(observed, &plan->set_peers.at[i]);
	vec_foreach(loss, &plan->losses)
		take_loss(observed, loss);
	/* The last one first: of many that go none is moved. */
	for (size_t i = plan->remove_peers.len; i > 0; i--)
		observed_remove_peer(observed, &plan->remove_peers.at[i - 1].key);
	return r;
}

static int apply_prefixes(struct prefix_vec *to, const struct prefix_vec *more,
			  const struct prefix_vec *gone)
{
	int r = observed_add_prefixes(to, more);

	observed_remove_prefixes(to, gone);
	return r;
}

int model_apply(const struct desired *desired, const struct plan *plan, struct observed *observed)
{
	int r;

	if (plan->create)
		observed->state = INTERFACE_OURS;
	if (plan->rename != 0)
		observed->is_renamed = false;
	if (plan->set_key)
		observed->private_key = desired->private_key;
	if (plan->set_port)
		observed->listen_port = desired->listen_port;
	if (plan->set_mtu != 0)
		observed->mtu = plan->set_mtu;
	r = apply_prefixes(&observed->addresses, &plan->add_addresses, &plan->remove_addresses);
	if (r == 0)
		r = apply_peers(plan, observed);
	if (plan->set_up)
		observed->is_up = true;
	if (r == 0)
		r = apply_prefixes(&observed->routes, &plan->add_routes, &plan->remove_routes);
	if (plan->set_down) {
		observed->is_up = false;
		observed->routes.len = 0; /* the kernel drops those of a link that goes down */
	}
	return r;
}
