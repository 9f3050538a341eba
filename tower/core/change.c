// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/change.h"

#include <errno.h>
#include <stdio.h>

#include "tower/core/change_word.h"

int change_new(uint64_t revision, uint64_t mark, int64_t at_ms, struct change **ret_change)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change)
		return -ENOMEM;
	change->revision = revision;
	change->mark = mark;
	change->at_ms = at_ms;
	*ret_change = change;
	return 0;
}

void op_done(struct op *op)
{
	if (op->kind == OP_PUT_PEER || op->kind == OP_REMOVE_PEER)
		peer_done(&op->peer);
	if (op->kind == OP_PUT_TOKEN || op->kind == OP_REMOVE_TOKEN)
		token_done(&op->token);
}

void change_free(struct change *change)
{
	if (!change)
		return;
	vec_foreach(op, &change->ops)
		op_done(op);
	vec_done(&change->ops);
	free(change);
}

void change_freep(struct change **change)
{
	change_free(*change);
}

int change_add(struct change *change, const struct op *op)
{
	return vec_push(&change->ops, *op);
}

const struct op_word op_words[OP_KINDS] = {
	[OP_PUT_ZONE] = { "put-zone", "zones", true },
	[OP_REMOVE_ZONE] = { "remove-zone", "zones", false },
	[OP_PUT_PEER] = { "put-peer", "peers", true },
	[OP_REMOVE_PEER] = { "remove-peer", "peers", false },
	[OP_PUT_TOKEN] = { "put-token", "tokens", true },
	[OP_REMOVE_TOKEN] = { "remove-token", "tokens", false },
	[OP_PUT_RESTING] = { "put-resting", "resting", true },
	[OP_REMOVE_RESTING] = { "remove-resting", "resting", false },
};

void op_format_id(const struct op *op, char ret_id[static ROW_ID_BYTES])
{
	char key[KEY_TEXT_BYTES];
	char address[IP_TEXT_BYTES];

	switch (op->kind) {
	case OP_PUT_ZONE:
	case OP_REMOVE_ZONE:
		(void)snprintf(ret_id, ROW_ID_BYTES, "%s", op->zone.name);
		break;
	case OP_PUT_PEER:
	case OP_REMOVE_PEER:
		key_format(&op->peer.key, key);
		(void)snprintf(ret_id, ROW_ID_BYTES, "%s", key);
		break;
	case OP_PUT_TOKEN:
	case OP_REMOVE_TOKEN:
		(void)snprintf(ret_id, ROW_ID_BYTES, "%s", op->token.id);
		break;
	case OP_PUT_RESTING:
	case OP_REMOVE_RESTING:
		ip_format(&op->resting.ip, address);
		(void)snprintf(ret_id, ROW_ID_BYTES, "%s/%s", op->resting.zone, address);
		break;
	}
}
