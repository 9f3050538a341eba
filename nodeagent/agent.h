// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The running agent: puts its rooms together. What the controller folds into the view becomes
 * desired, what is desired goes to the reconciler, what was seen goes to the state dir, and people
 * ask over the control socket. The tunnels outlive it.
 */
#ifndef NODEAGENT_AGENT_H
#define NODEAGENT_AGENT_H

#include "nodeagent/config.h"
#include "nodeagent/exit_status.h"

/*
 * How long after the tower WireGuard gets a new key: the others know it by then, and have greeted
 * it in vain. Two sides that greet each other in the same moment lose both greetings, and wait for
 * 5 s (REKEY_TIMEOUT of WireGuard).
 */
#define AGENT_NEW_KEY_MS 150
#define AGENT_GREET_MS 2000    /* after its first join a public node sends keepalives for so long */
#define AGENT_GIVE_UP_MS 10000 /* without --daemon and cache: how long to try for a first tower */

/*
 * Runs until a signal or `aircrew down`; makes the key when there is none. Says on stderr why it
 * ends, when that is not EXIT_OK.
 */
enum exit_status agent_run(struct config *config);

/* `aircrew leave` when no agent runs: removes the node's peer at the tower, touches nothing here.
 */
enum exit_status agent_leave(struct config *config);

#endif
