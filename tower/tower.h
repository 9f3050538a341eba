// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The tower as a whole: makes the rooms in their order and hangs them on one loop.
 */
#ifndef TOWER_TOWER_H
#define TOWER_TOWER_H

#include "base/loop.h"
#include "tower/config.h"

struct tower;

/*
 * Opens the listeners, reads the secrets, becomes the other user, starts the store. The state is
 * loaded once the loop turns. `config` is borrowed.
 */
int tower_new(struct loop *loop, const struct tower_config *config, struct tower **ret_tower,
	      struct err *err) _must_check_;

/* Ends the streams, then the store; NULL is allowed. */
void tower_free(struct tower *tower);

#endif
