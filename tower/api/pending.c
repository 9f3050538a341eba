// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Calls that wait for their change to be committed, oldest first.
 */
#include "tower/api/pending.h"

#include <errno.h>

#include "tower/api/call.h"

#define SWEEP_MS 1000

static void free_call(struct api_call *call)
{
	TAILQ_REMOVE(&call->api->pending.calls, call, link);
	crypto_wipe(call->secret, sizeof(call->secret));
	key_wipe(&call->subject.answer_key);
	free(call);
}

static void on_gone(void *data)
{
	struct api_call *call = data;

	commit_forget(call->ticket);
	free_call(call);
}

static void on_committed(const struct commit_answer *answer, void *data)
{
	struct api_call *call = data;

	http_set_data(call->http, NULL, NULL);
	if (answer->verdict == VERDICT_REFUSED)
		http_refuse(call->http, answer->refusal);
	else
		call->on_answer(call, answer);
	free_call(call);
}

void call_submit(struct api_call *call, struct request *request, api_answer_fn on_answer)
{
	struct api_call *kept = malloc(sizeof(*kept));
	struct err err = { 0 };
	int r;

	if (!kept) {
		(void)err_oom(&err);
		request_done(request);
		call_refuse_err(call, "E503-memory", &err);
		return;
	}
	*kept = *call;
	kept->on_answer = on_answer;
	kept->since_ms = loop_now_ms(call->api->c.loop);
	TAILQ_INSERT_TAIL(&call->api->pending.calls, kept, link);
	http_set_data(call->http, kept, on_gone);
	r = commit_submit(call->api->c.commit, request, on_committed, kept, &kept->ticket, &err);
	if (r == 0)
		return;
	free_call(kept);
	http_set_data(call->http, NULL, NULL);
	request_done(request);
	call_refuse_err(call, r == -ENOMEM ? "E503-memory" : "E503-busy", &err);
}

/* The request itself goes on: it may have been written, and only the log tells. */
static void give_up(struct api_call *call)
{
	struct refusal refusal;

	refusal_set(&refusal, "E503-store", "no outcome within %d s: the store does not answer",
		    PENDING_MAX_S);
	refusal_hint(&refusal, "it may still come about: look first, then try again");
	commit_forget(call->ticket);
	http_set_data(call->http, NULL, NULL);
	http_refuse(call->http, &refusal);
	free_call(call);
}

static void sweep(void *data)
{
	struct pending *pending = data;
	int64_t oldest_ms = loop_now_ms(pending->loop) - PENDING_MAX_S * 1000;
	struct api_call *call;

	while ((call = TAILQ_FIRST(&pending->calls)) && call->since_ms < oldest_ms)
		give_up(call);
	loop_timer_set(pending->sweep, SWEEP_MS);
}

int pending_init(struct pending *pending, struct loop *loop, struct err *err)
{
	int r = loop_timer_new(loop, sweep, pending, &pending->sweep, err);

	if (r < 0)
		return r;
	pending->loop = loop;
	TAILQ_INIT(&pending->calls);
	loop_timer_set(pending->sweep, SWEEP_MS);
	return 0;
}

void pending_done(struct pending *pending)
{
	loop_timer_free(pending->sweep);
}
