// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/wg/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int try_bind(int family, const struct sockaddr *addr, socklen_t addr_bytes)
{
	_cleanup_close_ int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	/* A kernel without this family has nobody who could listen there. */
	if (fd < 0)
		return 0;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return bind(fd, addr, addr_bytes) < 0 && errno == EADDRINUSE ? -EADDRINUSE : 0;
}

int port_check_free(uint16_t port, struct err *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int r = try_bind(AF_INET, (const struct sockaddr *)&v4, sizeof(v4));

	if (r == 0)
		r = try_bind(AF_INET6, (const struct sockaddr *)&v6, sizeof(v6));
	if (r < 0)
		return err_set(err, r,
			       "UDP port %u is taken by another program: choose another "
			       "--listen-port",
			       port);
	return 0;
}
