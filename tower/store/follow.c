// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The log arrives on two ways, by the tail and in the replies of failed compares, and each may be
 * first. What counts is the revision: an entry that is the next one is applied, an older one was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tower/store/private.h"

int follow_send(struct store *store, const struct history *from, struct change *const *changes,
		size_t changes_len, redis_reply_fn fn, struct err *err)
{
	_cleanup_redis_args_ struct redis_args args = { 0 };
	struct history sent = *from;
	struct script_input input = {
		.sha = contact_script_sha(store->contact),
		.keys = &store->keys,
		.from = &sent,
		.log_keep = store->config.log_keep,
		.fingerprint = store->config.fingerprint,
		.changes = changes,
		.changes_len = changes_len,
	};
	int r;

	if (!contact_commands(store->contact))
		return err_set(err, -ENOTCONN, "there is no connection to Redis");
	if (!*sent.epoch)
		memcpy(sent.epoch, store->own_epoch, sizeof(sent.epoch));
	r = script_command(&input, &args, err);
	if (r < 0)
		return r;
	r = redis_command(contact_commands(store->contact), &args, fn, store);
	return r < 0 ? err_errno(err, r, "send to Redis") : 0;
}

/*
 * The change of an entry: the tail mostly brings what this tower has just sent, before the script's
 * own reply does, and then it is at hand. `ret_decoded` is the caller's, whatever comes.
 */
static int change_of(const struct store *store, const struct script_entry *entry,
		     struct change **ret_decoded, const struct change **ret_change, struct err *err)
{
	const struct batch *batch = &store->batch;
	int r;

	for (size_t i = 0; batch->fn && i < batch->changes_len; i++) {
		const struct change *sent = batch->changes[i];

		if (sent->revision == entry->revision && sent->mark == entry->mark) {
			*ret_change = sent;
			return 0;
		}
	}
	r = script_decode_entry(entry, ret_decoded, err);
	*ret_change = *ret_decoded;
	return r;
}

/* One entry of the log. False: nothing behind it can be taken. */
static bool take_entry(struct store *store, const struct redis_reply *reply)
{
	_cleanup_(change_freep) struct change *decoded = NULL;
	const struct state *state = store->config.state;
	const struct change *change = NULL;
	struct script_entry entry;
	struct err err;
	int r = script_read_entry(reply, &entry, &err);

	if (r == 0 && entry.revision == state_revision(state) && entry.mark != state_mark(state))
		r = err_set(&err, -EPROTO,
			    "revision %ju in the log is another one than this tower's",
			    (uintmax_t)entry.revision);
	if (r == 0 && entry.revision <= state_revision(state))
		return true;
	if (r == 0 && entry.revision != state_revision(state) + 1) {
		store_reload(store, "the log has a gap");
		return false;
	}
	if (r == 0)
		r = change_of(store, &entry, &decoded, &change, &err);
	if (r == -ENOMEM) {
		contact_drop(store->contact, err.text);
		return false;
	}
	if (r < 0) {
		store_set_status(store, STORE_FOREIGN, err.text);
		return false;
	}
	store->config.on_change(change, store->config.data);
	if (state_revision(state) == entry.revision)
		return true;
	store_reload(store, "a change could not be applied");
	return false;
}

static bool take_entries(struct store *store, const struct redis_reply *entries)
{
	for (size_t i = 0; i < entries->len; i++) {
		struct redis_reply entry = redis_reply_item(entries, i);

		if (!take_entry(store, &entry))
			return false;
	}
	return true;
}

bool follow_learn(struct store *store, const struct history *from,
		  const struct script_result *result)
{
	struct redis_reply first = redis_reply_item(&result->missing, 0);
	struct script_entry entry;
	bool reaches_back =
		script_read_entry(&first, &entry, NULL) == 0 && entry.revision == from->revision;
	enum history_relation relation =
		history_compare(from, &result->theirs, reaches_back ? &entry.mark : NULL);
	char why[ERR_TEXT_BYTES];

	if (!history_explain(relation, from, &result->theirs, why, sizeof(why))) {
		store_set_status(store, STORE_FOREIGN, why);
		return false;
	}
	memcpy(store->epoch, result->theirs.epoch, sizeof(store->epoch));
	if (relation != HISTORY_TRIMMED && !take_entries(store, &result->missing))
		return store->must_load;
	/* Ahead, and yet nothing came: somebody has cut the log. */
	if (relation != HISTORY_SAME && state_revision(store->config.state) == from->revision)
		store_reload(store, "the log no longer reaches back to this tower");
	return true;
}

static void on_check(const struct redis_reply *reply, void *data)
{
	struct store *store = data;
	struct script_result result;

	store->asking = false;
	script_read(reply, &result);
	switch (result.status) {
	case SCRIPT_UNKNOWN:
		contact_load_script(store->contact);
		store_consult(store);
		return;
	case SCRIPT_ERROR:
		contact_drop(store->contact, result.why);
		return;
	case SCRIPT_NONSENSE:
		store_set_status(store, STORE_FOREIGN, result.why);
		return;
	case SCRIPT_RACED:
		store_note_time(store, result.time_ms);
		if (!follow_learn(store, &store->checked, &result))
			return;
		break;
	case SCRIPT_OK:
		store_note_time(store, result.time_ms);
		break;
	}
	if (store->must_load)
		store_consult(store);
	else
		store_become_ready(store);
}

void follow_check(struct store *store)
{
	struct err err;

	store->checked = store_history(store);
	if (follow_send(store, &store->checked, NULL, 0, on_check, &err) < 0)
		contact_drop(store->contact, err.text);
	else
		store->asking = true;
}

static void on_tail(const struct redis_reply *reply, void *data)
{
	struct store *store = data;
	struct redis_reply stream = redis_reply_item(reply, 0);
	struct redis_reply entries = redis_reply_item(&stream, 1);

	store->tailing = false;
	if (reply->kind == REDIS_ERROR) {
		contact_drop(store->contact, reply->text);
		return;
	}
	if (store->status == STORE_READY && take_entries(store, &entries))
		follow_tail(store);
}

void follow_tail(struct store *store)
{
	struct redis *redis = contact_tail(store->contact);
	struct redis_args args = { 0 };

	if (store->tailing || !redis)
		return;
	redis_args_words(&args, "XREAD", "BLOCK");
	redis_args_printf(&args, "%d", CONTACT_WAIT_MS);
	redis_args_add(&args, "COUNT");
	redis_args_printf(&args, "%d", SCRIPT_MISSING_MAX);
	redis_args_words(&args, "STREAMS", store->keys.log);
	redis_args_printf(&args, "%" PRIu64 "-0", state_revision(store->config.state));
	if (redis_command(redis, &args, on_tail, store) < 0)
		contact_drop(store->contact, "out of memory");
	else
		store->tailing = true;
}
