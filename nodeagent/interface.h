// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The name of the WireGuard interface: it becomes a link, a file and a word on a command line.
 */
#ifndef NODEAGENT_INTERFACE_H
#define NODEAGENT_INTERFACE_H

#include "base/err.h"

/* As wg-quick has it: 1 to 15 of a-z A-Z 0-9 _ = + . -, but no dash or dot first. -EINVAL. */
int interface_check_name(const char *name, struct err *err) _must_check_;

#endif
