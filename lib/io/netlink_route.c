// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/netlink_message.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The first next hop of several: struct rtnexthop with attributes behind it. */
static void read_first_hop(const struct nlattr *multipath, struct netlink_route *route)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);

	if (mnl_attr_get_payload_len(multipath) >= sizeof(*hop))
		route->link_index = (uint32_t)hop->rtnh_ifindex;
	route->is_connected = false;
}

static int read_attr(const struct nlattr *attr, uint8_t af, struct netlink_route *route)
{
	switch (mnl_attr_get_type(attr)) {
	case RTA_DST:
		return netlink_read_ip(attr, af, &route->to.ip);
	case RTA_OIF:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			route->link_index = mnl_attr_get_u32(attr);
		break;
	case RTA_PRIORITY:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			route->metric = mnl_attr_get_u32(attr);
		break;
	case RTA_GATEWAY:
	case RTA_VIA:
		route->is_connected = false;
		break;
	case RTA_MULTIPATH:
		read_first_hop(attr, route);
		break;
	default:
		break;
	}
	return 0;
}

int netlink_take_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	struct netlink_route_vec *routes = data;
	struct netlink_route route = { .protocol = info->rtm_protocol, .is_connected = true };
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return -EBADMSG;
	/* An older kernel lists all tables and the cache, whatever it was asked for. */
	if (info->rtm_table != RT_TABLE_MAIN || (info->rtm_flags & RTM_F_CLONED) ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return 0;
	route.to.ip.family = info->rtm_family == AF_INET ? IP_V4 : IP_V6;
	route.to.bits = info->rtm_dst_len;
	if (route.to.bits > ip_family_bits(route.to.ip.family))
		return -EBADMSG;
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		if (read_attr(attr, info->rtm_family, &route) < 0)
			return -EBADMSG;
	}
	return vec_push(routes, route);
}

static void empty_list(void *data)
{
	struct netlink_route_vec *routes = data;

	routes->len = 0;
}

static void ask_main_table(struct netlink_request *request, void *extra, void *data)
{
	struct rtmsg *info = extra;

	(void)request;
	(void)data;
	info->rtm_table = RT_TABLE_MAIN;
}

int netlink_list_routes(struct netlink *netlink, struct netlink_route_vec *routes, struct err *err)
{
	struct netlink_dump dump = {
		.type = RTM_GETROUTE,
		.extra_bytes = sizeof(struct rtmsg),
		.fill = ask_main_table,
		.fn = netlink_take_route,
		.restart = empty_list,
		.data = routes,
	};
	int r = netlink_list(netlink, &dump, err);

	if (r < 0)
		(void)err_wrap(err, "list routes");
	return r;
}

static int change_route(struct netlink *netlink, uint16_t type, uint16_t flags,
			const struct netlink_route *route, struct err *err)
{
	struct netlink_request request;
	struct rtmsg *info = netlink_begin(&request, type, flags, sizeof(*info));

	info->rtm_family = netlink_af(route->to.ip.family);
	info->rtm_dst_len = route->to.bits;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = route->protocol;
	info->rtm_scope = route->to.ip.family == IP_V4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	netlink_put_ip(&request, RTA_DST, &route->to.ip);
	mnl_attr_put_u32(request.header, RTA_OIF, route->link_index);
	if (route->source.family != IP_NONE)
		netlink_put_ip(&request, RTA_PREFSRC, &route->source);
	return netlink_change(netlink, &request, err);
}

int netlink_add_route(struct netlink *netlink, const struct netlink_route *route, struct err *err)
{
	char text[PREFIX_TEXT_BYTES];
	int r = change_route(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, err);

	if (r == 0)
		return 0;
	prefix_format(&route->to, text);
	(void)err_wrap(err, "add route %s", text);
	return r;
}

int netlink_remove_route(struct netlink *netlink, const struct prefix *to, uint32_t link_index,
			 uint8_t protocol, struct err *err)
{
	struct netlink_route route = { .to = *to, .link_index = link_index, .protocol = protocol };
	char text[PREFIX_TEXT_BYTES];
	int r = change_route(netlink, RTM_DELROUTE, 0, &route, err);

	if (r == 0 || r == -ESRCH || r == -ENODEV)
		return 0;
	prefix_format(to, text);
	(void)err_wrap(err, "remove route %s", text);
	return r;
}
