// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What this node's kernel should hold: said of one peer, one prefix at a time, by the view of the
 * zone and the agent's options. Pure. Nothing of it is kept, so that it takes no memory and what
 * an event changes is asked anew, and nothing else.
 */
#ifndef NODEAGENT_DESIRED_H
#define NODEAGENT_DESIRED_H

#include "nodeagent/view.h"

#define INTERFACE_NAME_BYTES 16
#define KEEPALIVE_S 25
#define MTU_OVERHEAD_BYTES 80 /* WireGuard over IPv6 */
#define ROUTE_PROTOCOL 157    /* rtm_protocol of our routes, and ifa_proto of addresses */

/* Whose a peer is that WireGuard holds: plan_foreign.h says by what that is told. */
enum _packed_ peer_origin { PEER_UNKNOWN, PEER_OURS, PEER_FOREIGN };

/* One peer as WireGuard shall know it, or knows it. */
struct wg_peer {
	struct key key;
	struct endpoint endpoint;  /* ip.family IP_NONE: leave as it is */
	struct endpoint declared;  /* observed: what we applied for `generation` */
	uint16_t keepalive_s;      /* 0: off */
	enum peer_origin origin;   /* observed */
	struct prefix_vec allowed; /* ordered, without duplicates */
	uint64_t generation;       /* a new one: the endpoint is applied at once; observed, 0:
				      nobody knows */
	/* Only observed: */
	int64_t handshake_s; /* seconds since 1970; 0: never */
	uint64_t rx_bytes, tx_bytes;
};

VEC(wg_peer_vec, struct wg_peer);

void wg_peer_done(struct wg_peer *peer);
void wg_peer_vec_done(struct wg_peer_vec *peers);

struct desired_options {
	const char *interface;
	struct key private_key;
	uint16_t listen_port;
	uint16_t mtu;      /* 0: underlay less MTU_OVERHEAD_BYTES */
	bool keepalive;    /* until this node is proven to be public */
	bool keep_foreign; /* what others put on the interface stays */
};

/* A zeroed one: nothing is desired. */
struct desired {
	char interface[INTERFACE_NAME_BYTES];
	struct key private_key;
	struct key public_key;
	uint16_t listen_port;
	uint16_t mtu; /* 0: derived from the underlay */
	bool keepalive;
	bool keep_foreign;
	bool is_past; /* the view may be behind the zone: what it does not name stays */
	const struct view *view;

	/* By desired_look; of the view, until the next event is folded in: */
	const struct view_peer *own;
	const struct view_peer *hub;       /* this node is a spoke, and that its only peer */
	const struct zone *zone;           /* NULL: none told yet */
	struct ip address[ZONE_CIDRS_MAX]; /* of this node, on the interface as /32 and /128 */
	bool is_hub;                       /* it forwards between the others */
	bool lacks_hub;                    /* a spoke whose hub has not joined yet */
};

/*
 * Of this view, which must stay as long as the result. -ENAMETOOLONG. The key is to be wiped
 * (desired_done).
 */
int desired_make(const struct view *view, const struct desired_options *options,
		 struct desired *ret_desired, struct err *err) _must_check_;
void desired_done(struct desired *desired);

/*
 * To be called whenever the view may have changed, before anything below. -ENOENT when the view
 * does not hold this node's own peer (removed): then nothing is known of what is desired.
 */
int desired_look(struct desired *desired, struct err *err) _must_check_;

/* Every other peer, in order of keys; for a spoke the hub, which carries all the others. */
bool desired_wants(const struct desired *desired, const struct view_peer *peer);
const struct view_peer *desired_next_peer(const struct desired *desired,
					  const struct view_peer *after);

/*
 * What WireGuard shall know of it; written over *to, whose list of prefixes is used again. -ENOMEM.
 * An endpoint inside the zone's own addresses is left out, for it would be reached through itself.
 */
int desired_write_peer(const struct desired *desired, const struct view_peer *peer,
		       struct wg_peer *to) _must_check_;

/*
 * The peer that a prefix is sent to; NULL: nobody's, or our own. Of two that claim the same one it
 * is this node, else the peer that is not absent, else the one that changed last.
 */
const struct view_peer *desired_owner(const struct desired *desired, const struct prefix *prefix);

/* The routes to the interface in order: all prefixes that have such an owner. NULL: the first. */
bool desired_next_route(const struct desired *desired, const struct prefix *after,
			struct prefix *ret_route);

/* Whether a child prefix of this node covers it. */
bool desired_is_ours(const struct desired *desired, const struct prefix *prefix);

#endif
