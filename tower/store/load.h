// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Reading everything that Redis holds, in one piece: the commands, and the reply made into a
 * state. Asks and answers nobody by itself.
 */
#ifndef STORE_LOAD_H
#define STORE_LOAD_H

#include "io/redis.h"
#include "tower/core/presence.h"
#include "tower/core/state.h"
#include "tower/store/history.h"
#include "tower/store/keys.h"

#define LOAD_LOG_MAX 8192                /* newest log entries that are read, */
#define LOAD_LOG_BYTES (8 * 1024 * 1024) /* as long as their texts are no longer than this */
#define LOAD_SEEN_MAX 200000             /* most recently seen peers */

struct loaded_change {
	struct change *change;
};

VEC(loaded_vec, struct loaded_change);

struct load {
	struct state *state; /* what the rows say */
	struct history history;
	uint64_t fingerprint;     /* of the towers' secrets; 0 when it is not there */
	struct loaded_vec newest; /* the log's newest changes, oldest first */
	int64_t time_ms;          /* Redis TIME; 0 when unknown */
};

/* Sends the commands as one transaction; its reply comes to `fn`. */
int load_send(struct redis *redis, const struct keys *keys, redis_reply_fn fn,
	      void *data) _must_check_;

/*
 * Reads the reply. -EAGAIN: Redis refused, another time it may not. -EPROTO: what is stored makes
 * no sense; -ENOTSUP: a newer tower wrote it. *ret_load is the caller's (load_done).
 */
int load_read(const struct redis_reply *reply, struct load *ret_load, struct err *err) _must_check_;
void load_done(struct load *load);

/*
 * Reads the presence part of the same reply, of peers of the state; keys of others are appended to
 * `args`, for a ZREM. Answers how many those are.
 */
size_t load_read_seen(const struct redis_reply *reply, const struct state *state,
		      struct presence *presence, struct redis_args *args);

#endif
