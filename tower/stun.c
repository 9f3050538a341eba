// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/stun.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "mesh/stun.h"
#include "tower/stun_rate.h"

#define BATCH 64 /* datagrams in a turn of the loop: the rest comes next turn */
#define SILENCE_SAID_MS 60000
#define CONTROL_BYTES (CMSG_SPACE(sizeof(struct in6_pktinfo)))

struct stun {
	int fd;
	struct loop_fd *watch;
	struct stun_rate *rate;
	uint64_t refused; /* since it was said */
	int64_t said_ms;
};

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A datagram, with what recvmsg and sendmsg need. */
struct datagram {
	union socket_address from;
	uint8_t bytes[STUN_PACKET_MAX];
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	struct iovec part;
	struct msghdr header;
};

static int set_options(int fd, bool is_v6)
{
	int on = 1;
	int off = 0;

	if (!is_v6)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

int stun_socket_open(const char *address, struct err *err)
{
	_cleanup_close_ int fd = -1;
	union socket_address at = { 0 };
	struct endpoint endpoint;
	bool is_v6;
	int r = endpoint_parse(address, &endpoint, err);

	if (r < 0)
		return r;
	is_v6 = endpoint.ip.family == IP_V6;
	if (is_v6) {
		at.v6.sin6_family = AF_INET6;
		at.v6.sin6_port = htons(endpoint.port);
		memcpy(&at.v6.sin6_addr, endpoint.ip.bytes, sizeof(at.v6.sin6_addr));
	} else {
		at.v4.sin_family = AF_INET;
		at.v4.sin_port = htons(endpoint.port);
		memcpy(&at.v4.sin_addr, endpoint.ip.bytes, sizeof(at.v4.sin_addr));
	}
	fd = socket(at.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || set_options(fd, is_v6) < 0)
		return err_errno(err, -errno, "%s", address);
	if (bind(fd, &at.any, is_v6 ? sizeof(at.v6) : sizeof(at.v4)) < 0)
		return err_errno(err, -errno, "listen on UDP %s", address);
	return TAKE_FD(fd);
}

/* An IPv4 sender is one, also on a socket of both families. */
static struct endpoint endpoint_from(const union socket_address *address)
{
	struct endpoint endpoint = { 0 };

	if (address->any.sa_family == AF_INET) {
		endpoint.ip.family = IP_V4;
		endpoint.port = ntohs(address->v4.sin_port);
		memcpy(endpoint.ip.bytes, &address->v4.sin_addr, 4);
	} else if (address->any.sa_family == AF_INET6) {
		const uint8_t *bytes = address->v6.sin6_addr.s6_addr;
		bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);

		endpoint.ip.family = is_v4 ? IP_V4 : IP_V6;
		endpoint.port = ntohs(address->v6.sin6_port);
		memcpy(endpoint.ip.bytes, is_v4 ? bytes + 12 : bytes, is_v4 ? 4 : 16);
	}
	return endpoint;
}

/* The address that was asked answers, through whichever interface the way back leads. */
static void keep_asked_address(struct msghdr *header)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO)
			((struct in_pktinfo *)CMSG_DATA(part))->ipi_ifindex = 0;
		else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO)
			((struct in6_pktinfo *)CMSG_DATA(part))->ipi6_ifindex = 0;
	}
}

static ssize_t receive(int fd, struct datagram *datagram)
{
	datagram->part = (struct iovec){ datagram->bytes, sizeof(datagram->bytes) };
	datagram->header = (struct msghdr){ .msg_name = &datagram->from,
					    .msg_namelen = sizeof(datagram->from),
					    .msg_iov = &datagram->part,
					    .msg_iovlen = 1,
					    .msg_control = datagram->control,
					    .msg_controllen = sizeof(datagram->control) };
	return recvmsg(fd, &datagram->header, MSG_DONTWAIT);
}

/* Once a minute at most: a flood must not flood the log too. */
static void note_refused(struct stun *stun, int64_t now_ms)
{
	stun->refused++;
	if (stun->said_ms != 0 && now_ms - stun->said_ms < SILENCE_SAID_MS)
		return;
	log_warn("stun", "too many requests: %llu were not answered",
		 (unsigned long long)stun->refused);
	stun->refused = 0;
	stun->said_ms = now_ms;
}

static void answer(struct stun *stun, struct datagram *datagram, size_t len)
{
	struct endpoint from = endpoint_from(&datagram->from);
	struct stun_message request;
	int64_t now_ms = clock_mono_ms();

	/* Answers are never answered: so two servers cannot be set upon each other. */
	if (from.port == 0 || stun_read(datagram->bytes, len, &request) < 0 ||
	    request.kind != STUN_REQUEST)
		return;
	if (!stun_rate_take(stun->rate, &from.ip, now_ms)) {
		note_refused(stun, now_ms);
		return;
	}
	datagram->part.iov_len = stun_write_answer(&request, &from, datagram->bytes);
	keep_asked_address(&datagram->header);
	datagram->header.msg_flags = 0;
	/* What does not go out is lost as any datagram may be: the node asks again. */
	(void)!sendmsg(stun->fd, &datagram->header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_datagrams(uint32_t events, void *data)
{
	struct stun *stun = data;
	struct datagram datagram;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		ssize_t len = receive(stun->fd, &datagram);

		/* Other errors are those of an earlier answer, such as "port unreachable". */
		if (len < 0 && errno == EAGAIN)
			return;
		if (len > 0 && !(datagram.header.msg_flags & MSG_TRUNC))
			answer(stun, &datagram, (size_t)len);
	}
}

int stun_new(struct loop *loop, int fd, struct stun **ret_stun, struct err *err)
{
	struct stun *stun = calloc(1, sizeof(*stun));
	int r;

	if (!stun) {
		(void)close(fd);
		return err_oom(err);
	}
	stun->fd = fd;
	r = stun_rate_new(&stun->rate, err);
	if (r == 0)
		r = loop_fd_new(loop, fd, EPOLLIN, on_datagrams, stun, &stun->watch, err);
	if (r < 0) {
		stun_free(stun);
		return r;
	}
	*ret_stun = stun;
	return 0;
}

void stun_free(struct stun *stun)
{
	if (!stun)
		return;
	loop_fd_free(stun->watch);
	(void)close(stun->fd);
	stun_rate_free(stun->rate);
	free(stun);
}
