// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/decide.h"

#include <errno.h>

#include "tower/core/decision.h"

static int (*const deciders[])(struct decision *decision) = {
	[REQUEST_ZONE_CREATE] = decide_zone_create,   [REQUEST_ZONE_PATCH] = decide_zone_patch,
	[REQUEST_ZONE_DELETE] = decide_zone_delete,   [REQUEST_JOIN] = decide_join,
	[REQUEST_PEER_PATCH] = decide_peer_patch,     [REQUEST_PEER_DELETE] = decide_peer_delete,
	[REQUEST_PEER_ROTATE] = decide_peer_rotate,   [REQUEST_TOKEN_CREATE] = decide_token_create,
	[REQUEST_TOKEN_DELETE] = decide_token_delete, [REQUEST_SWEEP] = decide_sweep,
};

void request_done(struct request *request)
{
	if (request->kind == REQUEST_JOIN || request->kind == REQUEST_PEER_PATCH) {
		vec_done(&request->wish.endpoints);
		vec_done(&request->wish.prefixes);
	}
	if (request->kind == REQUEST_TOKEN_CREATE)
		token_done(&request->token);
}

bool request_is_wide(const struct request *request)
{
	return request->kind == REQUEST_ZONE_DELETE || request->kind == REQUEST_SWEEP;
}

static void state_freep(struct state **state)
{
	state_free(*state);
}

int decide(const struct state *state, const struct request *request,
	   const struct decide_context *context, struct change **ret_change,
	   struct refusal *ret_refusal)
{
	_cleanup_(change_freep) struct change *change = NULL;
	_cleanup_(state_freep) struct state *draft = NULL;
	struct decision decision = { .state = state, .request = request, .context = context };
	int r;

	if ((r = state_over(state, &draft)) < 0 ||
	    (r = change_new(state_revision(state) + 1, request->mark, context->now_ms, &change)) <
		    0)
		return r;
	decision.draft = draft;
	decision.change = change;
	r = deciders[request->kind](&decision);
	if (r == -EACCES) {
		*ret_refusal = decision.refusal;
		return VERDICT_REFUSED;
	}
	if (r < 0)
		return r;
	if (change->ops.len == 0)
		return VERDICT_UNCHANGED;
	*ret_change = TAKE_PTR(change);
	return VERDICT_CHANGE;
}
