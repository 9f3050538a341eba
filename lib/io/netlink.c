// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/netlink_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_BYTES 32768 /* the largest piece in which the kernel hands out a list */
#define ANSWER_TIMEOUT_S 5 /* it answers at once; this is against hanging for ever */
#define LIST_ATTEMPTS 8

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
};

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		(void)mnl_socket_close(netlink->socket);
	/* A WireGuard device's private key may have been in it. */
	explicit_bzero(netlink->answer, sizeof(netlink->answer));
	free(netlink);
}

static void free_netlink(struct netlink **netlink)
{
	netlink_free(*netlink);
}

int netlink_open(int bus, struct netlink **ret_netlink, struct err *err)
{
	_cleanup_(free_netlink) struct netlink *netlink = calloc(1, sizeof(*netlink));
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	int on = 1;

	if (!netlink)
		return err_oom(err);
	netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return err_errno(err, -errno, "open a netlink socket");
	(void)setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
			 sizeof(timeout));
	/* Both are comforts: words with an errno, and lists that the kernel filters for us. */
	(void)mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*ret_netlink = TAKE_PTR(netlink);
	return 0;
}

int netlink_new(struct netlink **ret_netlink, struct err *err)
{
	return netlink_open(NETLINK_ROUTE, ret_netlink, err);
}

uint32_t netlink_port(const struct netlink *netlink)
{
	return mnl_socket_get_portid(netlink->socket);
}

void *netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
		    size_t extra_bytes)
{
	return netlink_begin_in(request, request->bytes, sizeof(request->bytes), type, flags,
				extra_bytes);
}

void *netlink_begin_in(struct netlink_request *request, void *room, size_t room_bytes,
		       uint16_t type, uint16_t flags, size_t extra_bytes)
{
	/* Not every libmnl zeroes what stands between attributes. */
	memset(room, 0, room_bytes);
	request->header = mnl_nlmsg_put_header(room);
	request->room_bytes = room_bytes;
	request->header->nlmsg_type = type;
	request->header->nlmsg_flags = NLM_F_REQUEST | flags;
	request->extra_bytes = extra_bytes;
	return mnl_nlmsg_put_extra_header(request->header, extra_bytes);
}

static int read_answer(struct netlink *netlink, struct netlink_answer *answer, struct err *err)
{
	int r = 0;

	while (!answer->is_over) {
		ssize_t n = mnl_socket_recvfrom(netlink->socket, netlink->answer, ANSWER_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		/* Not EAGAIN: that is a list which changed, and is asked for again. */
		if (n < 0 && errno == EAGAIN)
			return err_set(err, -ETIMEDOUT, "netlink: no answer within %d s",
				       ANSWER_TIMEOUT_S);
		if (n < 0)
			return err_errno(err, -errno, "netlink: answer");
		r = netlink_answer_read(answer, netlink->seq, netlink->answer, (int)n, err);
	}
	return r;
}

int netlink_ask(struct netlink *netlink, struct netlink_request *request, netlink_item_fn fn,
		void *data, struct err *err)
{
	struct netlink_answer answer = { .fn = fn,
					 .data = data,
					 .extra_bytes = request->extra_bytes };
	int r;

	request->header->nlmsg_seq = ++netlink->seq;
	if (mnl_socket_sendto(netlink->socket, request->header, request->header->nlmsg_len) < 0)
		return err_errno(err, -errno, "netlink: request");
	r = read_answer(netlink, &answer, err);
	if (r < 0)
		return r;
	if (answer.r < 0)
		return err_errno(err, answer.r, "netlink: answer");
	if (answer.changed)
		return err_set(err, -EAGAIN, "netlink: the list changed while it was read");
	return 0;
}

int netlink_change(struct netlink *netlink, struct netlink_request *request, struct err *err)
{
	request->header->nlmsg_flags |= NLM_F_ACK;
	return netlink_ask(netlink, request, NULL, NULL, err);
}

int netlink_list(struct netlink *netlink, const struct netlink_dump *dump, struct err *err)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < LIST_ATTEMPTS; i++) {
		struct netlink_request request;
		void *extra = netlink_begin(&request, dump->type, NLM_F_DUMP, dump->extra_bytes);

		if (dump->fill)
			dump->fill(&request, extra, dump->data);
		dump->restart(dump->data);
		r = netlink_ask(netlink, &request, dump->fn, dump->data, err);
	}
	return r;
}

uint8_t netlink_af(enum ip_family family)
{
	return family == IP_V4 ? AF_INET : AF_INET6;
}

int netlink_read_ip(const struct nlattr *attr, uint8_t af, struct ip *ret_ip)
{
	struct ip ip = { .family = af == AF_INET ? IP_V4 : IP_V6 };

	if (mnl_attr_get_payload_len(attr) != ip_family_bits(ip.family) / 8)
		return -EINVAL;
	memcpy(ip.bytes, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	*ret_ip = ip;
	return 0;
}

void netlink_put_ip(struct netlink_request *request, uint16_t type, const struct ip *ip)
{
	mnl_attr_put(request->header, type, ip_family_bits(ip->family) / 8, ip->bytes);
}
