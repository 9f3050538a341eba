// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Datagrams between the WireGuard port and one STUN server, whoever holds the port: a UDP socket
 * while nobody does, else a raw one beside WireGuard's, which gets a copy of what comes for it.
 */
#ifndef NODEAGENT_STUN_LINE_H
#define NODEAGENT_STUN_LINE_H

#include <sys/types.h>

#include "mesh/stun.h"

struct stun_line {
	int fd;
	bool is_raw; /* the port is somebody else's */
	struct endpoint server;
	struct endpoint local; /* what our packets come from, before any NAT */
};

/*
 * Nothing is sent. -EPERM when the port is held and this process may not open raw sockets
 * (CAP_NET_RAW); -ENETUNREACH and kin when there is no way to the server. The line is the caller's
 * (stun_line_close).
 */
int stun_line_open(const struct endpoint *server, uint16_t port, struct stun_line *ret_line,
		   struct err *err) _must_check_;
void stun_line_close(struct stun_line *line);

/* Datagrams get lost: a failure is none, and asked again. */
void stun_line_send(const struct stun_line *line, const uint8_t *bytes, size_t len);

/*
 * The next datagram that the server itself sent to our port; its length. 0 when it was something
 * else; -EAGAIN when there is none.
 */
ssize_t stun_line_receive(const struct stun_line *line,
			  uint8_t ret_bytes[static STUN_PACKET_MAX]) _must_check_;

/* The address that packets to `server` leave by, as routes are now; IP_NONE: there is no way. */
struct ip stun_line_source(const struct endpoint *server);

#endif
