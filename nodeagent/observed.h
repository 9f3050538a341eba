// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What this node's kernel and WireGuard hold, as far as it concerns us: a value, whoever read it.
 */
#ifndef NODEAGENT_OBSERVED_H
#define NODEAGENT_OBSERVED_H

#include "nodeagent/desired.h"

#define OBSERVED_KIND_BYTES 16

enum interface_state {
	INTERFACE_ABSENT,
	INTERFACE_OURS,    /* WireGuard, and we can talk to it */
	INTERFACE_FOREIGN, /* something else has the name */
};

/* A link other than ours. */
struct observed_link {
	uint32_t index;
	char name[INTERFACE_NAME_BYTES];
	uint32_t mtu;
	bool is_loopback;
};

VEC(observed_link_vec, struct observed_link);

/* A route of the main table, or an address as a host route, that is not ours. */
struct foreign_route {
	struct prefix to;
	uint32_t link_index; /* may be that of our interface: put there by hand */
	uint32_t metric;
	bool is_connected; /* without a gateway */
};

VEC(foreign_route_vec, struct foreign_route);

/* An address outside that this machine must go on reaching past the mesh. */
enum guard_kind { GUARD_TOWER, GUARD_SIGNPOST, GUARD_RESOLVER };
struct guard {
	struct ip ip;
	enum guard_kind kind;
};

VEC(guard_vec, struct guard);

/* What a peer may send that is not the zone's and stays: plan_foreign.h. */
struct kept_prefix {
	struct prefix prefix;
	struct key owner;
};

VEC(kept_prefix_vec, struct kept_prefix);

/* Each in its own memory: one more or less does not move what the others are. */
VEC(wg_peer_list, struct wg_peer *);

struct observed {
	enum interface_state state;
	char kind[OBSERVED_KIND_BYTES]; /* of a foreign interface: "veth", "" for hardware */
	uint32_t link_index;
	bool is_renamed; /* ours, but somebody gave it another name */
	bool is_up;
	uint32_t mtu;
	struct key private_key;
	uint16_t listen_port;
	struct prefix_vec addresses; /* on the interface, with host bits; no link-local; ordered */
	struct prefix_vec marked;    /* of these, those with our protocol number, in no order */
	struct prefix_vec routes;    /* ours, ordered */
	struct wg_peer_list peers;   /* ordered by key */
	struct kept_prefix_vec kept; /* ordered by prefix */

	struct observed_link_vec links;   /* the others */
	struct foreign_route_vec foreign; /* ordered by prefix */
	struct guard_vec guards;          /* in no order */
	bool forwards_v4, forwards_v6;    /* sysctl */
	int64_t now_s;                    /* since 1970, when it was read */
};

/* Frees the content and makes it an empty observation. */
void observed_done(struct observed *observed);

/* NULL when there is none (any more). */
const struct observed_link *observed_find_link(const struct observed *observed, uint32_t index);

/* The place of the first of its foreign routes that is not below the prefix. */
size_t observed_first_foreign(const struct observed *observed, const struct prefix *prefix);

/* NULL when there is none. */
struct wg_peer *observed_find_peer(const struct observed *observed, const struct key *key);

/* The one with this key, a new one if need be; NULL: no memory. */
struct wg_peer *observed_make_peer(struct observed *observed, const struct key *key) _must_check_;
void observed_remove_peer(struct observed *observed, const struct key *key);

/* Makes its list a copy, no larger than it must be. -ENOMEM: it is as it was. */
int observed_set_allowed(struct wg_peer *peer, const struct prefix_vec *allowed) _must_check_;

/*
 * From now on these are the peers, as WireGuard told just now, and the reading is empty. It does
 * not tell what we once declared to it: `declared`, `generation` and `origin` of each peer stay.
 * After -ENOMEM some are missing.
 */
int observed_take_reading(struct observed *observed, struct wg_peer_vec *reading) _must_check_;

bool observed_has_prefix(const struct prefix_vec *ordered, const struct prefix *prefix);

/* Both lists ordered; for the few that an event brings, or for many. -ENOMEM. */
int observed_add_prefixes(struct prefix_vec *to, const struct prefix_vec *more) _must_check_;
void observed_remove_prefixes(struct prefix_vec *from, const struct prefix_vec *gone);

#endif
