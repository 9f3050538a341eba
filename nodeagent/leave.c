// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Leaving without a running agent: the same controller, with nobody behind it.
 */
#include <string.h>

#include "base/log.h"
#include "nodeagent/agent.h"
#include "nodeagent/node.h"

struct leaver {
	struct node node;
	struct controller *controller;
	enum exit_status exit_status;
	bool has_asked; /* the signpost, once more: that must do */
};

static void get_wish(struct join_wish *ret_wish, void *data)
{
	const struct leaver *leaver = data;

	node_get_wish(&leaver->node, ret_wish);
}

static void on_joined(const struct join_answer *answer, void *data)
{
	struct leaver *leaver = data;

	leaver->node.self.generation = answer->generation;
}

static bool on_failure(const struct tower_target *target, const struct tower_answer *answer,
		       void *data)
{
	struct leaver *leaver = data;

	if (leaver->has_asked)
		return false;
	leaver->has_asked = finder_note_failure(leaver->node.finder, target, answer);
	return leaver->has_asked;
}

static void on_view(bool is_changed, void *data)
{
	(void)is_changed;
	(void)data;
}

static void on_state(enum controller_state state, void *data)
{
	struct leaver *leaver = data;

	if (state == CONTROLLER_REFUSED)
		leaver->exit_status = EXIT_REFUSED;
	else if (state == CONTROLLER_UNTRUSTED)
		leaver->exit_status = EXIT_UNTRUSTED;
}

static void on_rotated(enum rotate_outcome outcome, const struct tower_answer *tower, void *data)
{
	struct leaver *leaver = data;

	(void)tower;
	if (outcome != ROTATE_AWAY)
		node_end_rotation(&leaver->node, outcome == ROTATE_DONE);
}

static void on_left(const char *why, void *data)
{
	struct leaver *leaver = data;

	if (!*why)
		leaver->exit_status = EXIT_OK;
	else
		log_error("agent", "still in the zone: %s", why);
	loop_stop(leaver->node.loop, 0);
}

static int open_leaver(struct leaver *leaver, struct config *config, struct err *err)
{
	struct controller_config controller;
	int r = node_open(&leaver->node, config, err);

	if (r < 0)
		return r;
	/* Whose peer it is by now, the generation in the cache tells the tower. */
	r = statedir_load(leaver->node.statedir, &leaver->node.self, leaver->node.view, err);
	if (r < 0)
		log_warn("agent", "%s: leaving without it", err->text);
	controller = node_controller_config(&leaver->node);
	controller.get_wish = get_wish;
	controller.on_joined = on_joined;
	controller.on_view = on_view;
	controller.on_state = on_state;
	controller.on_rotated = on_rotated;
	controller.on_failure = on_failure;
	controller.data = leaver;
	return controller_new(&controller, &leaver->controller, err);
}

enum exit_status agent_leave(struct config *config)
{
	struct leaver leaver = { .exit_status = EXIT_UNREACHABLE };
	struct err err = { 0 };
	int r = open_leaver(&leaver, config, &err);

	if (r >= 0)
		r = controller_leave(leaver.controller, on_left, &leaver, &err);
	if (r >= 0) {
		finder_start(leaver.node.finder, leaver.controller);
		r = loop_run(leaver.node.loop);
		if (r < 0)
			(void)err_errno(&err, r, "the loop");
	}
	controller_free(leaver.controller);
	node_done(&leaver.node);
	if (r < 0)
		log_error("agent", "%s", err.text);
	return r < 0 ? EXIT_FAULT : leaver.exit_status;
}
