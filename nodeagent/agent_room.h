// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the files of the running agent share: agent.c (its rooms, and what they tell one another),
 * agent_request.c (what people ask over the control socket). Nobody else includes it.
 */
#ifndef NODEAGENT_AGENT_ROOM_H
#define NODEAGENT_AGENT_ROOM_H

#include "nodeagent/agent.h"
#include "nodeagent/control.h"
#include "nodeagent/keeper.h"
#include "nodeagent/node.h"
#include "nodeagent/own_endpoint.h"
#include "nodeagent/underlay_watch.h"

struct agent {
	struct node node;
	enum exit_status exit_status;
	bool is_patient; /* joined, came up from the cache, or --daemon: tries for ever */

	struct controller *controller;
	struct reconcile *reconcile;
	struct control *control;
	struct own_endpoint *endpoint;
	struct underlay_watch *underlay;
	struct loop_hook *plan;
	struct keeper *keeper;
	struct loop_timer *give_up;
	struct loop_timer *greet;
	struct loop_signal *terminate;
	struct loop_signal *interrupt;

	struct desired desired; /* zeroed before the first time */
	bool must_plan;
	bool has_caught_up;         /* what is not in the view is not in the zone */
	bool has_greeted;           /* every peer was sent a keepalive: see on_greeted */
	struct loop_timer *new_key; /* when the data plane gets it */
	bool holds_old_key;         /* until then: nothing is planned */
	uint64_t rotator;           /* client that asked for another key; 0 for none */
	uint64_t leaver; /* client of the control socket that asked to leave; 0 for none */
};

/* Ends the loop; the program then ends so. */
void agent_end(struct agent *agent, enum exit_status exit_status);

/* Borrowed until the loop turns. */
struct own_endpoint_status agent_endpoint_status(const struct agent *agent);

/* For the control socket; `data` is the agent, here and below. */
void agent_on_request(uint64_t client, const json_t *request, void *data);

/* For the controller: how a change of the key ended. */
void agent_on_rotated(enum rotate_outcome outcome, const struct tower_answer *tower, void *data);

/* For the timer `new_key`. */
void agent_on_new_key(void *data);

#endif
