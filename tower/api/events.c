// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * GET /zones/{zone}/events: the stream that agents, curl and browsers follow.
 */
#include <errno.h>
#include <string.h>

#include "tower/api/call.h"

/* A node is noted as seen so often at most: a burst of events is one sight of it. */
#define TOUCH_MS 1000

struct follower {
	struct api *api;
	struct http_request *http;
	struct watcher *watcher;
	bool is_node;
	struct key key;
	int64_t touched_ms; /* on the loop's clock; 0: not yet */
};

/* Each time bytes went out, heartbeats among them, the node was there to take them. */
static void touch(struct follower *follower)
{
	const struct api_config *c = &follower->api->c;
	const int64_t now_ms = loop_now_ms(c->loop);

	if (!follower->is_node ||
	    (follower->touched_ms && now_ms - follower->touched_ms < TOUCH_MS))
		return;
	follower->touched_ms = now_ms;
	if (state_peer(c->state, &follower->key))
		(void)!presence_touch(c->presence, &follower->key, commit_now_ms(c->commit));
}

static ssize_t read_events(char *to, size_t to_bytes, void *data)
{
	struct follower *follower = data;
	ssize_t n = watcher_read(follower->watcher, to, to_bytes);

	if (n > 0)
		touch(follower);
	return n;
}

static void on_wake(void *data)
{
	struct follower *follower = data;

	http_stream_wake(follower->http);
}

static void on_done(void *data)
{
	struct follower *follower = data;

	watcher_free(follower->watcher);
	free(follower);
}

static void refuse_watcher(struct api_call *call, int r, const struct err *err)
{
	if (r == -ENOENT)
		call_refuse_zone(call);
	else
		call_refuse_err(call,
				r == -EBUSY    ? "E503-snapshots"
				: r == -ENFILE ? "E503-watchers"
					       : "E503-memory",
				err);
}

void events_follow(struct api_call *call)
{
	const char *last = http_header(call->http, "Last-Event-ID");
	struct follower *follower = calloc(1, sizeof(*follower));
	struct http_stream stream = { .content_type = "text/event-stream",
				      .read = read_events,
				      .done = on_done,
				      .data = follower };
	struct event_id id;
	/* An id that nobody gave out is one that is not known: a snapshot follows. */
	bool has_id = last && event_id_parse(last, &id) == 0;
	struct err err = { 0 };
	int r;

	if (!follower) {
		(void)err_oom(&err);
		call_refuse_err(call, "E503-memory", &err);
		return;
	}
	follower->api = call->api;
	follower->http = call->http;
	follower->is_node = call->subject.role == ROLE_NODE;
	follower->key = call->subject.key;
	r = watcher_new(call->api->c.watch, call->path.zone, has_id ? &id : NULL,
			follower->is_node ? &follower->key : NULL, on_wake, follower,
			&follower->watcher, &err);
	if (r < 0) {
		free(follower);
		refuse_watcher(call, r, &err);
		return;
	}
	touch(follower);
	(void)http_add_header(call->http, "X-Accel-Buffering", "no");
	http_answer_stream(call->http, &stream);
}
