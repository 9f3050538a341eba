// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One attempt to bring a rotation to its end, wherever an earlier one was cut off: finds out
 * whether the tower has the new key already, and hands the peer over to it when not. Tells once how
 * it ended, tries nothing twice.
 */
#ifndef NODEAGENT_ROTATE_CALL_H
#define NODEAGENT_ROTATE_CALL_H

#include "nodeagent/join.h"
#include "nodeagent/tower.h"

struct rotate_call;

enum rotate_outcome {
	/* The tower has the new key, or at least not the old one: the new one is the node's. */
	ROTATE_DONE,
	ROTATE_REFUSED, /* the old one stays the node's: `tower` says why */
	ROTATE_AWAY,    /* not known: to be tried again; `tower` says why */
};

typedef void (*rotate_call_fn)(enum rotate_outcome outcome, const struct tower_answer *tower,
			       void *data);

struct rotate_call_config {
	struct http_client *client;
	const struct tower_target *target;
	const struct key *old_private;
	const struct key *new_private;
	const char *instance;
	uint64_t generation; /* that this node holds; 0: not known */
	rotate_call_fn fn;
	void *data;
};

/* Everything is copied. The call is the caller's. */
int rotate_call_start(const struct rotate_call_config *config, struct rotate_call **ret_call,
		      struct err *err) _must_check_;

/* Wipes, breaks off what still runs; allowed inside the callback. NULL is allowed. */
void rotate_call_free(struct rotate_call *call);

#endif
