// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/netlink_message.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

static int read_addr(const struct nlmsghdr *message, struct netlink_addr *ret_addr)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct netlink_addr addr = { .link_index = info->ifa_index,
				     .prefix.bits = info->ifa_prefixlen };
	struct ip *ip = &addr.prefix.ip;
	const struct nlattr *attr;
	int r = 0;

	if (message->nlmsg_type != RTM_NEWADDR)
		return -EBADMSG;
	/* On a point-to-point link IFA_ADDRESS is the other end and IFA_LOCAL our own. */
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == IFA_PROTO && mnl_attr_validate(attr, MNL_TYPE_U8) == 0)
			addr.protocol = mnl_attr_get_u8(attr);
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && ip->family == IP_NONE))
			r = netlink_read_ip(attr, info->ifa_family, ip);
		if (r < 0)
			return -EBADMSG;
	}
	if (ip->family == IP_NONE || addr.prefix.bits > ip_family_bits(ip->family))
		return -EBADMSG;
	*ret_addr = addr;
	return 0;
}

int netlink_take_addr(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct netlink_addr_vec *addrs = data;
	struct netlink_addr addr;
	int r;

	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	r = read_addr(message, &addr);
	return r < 0 ? r : vec_push(addrs, addr);
}

static void empty_list(void *data)
{
	struct netlink_addr_vec *addrs = data;

	addrs->len = 0;
}

int netlink_list_addrs(struct netlink *netlink, struct netlink_addr_vec *addrs, struct err *err)
{
	struct netlink_dump dump = {
		.type = RTM_GETADDR,
		.extra_bytes = sizeof(struct ifaddrmsg),
		.fn = netlink_take_addr,
		.restart = empty_list,
		.data = addrs,
	};
	int r = netlink_list(netlink, &dump, err);

	if (r < 0)
		(void)err_wrap(err, "list addresses");
	return r;
}

static int change_addr(struct netlink *netlink, uint16_t type, uint16_t flags,
		       const struct netlink_addr *addr, struct err *err)
{
	struct netlink_request request;
	struct ifaddrmsg *info = netlink_begin(&request, type, flags, sizeof(*info));

	info->ifa_family = netlink_af(addr->prefix.ip.family);
	info->ifa_prefixlen = addr->prefix.bits;
	info->ifa_index = addr->link_index;
	/* A node address is unique by the tower's word: nothing to detect, no second to wait. */
	info->ifa_flags = addr->prefix.ip.family == IP_V6 ? IFA_F_NODAD : 0;
	netlink_put_ip(&request, IFA_LOCAL, &addr->prefix.ip);
	netlink_put_ip(&request, IFA_ADDRESS, &addr->prefix.ip);
	if (addr->protocol != 0)
		mnl_attr_put_u8(request.header, IFA_PROTO, addr->protocol);
	return netlink_change(netlink, &request, err);
}

int netlink_add_addr(struct netlink *netlink, const struct netlink_addr *addr, struct err *err)
{
	char text[PREFIX_TEXT_BYTES];
	int r = change_addr(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, addr, err);

	if (r == 0 || r == -EEXIST)
		return 0;
	prefix_format(&addr->prefix, text);
	(void)err_wrap(err, "add address %s", text);
	return r;
}

int netlink_remove_addr(struct netlink *netlink, const struct netlink_addr *addr, struct err *err)
{
	char text[PREFIX_TEXT_BYTES];
	int r = change_addr(netlink, RTM_DELADDR, 0, addr, err);

	if (r == 0 || r == -EADDRNOTAVAIL || r == -ENODEV)
		return 0;
	prefix_format(&addr->prefix, text);
	(void)err_wrap(err, "remove address %s", text);
	return r;
}
