// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/tower.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "nodeagent/distrust.h"

#define RETRY_AFTER_MAX_S 60

/* Refusals of the moment: the same request can be right a little later. */
static bool is_passing(const struct refusal *refusal)
{
	return refusal->status >= 500 || refusal->status == 429 || refusal->status == 408 ||
	       str_eq(refusal->code, "E401-nonce");
}

/* A proxy in between may answer in its own words: those are no refusal of the tower's. */
static void set_foreign(const struct http_answer *from, const struct http_url *url,
			struct tower_answer *answer)
{
	answer->meaning = TOWER_AWAY;
	(void)snprintf(answer->why, sizeof(answer->why),
		       "%.110s answered with status %d and no reason: is it a tower?", url->base,
		       from->status);
}

void tower_read_answer(const struct http_answer *from, const struct tower_target *target,
		       struct tower_answer *ret_answer)
{
	const struct http_url *url = &target->url;
	struct tower_answer answer = { .meaning = TOWER_AGREED };

	answer.retry_after_ms = MIN(from->retry_after_s, RETRY_AFTER_MAX_S) * 1000;
	if (from->outcome == HTTP_UNTRUSTED) {
		answer.meaning = TOWER_UNTRUSTED;
		distrust_explain(from, target, &answer.refusal);
	} else if (from->outcome == HTTP_UNREACHABLE) {
		answer.meaning = TOWER_AWAY;
		(void)snprintf(answer.why, sizeof(answer.why), "%.110s: %.200s", url->base,
			       from->why);
	} else if (from->status < 200 || from->status >= 300) {
		if (refusal_from_json(from->body, from->body_len, &answer.refusal, NULL) < 0)
			set_foreign(from, url, &answer);
		else
			answer.meaning = is_passing(&answer.refusal) ? TOWER_AWAY : TOWER_REFUSED;
	}
	if (!*answer.why && *answer.refusal.code)
		(void)snprintf(answer.why, sizeof(answer.why), "%s: %.270s", answer.refusal.code,
			       answer.refusal.detail);
	*ret_answer = answer;
}
