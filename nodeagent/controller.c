// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One timer says when to take the next step; step() finds out which one it is: a join when the
 * ticket is missing or ages, else the stream. Every end of a join or a stream sets the timer again.
 */
#include "nodeagent/controller_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"

#define STEADY_MS 10000       /* a stream that lived so long was a success */
#define REJOIN_SPREAD_MS 1000 /* after a reset everybody joins: not all at once */

const char *controller_state_word(enum controller_state state)
{
	static const char *const words[] = {
		[CONTROLLER_CONNECTING] = "connecting",
		[CONTROLLER_CONNECTED] = "connected",
		[CONTROLLER_LOST] = "lost",
		[CONTROLLER_REFUSED] = "refused",
		[CONTROLLER_UNTRUSTED] = "untrusted",
		[CONTROLLER_DISPLACED] = "displaced",
		[CONTROLLER_REMOVED] = "removed",
	};

	return words[state];
}

/* The tower in use; NULL while none is known. */
const struct tower_target *controller_target_of(const struct controller *controller)
{
	return controller->targets.len > 0 ? &controller->targets.at[controller->target_at] : NULL;
}

static uint64_t random_number(void)
{
	uint64_t number;

	crypto_random(&number, sizeof(number));
	return number;
}

static void set_state(struct controller *controller, enum controller_state state)
{
	if (controller->state == state)
		return;
	controller->state = state;
	controller->since_ms = clock_real_ms();
	controller->config.on_state(state, controller->config.data);
}

void controller_close_stream(struct controller *controller)
{
	if (controller->follower && follower_lived_ms(controller->follower) >= STEADY_MS)
		backoff_reset(&controller->retry);
	follower_free(controller->follower);
	controller->follower = NULL;
}

static void close_join(struct controller *controller)
{
	join_call_free(controller->join);
	controller->join = NULL;
	rotate_call_free(controller->rotate);
	controller->rotate = NULL;
}

/* Nothing more is tried until the agent is started again. */
static void stand_back(struct controller *controller, enum controller_state state, const char *why)
{
	controller_close_stream(controller);
	close_join(controller);
	loop_timer_clear(controller->wake);
	loop_timer_clear(controller->absent);
	crypto_wipe(controller->ticket, sizeof(controller->ticket));
	(void)snprintf(controller->trouble, sizeof(controller->trouble), "%s", why);
	set_state(controller, state);
}

static void next_tower(struct controller *controller)
{
	controller->target_at = (controller->target_at + 1) % controller->targets.len;
}

static void note_refusal(struct controller *controller, const struct refusal *refusal)
{
	bool is_news = !str_eq(controller->refusal.code, refusal->code) ||
		       !str_eq(controller->refusal.detail, refusal->detail);

	controller->refusal = *refusal;
	controller->refused_ms = clock_real_ms();
	if (is_news)
		log_error("controller", "%s: %s; %s", refusal->code, refusal->detail,
			  refusal->hint);
}

static void note_away(struct controller *controller, const char *why)
{
	bool is_first = !*controller->trouble;

	(void)snprintf(controller->trouble, sizeof(controller->trouble), "%s", why);
	if (controller->was_connected && controller->state == CONTROLLER_CONNECTED)
		log_warn("controller", "tower lost: %s; tunnels stay, trying on", why);
	else if (is_first)
		log_warn("controller", "no tower yet: %s; trying on", why);
	set_state(controller, controller->was_connected ? CONTROLLER_LOST : CONTROLLER_CONNECTING);
}

static bool has_hope(struct controller *controller, const struct tower_answer *tower)
{
	const struct controller_config *config = &controller->config;

	controller->has_hope =
		config->on_failure &&
		config->on_failure(controller_target_of(controller), tower, config->data);
	return controller->has_hope;
}

static const char displaced_why[] =
	"another machine joined with this node's key; start aircrew again to take the key back, "
	"or run 'aircrew down' here";

bool controller_is_over(const struct controller *controller)
{
	return controller->state == CONTROLLER_DISPLACED || controller->state == CONTROLLER_REMOVED;
}

