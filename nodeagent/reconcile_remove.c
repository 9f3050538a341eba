// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/reconcile.h"

#include <errno.h>

#include "base/str.h"
#include "io/netlink.h"
#include "nodeagent/interface.h"
#include "nodeagent/wg/backend.h"

static void free_netlink(struct netlink **netlink)
{
	netlink_free(*netlink);
}

static int check_ours(const struct wg_backend *backend, const struct netlink_link *link,
		      struct err *err)
{
	if (str_eq(link->kind, backend->link_kind) && backend->is_served(link->name))
		return 0;
	return err_set(err, -EPERM, "%s is no WireGuard interface of ours: left as it is",
		       link->name);
}

int reconcile_remove_all(const char *interface, struct err *err)
{
	_cleanup_(free_netlink) struct netlink *netlink = NULL;
	const struct wg_backend *backend = &wg_userspace;
	struct netlink_link link;
	int r = interface_check_name(interface, err);

	if (r == 0)
		r = netlink_new(&netlink, err);
	if (r < 0)
		return r;
	r = netlink_find_link(netlink, interface, &link, err);
	if (r == -ENODEV)
		return backend->is_served(interface) ? 0 : backend->clean_up(interface, err);
	if (r == 0)
		r = check_ours(backend, &link, err);
	/* Its routes and addresses go with it. */
	if (r == 0)
		r = netlink_remove_link(netlink, link.index, err);
	return r < 0 ? r : backend->clean_up(interface, err);
}
