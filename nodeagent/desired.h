// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What this node's kernel should hold: made of the view of the zone and the agent's options. Pure.
 */
#ifndef NODEAGENT_DESIRED_H
#define NODEAGENT_DESIRED_H

#include "nodeagent/view.h"

#define INTERFACE_NAME_BYTES 16
#define KEEPALIVE_S 25
#define MTU_OVERHEAD_BYTES 80 /* WireGuard over IPv6 */
#define ROUTE_PROTOCOL 157    /* rtm_protocol of our routes: found and removed by it */

/* One peer as WireGuard shall know it. */
struct wg_peer {
	struct key key;
	struct endpoint endpoint;  /* ip.family IP_NONE: leave as it is */
	struct prefix_vec allowed; /* ordered, without duplicates */
	uint16_t keepalive_s;      /* 0: off */
	uint64_t generation;       /* a new one: the endpoint is applied at once */
	/* Only observed, never desired: */
	struct endpoint declared; /* what we applied for `generation`; that 0: nobody knows */
	int64_t handshake_s;      /* seconds since 1970; 0: never */
	uint64_t rx_bytes, tx_bytes;
};

VEC(wg_peer_vec, struct wg_peer);

void wg_peer_done(struct wg_peer *peer);
void wg_peer_vec_done(struct wg_peer_vec *peers);

struct desired_options {
	const char *interface;
	struct key private_key;
	uint16_t listen_port;
	uint16_t mtu;   /* 0: underlay less MTU_OVERHEAD_BYTES */
	bool keepalive; /* until this node is proven to be public */
};

struct desired {
	char interface[INTERFACE_NAME_BYTES];
	struct key private_key;
	uint16_t listen_port;
	uint16_t mtu;                      /* 0: the reconciler derives it from the underlay */
	struct ip address[ZONE_CIDRS_MAX]; /* of this node, on the interface as /32 and /128 */
	struct wg_peer_vec peers;          /* ordered by key */
	struct prefix_vec routes;       /* to the interface: all that the peers may send, ordered */
	struct prefix_vec own_prefixes; /* child prefixes of this node, ordered */
	struct prefix zone_cidr[ZONE_CIDRS_MAX]; /* the zone's own addresses; may be IP_NONE */
	bool is_hub;                             /* it forwards between the others */
	bool lacks_hub;                          /* a spoke whose hub has not joined yet */
};

/*
 * A prefix has one owner: of two that claim the same one it is this node, else the peer that is
 * not absent, else the one that changed last. An endpoint inside the zone's own addresses is left
 * out, for it would be reached through itself.
 *
 * In a hub zone a spoke has one peer, the hub, which carries all the others.
 *
 * -ENOENT when the view does not hold this node's own peer (removed): then nothing is desired.
 * The result is the caller's (desired_done).
 */
int desired_make(const struct view *view, const struct desired_options *options,
		 struct desired *ret_desired, struct err *err) _must_check_;
void desired_done(struct desired *desired);

#endif
