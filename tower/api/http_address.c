// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/api/http_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/str.h"
#include "mesh/addr.h"

#define BACKLOG 1024

/*
 * What a connection may hold in the kernel: a watcher that never reads would swallow 4 MB by
 * default. Accepted sockets inherit it.
 */
#define SEND_BUFFER_BYTES 65536

static bool is_unix(const char *address)
{
	return str_starts(address, "unix:");
}

int http_address_is_local(const char *address, bool *ret_local, struct err *err)
{
	struct endpoint endpoint;
	int r;

	if (is_unix(address)) {
		*ret_local = true;
		return 0;
	}
	r = endpoint_parse(address, &endpoint, err);
	if (r < 0)
		return r;
	*ret_local = endpoint.ip.family == IP_V4
			     ? endpoint.ip.bytes[0] == 127
			     : IN6_IS_ADDR_LOOPBACK((struct in6_addr *)endpoint.ip.bytes);
	return 0;
}

static int open_unix(const char *path, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(err, -errno, "socket");
	if (str_copy(at.sun_path, sizeof(at.sun_path), path) < 0)
		return err_set(err, -ENAMETOOLONG, "%s: too long for a Unix socket", path);
	/* A socket that a killed tower left refuses connections: only such a one is replaced. */
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 && errno == ECONNREFUSED)
		(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_errno(err, -errno, "%s", path);
	if (chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0)
		return err_errno(err, -errno, "%s", path);
	return TAKE_FD(fd);
}

static int open_tcp(const struct endpoint *endpoint, const char *address, struct err *err)
{
	bool v6 = endpoint->ip.family == IP_V6;
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };
	struct sockaddr_in at4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
	_cleanup_close_ int fd =
		socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int send_buffer = SEND_BUFFER_BYTES;
	int one = 1;
	int zero = 0;

	if (fd < 0)
		return err_errno(err, -errno, "%s", address);
	memcpy(&at6.sin6_addr, endpoint->ip.bytes, 16);
	memcpy(&at4.sin_addr, endpoint->ip.bytes, 4);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
	if (v6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, v6 ? (struct sockaddr *)&at6 : (struct sockaddr *)&at4,
		 v6 ? sizeof(at6) : sizeof(at4)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_errno(err, -errno, "listen on %s", address);
	return TAKE_FD(fd);
}

int http_address_open(const char *address, struct err *err)
{
	struct endpoint endpoint;
	int r;

	if (is_unix(address))
		return open_unix(address + 5, err);
	r = endpoint_parse(address, &endpoint, err);
	return r < 0 ? r : open_tcp(&endpoint, address, err);
}
