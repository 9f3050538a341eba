// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/commit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "crypto/crypto.h"

#define AREA "commit"

struct commit_ticket {
	TAILQ_ENTRY(commit_ticket) link;
	struct request request;
	commit_answer_fn fn; /* NULL: whoever asked has gone */
	void *data;
	bool unsure; /* was sent, and the connection broke: it may stand in the log */

	/* The decision, while the ticket is in a batch. */
	int verdict; /* enum verdict, or a negative errno */
	struct refusal refusal;
	const struct change *change; /* one of those that were sent */
};

TAILQ_HEAD(ticket_list, commit_ticket);

struct commit {
	struct commit_config config;
	struct loop_hook *hook;
	struct ticket_list queue; /* those that were in a batch before stand in front */
	size_t queue_len;
	struct ticket_list batch; /* in flight, in the order of their revisions */
	size_t batch_len;
	bool in_flight;
	struct change *changes[COMMIT_BATCH_MAX]; /* what was sent, owned until the outcome */
	size_t changes_len;
};

int64_t commit_now_ms(const struct commit *commit)
{
	return store_now_ms(commit->config.store);
}

/* --- answers --- */

static void ticket_free(struct commit_ticket *ticket)
{
	request_done(&ticket->request);
	free(ticket);
}

/* Answers and frees a ticket that is in no list any more. */
static void answer(struct commit_ticket *ticket, enum verdict verdict, const struct change *change)
{
	struct commit_answer said = {
		.verdict = verdict,
		.refusal = verdict == VERDICT_REFUSED ? &ticket->refusal : NULL,
		.change = change,
	};

	if (ticket->fn)
		ticket->fn(&said, ticket->data);
	ticket_free(ticket);
}

static void refuse(struct commit_ticket *ticket, const char *why)
{
	refusal_set(&ticket->refusal, "E503-store", "%s", *why ? why : "Redis is not ready yet");
	if (ticket->unsure)
		refusal_hint(&ticket->refusal,
			     "whether it was done is not known: look, or try again");
	else
		refusal_hint(&ticket->refusal, "nothing was changed: try again");
	answer(ticket, VERDICT_REFUSED, NULL);
}

static struct commit_ticket *find_mark(struct ticket_list *list, uint64_t mark, bool only_unsure)
{
	struct commit_ticket *ticket;

	TAILQ_FOREACH(ticket, list, link) {
		if (only_unsure && !ticket->unsure)
			return NULL; /* the unsure ones stand in front */
		if (ticket->request.mark == mark)
			return ticket;
	}
	return NULL;
}

/* The change is in the log: if one of ours asked for it, that one is answered. */
static void answer_mark(struct commit *commit, const struct change *change)
{
	struct commit_ticket *ticket = find_mark(&commit->batch, change->mark, false);

	if (ticket) {
		TAILQ_REMOVE(&commit->batch, ticket, link);
		commit->batch_len--;
	} else {
		ticket = find_mark(&commit->queue, change->mark, true);
		if (!ticket)
			return;
		TAILQ_REMOVE(&commit->queue, ticket, link);
		commit->queue_len--;
	}
	answer(ticket, VERDICT_CHANGE, change);
}

/* --- applying --- */

static bool apply(struct commit *commit, const struct change *change)
{
	struct err err;

	if (state_apply(commit->config.state, change, &err) < 0) {
		/* The store sees that the state did not move on, and loads it anew. */
		log_error(AREA, "revision %" PRIu64 ": %s", change->revision, err.text);
		return false;
	}
	vec_foreach(op, &change->ops) {
		if (op->kind == OP_REMOVE_PEER)
			presence_forget(commit->config.presence, &op->peer.key);
	}
	commit->config.on_change(change, commit->config.data);
	return true;
}

void commit_take_change(struct commit *commit, const struct change *change)
{
	if (apply(commit, change))
		answer_mark(commit, change);
}

void commit_take_history(struct commit *commit, const struct change *change)
{
	answer_mark(commit, change);
}

