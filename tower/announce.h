// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a tower says once it is ready: something to copy, commands that work against this very tower
 * or say what they lack.
 */
#ifndef TOWER_ANNOUNCE_H
#define TOWER_ANNOUNCE_H

#include "tower/given.h"

void announce_commands(const struct tower_config *config, const struct given *given);

#endif
