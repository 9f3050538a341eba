// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Applies changes, on a committed state and on an overlay alike. Each op is checked against what
 * the ops before it left, and exchanges one entry for another; when one does not fit, the
 * exchanges before it are taken back in reverse.
 */
#include "tower/core/state.h"

#include <errno.h>

#include "tower/core/index.h"

enum swap_table { SWAP_ZONE, SWAP_PEER, SWAP_TOKEN, SWAP_RESTING };

union entry {
	struct zone_entry *zone;
	struct peer_entry *peer;
	struct token_entry *token;
	struct resting_entry *resting;
};

/* One exchange of an entry at this level; a NULL entry stands for none. */
struct swap {
	enum swap_table table;
	union entry before;
	union entry after;
};

VEC(swap_vec, struct swap);

static int swap_do(struct state *state, const struct swap *swap)
{
	switch (swap->table) {
	case SWAP_ZONE:
		return zone_entry_swap(state, swap->before.zone, swap->after.zone);
	case SWAP_PEER:
		return peer_entry_swap(state, swap->before.peer, swap->after.peer);
	case SWAP_TOKEN:
		return token_entry_swap(state, swap->before.token, swap->after.token);
	case SWAP_RESTING:
		return resting_entry_swap(state, swap->before.resting, swap->after.resting);
	}
	return -EINVAL;
}

static int swap_undo(struct state *state, const struct swap *swap)
{
	struct swap back = *swap;

	back.before = swap->after;
	back.after = swap->before;
	return swap_do(state, &back);
}

/* Frees the entry that hangs nowhere any more. */
static void entry_free(enum swap_table table, union entry entry)
{
	switch (table) {
	case SWAP_ZONE:
		zone_entry_free(entry.zone);
		break;
	case SWAP_PEER:
		peer_entry_free(entry.peer);
		break;
	case SWAP_TOKEN:
		token_entry_free(entry.token);
		break;
	case SWAP_RESTING:
		resting_entry_free(entry.resting);
		break;
	}
}

static struct peer_entry *gone_peer(const struct key *key)
{
	struct peer_entry *entry = calloc(1, sizeof(*entry));

	if (entry) {
		entry->peer.key = *key;
		entry->gone = true;
	}
	return entry;
}

static struct token_entry *gone_token(const struct token *token)
{
	struct token_entry *entry = token_entry_new(token);

	if (entry)
		entry->gone = true;
	return entry;
}

static struct resting_entry *gone_resting(const struct resting *resting)
{
	struct resting_entry *entry = resting_entry_new(resting);

	if (entry)
		entry->gone = true;
	return entry;
}

/* The exchange that puts the op's row; 0 or -ENOMEM. */
static int swap_put(const struct state *state, const struct op *op, struct swap *ret_swap)
{
	bool with_doc = !state->under;

	switch (op->kind) {
	case OP_PUT_ZONE:
		ret_swap->table = SWAP_ZONE;
		ret_swap->before.zone = zone_entry_find(state, op->zone.name);
		ret_swap->after.zone = zone_entry_new(&op->zone, with_doc);
		return ret_swap->after.zone ? 0 : -ENOMEM;
	case OP_PUT_PEER:
		ret_swap->table = SWAP_PEER;
		ret_swap->before.peer = peer_entry_find(state, &op->peer.key);
		ret_swap->after.peer = peer_entry_new(&op->peer, with_doc);
		return ret_swap->after.peer ? 0 : -ENOMEM;
	case OP_PUT_TOKEN:
		ret_swap->table = SWAP_TOKEN;
		ret_swap->before.token = token_entry_find(state, op->token.id);
		ret_swap->after.token = token_entry_new(&op->token);
		return ret_swap->after.token ? 0 : -ENOMEM;
	default:
		ret_swap->table = SWAP_RESTING;
		ret_swap->before.resting =
			resting_entry_find(state, op->resting.zone, &op->resting.ip);
		ret_swap->after.resting = resting_entry_new(&op->resting);
		return ret_swap->after.resting ? 0 : -ENOMEM;
	}
}

/*
 * The exchange that removes it. In an overlay an entry that says "gone" takes the row's place:
 * what is further down must not show again.
 */
