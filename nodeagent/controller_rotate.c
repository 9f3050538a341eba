// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The controller's part of a rotation: it comes before everything else that is to be done, for a
 * join with a key that the tower may not know any more could let it in as a new one.
 */
#include <errno.h>

#include "nodeagent/controller_private.h"

/* From now on it is another node to the tower, in the place of the one it was. */
static void take_next_key(struct controller *controller)
{
	key_public(controller->config.private_key, &controller->public_key);
	controller_close_stream(controller);
	controller->has_joined = false;
	controller->generation = 0;
	controller->must_join = true;
}

static void on_rotated(enum rotate_outcome outcome, const struct tower_answer *tower, void *data)
{
	struct controller *controller = data;

	rotate_call_free(controller->rotate);
	controller->rotate = NULL;
	controller->config.on_rotated(outcome, tower, controller->config.data);
	if (outcome == ROTATE_AWAY) {
		loop_timer_set(controller->wake, controller_note_failure(controller, tower));
		return;
	}
	if (outcome == ROTATE_DONE)
		take_next_key(controller);
	else
		controller->must_join = true; /* whatever stands against it, the join will tell */
	controller_step(controller);
}

int controller_start_rotation(struct controller *controller, struct err *err)
{
	struct join_wish wish = { 0 };
	struct rotate_call_config config = { .client = controller->config.client,
					     .target = controller_target_of(controller),
					     .old_private = controller->config.private_key,
					     .new_private = controller->config.next_private_key,
					     .fn = on_rotated,
					     .data = controller };

	controller->config.get_wish(&wish, controller->config.data);
	config.instance = wish.instance;
	config.generation = wish.generation;
	return rotate_call_start(&config, &controller->rotate, err);
}

int controller_rotate(struct controller *controller, struct err *err)
{
	if (controller_is_over(controller) || controller->leave_fn)
		return err_set(err, -EPERM, "this node has no peer to hand over: %s",
			       *controller->trouble ? controller->trouble : "it is leaving");
	/* A join that is under way ends in the same step. */
	loop_timer_set(controller->wake, 0);
	return 0;
}
