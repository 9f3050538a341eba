// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whose the peers are that an interface holds when the agent meets it: an operator may have made it
 * by hand. Pure.
 *
 * A peer is the mesh's when the zone names it (or the cache does), or when one of its prefixes has
 * a route of ours; every other one is foreign. That is asked once a link, when it is met; a link
 * that the agent made has none.
 *
 * FOREIGN_REFUSE: as long as there is a foreign peer, nothing on the interface is touched. Once
 * there is none the interface is the zone's alone: what somebody adds later is drift, and removed.
 * FOREIGN_KEEP: foreign peers stay, also those that are added later. Their prefixes are neither
 * taken from them nor routed by us: a prefix of the zone that is equal to one of theirs, or covers
 * one, is a conflict.
 */
#ifndef NODEAGENT_PLAN_FOREIGN_H
#define NODEAGENT_PLAN_FOREIGN_H

#include "nodeagent/plan.h"

#define PLAN_FOREIGN_SHOWN_MAX 8 /* keys in status and log; there may be any number of them */

enum foreign_peers {
	FOREIGN_REFUSE,
	FOREIGN_KEEP,
	FOREIGN_NONE, /* never chosen: the agent knows that there is none */
};

struct plan_foreign {
	enum foreign_peers choice;
	uint32_t adopted; /* index of the link that is ours by now; 0: none */
	bool is_made;     /* by us: its index is not known yet */
	size_t count;     /* foreign peers, as they were marked last */
};

/* After every reading of the peers: sets the `origin` of each, and `kept`. 0 or -ENOMEM. */
int plan_foreign_mark(struct plan_foreign *foreign, const struct desired *desired,
		      struct observed *observed) _must_check_;
/*
 * Before every plan: -EEXIST when the interface must be left as it is, with what to do. Also with
 * FOREIGN_KEEP, when the interface has another key than ours: its peers would lose it.
 */
int plan_foreign_check(const struct plan_foreign *foreign, const char *interface,
		       const struct key *private_key, const struct observed *observed,
		       struct err *err) _must_check_;

/* After every plan that was carried out. */
void plan_foreign_adopt(struct plan_foreign *foreign, const struct plan *plan,
			const struct observed *observed);

/*
 * The first prefix of a kept peer that is equal to the route, or inside; NULL: none. A peer that
 * the zone names by now is not in its own way.
 */
const struct kept_prefix *plan_foreign_find(const struct desired *desired,
					    const struct observed *observed,
					    const struct prefix *route);

/* Takes out of what a peer shall send what is a kept peer's. */
void plan_foreign_strip(const struct desired *desired, const struct observed *observed,
			struct prefix_vec *prefixes);

/*
 * Whether an address on the interface is the mesh's to remove: one with our protocol number, and
 * any inside the zone's CIDR, for it would hide a peer. Kernels before 5.18 keep no such number,
 * so with FOREIGN_REFUSE it is also every host address (/32, /128): we set no others.
 */
bool plan_foreign_owns_address(const struct desired *desired, const struct observed *observed,
			       const struct prefix *address);

/*
 * Whether a route of somebody else leads into our interface as ours would: then it is neither in
 * the way nor missing.
 */
bool plan_foreign_leads_in(const struct foreign_route *route, const struct observed *observed);
bool plan_foreign_has_route(const struct observed *observed, const struct prefix *to);

#endif
