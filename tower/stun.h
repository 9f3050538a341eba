// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The tower's STUN server (RFC 8489): tells a node from which address and port its packets come.
 * Answers well-formed Binding requests alone, at a limited rate, from the address that was asked;
 * everything else is met with silence.
 */
#ifndef TOWER_STUN_H
#define TOWER_STUN_H

#include "base/loop.h"

/* A bound UDP socket for "0.0.0.0:3478", "[::]:3478" (both families), the caller's to close. */
int stun_socket_open(const char *address, struct err *err) _must_check_;

struct stun;

/* Takes the socket over, also after a failure. */
int stun_new(struct loop *loop, int fd, struct stun **ret_stun, struct err *err) _must_check_;
void stun_free(struct stun *stun); /* NULL is allowed */

#endif
