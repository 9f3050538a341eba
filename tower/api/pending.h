// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Calls that wait for their change to be committed, and how long they do. Submitting one is
 * call_submit (call.h).
 */
#ifndef API_PENDING_H
#define API_PENDING_H

#include <sys/queue.h>

#include "base/loop.h"

#define PENDING_MAX_S 30 /* then the answer is E503-store */

struct api_call;

struct pending {
	struct loop *loop;
	struct loop_timer *sweep;
	TAILQ_HEAD(, api_call) calls; /* oldest first */
};

int pending_init(struct pending *pending, struct loop *loop, struct err *err) _must_check_;

/* To be called once http_free has ended every call. */
void pending_done(struct pending *pending);

#endif
