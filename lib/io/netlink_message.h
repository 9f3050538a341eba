// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the files of this room share, and nobody else needs: one request and its answer.
 */
#ifndef IO_NETLINK_MESSAGE_H
#define IO_NETLINK_MESSAGE_H

#include <libmnl/libmnl.h>

#include "io/netlink.h"

/* A socket of that bus: NETLINK_ROUTE, NETLINK_GENERIC. The caller's (netlink_free). */
int netlink_open(int bus, struct netlink **ret_netlink, struct err *err) _must_check_;

#define NETLINK_REQUEST_BYTES 512 /* more than a request takes that has no list in it */

/* A request that is being written; `header` points into `bytes`, or into a larger room. */
struct netlink_request {
	_Alignas(struct nlmsghdr) char bytes[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *header;
	size_t room_bytes;
	size_t extra_bytes; /* of the family's header, which an answer must have as well */
};

/* The name that the kernel knows its socket by: it stands in notices of what was done by it. */
uint32_t netlink_port(const struct netlink *netlink);

/* Starts a request; the family's header of `extra_bytes` is zeroed and returned. */
void *netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
		    size_t extra_bytes);

/* The same in a room of the caller's, aligned as a header, which must last as long as the request.
 */
void *netlink_begin_in(struct netlink_request *request, void *room, size_t room_bytes,
		       uint16_t type, uint16_t flags, size_t extra_bytes);

/* Sends it and waits for the acknowledgement. The errno is the kernel's. */
int netlink_change(struct netlink *netlink, struct netlink_request *request,
		   struct err *err) _must_check_;

/*
 * Sends it and hands each message of the answer to `fn`, to its end; the first failure of `fn` is
 * returned. With NLM_F_DUMP a list that changed meanwhile is -EAGAIN.
 */
typedef int (*netlink_item_fn)(const struct nlmsghdr *message, void *data);
int netlink_ask(struct netlink *netlink, struct netlink_request *request, netlink_item_fn fn,
		void *data, struct err *err) _must_check_;

/* Whether a whole message stands at the beginning of `len` bytes. */
bool netlink_has_message(const struct nlmsghdr *message, int len);

/* An answer while it is read, piece by piece. */
struct netlink_answer {
	netlink_item_fn fn; /* NULL: an acknowledgement is all that is asked for */
	void *data;
	size_t extra_bytes; /* of the family's header: every message must have it */
	bool is_over;
	bool changed; /* while it was listed */
	int r;        /* of `fn`: the rest is still read, or it would be taken for a later answer */
};

/* Reads the messages of one piece, passing over those of another `seq`. The errno is the kernel's.
 */
int netlink_answer_read(struct netlink_answer *answer, uint32_t seq, const void *bytes, int len,
			struct err *err) _must_check_;

/*
 * Reads a whole list. `restart` empties what `fn` had gathered, for a list that changed is read
 * again from its beginning.
 */
struct netlink_dump {
	uint16_t type;
	size_t extra_bytes;
	/* Writes the family's header, and what stands behind it; NULL: zeroes will do. */
	void (*fill)(struct netlink_request *request, void *extra, void *data);
	netlink_item_fn fn;
	void (*restart)(void *data);
	void *data;
};
int netlink_list(struct netlink *netlink, const struct netlink_dump *dump,
		 struct err *err) _must_check_;

/* How lists are read: a message, and the vector that gets what it tells. */
int netlink_take_link(const struct nlmsghdr *message, void *links) _must_check_;
int netlink_take_addr(const struct nlmsghdr *message, void *addrs) _must_check_;
int netlink_take_route(const struct nlmsghdr *message, void *routes) _must_check_;

/* The address of an attribute; -EINVAL when its length is not that of the family. */
int netlink_read_ip(const struct nlattr *attr, uint8_t af, struct ip *ret_ip) _must_check_;
void netlink_put_ip(struct netlink_request *request, uint16_t type, const struct ip *ip);
uint8_t netlink_af(enum ip_family family);

#endif
