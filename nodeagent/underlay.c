// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Connecting a UDP socket sends nothing but makes the kernel choose route and source address, by
 * all of its rules. The destinations are those reserved for documentation (RFC 5737, RFC 3849):
 * nobody has a route of their own to them, so it is the default route that answers.
 */
#include "nodeagent/underlay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define DISCARD_PORT 9 /* RFC 863 */

static int source_v4(struct ip *ret_ip)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(DISCARD_PORT) };
	socklen_t len = sizeof(to);

	to.sin_addr.s_addr = htonl(0xc6336401); /* 198.51.100.1 */
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&to, &len) < 0)
		return -errno;
	*ret_ip = (struct ip){ .family = IP_V4 };
	memcpy(ret_ip->bytes, &to.sin_addr, sizeof(to.sin_addr));
	return 0;
}

static int source_v6(struct ip *ret_ip)
{
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(DISCARD_PORT) };
	socklen_t len = sizeof(to);

	/* 2001:db8:ffff::1 */
	to.sin6_addr.s6_addr[0] = 0x20;
	to.sin6_addr.s6_addr[1] = 0x01;
	to.sin6_addr.s6_addr[2] = 0x0d;
	to.sin6_addr.s6_addr[3] = 0xb8;
	to.sin6_addr.s6_addr[4] = 0xff;
	to.sin6_addr.s6_addr[5] = 0xff;
	to.sin6_addr.s6_addr[15] = 1;
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&to, &len) < 0)
		return -errno;
	*ret_ip = (struct ip){ .family = IP_V6 };
	memcpy(ret_ip->bytes, &to.sin6_addr, sizeof(to.sin6_addr));
	return 0;
}

int underlay_address(struct ip *ret_ip, struct err *err)
{
	struct ip ip;

	if (source_v4(&ip) < 0 && source_v6(&ip) < 0)
		return err_set(err, -ENETUNREACH, "this machine has no default route");
	*ret_ip = ip;
	return 0;
}
