// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Which back end drives the interface, and why: what the option says; else what the interface is
 * already; else the kernel's WireGuard where there is one, and wireguard-go where there is none.
 * Once there was an interface it does not change any more: that would end every tunnel.
 */
#ifndef NODEAGENT_WG_CHOICE_H
#define NODEAGENT_WG_CHOICE_H

#include "nodeagent/wg/backend.h"

enum wireguard_choice { WIREGUARD_AUTO, WIREGUARD_KERNEL, WIREGUARD_USERSPACE };

#define WG_WHY_BYTES 200

struct wg_choice {
	enum wireguard_choice asked;
	const struct wg_backend *backend; /* NULL: nothing is chosen yet */
	bool is_settled;                  /* there was an interface of this back end's */
	char why[WG_WHY_BYTES];
};

/* What the choice depends on. */
struct wg_scene {
	const char *interface;
	const char *link_kind;  /* of the link of that name; NULL: there is none */
	bool is_userspace;      /* a userspace WireGuard answers for it */
	bool kernel_has;        /* the kernel has WireGuard */
	const char *kernel_why; /* why not */
};

/*
 * Chooses. -EPERM, and nothing is changed, when the interface belongs to the back end that was not
 * asked for, or was not in use before.
 */
int wg_choice_decide(struct wg_choice *choice, const struct wg_scene *scene,
		     struct err *err) _must_check_;

/* The same for this machine, and logs what is new. Cheap as long as the link is what it was. */
int wg_choice_make(struct wg_choice *choice, const char *interface, const char *link_kind,
		   struct err *err) _must_check_;

/* Creates the interface by what was chosen; a failure says why the other one was not, too. */
int wg_choice_create(const struct wg_choice *choice, const char *interface,
		     struct err *err) _must_check_;

#endif
