// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/decision.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "tower/core/index.h"

/* --- refusing --- */

int decision_refuse(struct decision *decision, const char *code, const char *hint, const char *fmt,
		    ...)
{
	char detail[REFUSAL_TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	refusal_set(&decision->refusal, code, "%s", detail);
	refusal_hint(&decision->refusal, "%s", hint);
	return -EACCES;
}

int decision_match(struct decision *decision, uint64_t revision)
{
	const struct request *request = decision->request;

	if (!request->has_if_match || request->if_match == revision)
		return 0;
	return decision_refuse(decision, "E412-revision",
			       "read it again, and repeat the request with its new ETag",
			       "If-Match names revision %ju, but the object is at revision %ju",
			       (uintmax_t)request->if_match, (uintmax_t)revision);
}

int decision_no_zone(struct decision *decision, const char *name)
{
	return decision_refuse(decision, "E404-zone",
			       "GET /zones lists the zones; POST /zones creates one",
			       "there is no zone '%s'", name);
}

int decision_limit(struct decision *decision, uint64_t len, uint64_t limit, const char *what)
{
	if (len < limit)
		return 0;
	return decision_refuse(decision, "E409-limit",
			       "remove some that are not needed, or raise the tower's limit",
			       "the limit on %s is reached: %ju", what, (uintmax_t)limit);
}

const char *peer_label(const struct peer *peer, char to[static PEER_LABEL_BYTES])
{
	char key[KEY_SHORT_BYTES];

	key_format_short(&peer->key, key);
	if (peer->hostname[0])
		(void)snprintf(to, PEER_LABEL_BYTES, "%s (%s)", key, peer->hostname);
	else
		(void)snprintf(to, PEER_LABEL_BYTES, "%s", key);
	return to;
}

/* --- ops --- */

/* Tries the op on the draft and adds it to the change; takes over what the op owns. */
static int add(struct decision *decision, struct op *op)
{
	_cleanup_(op_done) struct op owned = *op;
	int r = state_apply_op(decision->draft, &owned, NULL);

	if (r == 0)
		r = change_add(decision->change, &owned);
	if (r == 0)
		owned = (struct op){ 0 };
	return r;
}

int decision_put_zone(struct decision *decision, const struct zone *zone)
{
	struct op op = { .kind = OP_PUT_ZONE, .zone = *zone };

	op.zone.revision = decision->change->revision;
	return add(decision, &op);
}

int decision_put_token(struct decision *decision, const struct token *token)
{
	struct op op = { .kind = OP_PUT_TOKEN };
	int r = token_copy(token, &op.token);

	op.token.revision = decision->change->revision;
	return r < 0 ? r : add(decision, &op);
}

int decision_remove_token(struct decision *decision, const struct token *token)
{
	struct op op = { .kind = OP_REMOVE_TOKEN };

	(void)snprintf(op.token.id, sizeof(op.token.id), "%s", token->id);
	(void)snprintf(op.token.zone, sizeof(op.token.zone), "%s", token->zone);
	return add(decision, &op);
}

/* A peer that was put just before is shown to watchers once, as it is in the end. */
static bool merge(struct decision *decision, struct op *op)
{
	struct op_vec *ops = &decision->change->ops;
	struct op *last = ops->len > 0 ? &ops->at[ops->len - 1] : NULL;

	if (!last || last->kind != OP_PUT_PEER || key_compare(&last->peer.key, &op->peer.key) != 0)
		return false;
	peer_done(&last->peer);
	last->peer = op->peer;
	return true;
}

int decision_put_peer(struct decision *decision, const struct peer *peer, const char *from_zone)
{
	_cleanup_(op_done) struct op op = { .kind = OP_PUT_PEER };
	int r = peer_copy(peer, &op.peer);

	if (r < 0)
		return r;
	(void)snprintf(op.from_zone, sizeof(op.from_zone), "%s", from_zone);
	op.peer.revision = decision->change->revision;
	r = state_apply_op(decision->draft, &op, NULL);
	if (r == 0 && !merge(decision, &op))
		r = change_add(decision->change, &op);
	if (r == 0)
		op = (struct op){ 0 };
	return r;
}

int decision_remove_peer(struct decision *decision, const struct peer *peer)
{
	struct op op = { .kind = OP_REMOVE_PEER, .peer.key = peer->key };

	(void)snprintf(op.peer.zone, sizeof(op.peer.zone), "%s", peer->zone);
	return add(decision, &op);
}

int decision_remove_resting(struct decision *decision, const struct resting *resting)
{
	struct op op = { .kind = OP_REMOVE_RESTING, .resting = *resting };

	op.resting.until_ms = 0;
	return add(decision, &op);
}

static int rest(struct decision *decision, const char *zone, const struct ip *ip)
{
	const struct zone *row = state_zone(decision->state, zone);
	const struct decide_context *context = decision->context;
	uint64_t max = context->limits->resting_per_zone;
	struct op op = { .kind = OP_PUT_RESTING, .resting = { .ip = *ip } };

	if (row->quarantine_s <= 0 || max == 0)
		return 0;
	while (state_resting_len(decision->draft, zone) >= max) {
		const struct resting *oldest = state_next_resting(decision->draft, zone, 0, NULL);
		int r = decision_remove_resting(decision, oldest);

		if (r < 0)
			return r;
	}
	(void)snprintf(op.resting.zone, sizeof(op.resting.zone), "%s", zone);
	op.resting.until_ms = context->now_ms + row->quarantine_s * 1000;
	return add(decision, &op);
}

int decision_rest_freed(struct decision *decision, const struct peer *old)
{
	int r = 0;

	for (unsigned slot = 0; r == 0 && slot < FAMILIES; slot++) {
		const struct ip *ip = &old->address[slot];

		if (ip->family != IP_NONE && !state_holder(decision->draft, old->zone, ip))
			r = rest(decision, old->zone, ip);
	}
	return r;
}

/* --- presence --- */

int64_t decision_last_seen_ms(const struct decision *decision, const struct peer *peer)
{
	int64_t seen_ms = presence_seen_ms(decision->context->presence, &peer->key);

	return MAX(MAX(seen_ms, peer->created_ms), decision->context->ready_since_ms);
}

bool decision_is_offline(const struct decision *decision, const struct peer *peer)
{
	const struct decide_context *context = decision->context;

	/* Of one that was never seen no agent ever spoke: there is nobody to wait for. */
	return presence_seen_ms(context->presence, &peer->key) == 0 ||
	       context->now_ms - decision_last_seen_ms(decision, peer) >= PRESENCE_OFFLINE_MS;
}
