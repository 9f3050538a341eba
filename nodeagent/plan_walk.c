// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/plan_walk.h"

static bool next_of_all(struct plan_walk *walk, struct plan_pair *pair)
{
	const struct wg_peer_list *peers = &walk->observed->peers;
	struct wg_peer *have = walk->at < peers->len ? peers->at[walk->at] : NULL;
	int order;

	if (!walk->is_begun)
		walk->want = desired_next_peer(walk->desired, NULL);
	walk->is_begun = true;
	if (!walk->want && !have)
		return false;
	order = !walk->want ? 1 : !have ? -1 : key_compare(&walk->want->key, &have->key);
	pair->want = order <= 0 ? walk->want : NULL;
	pair->have = order >= 0 ? have : NULL;
	if (order <= 0)
		walk->want = desired_next_peer(walk->desired, walk->want);
	walk->at += order >= 0;
	return true;
}

static void make_pair(const struct plan_walk *walk, const struct key *key, struct plan_pair *pair)
{
	pair->want = view_peer(walk->desired->view, key);
	pair->have = observed_find_peer(walk->observed, key);
	if (pair->want && !desired_wants(walk->desired, pair->want))
		pair->want = NULL;
}

static bool next_touched(struct plan_walk *walk, struct plan_pair *pair)
{
	const struct view_peer *hub = walk->desired->hub;

	while (walk->at < walk->touched->keys.len) {
		make_pair(walk, &walk->touched->keys.at[walk->at++], pair);
		if ((pair->want || pair->have) && !(hub && pair->want == hub))
			return true;
	}
	/* What others brought goes to a spoke's hub. */
	if (!hub || walk->has_told_hub)
		return false;
	walk->has_told_hub = true;
	make_pair(walk, &hub->key, pair);
	return true;
}

bool plan_walk_next(struct plan_walk *walk, struct plan_pair *ret_pair)
{
	return walk->touched ? next_touched(walk, ret_pair) : next_of_all(walk, ret_pair);
}
