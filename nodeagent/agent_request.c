// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What people ask of the running agent: status, why, leave, another key, its end.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "nodeagent/agent_room.h"
#include "nodeagent/why.h"

static void answer_status(struct agent *agent, uint64_t client, const char *why_word)
{
	const struct node *node = &agent->node;
	struct status_input input = { .interface = node->config->interface,
				      .zone = node->self.zone,
				      .public_key = &node->self.public_key,
				      .view = node->view,
				      .endpoint = agent_endpoint_status(agent),
				      .now_ms = clock_real_ms() };

	controller_get_status(agent->controller, &input.controller);
	reconcile_get_status(agent->reconcile, &input.reconcile);
	control_answer(agent->control, client,
		       why_word ? why_explain(&input, why_word) : status_report(&input));
}

static void on_left(const char *why, void *data)
{
	struct agent *agent = data;

	control_answer(agent->control, agent->leaver,
		       *why ? json_pack("{s:s}", "Error", why) : json_pack("{s:b}", "Left", 1));
	agent->leaver = 0;
}

static void start_leave(struct agent *agent, uint64_t client)
{
	struct err err = { 0 };

	if (controller_leave(agent->controller, on_left, agent, &err) < 0)
		control_answer(agent->control, client, json_pack("{s:s}", "Error", err.text));
	else
		agent->leaver = client;
}

void agent_on_new_key(void *data)
{
	struct agent *agent = data;

	agent->holds_old_key = false;
	agent->must_plan = true;
}

static void answer_rotator(struct agent *agent, json_t *answer)
{
	control_answer(agent->control, agent->rotator, answer);
	agent->rotator = 0;
}

void agent_on_rotated(enum rotate_outcome outcome, const struct tower_answer *tower, void *data)
{
	struct agent *agent = data;
	char text[KEY_TEXT_BYTES];
	char error[REFUSAL_TEXT_BYTES + 64];

	if (outcome == ROTATE_AWAY) {
		(void)snprintf(error, sizeof(error),
			       "%s; the key is rotated as soon as a tower answers", tower->why);
		answer_rotator(agent, json_pack("{s:s}", "Error", error));
		return;
	}
	node_end_rotation(&agent->node, outcome == ROTATE_DONE);
	agent->holds_old_key = outcome == ROTATE_DONE;
	loop_timer_set(agent->new_key, AGENT_NEW_KEY_MS);
	key_format(&agent->node.self.public_key, text);
	if (outcome == ROTATE_DONE)
		answer_rotator(agent, json_pack("{s:s}", "PublicKey", text));
	else
		answer_rotator(agent, json_pack("{s:s}", "Error", tower->why));
	keeper_touch(agent->keeper, true);
}

static void start_rotation(struct agent *agent, uint64_t client)
{
	struct err err = { 0 };
	int r = node_begin_rotation(&agent->node, &err);

	if (r >= 0) {
		r = controller_rotate(agent->controller, &err);
		if (r < 0)
			node_end_rotation(&agent->node, false);
	}
	if (r < 0)
		control_answer(agent->control, client, json_pack("{s:s}", "Error", err.text));
	else
		agent->rotator = client;
}

static void answer_stop(struct agent *agent, uint64_t client)
{
	const struct config *config = agent->node.config;
	struct reconcile_status status;

	reconcile_get_status(agent->reconcile, &status);
	control_answer(agent->control, client,
		       json_pack("{s:s, s:b, s:b}", "Interface", config->interface,
				 "HasForeignPeers",
				 status.foreign->adopted == 0 || status.foreign->count > 0,
				 "KeepsForeignPeers", config->foreign_peers == FOREIGN_KEEP));
}

void agent_on_request(uint64_t client, const json_t *request, void *data)
{
	struct agent *agent = data;
	const char *verb = json_string_value(json_object_get(request, "Verb"));
	const char *peer = json_string_value(json_object_get(request, "Peer"));

	if (verb && str_eq(verb, "status")) {
		answer_status(agent, client, NULL);
	} else if (verb && str_eq(verb, "why") && peer) {
		answer_status(agent, client, peer);
	} else if (verb && str_eq(verb, "leave")) {
		start_leave(agent, client);
	} else if (verb && str_eq(verb, "rotate-key")) {
		start_rotation(agent, client);
	} else if (verb && str_eq(verb, "stop")) {
		answer_stop(agent, client);
		agent_end(agent, EXIT_OK);
	} else {
		control_answer(agent->control, client,
			       json_pack("{s:s}", "Error",
					 "Verb: takes status, why (with Peer), "
					 "rotate-key, leave or stop"));
	}
}
