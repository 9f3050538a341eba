// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Who claims which prefix, who is reached at which address, and what changed since somebody asked.
 */
#include <string.h>

#include "nodeagent/view_private.h"

static int compare_claims(const struct view_claim *a, const struct view_claim *b)
{
	int order = prefix_compare(&a->prefix, &b->prefix);

	if (order == 0)
		order = key_compare(&a->peer->key, &b->peer->key);
	/* A peer may name its own address as a child prefix, too. */
	return order != 0 ? order : (int)b->is_address - (int)a->is_address;
}

TREE_GENERATE(view_claim_tree, view_claim, link, compare_claims)

static int compare_ips(const struct view_peer *a, const struct view_peer *b)
{
	struct endpoint left = view_peer_endpoint(a, NULL);
	struct endpoint right = view_peer_endpoint(b, NULL);
	int order = ip_compare(&left.ip, &right.ip);

	return order != 0 ? order : key_compare(&a->key, &b->key);
}

TREE_GENERATE(view_ip_tree, view_peer, by_ip, compare_ips)

void view_index_touch_all(struct view *view)
{
	view_forget_touched(view);
	view->touched.all = true;
	view->in_change = true;
}

static void touch_key(struct view *view, const struct key *key)
{
	struct view_touched *touched = &view->touched;

	if (touched->all)
		return;
	if (touched->keys.len >= VIEW_TOUCHED_MAX || vec_push(&touched->keys, *key) < 0)
		view_index_touch_all(view);
}

static void touch_prefix(struct view *view, const struct prefix *prefix)
{
	struct view_touched *touched = &view->touched;

	if (touched->all)
		return;
	if (touched->prefixes.len >= VIEW_TOUCHED_MAX || vec_push(&touched->prefixes, *prefix) < 0)
		view_index_touch_all(view);
}

/* Whoever claims the same prefix may now own it, or not any more. */
static void touch_claimants(struct view *view, const struct prefix *prefix)
{
	const struct view_claim *claim = view_claim_from(view, prefix);

	for (; claim && prefix_equal(&claim->prefix, prefix); claim = view_next_claim(claim))
		touch_key(view, &claim->peer->key);
}

void view_index_touch(struct view *view, const struct view_peer *peer)
{
	struct endpoint endpoint = view_peer_endpoint(peer, NULL);
	struct prefix host = prefix_host(&endpoint.ip);

	view->in_change = true;
	/* A hub changes what all others are reached by. */
	if (peer->hub_router)
		view_index_touch_all(view);
	touch_key(view, &peer->key);
	for (size_t i = 0; i < peer->claims_len && !view->touched.all; i++) {
		touch_prefix(view, &peer->claims[i].prefix);
		touch_claimants(view, &peer->claims[i].prefix);
	}
	if (endpoint.ip.family != IP_NONE)
		touch_prefix(view, &host);
}

void view_index_add(struct view *view, struct view_peer *peer)
{
	if (view_peer_endpoint(peer, NULL).ip.family != IP_NONE)
		RB_INSERT(view_ip_tree, &view->by_ip, peer);
	for (size_t i = 0; i < peer->claims_len; i++)
		RB_INSERT(view_claim_tree, &view->claims, &peer->claims[i]);
	view_index_touch(view, peer);
}

void view_index_remove(struct view *view, struct view_peer *peer)
{
	view_index_touch(view, peer);
	if (view_peer_endpoint(peer, NULL).ip.family != IP_NONE)
		RB_REMOVE(view_ip_tree, &view->by_ip, peer);
	for (size_t i = 0; i < peer->claims_len; i++)
		RB_REMOVE(view_claim_tree, &view->claims, &peer->claims[i]);
}

const struct view_claim *view_claim_from(const struct view *view, const struct prefix *prefix)
{
	struct view_claim_tree *tree = (struct view_claim_tree *)&view->claims;
	struct view_claim *claim = RB_ROOT(tree);
	struct view_claim *found = NULL;

	while (claim) {
		bool is_below = prefix_compare(&claim->prefix, prefix) < 0;

		found = is_below ? found : claim;
		claim = is_below ? RB_RIGHT(claim, link) : RB_LEFT(claim, link);
	}
	return found;
}

const struct view_claim *view_claim_upto(const struct view *view, const struct prefix *prefix)
{
	struct view_claim_tree *tree = (struct view_claim_tree *)&view->claims;
	struct view_claim *claim = RB_ROOT(tree);
	struct view_claim *found = NULL;

	while (claim) {
		bool is_above = prefix_compare(&claim->prefix, prefix) > 0;

		found = is_above ? found : claim;
		claim = is_above ? RB_LEFT(claim, link) : RB_RIGHT(claim, link);
	}
	return found;
}

const struct view_claim *view_next_claim(const struct view_claim *claim)
{
	return RB_NEXT(view_claim_tree, unused, (struct view_claim *)claim);
}

const struct view_peer *view_peer_from_ip(const struct view *view, const struct ip *ip)
{
	struct view_ip_tree *tree = (struct view_ip_tree *)&view->by_ip;
	struct view_peer *peer = RB_ROOT(tree);
	struct view_peer *found = NULL;

	while (peer) {
		struct endpoint endpoint = view_peer_endpoint(peer, NULL);
		bool is_below = ip_compare(&endpoint.ip, ip) < 0;

		found = is_below ? found : peer;
		peer = is_below ? RB_RIGHT(peer, by_ip) : RB_LEFT(peer, by_ip);
	}
	return found;
}

const struct view_peer *view_next_peer_by_ip(const struct view_peer *peer)
{
	return RB_NEXT(view_ip_tree, unused, (struct view_peer *)peer);
}

static int compare_key_items(const void *a, const void *b)
{
	return key_compare(a, b);
}

const struct view_touched *view_touched(struct view *view)
{
	struct view_touched *touched = &view->touched;
	size_t kept = 0;

	if (touched->keys.len > 0)
		qsort(touched->keys.at, touched->keys.len, sizeof(*touched->keys.at),
		      compare_key_items);
	vec_foreach(key, &touched->keys) {
		if (kept == 0 || key_compare(&touched->keys.at[kept - 1], key) != 0)
			touched->keys.at[kept++] = *key;
	}
	touched->keys.len = kept;
	prefix_vec_order(&touched->prefixes);
	return touched;
}

void view_forget_touched(struct view *view)
{
	vec_done(&view->touched.keys);
	vec_done(&view->touched.prefixes);
	view->touched.all = false;
}
