// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Starts wireguard-go outside the agent's life: in a session of its own, so that tunnels outlive
 * the agent. It ends when its interface is removed.
 */
#ifndef NODEAGENT_WG_WIREGUARD_GO_H
#define NODEAGENT_WG_WIREGUARD_GO_H

#include "base/err.h"

/*
 * Returns when the interface is there and its socket answers. -ENOENT when the program is not
 * installed, -ENODEV when this machine has no /dev/net/tun; else -EIO with what it said itself.
 */
int wireguard_go_start(const char *interface, struct err *err) _must_check_;

#endif
