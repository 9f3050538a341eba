// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/wg/orphan.h"

#include "base/log.h"
#include "nodeagent/wg/backend.h"

int orphan_end(const char *interface, const struct key *private_key, struct err *err)
{
	struct wg_device device = { 0 };
	bool is_ours;

	if (wg_userspace.read(interface, &device, NULL) < 0)
		return 0;
	is_ours = key_equal_private(private_key, &device.private_key);
	wg_device_done(&device);
	if (!is_ours)
		return 0;
	log_warn("wireguard",
		 "%s is not here any more, but its wireguard-go runs with this node's key (deleted "
		 "just now, or in another network namespace): ends it and makes a new one",
		 interface);
	return wg_userspace.clean_up(interface, err);
}
