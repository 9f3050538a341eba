// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Writes down what the agent knows: the cache to start from, and the two files for people. A change
 * is written at once when the last one was a while ago; of many in a row several together.
 */
#ifndef NODEAGENT_KEEPER_H
#define NODEAGENT_KEEPER_H

#include "nodeagent/reconcile.h"
#include "nodeagent/statedir.h"

/*
 * Between two writes, at least; and writing takes at most one part in so many of the time, and of
 * that of a processor: ten thousand peers are written every ten seconds. A crash in between loses
 * nothing: who starts from an older cache is told by the tower what came after.
 */
#define KEEPER_GAP_MS 100
#define KEEPER_SHARE 20
#define KEEPER_CPU_SHARE 100

struct keeper;

/* Whatever it points to must stay as long as the keeper. */
struct keeper_config {
	struct loop *loop;
	const struct statedir *statedir;
	const struct statedir_self *self;
	const struct view *view;
	struct reconcile *reconcile;
	const char *interface;
	bool for_people; /* whether to write their files too */
};

int keeper_new(const struct keeper_config *config, struct keeper **ret_keeper,
	       struct err *err) _must_check_;

/* Writes the cache when it lags behind, wipes what it held. NULL is allowed. */
void keeper_free(struct keeper *keeper);

/* The view moved on: to be written soon, or (not `soon`) only together with something else. */
void keeper_touch(struct keeper *keeper, bool soon);

/* What is desired moved on: to be written for people to see, unless nothing is desired by then. */
void keeper_touch_texts(struct keeper *keeper);

#endif