static int swap_remove(const struct state *state, const struct op *op, struct swap *ret_swap)
{
	bool leaves_gone = state->under != NULL;

	switch (op->kind) {
	case OP_REMOVE_ZONE:
		ret_swap->table = SWAP_ZONE;
		ret_swap->before.zone = zone_entry_find(state, op->zone.name);
		return 0;
	case OP_REMOVE_PEER:
		ret_swap->table = SWAP_PEER;
		ret_swap->before.peer = peer_entry_find(state, &op->peer.key);
		ret_swap->after.peer = leaves_gone ? gone_peer(&op->peer.key) : NULL;
		return ret_swap->after.peer || !leaves_gone ? 0 : -ENOMEM;
	case OP_REMOVE_TOKEN:
		ret_swap->table = SWAP_TOKEN;
		ret_swap->before.token = token_entry_find(state, op->token.id);
		ret_swap->after.token = leaves_gone ? gone_token(&op->token) : NULL;
		return ret_swap->after.token || !leaves_gone ? 0 : -ENOMEM;
	default:
		ret_swap->table = SWAP_RESTING;
		ret_swap->before.resting =
			resting_entry_find(state, op->resting.zone, &op->resting.ip);
		ret_swap->after.resting = leaves_gone ? gone_resting(&op->resting) : NULL;
		return ret_swap->after.resting || !leaves_gone ? 0 : -ENOMEM;
	}
}

static bool op_is_put(const struct op *op)
{
	return op->kind == OP_PUT_ZONE || op->kind == OP_PUT_PEER || op->kind == OP_PUT_TOKEN ||
	       op->kind == OP_PUT_RESTING;
}

/* Checks and applies one op, and notes what was exchanged. */
static int apply_one(struct state *state, const struct op *op, struct swap_vec *swaps,
		     struct err *err)
{
	struct swap swap = { 0 };
	int r = op_fits(state, op, err);

	if (r < 0)
		return r;
	if (vec_reserve(swaps, 1) < 0)
		return err_oom(err);
	r = op_is_put(op) ? swap_put(state, op, &swap) : swap_remove(state, op, &swap);
	if (r < 0)
		return err_oom(err);
	swaps->at[swaps->len++] = swap;
	return swap_do(state, &swap) < 0 ? err_oom(err) : 0;
}

/*
 * What was exchanged away is freed; after a refusal everything is put back first, and what was to
 * come is freed. Out of memory half-way nobody knows what hangs where: all is left for state_free.
 */
static int finish(struct state *state, struct swap_vec *swaps, int r)
{
	for (size_t i = swaps->len; r < 0 && r != -ENOMEM && i-- > 0;) {
		if (swap_undo(state, &swaps->at[i]) < 0)
			r = -ENOMEM;
	}
	for (size_t i = 0; r != -ENOMEM && i < swaps->len; i++) {
		const struct swap *swap = &swaps->at[i];

		entry_free(swap->table, r < 0 ? swap->after : swap->before);
	}
	vec_done(swaps);
	return r;
}

/* The watchers of the zone are shown a change of this revision. */
static void note_shown(struct state *state, const char *zone, uint64_t revision)
{
	struct zone_entry *entry = zone_entry_find(state, zone);

	if (entry)
		entry->shown_revision = revision;
}

static void note_op_shown(struct state *state, const struct op *op, uint64_t revision)
{
	if (op->kind == OP_PUT_ZONE)
		note_shown(state, op->zone.name, revision);
	if (op->kind == OP_PUT_PEER || op->kind == OP_REMOVE_PEER)
		note_shown(state, op->peer.zone, revision);
	if (op->kind == OP_PUT_PEER && op->from_zone[0])
		note_shown(state, op->from_zone, revision);
}

int state_apply(struct state *state, const struct change *change, struct err *err)
{
	struct swap_vec swaps = { 0 };
	int r = 0;

	if (change->revision != state->revision + 1)
		return err_set(err, -EPROTO, "revision %ju does not follow %ju",
			       (uintmax_t)change->revision, (uintmax_t)state->revision);
	for (size_t i = 0; r == 0 && i < change->ops.len; i++) {
		r = apply_one(state, &change->ops.at[i], &swaps, err);
		if (r < 0)
			(void)err_wrap(err, "revision %ju", (uintmax_t)change->revision);
	}
	r = finish(state, &swaps, r);
	if (r < 0)
		return r;
	for (size_t i = 0; i < change->ops.len; i++)
		note_op_shown(state, &change->ops.at[i], change->revision);
	state->revision = change->revision;
	state->mark = change->mark;
	return 0;
}

int state_apply_op(struct state *state, const struct op *op, struct err *err)
{
	struct swap_vec swaps = { 0 };
	int r = apply_one(state, op, &swaps, err);

	return finish(state, &swaps, r);
}

int state_load(struct state *state, const struct op *op, struct err *err)
{
	if (!op_is_put(op))
		return err_set(err, -EPROTO, "a stored row can only be put");
	return state_apply_op(state, op, err);
}