/* --- how a batch ends --- */

/* Puts the batch back in front of the queue, in its order, to be decided again. */
static void requeue_batch(struct commit *commit, bool unsure)
{
	struct commit_ticket *ticket;

	while ((ticket = TAILQ_LAST(&commit->batch, ticket_list))) {
		TAILQ_REMOVE(&commit->batch, ticket, link);
		TAILQ_INSERT_HEAD(&commit->queue, ticket, link);
		ticket->change = NULL;
		ticket->unsure |= unsure;
	}
	commit->queue_len += commit->batch_len;
	commit->batch_len = 0;
}

static struct commit_ticket *take_first(struct commit *commit)
{
	struct commit_ticket *ticket = TAILQ_FIRST(&commit->batch);

	if (ticket) {
		TAILQ_REMOVE(&commit->batch, ticket, link);
		commit->batch_len--;
	}
	return ticket;
}

static void refuse_batch(struct commit *commit, const char *why)
{
	struct commit_ticket *ticket;

	while ((ticket = take_first(commit)))
		refuse(ticket, why);
}

/* What the tail brought before is no longer in the batch. */
static void finish_batch(struct commit *commit)
{
	struct commit_ticket *ticket;

	while ((ticket = TAILQ_FIRST(&commit->batch))) {
		if (ticket->verdict == VERDICT_CHANGE && !apply(commit, ticket->change)) {
			requeue_batch(commit, true);
			return;
		}
		(void)take_first(commit);
		if (ticket->verdict < 0)
			refuse(ticket, strerror(-ticket->verdict));
		else
			answer(ticket, (enum verdict)ticket->verdict, ticket->change);
	}
}

static void free_changes(struct commit *commit)
{
	while (commit->changes_len > 0)
		change_free(commit->changes[--commit->changes_len]);
}

static void on_outcome(enum store_outcome outcome, const char *why, void *data)
{
	struct commit *commit = data;

	switch (outcome) {
	case STORE_COMMITTED:
		finish_batch(commit);
		break;
	case STORE_RACED:
		requeue_batch(commit, false);
		break;
	case STORE_FAILED:
		refuse_batch(commit, why);
		break;
	case STORE_UNKNOWN:
		requeue_batch(commit, true);
		break;
	}
	free_changes(commit);
	commit->in_flight = false;
}

/* --- how a batch begins --- */

static void state_freep(struct state **state)
{
	state_free(*state);
}

/* Decides one ticket of the batch. False: nothing further can be decided on top of it. */
static bool decide_ticket(struct commit *commit, struct commit_ticket *ticket,
			  struct state **overlay)
{
	const struct commit_config *config = &commit->config;
	struct decide_context context = {
		.now_ms = store_now_ms(config->store),
		.ready_since_ms = store_ready_since_ms(config->store),
		.presence = config->presence,
		.limits = config->limits,
	};
	struct change *change = NULL;

	ticket->verdict = decide(*overlay ? *overlay : config->state, &ticket->request, &context,
				 &change, &ticket->refusal);
	if (ticket->verdict != VERDICT_CHANGE)
		return true;
	ticket->change = commit->changes[commit->changes_len++] = change;
	if (!*overlay && state_over(config->state, overlay) < 0)
		return false;
	return state_apply(*overlay, change, NULL) == 0;
}

/* Moves requests from the queue to the batch, each decided under the changes of those before. */
static void decide_batch(struct commit *commit)
{
	_cleanup_(state_freep) struct state *overlay = NULL;
	struct commit_ticket *ticket;
	bool more = true;

	while (more && commit->batch_len < COMMIT_BATCH_MAX &&
	       (ticket = TAILQ_FIRST(&commit->queue))) {
		bool wide = request_is_wide(&ticket->request);

		if (wide && commit->batch_len > 0)
			return;
		TAILQ_REMOVE(&commit->queue, ticket, link);
		commit->queue_len--;
		TAILQ_INSERT_TAIL(&commit->batch, ticket, link);
		commit->batch_len++;
		more = decide_ticket(commit, ticket, &overlay) && !wide;
	}
}

