// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/model.h"

#include <errno.h>

/* A prefix that a change gave to a peer: everybody else has lost it. */
struct grant {
	struct prefix prefix;
	const struct key *owner;
};

VEC(grant_vec, struct grant);

static void grant_vec_done(struct grant_vec *grants)
{
	vec_done(grants);
}

static int compare_grants(const void *a, const void *b)
{
	return prefix_compare(&((const struct grant *)a)->prefix,
			      &((const struct grant *)b)->prefix);
}

static int add_prefixes(struct prefix_vec *to, const struct prefix_vec *more)
{
	if (more->len == 0)
		return 0;
	if (vec_reserve(to, more->len) < 0)
		return -ENOMEM;
	vec_foreach(prefix, more)
		to->at[to->len++] = *prefix;
	prefix_vec_order(to);
	return 0;
}

/* Both are ordered. */
static void remove_prefixes(struct prefix_vec *from, const struct prefix_vec *gone)
{
	size_t kept = 0;
	size_t i = 0;

	if (gone->len == 0)
		return;
	vec_foreach(prefix, from) {
		while (i < gone->len && prefix_compare(&gone->at[i], prefix) < 0)
			i++;
		if (i == gone->len || !prefix_equal(&gone->at[i], prefix))
			from->at[kept++] = *prefix;
	}
	from->len = kept;
}

static int list_grants(const struct plan *plan, struct grant_vec *grants)
{
	vec_foreach(change, &plan->set_peers) {
		const struct prefix_vec *allowed = &change->want->allowed;

		for (size_t i = 0; change->allowed && i < allowed->len; i++) {
			struct grant grant = { .prefix = allowed->at[i], .owner = &change->key };

			if (vec_push(grants, grant) < 0)
				return -ENOMEM;
		}
	}
	if (grants->len > 0)
		qsort(grants->at, grants->len, sizeof(*grants->at), compare_grants);
	return 0;
}

static bool is_granted_away(const struct grant_vec *grants, const struct prefix *prefix,
			    const struct key *owner)
{
	struct grant wanted = { .prefix = *prefix };
	const struct grant *found =
		bsearch(&wanted, grants->at, grants->len, sizeof(wanted), compare_grants);

	return found && key_compare(found->owner, owner) != 0;
}

static void take_granted_away(struct wg_peer *peer, const struct grant_vec *grants)
{
	size_t kept = 0;

	vec_foreach(prefix, &peer->allowed) {
		if (!is_granted_away(grants, prefix, &peer->key))
			peer->allowed.at[kept++] = *prefix;
	}
	peer->allowed.len = kept;
}

static int change_peer(struct wg_peer *peer, const struct wg_change *change)
{
	if (change->endpoint)
		peer->endpoint = change->want->endpoint;
	if (change->keepalive)
		peer->keepalive_s = change->want->keepalive_s;
	if (change->replace_allowed)
		peer->allowed.len = 0;
	return change->allowed ? add_prefixes(&peer->allowed, &change->want->allowed) : 0;
}

/* Moves the old peer, or an empty one, behind the new list, with the change. */
static int put_peer(struct wg_peer_vec *to, struct wg_peer *old, const struct wg_change *change)
{
	struct wg_peer peer = { 0 };
	int r = vec_reserve(to, 1);

	if (r < 0)
		return r;
	if (old) {
		peer = *old;
		old->allowed = (struct prefix_vec){ 0 };
	} else if (change) {
		peer.key = change->key;
	}
	to->at[to->len++] = peer;
	return change ? change_peer(&to->at[to->len - 1], change) : 0;
}

/* The new list of peers: a merge of the old one with what is set and what is removed. */
static int merge_peers(const struct plan *plan, struct wg_peer_vec *from, struct wg_peer_vec *to)
{
	const struct wg_change *set = plan->set_peers.at;
	const struct wg_change *sets_end = set + plan->set_peers.len;
	const struct wg_change *gone = plan->remove_peers.at;
	const struct wg_change *gones_end = gone + plan->remove_peers.len;
	struct wg_peer *old = from->at;
	struct wg_peer *olds_end = old + from->len;
	int r = 0;

	while (r == 0 && (set < sets_end || old < olds_end)) {
		int order = set == sets_end   ? 1
			    : old == olds_end ? -1
					      : key_compare(&set->key, &old->key);
		bool removed;

		while (order >= 0 && gone < gones_end && key_compare(&gone->key, &old->key) < 0)
			gone++;
		removed = order >= 0 && gone < gones_end && key_compare(&gone->key, &old->key) == 0;
		if (!removed)
			r = put_peer(to, order >= 0 ? old : NULL, order <= 0 ? set : NULL);
		set += order <= 0;
		old += order >= 0;
	}
	return r;
}

static int apply_peers(const struct plan *plan, struct observed *observed)
{
	_cleanup_(grant_vec_done) struct grant_vec grants = { 0 };
	_cleanup_(wg_peer_vec_done) struct wg_peer_vec peers = { 0 };
	struct wg_peer_vec old = observed->peers;
	int r;

	if (plan->set_peers.len == 0 && plan->remove_peers.len == 0)
		return 0;
	r = list_grants(plan, &grants);
	if (r == 0)
		r = merge_peers(plan, &observed->peers, &peers);
	for (size_t i = 0; r == 0 && grants.len > 0 && i < peers.len; i++)
		take_granted_away(&peers.at[i], &grants);
	if (r < 0)
		return r;
	observed->peers = peers;
	peers = old;
	return 0;
}

static int apply_routes(const struct plan *plan, struct observed *observed)
{
	int r = add_prefixes(&observed->routes, &plan->add_routes);

	remove_prefixes(&observed->routes, &plan->remove_routes);
	return r;
}

static int apply_addresses(const struct plan *plan, struct observed *observed)
{
	int r = add_prefixes(&observed->addresses, &plan->add_addresses);

	remove_prefixes(&observed->addresses, &plan->remove_addresses);
	return r;
}

int model_apply(const struct desired *desired, const struct plan *plan, struct observed *observed)
{
	int r;

	if (plan->create)
		observed->state = INTERFACE_OURS;
	if (plan->set_key)
		observed->private_key = desired->private_key;
	if (plan->set_port)
		observed->listen_port = desired->listen_port;
	if (plan->set_mtu != 0)
		observed->mtu = plan->set_mtu;
	r = apply_addresses(plan, observed);
	if (r == 0)
		r = apply_peers(plan, observed);
	if (plan->set_up)
		observed->is_up = true;
	if (r == 0)
		r = apply_routes(plan, observed);
	if (plan->set_down) {
		observed->is_up = false;
		observed->routes.len = 0; /* the kernel drops those of a link that goes down */
	}
	return r;
}