/* Remembers how an attempt failed; answers when to try again. */
int64_t controller_note_failure(struct controller *controller, const struct tower_answer *tower)
{
	bool is_passing = has_hope(controller, tower) || tower->meaning == TOWER_AWAY;
	int64_t delay_ms;

	if (is_passing) {
		if (tower->meaning != TOWER_AWAY)
			note_refusal(controller, &tower->refusal);
		delay_ms = backoff_next_ms(&controller->retry, random_number());
		if (!controller->follower) {
			note_away(controller, tower->why);
			next_tower(controller);
		}
		return MAX(delay_ms, tower->retry_after_ms);
	}
	delay_ms = backoff_next_ms(&controller->refused, random_number());
	note_refusal(controller, &tower->refusal);
	if (!controller->follower) {
		(void)snprintf(controller->trouble, sizeof(controller->trouble), "%s", tower->why);
		set_state(controller, tower->meaning == TOWER_UNTRUSTED ? CONTROLLER_UNTRUSTED
									: CONTROLLER_REFUSED);
	}
	if (tower->meaning == TOWER_UNTRUSTED)
		next_tower(controller);
	return delay_ms;
}

static void fail_locally(struct controller *controller, const struct err *err)
{
	struct tower_answer tower = { .meaning = TOWER_AWAY };

	(void)snprintf(tower.why, sizeof(tower.why), "%s", err->text);
	loop_timer_set(controller->wake, controller_note_failure(controller, &tower));
}

bool controller_has_caught_up(const struct controller *controller)
{
	struct event_id id = { 0 };

	return controller->has_joined && view_id(controller->config.view, &id) &&
	       id.revision >= controller->joined_revision;
}

/*
 * Whether the zone still has this node as it is. Only what is newer than our own join counts: a
 * resumed stream first tells of the past. While a join is on its way nothing is concluded.
 */
static void check_self(struct controller *controller)
{
	const struct view *view = controller->config.view;
	const struct view_peer *self = view_peer(view, &controller->public_key);

	if (controller->join || controller->rotate || controller->must_join ||
	    !controller_has_caught_up(controller))
		return;
	if (self && self->generation > controller->generation)
		stand_back(controller, CONTROLLER_DISPLACED, displaced_why);
	else if (!self && view_is_complete(view))
		stand_back(controller, CONTROLLER_REMOVED,
			   "this node's peer was removed from the zone, or moved to another one; "
			   "start aircrew again to join anew");
}

static void greet(struct controller *controller)
{
	if (controller->state == CONTROLLER_LOST)
		log_info("controller", "tower regained: %s",
			 controller_target_of(controller)->url.base);
	controller->was_connected = true;
	*controller->trouble = '\0';
	controller->refusal = (struct refusal){ 0 };
	set_state(controller, CONTROLLER_CONNECTED);
}

static void react_to_reset(struct controller *controller)
{
	if (view_resets(controller->config.view) == controller->resets_seen)
		return;
	controller->resets_seen = view_resets(controller->config.view);
	log_warn("controller",
		 "the tower's history is a new one: joining again; peers that it "
		 "does not know are kept for %d s",
		 CONTROLLER_ABSENT_MS / 1000);
	controller->must_join = true;
	loop_timer_set(controller->absent, CONTROLLER_ABSENT_MS);
	loop_timer_set(controller->wake, (int64_t)(random_number() % REJOIN_SPREAD_MS));
}

static void on_events(bool is_changed, void *data)
{
	struct controller *controller = data;

	if (controller->state != CONTROLLER_CONNECTED)
		greet(controller);
	controller->config.on_view(is_changed, controller->config.data);
	react_to_reset(controller);
	check_self(controller);
}

static void on_stream_end(const struct tower_answer *tower, bool is_changed, void *data)
{
	struct controller *controller = data;
	struct tower_answer away = *tower;

	controller_close_stream(controller);
	if (is_changed)
		controller->config.on_view(true, controller->config.data);
	if (tower->meaning == TOWER_REFUSED) {
		/* The ticket is no good any more; if there is more to it, the join will say so. */
		controller->must_join = true;
		away.meaning = TOWER_AWAY;
	}
	loop_timer_set(controller->wake, controller_note_failure(controller, &away));
}

static int open_stream(struct controller *controller, struct err *err)
{
	struct follower_config config = { .client = controller->config.client,
					  .target = controller_target_of(controller),
					  .zone = controller->config.zone,
					  .ticket = controller->ticket,
					  .view = controller->config.view,
					  .on_events = on_events,
					  .on_end = on_stream_end,
					  .data = controller };

	return follower_new(&config, &controller->follower, err);
}

