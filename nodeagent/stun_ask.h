// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One question to a STUN server, from the WireGuard port: asked a few times within three seconds,
 * answered by that server with the very transaction id, or not at all.
 */
#ifndef NODEAGENT_STUN_ASK_H
#define NODEAGENT_STUN_ASK_H

#include "base/loop.h"
#include "mesh/addr.h"

#define STUN_ASK_MS 3000 /* in all */

struct stun_ask;

/* Once: what the server saw, and what it would be without a NAT; `mapped` NULL: no answer. */
typedef void (*stun_ask_fn)(const struct endpoint *mapped, const struct endpoint *local,
			    void *data);

/* Fails as stun_line_open does. The first packet goes out at once. */
int stun_ask_start(struct loop *loop, const struct endpoint *server, uint16_t port, stun_ask_fn fn,
		   void *data, struct stun_ask **ret_ask, struct err *err) _must_check_;

/* Whether it keeps WireGuard from opening the port. */
bool stun_ask_holds_port(const struct stun_ask *ask);

/* Also breaks it off; allowed inside the callback. NULL is allowed. */
void stun_ask_free(struct stun_ask *ask);

#endif
