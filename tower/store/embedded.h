// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The tower's private redis-server: a child on a Unix socket in the state dir, with an append-only
 * file that is synced before each answer. Kept running; ends with the tower. Knows no key.
 *
 * Two locks guard the folder. `tower.lock` is the tower's. `redis.lock` is inherited by the server
 * too: as long as any server runs on the folder it is held, even when its tower was killed.
 */
#ifndef STORE_EMBEDDED_H
#define STORE_EMBEDDED_H

#include <stdbool.h>

#include "base/loop.h"
#include "io/redis_url.h"

struct embedded;

/* What makes it listen on TCP besides: both texts are copied. */
struct embedded_door {
	const char *listen; /* "192.0.2.1:6379"; "[::]:6379" is every address of both families */
	const char *acl;    /* of its aclfile: who may log in, and do what */
};

/*
 * Makes the folder (0700), takes its locks, shuts down the server that a killed tower left behind
 * (blocking for that long, at most some seconds), and starts a new one. It may not listen yet when
 * this returns. With a `door` (NULL for none) it asks everybody for a password, on the Unix socket,
 * too; it must be Redis 7 or later then. The tower must have dropped its privileges before: the
 * server runs as whoever starts it, and a change of user would disarm the signal that ends it with
 * the tower.
 *
 * -EWOULDBLOCK: another tower uses the folder. -ENOENT: redis-server is not installed.
 */
int embedded_new(struct loop *loop, const char *state_dir, const struct embedded_door *door,
		 struct embedded **ret_embedded, struct err *err) _must_check_;

/* Ends the server in an orderly way, and waits for it. NULL is allowed. */
void embedded_free(struct embedded *embedded);

/* Whether it was started so short a time ago that it may not listen yet. */
bool embedded_is_starting(const struct embedded *embedded);

/* Where it listens. */
const struct redis_url *embedded_url(const struct embedded *embedded);

#endif