static void take_answer(struct controller *controller, const struct join_answer *answer)
{
	controller->must_join = controller->is_outdated;
	controller->has_joined = true;
	controller->generation = answer->generation;
	controller->joined_revision = answer->id.revision;
	memcpy(controller->ticket, answer->ticket, sizeof(controller->ticket));
	/* Early enough for several attempts, and not all agents of a zone at once. */
	controller->renew_ms = clock_boot_ms() + answer->ticket_s * 700 +
			       (int64_t)(random_number() % (uint64_t)(answer->ticket_s * 100));
	controller->refusal = (struct refusal){ 0 };
	backoff_reset(&controller->refused);
	controller->config.on_joined(answer, controller->config.data);
}

static void end_leave(struct controller *controller, const char *why)
{
	controller_leave_fn fn = controller->leave_fn;

	if (*why && (controller->has_hope || ++controller->leave_tries < controller->targets.len))
		return;
	controller->leave_fn = NULL;
	if (fn)
		fn(why, controller->leave_data);
}

static void on_join(const struct tower_answer *tower, const struct join_answer *answer, void *data)
{
	struct controller *controller = data;

	close_join(controller);
	if (str_eq(tower->refusal.code, "E409-displaced")) {
		/* It happened while no tower was there to tell. */
		stand_back(controller, CONTROLLER_DISPLACED, displaced_why);
		end_leave(controller, displaced_why);
		return;
	}
	if (tower->meaning != TOWER_AGREED) {
		loop_timer_set(controller->wake, controller_note_failure(controller, tower));
		end_leave(controller, tower->why);
		return;
	}
	take_answer(controller, answer);
	check_self(controller);
	if (!controller_is_over(controller))
		controller_step(controller);
}

static void on_left(const struct tower_answer *tower, const struct join_answer *answer, void *data)
{
	struct controller *controller = data;
	bool is_gone = tower->meaning == TOWER_AGREED || str_eq(tower->refusal.code, "E404-peer");

	(void)answer;
	close_join(controller);
	if (is_gone)
		stand_back(controller, CONTROLLER_REMOVED, "this node left the zone");
	else
		loop_timer_set(controller->wake, controller_note_failure(controller, tower));
	end_leave(controller, is_gone ? "" : tower->why);
}

static void post_join(struct controller *controller)
{
	struct join_wish wish = { 0 };
	struct err err = { 0 };

	controller->config.get_wish(&wish, controller->config.data);
	controller->is_outdated = false;
	/* Only a start takes a key over; and who leaves must not take others' place for that. */
	if (!controller->has_joined && !controller->leave_fn)
		wish.generation = 0;
	if (join_call_post(controller->join, &wish, &err) < 0) {
		close_join(controller);
		fail_locally(controller, &err);
	}
}

static void on_challenged(const struct endpoint *stun, void *data)
{
	struct controller *controller = data;

	if (!controller->config.on_stun ||
	    controller->config.on_stun(stun, controller->config.data))
		post_join(controller);
}

static int start_call(struct controller *controller, bool is_join, struct err *err)
{
	struct join_call_config config = { .client = controller->config.client,
					   .target = controller_target_of(controller),
					   .zone = controller->config.zone,
					   .private_key = controller->config.private_key,
					   .token = controller->config.token,
					   .fn = is_join ? on_join : on_left,
					   .on_challenged = on_challenged,
					   .data = controller };

	if (!is_join)
		return join_call_start_leave(&config, controller->ticket, &controller->join, err);
	return join_call_start(&config, &controller->join, err);
}

void controller_step(void *data)
{
	struct controller *controller = data;
	int64_t until_renewal_ms = controller->renew_ms - clock_boot_ms();
	struct err err = { 0 };
	int r = 0;

	if (controller->join || controller->rotate || controller->targets.len == 0)
		return; /* the join's end sets the timer, and so do new targets */
	if (!key_is_zero(controller->config.next_private_key))
		r = controller_start_rotation(controller, &err);
	else if (controller->must_join || until_renewal_ms <= 0)
		r = start_call(controller, true, &err);
	else if (controller->leave_fn)
		r = start_call(controller, false, &err);
	else if (!controller->follower)
		r = open_stream(controller, &err);
	if (r < 0)
		fail_locally(controller, &err);
	else if (!controller->join && !controller->rotate)
		loop_timer_set(controller->wake, until_renewal_ms);
}

/* Who is still missing so long after a reset does not come back; unless we could not either. */
static void on_absent(void *data)
{
	struct controller *controller = data;
	struct view *view = controller->config.view;
	const struct view_peer *self = view_peer(view, &controller->public_key);

	if (controller->must_join || controller->join || !self || self->absent)
		loop_timer_set(controller->absent, CONTROLLER_ABSENT_MS);
	else if (view_drop_absent(view) > 0)
		controller->config.on_view(true, controller->config.data);
}

