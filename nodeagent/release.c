// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/release.h"

#include <errno.h>

static void free_addrs(struct netlink_addr_vec *addrs)
{
	vec_done(addrs);
}

static void free_routes(struct netlink_route_vec *routes)
{
	vec_done(routes);
}

static int read_addresses(struct netlink *netlink, struct observed *observed, struct err *err)
{
	_cleanup_(free_addrs) struct netlink_addr_vec addrs = { 0 };
	int r = netlink_list_addrs(netlink, &addrs, err);

	for (size_t i = 0; r == 0 && i < addrs.len; i++) {
		if (addrs.at[i].link_index == observed->link_index &&
		    addrs.at[i].protocol == ROUTE_PROTOCOL &&
		    vec_push(&observed->marked, addrs.at[i].prefix) < 0)
			r = err_oom(err);
	}
	return r;
}

static int read_routes(struct netlink *netlink, struct observed *observed, struct err *err)
{
	_cleanup_(free_routes) struct netlink_route_vec routes = { 0 };
	int r = netlink_list_routes(netlink, &routes, err);

	for (size_t i = 0; r == 0 && i < routes.len; i++) {
		if (routes.at[i].link_index == observed->link_index &&
		    routes.at[i].protocol == ROUTE_PROTOCOL &&
		    vec_push(&observed->routes, routes.at[i].to) < 0)
			r = err_oom(err);
	}
	prefix_vec_order(&observed->routes);
	return r;
}

static int observe(const struct apply_tools *tools, const struct netlink_link *link,
		   struct observed *observed, struct err *err)
{
	struct wg_device device = { 0 };
	int r = tools->wireguard->backend->read(tools->interface, &device, err);

	if (r < 0)
		return r;
	observed->state = INTERFACE_OURS;
	observed->link_index = link->index;
	observed->is_up = link->is_up;
	observed->private_key = device.private_key;
	key_wipe(&device.private_key);
	if (observed_take_reading(observed, &device.peers) < 0)
		return err_oom(err);
	r = read_addresses(tools->netlink, observed, err);
	return r < 0 ? r : read_routes(tools->netlink, observed, err);
}

static int take_ours(const struct apply_tools *tools, const struct observed *observed,
		     struct err *err)
{
	_cleanup_(plan_done) struct plan plan = { 0 };
	const struct desired nothing = { 0 };
	int r = plan_make_idle(tools->interface, observed, &plan, err);

	if (r == 0 && vec_copy(&plan.remove_addresses, &observed->marked) < 0)
		r = err_oom(err);
	return r < 0 ? r : apply_plan(tools, &nothing, &plan, err);
}

int release_link(const struct apply_tools *tools, const struct netlink_link *link,
		 enum foreign_peers foreign_peers, struct err *err)
{
	_cleanup_(observed_done) struct observed observed = { 0 };
	struct plan_foreign foreign = { .choice = foreign_peers };
	const struct desired nothing = { 0 };
	int r = observe(tools, link, &observed, err);

	if (r < 0)
		return r;
	if (plan_foreign_mark(&foreign, &nothing, &observed) < 0)
		return err_oom(err);
	if (foreign.count == 0 || foreign_peers == FOREIGN_NONE)
		return 1;
	if (foreign_peers == FOREIGN_KEEP)
		return take_ours(tools, &observed, err);
	return err_set(err, -EPERM,
		       "%s holds %zu peers that have no route of ours, so it is left as it is: "
		       "--foreign-peers=keep leaves only them, 'ip link del %s' removes it all",
		       tools->interface, foreign.count, tools->interface);
}
