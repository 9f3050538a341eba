// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Presence in Redis: a sorted set, written in batches beside the log. Losing some of it costs no
 * more than a peer that is shown as seen a little earlier.
 */
#include <inttypes.h>

#include "tower/store/load.h"
#include "tower/store/private.h"

#define BATCH_MAX 1000 /* peers in one command */

static void send_gone(struct store *store, struct redis *redis)
{
	struct redis_args args = { 0 };
	char text[KEY_TEXT_BYTES];

	if (store->gone.len == 0)
		return;
	redis_args_words(&args, "ZREM", store->keys.seen);
	vec_foreach(key, &store->gone) {
		key_format(key, text);
		redis_args_add(&args, text);
	}
	vec_done(&store->gone);
	(void)!redis_command(redis, &args, NULL, NULL);
}

/* False: nothing is fresh any more. */
static bool send_fresh(struct store *store, struct redis *redis)
{
	struct redis_args args = { 0 };
	struct key keys[BATCH_MAX];
	int64_t at_ms[BATCH_MAX];
	char text[KEY_TEXT_BYTES];
	size_t len = presence_take_fresh(store->config.presence, keys, at_ms, BATCH_MAX);

	if (len == 0)
		return false;
	redis_args_words(&args, "ZADD", store->keys.seen);
	for (size_t i = 0; i < len; i++) {
		redis_args_printf(&args, "%" PRId64, at_ms[i]);
		key_format(&keys[i], text);
		redis_args_add(&args, text);
	}
	(void)!redis_command(redis, &args, NULL, NULL);
	return true;
}

void seen_write(struct store *store)
{
	struct redis *redis = contact_commands(store->contact);

	if (store->status != STORE_READY || !redis)
		return;
	send_gone(store, redis);
	while (send_fresh(store, redis))
		continue;
}

void seen_read(struct store *store, const struct redis_reply *reply)
{
	_cleanup_redis_args_ struct redis_args args = { 0 };
	struct presence *presence = store->config.presence;
	struct redis *redis = contact_commands(store->contact);
	struct key key;
	int64_t at_ms;

	while (send_fresh(store, redis))
		continue;
	redis_args_words(&args, "ZREM", store->keys.seen);
	if (load_read_seen(reply, store->config.state, presence, &args) > 0)
		(void)!redis_command(redis, &args, NULL, NULL);
	/* What was read must not be written back: a sibling may have written later times. */
	while (presence_take_fresh(presence, &key, &at_ms, 1) > 0)
		continue;
}

void seen_forget(struct store *store, const struct change *change)
{
	vec_foreach(op, &change->ops) {
		/* What does not fit here is removed when a tower next loads. */
		if (op->kind == OP_REMOVE_PEER && store->gone.len < STORE_GONE_MAX)
			(void)!vec_push(&store->gone, op->peer.key);
	}
}