/* Whether anything was answered. */
static bool send_batch(struct commit *commit)
{
	const struct state *state = commit->config.state;
	struct err err;
	int r;

	decide_batch(commit);
	r = store_commit(commit->config.store, state_revision(state), state_mark(state),
			 commit->changes, commit->changes_len, on_outcome, commit, &err);
	commit->in_flight = r == 0;
	if (r == 0)
		return false;
	free_changes(commit);
	if (r == -ENOTCONN)
		requeue_batch(commit, false);
	else
		refuse_batch(commit, err.text);
	return r != -ENOTCONN;
}

/* Redis is away: those that were never sent need not wait for it. */
static bool refuse_queue(struct commit *commit)
{
	const char *why = store_status_why(commit->config.store);
	struct commit_ticket *ticket = TAILQ_FIRST(&commit->queue);
	size_t refused = 0;

	/* Counted: who is refused may ask again at once, and waits for the next turn. */
	for (size_t left = commit->queue_len; left > 0; left--) {
		struct commit_ticket *next = TAILQ_NEXT(ticket, link);

		if (!ticket->unsure) {
			TAILQ_REMOVE(&commit->queue, ticket, link);
			commit->queue_len--;
			refuse(ticket, why);
			refused++;
		}
		ticket = next;
	}
	return refused > 0;
}

/* Before each wait of the loop: what was submitted in this turn goes out together. */
static int64_t pump(void *data)
{
	struct commit *commit = data;
	enum store_status status = store_status(commit->config.store);
	bool answered = false;

	if (status == STORE_READY && !commit->in_flight && !TAILQ_EMPTY(&commit->queue))
		answered = send_batch(commit);
	else if (status != STORE_READY && status != STORE_LOADING)
		answered = refuse_queue(commit);
	/* Those who were answered may have hooks that ran before this one. */
	return answered ? 0 : -1;
}

/* --- asking --- */

int commit_submit(struct commit *commit, struct request *request, commit_answer_fn fn, void *data,
		  struct commit_ticket **ret_ticket, struct err *err)
{
	struct commit_ticket *ticket;

	if (commit->queue_len >= COMMIT_QUEUE_MAX)
		return err_set(err, -EBUSY, "%d requests wait already", COMMIT_QUEUE_MAX);
	ticket = calloc(1, sizeof(*ticket));
	if (!ticket)
		return err_oom(err);
	ticket->request = *request;
	*request = (struct request){ 0 };
	while (ticket->request.mark == 0)
		crypto_random(&ticket->request.mark, sizeof(ticket->request.mark));
	ticket->fn = fn;
	ticket->data = data;
	TAILQ_INSERT_TAIL(&commit->queue, ticket, link);
	commit->queue_len++;
	if (ret_ticket)
		*ret_ticket = ticket;
	return 0;
}

void commit_forget(struct commit_ticket *ticket)
{
	ticket->fn = NULL;
}

/* --- life --- */

int commit_new(const struct commit_config *config, struct commit **ret_commit, struct err *err)
{
	_cleanup_free_ struct commit *commit = calloc(1, sizeof(*commit));
	int r;

	if (!commit)
		return err_oom(err);
	commit->config = *config;
	TAILQ_INIT(&commit->queue);
	TAILQ_INIT(&commit->batch);
	r = loop_hook_new(config->loop, pump, commit, &commit->hook, err);
	if (r < 0)
		return r;
	*ret_commit = TAKE_PTR(commit);
	return 0;
}

void commit_free(struct commit *commit)
{
	struct commit_ticket *ticket;

	if (!commit)
		return;
	requeue_batch(commit, false);
	while ((ticket = TAILQ_FIRST(&commit->queue))) {
		TAILQ_REMOVE(&commit->queue, ticket, link);
		ticket_free(ticket);
	}
	free_changes(commit);
	loop_hook_free(commit->hook);
	free(commit);
}
