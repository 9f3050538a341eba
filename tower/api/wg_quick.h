// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The configuration of a device without an agent, as wg-quick(8) and the WireGuard apps read it:
 * what an agent would have made of the same zone. Pure: a text of the state, without the one thing
 * that the tower never sees, the device's private key.
 */
#ifndef API_WG_QUICK_H
#define API_WG_QUICK_H

#include "base/str.h"
#include "tower/core/state.h"

/* No key, so that nothing starts with it: wg says "Key is not the correct length or format". */
#define WG_QUICK_PLACEHOLDER "THE-PRIVATE-KEY-OF-THIS-DEVICE"
#define WG_QUICK_KEEPALIVE_S 25

/*
 * Appends the configuration of `peer`, a peer of a committed state. Every other peer of its zone is
 * in it; to a spoke of a hub zone, the hub alone, for all. The newest revision among the rows that
 * it is made of is in its first line, and in ret_revision.
 */
void wg_quick_write(struct str *to, const struct state *state, const struct peer *peer,
		    uint64_t *ret_revision);

#endif
