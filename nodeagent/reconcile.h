// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Keeps the kernel equal to what is desired: observe, plan (pure), apply, again when somebody else
 * changes something (netlink tells), and every few seconds, in a zone of thousands less often, for
 * what has no notification. Adopts what it finds; never recreates the interface; a failed step is
 * named in the status and retried.
 */
#ifndef NODEAGENT_RECONCILE_H
#define NODEAGENT_RECONCILE_H

#include "base/loop.h"
#include "nodeagent/plan_foreign.h"
#include "nodeagent/repairs.h"
#include "nodeagent/wg/choice.h"

#define RECONCILE_CHECK_MS 2000 /* between two checks of everything, at least */

struct reconcile;

struct reconcile_config {
	struct loop *loop;
	const char *interface;
	enum wireguard_choice wireguard;
	enum foreign_peers foreign_peers;
	bool dry_run; /* the data plane is a value in memory */
	/* The interface was made or set up, before the loop sleeps: no session of before lasts. */
	void (*on_up)(void *data); /* NULL: nobody asks */
	void *data;
};

int reconcile_new(const struct reconcile_config *config, struct reconcile **ret_reconcile,
		  struct err *err) _must_check_;
void reconcile_free(struct reconcile *reconcile); /* leaves the kernel as it is */

/* The port that the interface listens on already; 0: there is none, or nobody knows. Blocks. */
uint16_t reconcile_find_port(struct reconcile *reconcile);

/*
 * From now on this is desired, a copy is kept; of `view`, which must stay: what was touched in it
 * is forgotten once it is worked on. To be called again whenever the view changed. While it is not
 * * complete, or of the past, nothing is removed; while a change is there by half, or this node is
 * not in it, nothing is done. The work is done before the loop sleeps next; all that came in one
 * turn is planned together.
 */
void reconcile_want(struct reconcile *reconcile, struct view *view, const struct desired *desired);

/* What is; to be asked like desired_next_peer and kin, until the loop turns. NULL: nothing is. */
const struct desired *reconcile_desired(struct reconcile *reconcile);

/*
 * Nothing is desired: the interface is silent, without key and peers and down, but kept (removed
 * peer, displaced instance).
 */
void reconcile_idle(struct reconcile *reconcile);

/*
 * From now on no route into the mesh may cover this address, for this machine reaches the tower (or
 * the signpost) there. Of many the RECONCILE_GUARDS_MAX that were named last count. May be called
 * from anywhere.
 */
#define RECONCILE_GUARDS_MAX 32
void reconcile_guard(struct reconcile *reconcile, enum guard_kind kind, const struct ip *ip);

/* What was observed last; empty before the first time. Borrowed until the loop turns. */
struct reconcile_status {
	const char *backend;     /* "kernel", "userspace", "dry-run"; "" before the first time */
	const char *backend_why; /* why it was chosen */
	bool in_sync;            /* observed equals desired */
	const char *trouble;     /* the first failed step in a sentence; "" for none */
	uint16_t mtu;
	const struct observed *observed;
	const struct plan_foreign *foreign;
	const struct plan_conflict_vec *conflicts; /* the routes that are refused, in order */
	const char *overlap;           /* the zone's addresses are others' here, too; "" for not */
	uint64_t applied_steps;        /* since start */
	uint64_t readings;             /* of the kernel, since start */
	size_t quarrels[REPAIR_KINDS]; /* repairs within a minute, when they are too many */
};
void reconcile_get_status(const struct reconcile *reconcile, struct reconcile_status *ret_status);

/*
 * Removes all that an agent ever made for this interface: routes, addresses, link, wireguard-go.
 * With FOREIGN_KEEP an interface that holds foreign peers stays, with them and its key. Works
 * without a running agent. 0 also when nothing was there; -EPERM for an interface of that name that
 * is no WireGuard's, or with FOREIGN_REFUSE and foreign peers: it is left as it is.
 */
int reconcile_remove_all(const char *interface, enum foreign_peers foreign_peers,
			 struct err *err) _must_check_;

#endif
