// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A wireguard-go whose interface went from here: moved to another network namespace, or renamed
 * while no agent ran. It holds the name, the port and the key, and nobody routes to it any more.
 */
#ifndef NODEAGENT_WG_ORPHAN_H
#define NODEAGENT_WG_ORPHAN_H

#include "base/err.h"
#include "mesh/key.h"

/*
 * Ends whoever answers for an interface that is not here, if it has this key; one that has another
 * key is somebody else's. 0 also when nobody answers. Waits until it has ended: -EBUSY.
 */
int orphan_end(const char *interface, const struct key *private_key, struct err *err) _must_check_;

#endif
