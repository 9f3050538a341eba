// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What must be done to make what is observed equal to what is desired. Pure. Of everything, in time
 * linear in the number of peers; or of what an event touched alone, by the same rules, in a time
 * that hardly depends on it.
 *
 * Of a lasting peer no packet is lost on the way: what is new comes before what goes, a prefix that
 * moves is taken over by its new owner in one step, and nothing that is right is touched.
 */
#ifndef NODEAGENT_PLAN_H
#define NODEAGENT_PLAN_H

#include "nodeagent/observed.h"
#include "nodeagent/wg/backend.h"

#define HANDSHAKE_LIVE_S 180 /* WireGuard's REJECT_AFTER_TIME */
#define UNDERLAY_MTU_DEFAULT 1500
#define MTU_MIN 576

enum conflict_kind {
	CONFLICT_ROUTE,    /* a route or an address of somebody else */
	CONFLICT_ENDPOINT, /* where a peer is reached */
	CONFLICT_TOWER,
	CONFLICT_SIGNPOST,
	CONFLICT_RESOLVER,
	CONFLICT_PEER, /* a prefix of a peer that is not the zone's and is kept */
};

/* A wanted route that is not made, because it would take what is somebody else's. */
struct plan_conflict {
	struct prefix route;
	struct prefix with; /* that route, or that address */
	enum conflict_kind kind;
	union {
		char link[INTERFACE_NAME_BYTES]; /* CONFLICT_ROUTE: of the route; else "" */
		char peer[KEY_SHORT_BYTES];      /* CONFLICT_PEER: its key */
	};
};

VEC(plan_conflict_vec, struct plan_conflict);

/* The zone's own addresses are used by somebody else here: no harm, for peers are host routes. */
struct plan_overlap {
	struct prefix zone; /* ip.family IP_NONE: no overlap */
	struct prefix with;
	char link[INTERFACE_NAME_BYTES];
};

/* What a peer loses because another one takes it. */
struct plan_loss {
	struct key key;
	struct prefix prefix;
};

VEC(plan_loss_vec, struct plan_loss);

/* The steps, in the order in which they are done. */
struct plan {
	bool create;
	uint32_t rename; /* index of the link that is to have our name again; 0: none */
	bool set_key;
	bool set_port;
	uint16_t set_mtu; /* 0: it is right */
	struct prefix_vec add_addresses;
	struct wg_change_vec set_peers;
	bool set_up;
	struct prefix_vec add_routes;
	struct ip route_source; /* of those of its family; IP_NONE: the kernel's choice */
	struct prefix_vec remove_routes;
	struct wg_change_vec remove_peers;
	struct prefix_vec remove_addresses;
	bool set_down;

	/* What is not done, but should be known. */
	struct plan_loss_vec losses;
	bool is_whole;                      /* else what follows is about these routes alone: */
	struct prefix_vec routes;           /* ordered */
	struct plan_conflict_vec conflicts; /* ordered by route, one a route */
	struct plan_overlap overlap;        /* the first one */
	enum ip_family forwarding_off;      /* a family that this node should forward */
};

/*
 * With `allow_removal` false nothing is removed but what is in the way. -EPERM when the interface
 * is not WireGuard's. The plan is the caller's (plan_done).
 */
int plan_make(const struct desired *desired, const struct observed *observed, bool allow_removal,
	      struct plan *ret_plan, struct err *err) _must_check_;

/*
 * The same for what was touched since everything was as it should be, given that nobody but us
 * changed what is observed.
 */
int plan_make_touched(const struct desired *desired, const struct observed *observed,
		      const struct view_touched *touched, bool allow_removal, struct plan *ret_plan,
		      struct err *err) _must_check_;

/*
 * Sets the interface, when it is ours, down, and takes its key and peers away: goes with an empty
 * `desired`. wireguard-go keeps its sessions alive over a link that is down, and the peers would
 * follow it back here when the same key is in use elsewhere by now. When the node comes back, its
 * peers are new, so that it greets them at once: sessions of old are unknown to them.
 * With foreign peers that are kept, only our own peers and routes go.
 */
int plan_make_idle(const char *interface, const struct observed *observed, struct plan *ret_plan,
		   struct err *err) _must_check_;
void plan_done(struct plan *plan);

/*
 * From now on what was planned for the peers that there are counts as declared to WireGuard, except
 * for those whose change failed.
 */
void plan_declare(const struct desired *desired, const struct view_touched *touched,
		  const struct plan *plan, struct observed *observed);

/* How many steps it has; 0: all is as it should be. */
size_t plan_steps(const struct plan *plan);

/* The MTU that the interface should have. */
uint16_t plan_mtu(const struct desired *desired, const struct observed *observed);

/* The sentences about a conflict and an overlap. */
#define PLAN_CONFLICT_TEXT_BYTES 240
void plan_conflict_format(const struct plan_conflict *conflict,
			  char ret_text[static PLAN_CONFLICT_TEXT_BYTES]);
void plan_overlap_format(const struct plan_overlap *overlap,
			 char ret_text[static PLAN_CONFLICT_TEXT_BYTES]);

#endif
