// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whether the kernel has a WireGuard of its own; to drive it goes by the table (wg_kernel).
 */
#ifndef NODEAGENT_WG_KERNEL_H
#define NODEAGENT_WG_KERNEL_H

#include "nodeagent/wg/backend.h"

/* Asks, which loads the module where there is one. -EOPNOTSUPP says what is missing, or forbids. */
int wg_kernel_probe(struct err *err) _must_check_;

#endif
