// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The kernel's WireGuard, by generic netlink (linux/wireguard.h). Values in, values out, as with
 * links and routes; what should be there is decided elsewhere.
 *
 * Lists of peers and prefixes have any length: what does not fit into one message is read, and
 * sent, in several. Keys do not stay in the messages' memory.
 */
#ifndef IO_NETLINK_WIREGUARD_H
#define IO_NETLINK_WIREGUARD_H

#include "io/netlink.h"
#include "mesh/key.h"

#define NETLINK_WIREGUARD_KIND "wireguard" /* of its links: netlink_add_link */

struct netlink_wireguard;

/* -EOPNOTSUPP when the kernel has no WireGuard, and loads no module that has it. */
int netlink_wireguard_new(struct netlink_wireguard **ret_wireguard, struct err *err) _must_check_;
void netlink_wireguard_free(struct netlink_wireguard *wireguard); /* NULL is allowed */

struct netlink_wireguard_device {
	struct key private_key; /* zero: none */
	uint16_t listen_port;
};

/* A peer, or further prefixes of the one before it. */
struct netlink_wireguard_peer {
	struct key key;
	bool is_continued;        /* then all but `key` and `allowed` is as it was told first */
	struct endpoint endpoint; /* ip.family IP_NONE: not known; an IPv6 scope is left out */
	uint16_t keepalive_s;
	int64_t handshake_s; /* seconds since 1970; 0: never */
	uint64_t rx_bytes, tx_bytes;
	struct prefix_vec allowed; /* in the kernel's order */
};

/* Who takes what is read. A list that changed is told again from its beginning, after `restart`. */
struct netlink_wireguard_sink {
	void (*restart)(void *data);
	/* The peer is borrowed. 0 or a negative errno, which ends the reading. */
	int (*add)(const struct netlink_wireguard_peer *peer, void *data);
	void *data;
};

/* -ENODEV when there is no such link, or one that is not WireGuard's. */
int netlink_wireguard_read(struct netlink_wireguard *wireguard, const char *interface,
			   const struct netlink_wireguard_sink *sink,
			   struct netlink_wireguard_device *ret_device,
			   struct err *err) _must_check_;

/* `private_key` NULL, `port` 0: as it is. A zero key takes the key away. */
int netlink_wireguard_set_device(struct netlink_wireguard *wireguard, const char *interface,
				 const struct key *private_key, uint16_t port,
				 struct err *err) _must_check_;

/* One change to one peer. All that is pointed to is borrowed; NULL: as it is. */
struct netlink_wireguard_change {
	const struct key *key;
	bool remove;          /* then the rest says nothing */
	bool update_only;     /* nothing is done when there is no such peer */
	bool replace_allowed; /* its prefixes of before go */
	const struct endpoint *endpoint;
	const uint16_t *keepalive_s;
	const struct prefix_vec *allowed; /* to be added, taken from whichever peer has them */
};

/* How far a list of changes was carried out: that change, from that prefix on, is next. */
struct netlink_wireguard_place {
	size_t change;
	size_t prefix;
};

/*
 * Sends one message with as many changes from `place` on as go into it, and moves `place` behind
 * them. The kernel does them in their order, and stops at the first that it refuses: on failure
 * some of them may have been done, and `place` tells which were tried, too.
 */
int netlink_wireguard_change(struct netlink_wireguard *wireguard, const char *interface,
			     const struct netlink_wireguard_change *changes, size_t len,
			     struct netlink_wireguard_place *place, struct err *err) _must_check_;

#endif
