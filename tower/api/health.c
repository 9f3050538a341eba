// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Probes, and the challenge that a proof answers.
 */
#include <string.h>

#include "base/clock.h"
#include "tower/api/call.h"

void health_get(struct api_call *call)
{
	http_answer_text(call->http, 200, "ok\n");
}

static const char *status_word(enum store_status status, bool ready)
{
	static const char *const words[] = {
		[STORE_CONNECTING] = "connecting",
		[STORE_LOADING] = "loading",
		[STORE_READY] = "ready",
		[STORE_LOST] = "store-lost",
		[STORE_FOREIGN] = "foreign-history",
	};

	return status == STORE_READY && !ready ? "starting" : words[status];
}

void ready_get(struct api_call *call)
{
	const struct api_config *c = &call->api->c;
	enum store_status status = store_status(c->store);
	/* Revision 1 makes the zone 'default': before it nothing can be asked for. */
	bool ready = status == STORE_READY && state_revision(c->state) > 0;
	char expires[CLOCK_TEXT_BYTES] = "";
	json_t *object;
	char *text;

	if (c->tls)
		clock_format(c->tls->expires_ms, expires);
	object = json_pack("{s:b, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "ready", ready, "status",
			   status_word(status, ready), "why", store_status_why(c->store),
			   "durability", store_is_durable(c->store) ? "strong" : "weak", "revision",
			   (json_int_t)state_revision(c->state), "certificateExpires", expires,
			   "signpost", c->signpost ? signpost_writer_status(c->signpost) : "off",
			   "signpostOpens", c->signpost ? signpost_writer_opens(c->signpost) : "");
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	http_answer_json(call->http, ready ? 200 : 503, text, text ? strlen(text) : 0);
}

void challenge_get(struct api_call *call)
{
	char nonce[AUTH_NONCE_TEXT_BYTES];
	char key_text[KEY_TEXT_BYTES];
	struct key tower_public;
	json_t *object;
	char *text;

	auth_challenge(call->api->c.auth, commit_now_ms(call->api->c.commit), nonce, &tower_public);
	key_format(&tower_public, key_text);
	object = json_pack("{s:s, s:s, s:i, s:s*}", "Nonce", nonce, "TowerKey", key_text,
			   "ExpiresIn", AUTH_NONCE_MS / 1000, "Stun", call->api->c.stun);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	http_answer_json(call->http, 200, text, text ? strlen(text) : 0);
}
