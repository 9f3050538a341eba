// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Asks whether a UDP port is free, before WireGuard is told to listen on it.
 */
#ifndef NODEAGENT_WG_PORT_H
#define NODEAGENT_WG_PORT_H

#include <stdint.h>

#include "base/err.h"

/* -EADDRINUSE when another program listens there, on any address of either family. */
int port_check_free(uint16_t port, struct err *err) _must_check_;

#endif
