// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/wg/backend.h"

#include <errno.h>

void wg_device_done(struct wg_device *device)
{
	key_wipe(&device->private_key);
	wg_peer_vec_done(&device->peers);
}

static int compare_peers(const void *a, const void *b)
{
	return key_compare(&((const struct wg_peer *)a)->key, &((const struct wg_peer *)b)->key);
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

int wg_device_order(struct wg_device *device, struct err *err)
{
	struct wg_peer_vec *peers = &device->peers;

	if (peers->len > 0)
		qsort(peers->at, peers->len, sizeof(*peers->at), compare_peers);
	vec_foreach(peer, peers) {
		if (peer > peers->at && key_compare(&peer[-1].key, &peer->key) == 0)
			return err_set(err, -EPROTO, "the answer has a peer twice");
		if (peer->allowed.len > 1)
			qsort(peer->allowed.at, peer->allowed.len, sizeof(*peer->allowed.at),
			      compare_prefixes);
	}
	return 0;
}
