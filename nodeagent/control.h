// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The local control socket, both its ends: <run-dir>/agent.sock (0600), one JSON object a line
 * each way. A request is {"Verb":"status"}; what the verbs mean is the agent's business. The
 * connection stays open until the client closes it, or the agent ends.
 */
#ifndef NODEAGENT_CONTROL_H
#define NODEAGENT_CONTROL_H

#include <jansson.h>

#include "base/loop.h"

#define CONTROL_REQUEST_MAX 1024
#define CONTROL_ANSWER_MAX (64 * 1024 * 1024) /* status of the largest zone */
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_CLIENT_MS 60000 /* how long a client may stay */
#define CONTROL_WAIT_MS 30000   /* how long a client waits for an answer */

/* Whether the socket's path fits into an address. -ENAMETOOLONG. */
int control_check_dir(const char *run_dir, struct err *err) _must_check_;

struct control;

/* To be answered by control_answer, now or later. `request` is borrowed. */
typedef void (*control_fn)(uint64_t client, const json_t *request, void *data);

/*
 * Makes the folder and listens; a socket that a dead agent left behind is replaced. -EADDRINUSE
 * when an agent listens there.
 */
int control_new(struct loop *loop, const char *run_dir, control_fn fn, void *data,
		struct control **ret_control, struct err *err) _must_check_;

/* Closes all connections and removes the socket. NULL is allowed. */
void control_free(struct control *control);

/* Takes `answer` over (NULL: none could be made). A client that is gone is no fault. */
void control_answer(struct control *control, uint64_t client, json_t *answer);

/*
 * The client's end, blocking. `request` is taken over. -ENOTCONN when no agent listens, -EPROTO,
 * -ETIMEDOUT. *ret_fd (NULL: not wanted) stays open: it reads as ended when the agent has.
 */
int control_ask(const char *run_dir, json_t *request, json_t **ret_answer, int *ret_fd,
		struct err *err) _must_check_;

/* Waits until the agent behind the connection has ended. -ETIMEDOUT. */
int control_wait_end(int fd, struct err *err) _must_check_;

#endif