int controller_new(const struct controller_config *config, struct controller **ret_controller,
		   struct err *err)
{
	struct controller *controller = calloc(1, sizeof(*controller));
	int r;

	if (!controller)
		return err_oom(err);
	controller->config = *config;
	controller->targets = *config->targets;
	controller->since_ms = clock_real_ms();
	controller->must_join = true;
	controller->resets_seen = view_resets(config->view);
	controller->retry = (struct backoff){ .first_ms = CONTROLLER_RETRY_FIRST_MS,
					      .cap_ms = CONTROLLER_RETRY_CAP_MS };
	controller->refused = (struct backoff){ .first_ms = CONTROLLER_REFUSED_FIRST_MS,
						.cap_ms = CONTROLLER_REFUSED_CAP_MS };
	key_public(config->private_key, &controller->public_key);
	r = loop_timer_new(config->loop, controller_step, controller, &controller->wake, err);
	if (r == 0)
		r = loop_timer_new(config->loop, on_absent, controller, &controller->absent, err);
	if (r < 0) {
		controller_free(controller);
		return r;
	}
	*ret_controller = controller;
	return 0;
}

void controller_free(struct controller *controller)
{
	if (!controller)
		return;
	controller_close_stream(controller);
	close_join(controller);
	loop_timer_free(controller->wake);
	loop_timer_free(controller->absent);
	crypto_wipe(controller->ticket, sizeof(controller->ticket));
	free(controller);
}

void controller_start(struct controller *controller)
{
	loop_timer_set(controller->wake, 0);
}

void controller_rejoin(struct controller *controller)
{
	if (controller_is_over(controller))
		return;
	controller->is_outdated = true;
	if (controller->join && join_call_is_waiting(controller->join))
		post_join(controller);
	if (controller->join)
		return; /* its end sees to it */
	controller->must_join = true;
	loop_timer_set(controller->wake, 0);
}

void controller_reconnect(struct controller *controller)
{
	if (controller_is_over(controller) || controller->leave_fn)
		return;
	controller_close_stream(controller);
	close_join(controller);
	http_client_disconnect(controller->config.client);
	controller->must_join = true;
	loop_timer_set(controller->wake, 0);
}

void controller_set_targets(struct controller *controller, const struct target_list *targets)
{
	bool is_standing = controller->state == CONTROLLER_DISPLACED ||
			   controller->state == CONTROLLER_REMOVED;

	assert(targets->len > 0);
	controller->targets = *targets;
	controller->target_at = 0;
	controller->leave_tries = 0;
	if (!is_standing && !controller->join && !controller->follower)
		loop_timer_set(controller->wake, 0);
}

void controller_set_token(struct controller *controller, const char *token)
{
	controller->config.token = token;
}

void controller_note_no_target(struct controller *controller, const char *why,
			       const struct refusal *refusal)
{
	if (controller->targets.len > 0)
		return;
	if (refusal) {
		note_refusal(controller, refusal);
		(void)snprintf(controller->trouble, sizeof(controller->trouble), "%s", why);
		set_state(controller, CONTROLLER_REFUSED);
	} else {
		note_away(controller, why);
	}
	end_leave(controller, why);
}

int controller_leave(struct controller *controller, controller_leave_fn fn, void *data,
		     struct err *err)
{
	if (controller->leave_fn)
		return err_set(err, -EBUSY, "this node is leaving already");
	if (controller->state == CONTROLLER_DISPLACED)
		return err_set(err, -EPERM,
			       "this node's peer belongs to another machine by now; 'aircrew "
			       "down' cleans up here");
	controller->leave_fn = fn;
	controller->leave_data = data;
	controller->leave_tries = 0;
	/* Or the stream would tell us of our own removal before the answer does. */
	controller_close_stream(controller);
	loop_timer_set(controller->wake, 0);
	return 0;
}

void controller_get_status(const struct controller *controller,
			   struct controller_status *ret_status)
{
	*ret_status = (struct controller_status){
		.state = controller->state,
		.since_ms = controller->since_ms,
		.target = controller_target_of(controller),
		.url = controller_target_of(controller) ? controller_target_of(controller)->url.base
							: "no tower yet",
		.trouble = controller->trouble,
		.refusal = &controller->refusal,
		.refused_ms = controller->refused_ms,
		.has_joined = controller->has_joined,
	};
}
