// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/observed.h"

#include "nodeagent/plan.h"

void observed_done(struct observed *observed)
{
	key_wipe(&observed->private_key);
	vec_done(&observed->addresses);
	vec_done(&observed->routes);
	wg_peer_vec_done(&observed->peers);
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

void observed_inherit(struct observed *observed, const struct observed *earlier)
{
	const struct wg_peer *old = earlier->peers.at;
	const struct wg_peer *end = old + earlier->peers.len;

	vec_foreach(peer, &observed->peers) {
		while (old < end && key_compare(&old->key, &peer->key) < 0)
			old++;
		if (old < end && key_compare(&old->key, &peer->key) == 0) {
			peer->declared = old->declared;
			peer->generation = old->generation;
		}
	}
}

void observed_declare(struct observed *observed, const struct desired *desired,
		      const struct plan *plan)
{
	const struct wg_change *change = plan->set_peers.at;
	const struct wg_change *changes_end = change + plan->set_peers.len;
	const struct wg_peer *want = desired->peers.at;
	const struct wg_peer *wants_end = want + desired->peers.len;

	vec_foreach(peer, &observed->peers) {
		while (change < changes_end && key_compare(&change->key, &peer->key) < 0)
			change++;
		while (want < wants_end && key_compare(&want->key, &peer->key) < 0)
			want++;
		if (want == wants_end || key_compare(&want->key, &peer->key) != 0 ||
		    (change < changes_end && change->want == want && change->failed))
			continue;
		peer->declared = want->endpoint;
		peer->generation = want->generation;
	}
}
