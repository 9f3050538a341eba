// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Between those who ask for changes and the store: decides requests in batches under an overlay,
 * has the store commit them, applies what was committed, and answers. The only caller of
 * state_apply once the tower runs.
 *
 * All requests of one turn of the loop go into one batch. A request whose batch went out when the
 * connection broke waits, unanswered, until the log tells what became of it.
 */
#ifndef TOWER_COMMIT_H
#define TOWER_COMMIT_H

#include "base/loop.h"
#include "tower/core/decide.h"
#include "tower/store/store.h"

#define COMMIT_BATCH_MAX 256
#define COMMIT_QUEUE_MAX 20000 /* further requests: E503-busy */

struct commit;
struct commit_ticket;

/* Called for every change, once and in order, right after it was applied. */
typedef void (*commit_change_fn)(const struct change *change, void *data);

struct commit_config {
	struct loop *loop;
	struct state *state; /* borrowed; applied to by commit alone */
	struct presence *presence;
	const struct limits *limits;
	struct store *store;
	commit_change_fn on_change;
	void *data;
};

int commit_new(const struct commit_config *config, struct commit **ret_commit,
	       struct err *err) _must_check_;

/* Requests that wait are dropped, unanswered. NULL is allowed. */
void commit_free(struct commit *commit);

/*
 * What the store tells, to be passed on by whoever made both: store_config.on_change (applied, and
 * told by commit_config.on_change) and store_config.on_history.
 */
void commit_take_change(struct commit *commit, const struct change *change);
void commit_take_history(struct commit *commit, const struct change *change);

/*
 * What became of a request. Called right after its change was applied and before the next one is,
 * so that the state shows exactly what the request led to; never from inside commit_submit.
 */
struct commit_answer {
	enum verdict verdict;
	const struct refusal *refusal; /* with VERDICT_REFUSED; E503-store when Redis is away */
	const struct change *change;   /* with VERDICT_CHANGE */
};
typedef void (*commit_answer_fn)(const struct commit_answer *answer, void *data);

/*
 * Takes the request over (its content is moved; *request is zeroed), chooses its mark, and answers
 * later. *ret_ticket (NULL is allowed) is valid until the answer. -EBUSY, to be refused as
 * E503-busy: COMMIT_QUEUE_MAX requests wait; the request is then still the caller's.
 */
int commit_submit(struct commit *commit, struct request *request, commit_answer_fn fn, void *data,
		  struct commit_ticket **ret_ticket, struct err *err) _must_check_;

/* Whoever asked has gone: the request goes on, the answer is dropped. */
void commit_forget(struct commit_ticket *ticket);

/* The time that decisions use: Redis TIME of the last reply, advanced by the monotonic clock. */
int64_t commit_now_ms(const struct commit *commit);

#endif
