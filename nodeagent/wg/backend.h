// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What drives WireGuard on this machine: one table a way. A back end makes an interface, reads it
 * and changes it peer by peer; what should be there is decided elsewhere.
 */
#ifndef NODEAGENT_WG_BACKEND_H
#define NODEAGENT_WG_BACKEND_H

#include "nodeagent/desired.h"

/* An interface as WireGuard knows it. */
struct wg_device {
	struct key private_key; /* zero: none yet */
	uint16_t listen_port;
	struct wg_peer_vec peers; /* ordered by key, their prefixes ordered */
};

void wg_device_done(struct wg_device *device);

/* Orders peers and prefixes, which WireGuard lists as it likes. -EPROTO when a peer is there twice.
 */
int wg_device_order(struct wg_device *device, struct err *err) _must_check_;

/*
 * One change to one peer. Prefixes that `allowed` brings are taken from whichever peer has them
 * now, in one step: nothing is lost on the way.
 */
struct wg_change {
	struct key key;
	bool remove;                /* then the rest says nothing */
	bool endpoint;              /* set it to that of `want` */
	bool keepalive;             /* set it to that of `want` */
	bool greet;                 /* send something at once: sessions of before are over */
	bool allowed;               /* add the prefixes of `want` */
	bool replace_allowed;       /* with `allowed`: and drop all others of this peer */
	bool failed;                /* by whoever applied it */
	const struct wg_peer *want; /* owned by the plan */
};

VEC(wg_change_vec, struct wg_change);

struct wg_backend {
	const char *name;
	const char *link_kind; /* that its interfaces have: IFLA_INFO_KIND */

	/* Makes the interface, down and without a key. -EBUSY: what is left of the last one is in
	 * the way, and may be gone soon. */
	int (*create)(const char *interface, struct err *err);

	/* Whether somebody speaks for an interface of that name, be it in another namespace. */
	bool (*is_served)(const char *interface);

	/* -ENODEV when nobody speaks for an interface of that name. */
	int (*read)(const char *interface, struct wg_device *ret_device, struct err *err);

	/* `private_key` NULL, `port` 0: as it is. */
	int (*set_device)(const char *interface, const struct key *private_key, uint16_t port,
			  struct err *err);

	/* Applies what it can and marks the others as failed; the sentence is about the first. */
	int (*change_peers)(const char *interface, struct wg_change *changes, size_t len,
			    struct err *err);

	/* After the link was removed: sees to it that nothing is left of it. */
	int (*clean_up)(const char *interface, struct err *err);
};

/* wireguard-go, by its socket. */
extern const struct wg_backend wg_userspace;

/* The kernel's own, by netlink. */
extern const struct wg_backend wg_kernel;

#endif
