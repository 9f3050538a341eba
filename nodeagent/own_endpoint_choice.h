// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Under which address and port others reach this node, chosen from what is known; whether a NAT is
 * before it; whether to ask a STUN server again. Pure.
 */
#ifndef NODEAGENT_OWN_ENDPOINT_CHOICE_H
#define NODEAGENT_OWN_ENDPOINT_CHOICE_H

#include "nodeagent/observed.h"

enum own_endpoint_source {
	OWN_ENDPOINT_NONE,
	OWN_ENDPOINT_DECLARED, /* --local-endpoint-ip */
	OWN_ENDPOINT_INTERNAL, /* --internal-network */
	OWN_ENDPOINT_STUN,
};

enum own_endpoint_nat {
	OWN_ENDPOINT_NAT_UNKNOWN, /* nobody was asked, or nobody answered */
	OWN_ENDPOINT_NAT_NONE,    /* packets keep address and port on their way to the tower */
	OWN_ENDPOINT_NAT_BEHIND,
};

/* What the rest of the agent sees; it decides what a STUN answer is good for. */
struct own_endpoint_scene {
	struct endpoint known; /* what the zone holds of this node; IP_NONE: nothing */
	bool has_live_peer;    /* WireGuard has a handshake that is good */
	bool is_kept_alive;    /* some peer is sent keepalives: our mapping stays */
};

/* `self`: as the zone holds it, or NULL; `peers`: as WireGuard does, or NULL. */
void own_endpoint_look_around(const struct view_peer *self, const struct wg_peer_list *peers,
			      int64_t now_s, struct own_endpoint_scene *ret_scene);

struct own_endpoint_facts {
	struct ip declared; /* IP_NONE: not given */
	bool internal_network;
	struct ip internal; /* of the default route; IP_NONE: there is none */
	uint16_t listen_port;
	struct endpoint server; /* that was asked; IP_NONE: none */
	struct endpoint mapped; /* its answer, judged by own_endpoint_accepts; IP_NONE: none */
	struct endpoint local;  /* what the question was sent from */
	struct own_endpoint_scene scene;
};

struct own_endpoint_choice {
	enum own_endpoint_source source;
	struct endpoint endpoint; /* ip.family IP_NONE: nothing to declare */
	enum own_endpoint_nat nat;
	bool is_public; /* others can reach it without having been spoken to: no keepalive */
};

/*
 * Declared, else internal, else STUN, else none; the port is the real one. Of a node behind NAT
 * whose peers hear it, another port of the same address is no news: many a NAT gives every
 * destination its own, the peers know theirs, and would be torn off it.
 */
struct own_endpoint_choice own_endpoint_choose(const struct own_endpoint_facts *facts);

/*
 * Whether a mapped address can be ours: one that is routed, and a private one only from a server
 * that was itself reached at a private address, for then both are in one private network.
 */
bool own_endpoint_accepts(const struct endpoint *mapped, const struct endpoint *server);

/* How long after the last question the next one is due, when nothing else asks for it. */
#define OWN_ENDPOINT_MAPPING_MS 23000 /* less than the 30 s that many a NAT keeps a mapping */
#define OWN_ENDPOINT_SPREAD_MS 3000   /* either way */
#define OWN_ENDPOINT_IDLE_MS 300000

/* `failures`: questions in a row that were not answered. -1: not at all. */
int64_t own_endpoint_ask_after_ms(const struct own_endpoint_choice *choice,
				  const struct own_endpoint_scene *scene, unsigned failures);

#endif
