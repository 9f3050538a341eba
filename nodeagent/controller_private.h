// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the controller holds: shared by its own files only.
 */
#ifndef NODEAGENT_CONTROLLER_PRIVATE_H
#define NODEAGENT_CONTROLLER_PRIVATE_H

#include "nodeagent/backoff.h"
#include "nodeagent/controller.h"
#include "nodeagent/follower.h"

struct controller {
	struct controller_config config;
	struct key public_key;
	struct target_list targets;
	size_t target_at;
	enum controller_state state;
	int64_t since_ms;
	bool was_connected;

	struct join_call *join; /* or the leave */
	struct rotate_call *rotate;
	bool must_join;
	bool is_outdated; /* the wish changed since the join that is under way read it */
	bool has_joined;
	uint64_t generation;      /* as the last join answered it */
	uint64_t joined_revision; /* of the last join's answer */
	char ticket[JOIN_TICKET_BYTES];
	int64_t renew_ms; /* boot clock */

	struct follower *follower;
	uint64_t resets_seen;

	struct loop_timer *wake;
	struct loop_timer *absent;
	struct backoff retry;
	struct backoff refused;

	controller_leave_fn leave_fn;
	void *leave_data;
	size_t leave_tries; /* one a tower */
	bool has_hope;      /* of other towers, after the last failure */

	struct refusal refusal;
	int64_t refused_ms;
	char trouble[REFUSAL_TEXT_BYTES];
};

/* The tower in use; NULL while none is known. */
const struct tower_target *controller_target_of(const struct controller *controller);

/* Whether it was displaced or removed: then nothing more is tried. */
bool controller_is_over(const struct controller *controller);

/* The next thing that is to be done, whatever it is. */
void controller_step(void *data);

void controller_close_stream(struct controller *controller);

/* Remembers how an attempt failed; answers when to try again, in milliseconds. */
int64_t controller_note_failure(struct controller *controller,
				const struct tower_answer *tower) _must_check_;

/* There is a next key: an attempt to hand the peer over to it. */
int controller_start_rotation(struct controller *controller, struct err *err) _must_check_;

#endif
