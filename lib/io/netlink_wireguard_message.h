// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The messages of the kernel's WireGuard: written and read, without I/O. Nobody needs this but the
 * rest of the room, and the tests that hold it against recorded bytes.
 */
#ifndef IO_NETLINK_WIREGUARD_MESSAGE_H
#define IO_NETLINK_WIREGUARD_MESSAGE_H

#include "io/netlink_message.h"
#include "io/netlink_wireguard.h"

/* Some hundred peers. The list of peers is one attribute, whose length has 16 bits. */
#define NETLINK_WIREGUARD_ROOM_BYTES 16384
/* A change with one prefix goes into this at any rate. */
#define NETLINK_WIREGUARD_ROOM_MIN_BYTES 256

/* Which requests: the family that the kernel gave WireGuard, and the device. */
struct netlink_wireguard_target {
	uint16_t family;
	const char *interface;
};

void netlink_wireguard_write_device(struct netlink_request *request, void *room, size_t room_bytes,
				    const struct netlink_wireguard_target *target,
				    const struct key *private_key, uint16_t port);

/* Moves `place` behind what went into the room, which is at least one prefix or one change. */
void netlink_wireguard_write_changes(struct netlink_request *request, void *room, size_t room_bytes,
				     const struct netlink_wireguard_target *target,
				     const struct netlink_wireguard_change *changes, size_t len,
				     struct netlink_wireguard_place *place);

/* Reads the messages of a dump, in their order. */
struct netlink_wireguard_reader {
	const struct netlink_wireguard_sink *sink;
	struct netlink_wireguard_device device;
	struct netlink_wireguard_peer peer; /* the last one that was told */
	bool has_peer;
};

void netlink_wireguard_reader_restart(void *reader);
void netlink_wireguard_reader_done(struct netlink_wireguard_reader *reader); /* wipes */

/* A netlink_item_fn: -EBADMSG for what is no message of WireGuard's, or what the sink fails with.
 */
int netlink_wireguard_reader_take(const struct nlmsghdr *message, void *reader) _must_check_;

#endif
