// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/change.h"

#include <errno.h>

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
