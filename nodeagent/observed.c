// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/observed.h"

#include <errno.h>
#include <string.h>

#define FEW 32 /* prefixes: to find the place of each is less work than to go through all */

static void free_peer(struct wg_peer *peer)
{
	wg_peer_done(peer);
	free(peer);
}

static void empty_peers(struct wg_peer_list *peers)
{
	vec_foreach(peer, peers)
		free_peer(*peer);
	vec_done(peers);
}

void observed_done(struct observed *observed)
{
	key_wipe(&observed->private_key);
	vec_done(&observed->addresses);
	vec_done(&observed->routes);
	empty_peers(&observed->peers);
	vec_done(&observed->marked);
	vec_done(&observed->kept);
	vec_done(&observed->links);
	vec_done(&observed->foreign);
	vec_done(&observed->guards);
	*observed = (struct observed){ 0 };
}

const struct observed_link *observed_find_link(const struct observed *observed, uint32_t index)
{
	vec_foreach(link, &observed->links) {
		if (link->index == index)
			return link;
	}
	return NULL;
}

size_t observed_first_foreign(const struct observed *observed, const struct prefix *prefix)
{
	const struct foreign_route_vec *foreign = &observed->foreign;
	size_t from = 0;
	size_t to = foreign->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_compare(&foreign->at[middle].to, prefix) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Where a peer with this key stands, or would. */
static size_t place_of(const struct wg_peer_list *peers, const struct key *key)
{
	size_t from = 0;
	size_t to = peers->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (key_compare(&peers->at[middle]->key, key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool stands_at(const struct wg_peer_list *peers, size_t place, const struct key *key)
{
	return place < peers->len && key_compare(&peers->at[place]->key, key) == 0;
}

struct wg_peer *observed_find_peer(const struct observed *observed, const struct key *key)
{
	size_t place = place_of(&observed->peers, key);

	return stands_at(&observed->peers, place, key) ? observed->peers.at[place] : NULL;
}

struct wg_peer *observed_make_peer(struct observed *observed, const struct key *key)
{
	struct wg_peer_list *peers = &observed->peers;
	size_t place = place_of(peers, key);
	struct wg_peer *peer;

	if (stands_at(peers, place, key))
		return peers->at[place];
	peer = calloc(1, sizeof(*peer));
	if (!peer || vec_reserve(peers, 1) < 0) {
		free(peer);
		return NULL;
	}
	peer->key = *key;
	vec_insert(peers, place, peer);
	return peer;
}

void observed_remove_peer(struct observed *observed, const struct key *key)
{
	struct wg_peer_list *peers = &observed->peers;
	size_t place = place_of(peers, key);

	if (!stands_at(peers, place, key))
		return;
	free_peer(peers->at[place]);
	vec_remove(peers, place);
}

int observed_set_allowed(struct wg_peer *peer, const struct prefix_vec *allowed)
{
	if (allowed->len > peer->allowed.cap) {
		struct prefix *at = malloc(allowed->len * sizeof(*at));

		if (!at)
			return -ENOMEM;
		wg_peer_done(peer);
		peer->allowed.at = at;
		peer->allowed.cap = allowed->len;
	}
	if (allowed->len > 0)
		memcpy(peer->allowed.at, allowed->at, allowed->len * sizeof(*allowed->at));
	peer->allowed.len = allowed->len;
	return 0;
}

/* All but what WireGuard does not know. */
static int take_peer(struct wg_peer *peer, const struct wg_peer *reading)
{
	struct wg_peer fresh = *reading;
	int r = observed_set_allowed(peer, &reading->allowed);

	fresh.declared = peer->declared;
	fresh.generation = peer->generation;
	fresh.origin = peer->origin;
	fresh.allowed = peer->allowed;
	*peer = fresh;
	return r;
}

int observed_take_reading(struct observed *observed, struct wg_peer_vec *reading)
{
	struct wg_peer_list *old = &observed->peers;
	struct wg_peer_list merged = { 0 };
	size_t i = 0;
	int r = vec_reserve(&merged, reading->len);

	for (size_t j = 0; r == 0 && j < reading->len; j++) {
		const struct key *key = &reading->at[j].key;
		struct wg_peer *peer;

		for (; i < old->len && key_compare(&old->at[i]->key, key) < 0; i++)
			free_peer(old->at[i]);
		peer = stands_at(old, i, key) ? old->at[i++] : calloc(1, sizeof(*peer));
		if (!peer) {
			r = -ENOMEM;
			break;
		}
		merged.at[merged.len++] = peer;
		r = take_peer(peer, &reading->at[j]);
	}
	for (; i < old->len; i++)
		free_peer(old->at[i]);
	vec_done(old);
	*old = merged;
	wg_peer_vec_done(reading);
	return r;
}

/* The place of a prefix in an ordered list. */
static size_t place_of_prefix(const struct prefix_vec *ordered, const struct prefix *prefix)
{
	size_t from = 0;
	size_t to = ordered->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_compare(&ordered->at[middle], prefix) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool has_at(const struct prefix_vec *ordered, size_t place, const struct prefix *prefix)
{
	return place < ordered->len && prefix_equal(&ordered->at[place], prefix);
}

bool observed_has_prefix(const struct prefix_vec *ordered, const struct prefix *prefix)
{
	return has_at(ordered, place_of_prefix(ordered, prefix), prefix);
}

static void insert_prefix(struct prefix_vec *to, const struct prefix *prefix)
{
	size_t place = place_of_prefix(to, prefix);

	if (!has_at(to, place, prefix))
		vec_insert(to, place, *prefix);
}

int observed_add_prefixes(struct prefix_vec *to, const struct prefix_vec *more)
{
	if (more->len == 0)
		return 0;
	if (vec_reserve(to, more->len) < 0)
		return -ENOMEM;
	if (more->len <= FEW) {
		vec_foreach(prefix, more)
			insert_prefix(to, prefix);
		return 0;
	}
	vec_foreach(prefix, more)
		to->at[to->len++] = *prefix;
	prefix_vec_order(to);
	return 0;
}

static void remove_prefix(struct prefix_vec *from, const struct prefix *prefix)
{
	size_t place = place_of_prefix(from, prefix);

	if (has_at(from, place, prefix))
		vec_remove(from, place);
}

void observed_remove_prefixes(struct prefix_vec *from, const struct prefix_vec *gone)
{
	size_t kept = 0;

	if (gone->len <= FEW) {
		vec_foreach(prefix, gone)
			remove_prefix(from, prefix);
		return;
	}
	vec_foreach(prefix, from) {
		if (!observed_has_prefix(gone, prefix))
			from->at[kept++] = *prefix;
	}
	from->len = kept;
}
