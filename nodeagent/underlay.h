// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What this machine's own network says of it.
 */
#ifndef NODEAGENT_UNDERLAY_H
#define NODEAGENT_UNDERLAY_H

#include "mesh/addr.h"

/*
 * The address that the default route leaves by: IPv4 if there is one, else IPv6. -ENETUNREACH
 * when there is no default route. Nothing is sent.
 */
int underlay_address(struct ip *ret_ip, struct err *err) _must_check_;

#endif
