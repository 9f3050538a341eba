// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The agent's side of the tower: joins, keeps a ticket, follows the zone's events into the view,
 * comes back after every loss, steps back when it must. Decides nothing about the kernel.
 */
#ifndef NODEAGENT_CONTROLLER_H
#define NODEAGENT_CONTROLLER_H

#include "nodeagent/join_call.h"
#include "nodeagent/rotate_call.h"
#include "nodeagent/view.h"

#define CONTROLLER_ABSENT_MS 120000 /* how long those missing after a reset are kept */
#define CONTROLLER_RETRY_FIRST_MS 100
#define CONTROLLER_RETRY_CAP_MS 15000
#define CONTROLLER_REFUSED_FIRST_MS 1000
#define CONTROLLER_REFUSED_CAP_MS 60000

enum controller_state {
	CONTROLLER_CONNECTING, /* no tower was reached yet */
	CONTROLLER_CONNECTED,  /* its events come in */
	CONTROLLER_LOST,       /* it was there and is not now; tries again for ever */
	CONTROLLER_REFUSED,    /* it said no; tries again for ever */
	CONTROLLER_UNTRUSTED,  /* pin or certificate wrong; tries again for ever */
	CONTROLLER_DISPLACED,  /* another machine uses this key: waits to be started again */
	CONTROLLER_REMOVED,    /* this node's peer was removed: waits to be started again */
};

/* "connecting", "connected", … */
const char *controller_state_word(enum controller_state state);

struct controller;

/* Whatever it points to must stay as long as the controller. */
struct controller_config {
	struct loop *loop;
	struct http_client *client;
	const struct target_list
		*targets; /* tried in turn; copied. None: see controller_set_targets */
	const char *zone;
	const struct key *private_key;
	const struct key *next_private_key; /* of a rotation; all zero: none */
	const char *token;                  /* join token; NULL for none */
	struct view *view;

	/*
	 * A tower that will be joined says who answers STUN (IP_NONE: nobody). False: what to ask
	 * for is not known yet, and controller_rejoin will say when it is. NULL: always known.
	 */
	bool (*on_stun)(const struct endpoint *server, void *data);
	/* What to ask for: called before every join, for addresses can change. */
	void (*get_wish)(struct join_wish *ret_wish, void *data);
	void (*on_joined)(const struct join_answer *answer, void *data);
	/* The view was told something; often just where to resume from. */
	void (*on_view)(bool is_changed, void *data);
	void (*on_state)(enum controller_state state, void *data);
	/*
	 * How an attempt to rotate ended. With ROTATE_DONE `private_key` must be the next one when
	 * this returns, and with that or ROTATE_REFUSED `next_private_key` all zero; ROTATE_AWAY is
	 * tried again.
	 */
	void (*on_rotated)(enum rotate_outcome outcome, const struct tower_answer *tower,
			   void *data);
	/*
	 * An attempt at a tower failed. Whether there is hope of other towers or another token
	 * soon (controller_set_targets, controller_set_token; not from inside the call): then the
	 * node is not refused yet. NULL: there never is.
	 */
	bool (*on_failure)(const struct tower_target *target, const struct tower_answer *answer,
			   void *data);
	void *data;
};

int controller_new(const struct controller_config *config, struct controller **ret_controller,
		   struct err *err) _must_check_;
void controller_free(struct controller *controller);

/* Begins to join; from then on it goes by itself. */
void controller_start(struct controller *controller);

/*
 * What get_wish answers has changed, or is known now: joins again to tell the tower, at once, or
 * when the join that is under way is over; one that waits for it goes on. Nothing while the node is
 * displaced or removed.
 */
void controller_rejoin(struct controller *controller);

/* There is a next key: hands the peer over to it. -EPERM for a node that was displaced or removed.
 */
int controller_rotate(struct controller *controller, struct err *err) _must_check_;

/*
 * The machine's own address changed: connections from the old one may be dead without a word.
 * They are closed, and the node joins again. Not from inside a callback of the controller's.
 */
void controller_reconnect(struct controller *controller);

/*
 * Other towers from now on (copied; at least one). Without a stream the first of them is tried at
 * once; one that runs goes on.
 */
void controller_set_targets(struct controller *controller, const struct target_list *targets);

/* Another join token, from the next join on; NULL for none. To stay as long as the controller, or
 * until the next one. */
void controller_set_token(struct controller *controller, const char *token);

/*
 * Why there is no tower to try yet, while the list is empty: shown as trouble, CONTROLLER_REFUSED
 * when `refusal` is not NULL.
 */
void controller_note_no_target(struct controller *controller, const char *why,
			       const struct refusal *refusal);

/*
 * Removes the node's own peer at the tower (after a join, when there is no ticket) and stops.
 * `fn` is called once: `why` is "" when it is gone. -EBUSY while another one runs, -EPERM when
 * this node was displaced: the peer belongs to another machine by now.
 */
typedef void (*controller_leave_fn)(const char *why, void *data);
int controller_leave(struct controller *controller, controller_leave_fn fn, void *data,
		     struct err *err) _must_check_;

/*
 * Whether the view holds the zone as it was at this node's last join, or newer: a cache is of the
 * past, and a resumed stream first tells of it.
 */
bool controller_has_caught_up(const struct controller *controller);

/* Borrowed until the loop turns. */
struct controller_status {
	enum controller_state state;
	int64_t since_ms;                  /* 1970 */
	const struct tower_target *target; /* in use, or tried last; NULL: none is known yet */
	const char *url;                   /* its URL, or "no tower yet" */
	const char *trouble;               /* the last failure in a sentence, "" while connected */
	const struct refusal *refusal;     /* the last one; code "" for none */
	int64_t refused_ms;                /* 1970 */
	bool has_joined;                   /* since start */
};
void controller_get_status(const struct controller *controller,
			   struct controller_status *ret_status);

#endif
