// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/netlink_message.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define NOTICE_BYTES 8192
#define NOTICES_PER_TURN 64 /* a storm must not starve the loop: the rest comes next turn */

struct netlink_monitor {
	struct mnl_socket *socket;
	struct loop_fd *watch;
	uint32_t own_port; /* 0: the kernel itself, whose doings are told */
	netlink_monitor_fn fn;
	void *data;
};

static bool matters(const struct netlink_monitor *monitor, const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);

	/* In a notice it is the port of who asked for the change. */
	if (monitor->own_port != 0 && message->nlmsg_pid == monitor->own_port)
		return false;
	switch (message->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return mnl_nlmsg_get_payload_len(message) >= sizeof(*route) &&
		       route->rtm_table == RT_TABLE_MAIN && !(route->rtm_flags & RTM_F_CLONED);
	default:
		return true;
	}
}

static bool any_matters(const struct netlink_monitor *monitor, const char *bytes, int len)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;

	for (; netlink_has_message(message, len); message = mnl_nlmsg_next(message, &len)) {
		if (matters(monitor, message))
			return true;
	}
	return false;
}

static void on_notices(uint32_t events, void *data)
{
	_Alignas(struct nlmsghdr) char notice[NOTICE_BYTES];
	struct netlink_monitor *monitor = data;
	bool changed = false;

	(void)events;
	for (int i = 0; i < NOTICES_PER_TURN; i++) {
		ssize_t n = recv(mnl_socket_get_fd(monitor->socket), notice, sizeof(notice),
				 MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno != ENOBUFS)
			break;
		/* Notices that were lost or cut may have told anything. */
		changed |= n < 0 || n > (ssize_t)sizeof(notice) ||
			   any_matters(monitor, notice, (int)n);
	}
	if (changed)
		monitor->fn(monitor->data);
}

void netlink_monitor_free(struct netlink_monitor *monitor)
{
	if (!monitor)
		return;
	loop_fd_free(monitor->watch);
	if (monitor->socket)
		(void)mnl_socket_close(monitor->socket);
	free(monitor);
}

static void free_monitor(struct netlink_monitor **monitor)
{
	netlink_monitor_free(*monitor);
}

int netlink_monitor_new(struct loop *loop, const struct netlink *own, netlink_monitor_fn fn,
			void *data, struct netlink_monitor **ret_monitor, struct err *err)
{
	_cleanup_(free_monitor) struct netlink_monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	if (!monitor)
		return err_oom(err);
	monitor->own_port = own ? netlink_port(own) : 0;
	monitor->fn = fn;
	monitor->data = data;
	monitor->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!monitor->socket ||
	    mnl_socket_bind(monitor->socket,
			    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
				    RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
			    MNL_SOCKET_AUTOPID) < 0)
		return err_errno(err, -errno, "open a netlink socket for notices");
	r = loop_fd_new(loop, mnl_socket_get_fd(monitor->socket), EPOLLIN, on_notices, monitor,
			&monitor->watch, err);
	if (r < 0)
		return r;
	*ret_monitor = TAKE_PTR(monitor);
	return 0;
}
