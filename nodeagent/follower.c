// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/follower.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "nodeagent/join_call.h"

#define EVENTS_URL_BYTES (HTTP_URL_BYTES + ZONE_NAME_BYTES + 16)
#define RESUME "Last-Event-ID: "
#define RESUME_BYTES (EVENT_ID_BYTES + sizeof(RESUME))

struct follower {
	struct follower_config config;
	struct tower_target target; /* that of `config`, which may change */
	struct http_call *call;
	struct event_reader *reader;
	int64_t heard_ms; /* monotonic, when the first bytes came; 0: none yet */
	bool is_begun;    /* events of a change came in whose last one, with the id, did not */
	bool is_changed;  /* by the changes that are whole, since it was told */
	struct err fold_err;
};

static int on_event(const struct event *event, void *data)
{
	struct follower *follower = data;
	int r = view_fold(follower->config.view, event, &follower->fold_err);

	/*
	 * The last event of a change carries its id. Half of one is not to be acted on: a peer that
	 * goes over to another key would be gone in between.
	 */
	follower->is_begun |= r > 0;
	if (event->has_id) {
		follower->is_changed |= follower->is_begun;
		follower->is_begun = false;
	}
	return r < 0 ? r : 0;
}

static void end_misunderstood(struct follower *follower, const struct err *err)
{
	struct tower_answer tower = { .meaning = TOWER_AWAY };

	(void)snprintf(tower.why, sizeof(tower.why), "%.110s: %.200s",
		       follower->config.target->url.base, err->text);
	follower->config.on_end(&tower, follower->is_changed || follower->is_begun,
				follower->config.data);
}

static void on_bytes(const char *bytes, size_t len, void *data)
{
	struct follower *follower = data;
	struct follower_config config = follower->config;
	struct err err = { 0 };
	bool is_changed;
	int r;

	if (follower->heard_ms == 0)
		follower->heard_ms = clock_mono_ms();
	r = event_reader_feed(follower->reader, bytes, len, &err);
	is_changed = follower->is_changed;
	follower->is_changed = false;
	if (r >= 0)
		config.on_events(is_changed, config.data);
	else
		end_misunderstood(follower, follower->fold_err.code ? &follower->fold_err : &err);
}

static void on_done(const struct http_answer *answer, void *data)
{
	struct follower *follower = data;
	struct tower_answer tower;

	tower_read_answer(answer, follower->config.target, &tower);
	if (tower.meaning == TOWER_AGREED) {
		tower.meaning = TOWER_AWAY;
		(void)snprintf(tower.why, sizeof(tower.why), "%.110s ended the stream of events",
			       follower->config.target->url.base);
	}
	follower->config.on_end(&tower, follower->is_begun, follower->config.data);
}

static int start(struct follower *follower, struct err *err)
{
	const struct follower_config *config = &follower->config;
	const struct http_trust trust = target_http_trust(config->target);
	char url[EVENTS_URL_BYTES];
	char ticket_line[JOIN_HEADER_BYTES];
	char resume_line[RESUME_BYTES] = RESUME;
	const char *headers[] = { "Accept: text/event-stream", ticket_line, NULL, NULL };
	struct http_request request = { .method = "GET",
					.url = url,
					.trust = &trust,
					.headers = headers,
					.silent_ms = FOLLOWER_SILENT_MS,
					.on_data = on_bytes,
					.on_done = on_done,
					.data = follower };
	struct event_id id;
	int r;

	(void)snprintf(url, sizeof(url), "%s/zones/%s/events", config->target->url.base,
		       config->zone);
	(void)snprintf(ticket_line, sizeof(ticket_line), "Authorization: Bearer %s",
		       config->ticket);
	if (view_id(config->view, &id)) {
		event_id_format(&id, resume_line + strlen(RESUME));
		headers[2] = resume_line;
	}
	view_begin_stream(config->view);
	r = http_client_start(config->client, &request, &follower->call, err);
	crypto_wipe(ticket_line, sizeof(ticket_line));
	return r;
}

int follower_new(const struct follower_config *config, struct follower **ret_follower,
		 struct err *err)
{
	struct follower *follower = calloc(1, sizeof(*follower));
	int r;

	if (!follower)
		return err_oom(err);
	follower->config = *config;
	follower->target = *config->target;
	follower->config.target = &follower->target;
	r = event_reader_new(on_event, follower, &follower->reader, err);
	if (r >= 0)
		r = start(follower, err);
	if (r < 0) {
		follower_free(follower);
		return r;
	}
	follower->config.ticket = NULL;
	*ret_follower = follower;
	return 0;
}

void follower_free(struct follower *follower)
{
	if (!follower)
		return;
	http_call_free(follower->call);
	event_reader_free(follower->reader);
	view_begin_stream(follower->config.view);
	free(follower);
}

int64_t follower_lived_ms(const struct follower *follower)
{
	return follower->heard_ms > 0 ? clock_mono_ms() - follower->heard_ms : 0;
}
