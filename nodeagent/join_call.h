// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One join: asks a tower for a challenge, proves the key, posts the wish, reads the answer. What is
 * wished may depend on what the challenge says, and may take a moment to find out. And its
 * opposite, the removal of the node's own peer. Each tells once how it ended and tries nothing
 * twice.
 */
#ifndef NODEAGENT_JOIN_CALL_H
#define NODEAGENT_JOIN_CALL_H

#include "nodeagent/join.h"
#include "nodeagent/tower.h"

#define JOIN_TIMEOUT_MS 10000 /* of each of the requests */
#define JOIN_HEADER_BYTES 320

struct join_call;

/* `answer` is filled when `tower->meaning` is TOWER_AGREED. Both are borrowed. */
typedef void (*join_call_fn)(const struct tower_answer *tower, const struct join_answer *answer,
			     void *data);

/* Challenged: the call waits for join_call_post, now or within 30 s. `stun`: who answers it. */
typedef void (*join_call_challenged_fn)(const struct endpoint *stun, void *data);

struct join_call_config {
	struct http_client *client;
	const struct tower_target *target;
	const char *zone;
	const struct key *private_key;
	const char *token; /* join token; NULL for none */
	join_call_fn fn;
	join_call_challenged_fn on_challenged; /* of a join */
	void *data;
};

/* What `config` points to must stay as long as the call, but for the target, which is copied. */
int join_call_start(const struct join_call_config *config, struct join_call **ret_call,
		    struct err *err) _must_check_;

/* Whether it was challenged and nothing is wished yet. */
bool join_call_is_waiting(const struct join_call *call);

/* The wish, read at once, of a call that waits. */
int join_call_post(struct join_call *call, const struct join_wish *wish,
		   struct err *err) _must_check_;

/* DELETE of the node's own peer, by its ticket. The answer is not filled. */
int join_call_start_leave(const struct join_call_config *config, const char *ticket,
			  struct join_call **ret_call, struct err *err) _must_check_;

/* Breaks off what still runs; allowed inside the callback. NULL is allowed. */
void join_call_free(struct join_call *call);

#endif
