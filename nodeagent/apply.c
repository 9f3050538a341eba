// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/apply.h"

#include <errno.h>

#include "nodeagent/wg/orphan.h"
#include "nodeagent/wg/port.h"
/* The first failure of several steps. */
struct outcome {
	int r;
	struct err err;
};

/* Where the next step may write its sentence: nowhere once there is one. */
static struct err *sentence(struct outcome *outcome)
{
	return outcome->r < 0 ? NULL : &outcome->err;
}

static void note(struct outcome *outcome, int r)
{
	if (outcome->r == 0)
		outcome->r = r;
}

static void apply_device(const struct apply_tools *tools, const struct desired *desired,
			 const struct plan *plan, struct outcome *outcome)
{
	const struct key *key = plan->set_key ? &desired->private_key : NULL;
	uint16_t port = plan->set_port ? desired->listen_port : 0;
	int r = 0;

	/* wireguard-go closes the old port before it finds that it cannot have the new one. */
	if (port != 0)
		r = port_check_free(port, sentence(outcome));
	if (r < 0)
		port = 0;
	note(outcome, r);
	if (key || port != 0)
		note(outcome, tools->wireguard->backend->set_device(tools->interface, key, port,
								    sentence(outcome)));
}

static void apply_addresses(const struct apply_tools *tools, const struct prefix_vec *prefixes,
			    uint32_t link_index,
			    int (*fn)(struct netlink *netlink, const struct netlink_addr *addr,
				      struct err *err),
			    struct outcome *outcome)
{
	vec_foreach(prefix, prefixes) {
		struct netlink_addr addr = { .link_index = link_index,
					     .prefix = *prefix,
					     .protocol = ROUTE_PROTOCOL };

		note(outcome, fn(tools->netlink, &addr, sentence(outcome)));
	}
}

static void add_routes(const struct apply_tools *tools, const struct plan *plan,
		       uint32_t link_index, struct outcome *outcome)
{
	vec_foreach(prefix, &plan->add_routes) {
		struct netlink_route route = { .to = *prefix,
					       .link_index = link_index,
					       .protocol = ROUTE_PROTOCOL };

		if (prefix->ip.family == plan->route_source.family)
			route.source = plan->route_source;
		note(outcome, netlink_add_route(tools->netlink, &route, sentence(outcome)));
	}
}

static void remove_routes(const struct apply_tools *tools, const struct plan *plan,
			  uint32_t link_index, struct outcome *outcome)
{
	vec_foreach(prefix, &plan->remove_routes)
		note(outcome, netlink_remove_route(tools->netlink, prefix, link_index,
						   ROUTE_PROTOCOL, sentence(outcome)));
}

static void apply_peers(const struct apply_tools *tools, struct wg_change_vec *changes,
			struct outcome *outcome)
{
	if (changes->len > 0)
		note(outcome,
		     tools->wireguard->backend->change_peers(tools->interface, changes->at,
							     changes->len, sentence(outcome)));
}

static int create(const struct apply_tools *tools, const struct desired *desired, struct err *err)
{
	int r = 0;

	if (tools->wireguard->backend == &wg_userspace)
		r = orphan_end(tools->interface, &desired->private_key, err);
	return r < 0 ? r : wg_choice_create(tools->wireguard, tools->interface, err);
}

/* Kernels before 6.2 rename what is down alone: then the routes go, and come back. */
static int rename_back(const struct apply_tools *tools, uint32_t index, struct err *err)
{
	int r = netlink_rename_link(tools->netlink, index, tools->interface, err);

	if (r != -EBUSY)
		return r;
	r = netlink_set_link_up(tools->netlink, index, false, err);
	if (r == 0)
		r = netlink_rename_link(tools->netlink, index, tools->interface, err);
	return r < 0 ? r : netlink_set_link_up(tools->netlink, index, true, err);
}

int apply_plan(const struct apply_tools *tools, const struct desired *desired, struct plan *plan,
	       struct err *err)
{
	struct outcome outcome = { 0 };
	struct netlink_link link = { 0 };
	int r = 0;

	if (plan->create)
		r = create(tools, desired, err);
	else if (plan->rename != 0)
		r = rename_back(tools, plan->rename, err);
	if (r == 0)
		r = netlink_find_link(tools->netlink, tools->interface, &link, err);
	if (r < 0)
		return r;
	apply_device(tools, desired, plan, &outcome);
	if (plan->set_mtu != 0)
		note(&outcome, netlink_set_link_mtu(tools->netlink, link.index, plan->set_mtu,
						    sentence(&outcome)));
	apply_addresses(tools, &plan->add_addresses, link.index, netlink_add_addr, &outcome);
	apply_peers(tools, &plan->set_peers, &outcome);
	if (plan->set_up)
		note(&outcome,
		     netlink_set_link_up(tools->netlink, link.index, true, sentence(&outcome)));
	add_routes(tools, plan, link.index, &outcome);
	remove_routes(tools, plan, link.index, &outcome);
	apply_peers(tools, &plan->remove_peers, &outcome);
	apply_addresses(tools, &plan->remove_addresses, link.index, netlink_remove_addr, &outcome);
	if (plan->set_down)
		note(&outcome,
		     netlink_set_link_up(tools->netlink, link.index, false, sentence(&outcome)));
	return outcome.r < 0 ? err_set(err, outcome.r, "%s", outcome.err.text) : 0;
}
