// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * WireGuard does not share its port, so once it holds it we send from it by a raw socket. Of IPv4
 * such a socket shows the IP header of what comes, of IPv6 it does not, and there the kernel makes
 * the checksum.
 */
#include "nodeagent/stun_line.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#define UDP_HEADER_BYTES 8
#define UDP_CHECKSUM_OFFSET 6
#define COOKIE_OFFSET (UDP_HEADER_BYTES + 4)
#define IP_HEADER_MAX 60

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_bytes(enum ip_family family)
{
	return family == IP_V4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static union socket_address address_of(const struct ip *ip, enum ip_family family, uint16_t port)
{
	union socket_address address = { 0 };

	if (family == IP_V4) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons(port);
		memcpy(&address.v4.sin_addr, ip->bytes, sizeof(address.v4.sin_addr));
	} else {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons(port);
		memcpy(&address.v6.sin6_addr, ip->bytes, sizeof(address.v6.sin6_addr));
	}
	return address;
}

/* Only what the server sends comes in from then on, and our own address is settled. */
static int connect_to(int fd, const struct endpoint *server, bool is_raw, struct ip *ret_local)
{
	union socket_address address =
		address_of(&server->ip, server->ip.family, is_raw ? 0 : server->port);
	socklen_t bytes = address_bytes(server->ip.family);
	struct ip local = { .family = server->ip.family };

	if (connect(fd, &address.any, bytes) < 0 || getsockname(fd, &address.any, &bytes) < 0)
		return -errno;
	if (local.family == IP_V4)
		memcpy(local.bytes, &address.v4.sin_addr, sizeof(address.v4.sin_addr));
	else
		memcpy(local.bytes, &address.v6.sin6_addr, sizeof(address.v6.sin6_addr));
	*ret_local = local;
	return 0;
}

static int inet_family(const struct endpoint *server)
{
	return server->ip.family == IP_V4 ? AF_INET : AF_INET6;
}

struct ip stun_line_source(const struct endpoint *server)
{
	_cleanup_close_ int fd = socket(inet_family(server), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ip local = { 0 };

	if (fd >= 0)
		(void)connect_to(fd, server, false, &local);
	return local;
}

/* -EADDRINUSE: WireGuard has the port. */
static int open_plain(struct stun_line *line, uint16_t port)
{
	const struct ip any = { 0 };
	enum ip_family family = line->server.ip.family;
	union socket_address address = address_of(&any, family, port);
	_cleanup_close_ int fd =
		socket(inet_family(&line->server), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	int r;

	if (fd < 0)
		return -errno;
	if (family == IP_V6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &address.any, address_bytes(family)) < 0)
		return -errno;
	r = connect_to(fd, &line->server, false, &line->local.ip);
	if (r == 0)
		line->fd = TAKE_FD(fd);
	return r;
}

/* Lets through what goes to the port and holds the cookie; an IPv4 header has any length. */
static int attach_filter(int fd, enum ip_family family, uint16_t port)
{
	const uint16_t mode = family == IP_V4 ? BPF_IND : BPF_ABS;
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* X: the length of the IPv4 header */
		BPF_STMT(BPF_LD | BPF_H | mode, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | mode, COOKIE_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STUN_COOKIE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { ARRAY_SIZE(steps), steps };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

static int open_raw(struct stun_line *line, uint16_t port)
{
	enum ip_family family = line->server.ip.family;
	_cleanup_close_ int fd = socket(inet_family(&line->server),
					SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	int checksum_at = UDP_CHECKSUM_OFFSET;
	int r;

	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	if (family == IP_V6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_at, sizeof(checksum_at)) < 0)
		return -errno;
	r = attach_filter(fd, family, port);
	if (r == 0)
		r = connect_to(fd, &line->server, true, &line->local.ip);
	if (r == 0)
		line->fd = TAKE_FD(fd);
	return r;
}

int stun_line_open(const struct endpoint *server, uint16_t port, struct stun_line *ret_line,
		   struct err *err)
{
	struct stun_line line = { .fd = -1, .server = *server, .local.port = port };
	char text[ENDPOINT_TEXT_BYTES];
	int r = open_plain(&line, port);

	if (r == -EADDRINUSE) {
		line.is_raw = true;
		r = open_raw(&line, port);
	}
	endpoint_format(server, text);
	if (r == -EPERM)
		return err_set(err, r,
			       "asking a STUN server while WireGuard holds port %u needs the "
			       "capability CAP_NET_RAW",
			       port);
	if (r < 0)
		return err_errno(err, r, "STUN server %s", text);
	*ret_line = line;
	return 0;
}

void stun_line_close(struct stun_line *line)
{
	attr_closep(&line->fd);
	line->fd = -1;
}

static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	return sum;
}

/* RFC 768, over addresses, protocol and length too; a sum of 0 is said as 0xffff. */
static uint16_t udp_checksum(const struct stun_line *line, const uint8_t *datagram, size_t len)
{
	uint32_t sum = IPPROTO_UDP + (uint32_t)len;

	sum = add_words(sum, line->local.ip.bytes, 4);
	sum = add_words(sum, line->server.ip.bytes, 4);
	sum = add_words(sum, datagram, len);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : (uint16_t)~sum;
}

static void send_raw(const struct stun_line *line, const uint8_t *bytes, size_t len)
{
	uint8_t datagram[UDP_HEADER_BYTES + STUN_PACKET_MAX] = { 0 };
	struct udphdr header = { .source = htons(line->local.port),
				 .dest = htons(line->server.port),
				 .len = htons((uint16_t)(UDP_HEADER_BYTES + len)) };

	memcpy(datagram, &header, sizeof(header));
	memcpy(datagram + sizeof(header), bytes, len);
	if (line->server.ip.family == IP_V4) {
		header.check = htons(udp_checksum(line, datagram, UDP_HEADER_BYTES + len));
		memcpy(datagram, &header, sizeof(header));
	}
	(void)!send(line->fd, datagram, UDP_HEADER_BYTES + len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void stun_line_send(const struct stun_line *line, const uint8_t *bytes, size_t len)
{
	if (line->is_raw)
		send_raw(line, bytes, len);
	else
		(void)!send(line->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The payload of a packet that a raw socket gave us: where it starts, or 0. */
static size_t payload_at(const struct stun_line *line, const uint8_t *packet, size_t len)
{
	size_t at = 0;
	struct udphdr header;

	if (line->server.ip.family == IP_V4 && len > 0)
		at = (size_t)(packet[0] & 0x0f) * 4;
	if (at + UDP_HEADER_BYTES > len)
		return 0;
	memcpy(&header, packet + at, sizeof(header));
	if (ntohs(header.source) != line->server.port || ntohs(header.dest) != line->local.port ||
	    ntohs(header.len) != len - at)
		return 0;
	return at + UDP_HEADER_BYTES;
}

ssize_t stun_line_receive(const struct stun_line *line, uint8_t ret_bytes[static STUN_PACKET_MAX])
{
	uint8_t packet[IP_HEADER_MAX + UDP_HEADER_BYTES + STUN_PACKET_MAX];
	ssize_t len = recv(line->fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
	size_t at = 0;

	if (len < 0)
		return errno == EAGAIN ? -EAGAIN : 0; /* "port unreachable" and kin */
	if ((size_t)len > sizeof(packet))
		return 0;
	if (line->is_raw) {
		at = payload_at(line, packet, (size_t)len);
		if (at == 0)
			return 0;
	}
	if ((size_t)len - at > STUN_PACKET_MAX)
		return 0;
	memcpy(ret_bytes, packet + at, (size_t)len - at);
	return len - (ssize_t)at;
}
