// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whether this process may change the machine's network at all.
 */
#ifndef NODEAGENT_RIGHTS_H
#define NODEAGENT_RIGHTS_H

#include "base/err.h"

/* -EPERM without CAP_NET_ADMIN, with what to do. */
int rights_check(struct err *err) _must_check_;

#endif
