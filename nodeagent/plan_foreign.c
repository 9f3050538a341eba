// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan_foreign.h"

#include <errno.h>
#include <stdio.h>

static bool has_route_of_ours(const struct wg_peer *peer, const struct observed *observed)
{
	vec_foreach(prefix, &peer->allowed) {
		if (observed_has_prefix(&observed->routes, prefix))
			return true;
	}
	return false;
}

static enum peer_origin judge(const struct plan_foreign *foreign, const struct wg_peer *peer,
			      const struct observed *observed)
{
	bool is_met = foreign->adopted == observed->link_index;

	return !is_met && has_route_of_ours(peer, observed) ? PEER_OURS : PEER_FOREIGN;
}

static bool is_wanted(const struct desired *desired, const struct key *key)
{
	const struct view_peer *peer = desired->view ? view_peer(desired->view, key) : NULL;

	return peer && desired_wants(desired, peer);
}

static int keep_prefixes(const struct wg_peer *peer, struct kept_prefix_vec *kept)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < peer->allowed.len; i++) {
		struct kept_prefix prefix = { .prefix = peer->allowed.at[i], .owner = peer->key };

		r = vec_push(kept, prefix);
	}
	return r;
}

static int compare_kept(const void *a, const void *b)
{
	return prefix_compare(&((const struct kept_prefix *)a)->prefix,
			      &((const struct kept_prefix *)b)->prefix);
}

int plan_foreign_mark(struct plan_foreign *foreign, const struct desired *desired,
		      struct observed *observed)
{
	int r = 0;

	foreign->count = 0;
	observed->kept.len = 0;
	if (observed->state != INTERFACE_OURS)
		return 0;
	if (foreign->is_made)
		foreign->adopted = observed->link_index;
	foreign->is_made = false;
	/* Whatever is on it is ours: no need to look at each. */
	if (foreign->choice == FOREIGN_REFUSE && foreign->adopted == observed->link_index)
		return 0;
	for (size_t i = 0; r == 0 && i < observed->peers.len; i++) {
		struct wg_peer *peer = observed->peers.at[i];

		if (is_wanted(desired, &peer->key))
			peer->origin = PEER_OURS;
		else if (peer->origin == PEER_UNKNOWN)
			peer->origin = judge(foreign, peer, observed);
		if (peer->origin != PEER_FOREIGN)
			continue;
		foreign->count++;
		r = keep_prefixes(peer, &observed->kept);
	}
	if (observed->kept.len > 0)
		qsort(observed->kept.at, observed->kept.len, sizeof(*observed->kept.at),
		      compare_kept);
	return r;
}

#define KEYS_SAID_MAX 3

/* "xTIBA5rb, AbCdEfGh, …" */
static void list_foreign(const struct observed *observed, char *ret_text, size_t size)
{
	size_t said = 0;
	int len = 0;

	*ret_text = '\0';
	vec_foreach(peer, &observed->peers) {
		char key[KEY_SHORT_BYTES];

		if ((*peer)->origin != PEER_FOREIGN)
			continue;
		key_format_short(&(*peer)->key, key);
		if (said++ < KEYS_SAID_MAX)
			len += snprintf(ret_text + len, size - (size_t)len, "%s%s",
					len > 0 ? ", " : "", key);
	}
	if (said > KEYS_SAID_MAX)
		(void)snprintf(ret_text + len, size - (size_t)len, ", …");
}

int plan_foreign_check(const struct plan_foreign *foreign, const char *interface,
		       const struct key *private_key, const struct observed *observed,
		       struct err *err)
{
	bool is_met = observed->state == INTERFACE_OURS && foreign->adopted != observed->link_index;
	const char *s = foreign->count == 1 ? "" : "s";
	char keys[KEYS_SAID_MAX * (KEY_SHORT_BYTES + 2) + 8];

	if (!is_met || foreign->count == 0)
		return 0;
	list_foreign(observed, keys, sizeof(keys));
	if (foreign->choice == FOREIGN_REFUSE)
		return err_set(
			err, -EEXIST,
			"%s holds %zu peer%s that the zone does not name (%s), so nothing "
			"on it is touched: remove them ('aircrew status' says how), or start "
			"with --foreign-peers=keep or another --interface",
			interface, foreign->count, s, keys);
	if (key_equal_private(private_key, &observed->private_key))
		return 0;
	return err_set(err, -EEXIST,
		       "%s holds %zu peer%s to keep (%s), but has another private key than this "
		       "node: start with that key (--private-key-file) or another --interface",
		       interface, foreign->count, s, keys);
}

void plan_foreign_adopt(struct plan_foreign *foreign, const struct plan *plan,
			const struct observed *observed)
{
	foreign->is_made |= plan->create;
	if (!plan->create && observed->state == INTERFACE_OURS)
		foreign->adopted = observed->link_index;
}

const struct kept_prefix *plan_foreign_find(const struct desired *desired,
					    const struct observed *observed,
					    const struct prefix *route)
{
	const struct kept_prefix *kept = observed->kept.at;
	size_t from = 0;
	size_t to = observed->kept.len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_compare(&kept[middle].prefix, route) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < observed->kept.len && prefix_contains(route, &kept[from].prefix.ip); from++) {
		if (!is_wanted(desired, &kept[from].owner))
			return &kept[from];
	}
	return NULL;
}

void plan_foreign_strip(const struct desired *desired, const struct observed *observed,
			struct prefix_vec *prefixes)
{
	size_t left = 0;

	if (observed->kept.len == 0)
		return;
	vec_foreach(prefix, prefixes) {
		if (!plan_foreign_find(desired, observed, prefix))
			prefixes->at[left++] = *prefix;
	}
	prefixes->len = left;
}

bool plan_foreign_owns_address(const struct desired *desired, const struct observed *observed,
			       const struct prefix *address)
{
	vec_foreach(marked, &observed->marked) {
		if (prefix_equal(marked, address))
			return true;
	}
	for (uint8_t i = 0; desired->zone && i < desired->zone->cidr_len; i++) {
		if (desired->zone->cidr[i].ip.family == address->ip.family &&
		    prefix_contains(&desired->zone->cidr[i], &address->ip))
			return true;
	}
	return address->bits == ip_family_bits(address->ip.family) && !desired->keep_foreign;
}

bool plan_foreign_leads_in(const struct foreign_route *route, const struct observed *observed)
{
	return observed->state == INTERFACE_OURS && route->is_connected &&
	       route->link_index == observed->link_index;
}

bool plan_foreign_has_route(const struct observed *observed, const struct prefix *to)
{
	const struct foreign_route_vec *routes = &observed->foreign;
	size_t i = observed_first_foreign(observed, to);

	for (; i < routes->len && prefix_equal(&routes->at[i].to, to); i++) {
		if (plan_foreign_leads_in(&routes->at[i], observed))
			return true;
	}
	return false;
}
