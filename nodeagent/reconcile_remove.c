// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/reconcile.h"

#include <errno.h>

#include "base/str.h"
#include "io/netlink.h"
#include "nodeagent/interface.h"
#include "nodeagent/release.h"
#include "nodeagent/rights.h"
#include "nodeagent/wg/backend.h"

static void free_netlink(struct netlink **netlink)
{
	netlink_free(*netlink);
}

/* NULL: the link is none of ours. */
static const struct wg_backend *find_backend(const struct netlink_link *link)
{
	static const struct wg_backend *const backends[] = { &wg_kernel, &wg_userspace };

	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		if (str_eq(link->kind, backends[i]->link_kind) &&
		    backends[i]->is_served(link->name))
			return backends[i];
	}
	return NULL;
}

/* What a wireguard-go left behind, unless one serves an interface of that name elsewhere. */
static int clean_up_userspace(const char *interface, struct err *err)
{
	return wg_userspace.is_served(interface) ? 0 : wg_userspace.clean_up(interface, err);
}

int reconcile_remove_all(const char *interface, enum foreign_peers foreign_peers, struct err *err)
{
	_cleanup_(free_netlink) struct netlink *netlink = NULL;
	struct apply_tools tools = { .interface = interface };
	struct wg_choice choice = { 0 };
	struct netlink_link link;
	int r = interface_check_name(interface, err);

	if (r == 0)
		r = netlink_new(&netlink, err);
	if (r < 0)
		return r;
	r = netlink_find_link(netlink, interface, &link, err);
	if (r == -ENODEV)
		return clean_up_userspace(interface, err);
	if (r < 0)
		return r;
	choice.backend = find_backend(&link);
	if (!choice.backend)
		return err_set(err, -EPERM, "%s is no WireGuard interface of ours: left as it is",
			       link.name);
	tools.netlink = netlink;
	tools.wireguard = &choice;
	r = rights_check(err);
	if (r == 0)
		r = release_link(&tools, &link, foreign_peers, err);
	if (r == 0)
		return 0;
	/* Its routes and addresses go with it. */
	if (r > 0)
		r = netlink_remove_link(netlink, link.index, err);
	return r < 0 ? r : choice.backend->clean_up(interface, err);
}
