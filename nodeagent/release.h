// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What `aircrew down` takes off an interface that others use, too. Knows nothing of the zone: whose
 * a peer is, its routes tell (plan_foreign.h).
 */
#ifndef NODEAGENT_RELEASE_H
#define NODEAGENT_RELEASE_H

#include "nodeagent/apply.h"
#include "nodeagent/plan_foreign.h"

/*
 * 1: there is nothing of others on the link, it may go as a whole. 0: it holds foreign peers to
 * keep; ours, our routes and our addresses are gone. -EPERM with FOREIGN_REFUSE and such peers.
 */
int release_link(const struct apply_tools *tools, const struct netlink_link *link,
		 enum foreign_peers foreign_peers, struct err *err) _must_check_;

#endif
