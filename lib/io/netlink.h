// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Links, addresses and routes of this network namespace, by rtnetlink. The only room that knows
 * libmnl. Values in, values out; what should be there is decided elsewhere.
 *
 * Every request waits for the kernel's answer, and a failure carries the kernel's own words
 * (extended acknowledgement) where it has any. A list is complete or it is a failure: one that
 * changed while it was read is read again.
 */
#ifndef IO_NETLINK_H
#define IO_NETLINK_H

#include <stdbool.h>

#include "base/loop.h"
#include "mesh/addr.h"

#define NETLINK_NAME_BYTES 16 /* IFNAMSIZ */
#define NETLINK_KIND_BYTES 16

struct netlink;

int netlink_new(struct netlink **ret_netlink, struct err *err) _must_check_;
void netlink_free(struct netlink *netlink); /* NULL is allowed */

struct netlink_link {
	uint32_t index;
	char name[NETLINK_NAME_BYTES];
	char kind[NETLINK_KIND_BYTES]; /* "tun", "veth"; "" for hardware and loopback */
	uint32_t mtu;
	bool is_up;
	bool is_loopback;
};

VEC(netlink_link_vec, struct netlink_link);

/* Lists are filled anew; the caller frees them (vec_done), after a failure as well. */
int netlink_list_links(struct netlink *netlink, struct netlink_link_vec *links,
		       struct err *err) _must_check_;

/* -ENODEV when there is none of that name. */
int netlink_find_link(struct netlink *netlink, const char *name, struct netlink_link *ret_link,
		      struct err *err) _must_check_;

/*
 * Makes a link of that kind, down, with all else as the kernel has it. -EEXIST when the name is
 * taken, -EOPNOTSUPP when the kernel has no such kind and loads no module that has it.
 */
int netlink_add_link(struct netlink *netlink, const char *name, const char *kind,
		     struct err *err) _must_check_;

int netlink_set_link_up(struct netlink *netlink, uint32_t index, bool up,
			struct err *err) _must_check_;
/* -EBUSY from kernels before 6.2 while it is up; -EEXIST when another link has the name. */
int netlink_rename_link(struct netlink *netlink, uint32_t index, const char *name,
			struct err *err) _must_check_;
int netlink_set_link_mtu(struct netlink *netlink, uint32_t index, uint32_t mtu,
			 struct err *err) _must_check_;

/* 0 also when it was gone already. */
int netlink_remove_link(struct netlink *netlink, uint32_t index, struct err *err) _must_check_;

struct netlink_addr {
	uint32_t link_index;
	struct prefix prefix; /* with its host bits: 192.0.2.5/24 */
	uint8_t protocol;     /* who made it; 0: nobody said, or a kernel before 5.18 */
};

VEC(netlink_addr_vec, struct netlink_addr);

int netlink_list_addrs(struct netlink *netlink, struct netlink_addr_vec *addrs,
		       struct err *err) _must_check_;

/* Without duplicate-address detection. 0 also when it was there already. */
int netlink_add_addr(struct netlink *netlink, const struct netlink_addr *addr,
		     struct err *err) _must_check_;

/* 0 also when it was gone already. */
int netlink_remove_addr(struct netlink *netlink, const struct netlink_addr *addr,
			struct err *err) _must_check_;

/* A unicast route of the main table; of one with several next hops, the first. */
struct netlink_route {
	struct prefix to;
	uint32_t link_index; /* 0: to nowhere (blackhole and kin) */
	uint32_t metric;
	uint8_t protocol;  /* rtm_protocol: who made it */
	bool is_connected; /* without a gateway */
	struct ip source;  /* preferred, of what this machine sends; only written; IP_NONE: any */
};

VEC(netlink_route_vec, struct netlink_route);

int netlink_list_routes(struct netlink *netlink, struct netlink_route_vec *routes,
			struct err *err) _must_check_;

/*
 * Adds the route through its link, without a gateway. -EEXIST when an equal route of anybody stands
 * there; nothing is ever replaced. The metric is the kernel's choice.
 */
int netlink_add_route(struct netlink *netlink, const struct netlink_route *route,
		      struct err *err) _must_check_;

/* Removes that route of that protocol alone. 0 also when it was gone already. */
int netlink_remove_route(struct netlink *netlink, const struct prefix *to, uint32_t link_index,
			 uint8_t protocol, struct err *err) _must_check_;

/*
 * Calls `fn` when a link, an address or a route of the main table changed, or may have: once for
 * all that came in together. What was done by `own` is not told, where the kernel says who did it:
 * with routes, and addresses of IPv4; NULL: all is told.
 */
struct netlink_monitor;
typedef void (*netlink_monitor_fn)(void *data);
int netlink_monitor_new(struct loop *loop, const struct netlink *own, netlink_monitor_fn fn,
			void *data, struct netlink_monitor **ret_monitor,
			struct err *err) _must_check_;
void netlink_monitor_free(struct netlink_monitor *monitor);

#endif
