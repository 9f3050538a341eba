// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/netlink_message.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/str.h"

static void read_kind(const struct nlattr *linkinfo, struct netlink_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, linkinfo)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			(void)!str_copy(link->kind, sizeof(link->kind), mnl_attr_get_str(attr));
	}
}

static int read_link(const struct nlmsghdr *message, struct netlink_link *ret_link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct netlink_link link = { 0 };
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWLINK || info->ifi_index <= 0)
		return -EBADMSG;
	link.index = (uint32_t)info->ifi_index;
	link.is_up = (info->ifi_flags & IFF_UP) != 0;
	link.is_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ||
			    str_copy(link.name, sizeof(link.name), mnl_attr_get_str(attr)) < 0)
				return -EBADMSG;
			break;
		case IFLA_MTU:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
				link.mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_LINKINFO:
			read_kind(attr, &link);
			break;
		default:
			break;
		}
	}
	*ret_link = link;
	return 0;
}

int netlink_take_link(const struct nlmsghdr *message, void *data)
{
	struct netlink_link_vec *links = data;
	struct netlink_link link;
	int r = read_link(message, &link);

	return r < 0 ? r : vec_push(links, link);
}

static void empty_list(void *data)
{
	struct netlink_link_vec *links = data;

	links->len = 0;
}

int netlink_list_links(struct netlink *netlink, struct netlink_link_vec *links, struct err *err)
{
	struct netlink_dump dump = {
		.type = RTM_GETLINK,
		.extra_bytes = sizeof(struct ifinfomsg),
		.fn = netlink_take_link,
		.restart = empty_list,
		.data = links,
	};
	int r = netlink_list(netlink, &dump, err);

	if (r < 0)
		(void)err_wrap(err, "list links");
	return r;
}

static int keep_link(const struct nlmsghdr *message, void *data)
{
	return read_link(message, data);
}

int netlink_find_link(struct netlink *netlink, const char *name, struct netlink_link *ret_link,
		      struct err *err)
{
	struct netlink_request request;
	struct netlink_link link = { 0 };
	int r;

	(void)netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	r = netlink_ask(netlink, &request, keep_link, &link, err);
	if (r < 0)
		(void)err_wrap(err, "find link %s", name);
	else
		*ret_link = link;
	return r;
}

int netlink_add_link(struct netlink *netlink, const char *name, const char *kind, struct err *err)
{
	struct netlink_request request;
	struct nlattr *info;
	int r;

	(void)netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
			    sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
	mnl_attr_put_strz(request.header, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(request.header, info);
	r = netlink_change(netlink, &request, err);
	if (r < 0)
		(void)err_wrap(err, "create link %s", name);
	return r;
}

int netlink_set_link_up(struct netlink *netlink, uint32_t index, bool up, struct err *err)
{
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	int r;

	info->ifi_index = (int)index;
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	r = netlink_change(netlink, &request, err);
	if (r < 0)
		(void)err_wrap(err, "set link %s", up ? "up" : "down");
	return r;
}

int netlink_set_link_mtu(struct netlink *netlink, uint32_t index, uint32_t mtu, struct err *err)
{
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	int r;

	info->ifi_index = (int)index;
	mnl_attr_put_u32(request.header, IFLA_MTU, mtu);
	r = netlink_change(netlink, &request, err);
	if (r < 0)
		(void)err_wrap(err, "set link MTU to %u", mtu);
	return r;
}

int netlink_rename_link(struct netlink *netlink, uint32_t index, const char *name, struct err *err)
{
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	int r;

	info->ifi_index = (int)index;
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	r = netlink_change(netlink, &request, err);
	if (r < 0)
		(void)err_wrap(err, "rename link to %s", name);
	return r;
}

int netlink_remove_link(struct netlink *netlink, uint32_t index, struct err *err)
{
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_DELLINK, 0, sizeof(*info));
	int r;

	info->ifi_index = (int)index;
	r = netlink_change(netlink, &request, err);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		(void)err_wrap(err, "remove link");
	return r;
}
