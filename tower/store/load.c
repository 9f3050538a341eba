// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/load.h"

#include <errno.h>
#include <string.h>

#include "tower/store/script.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* The parts of the transaction's reply, in the order of the commands. */
enum part {
	PART_META,
	PART_TABLES,
	PART_LOG = PART_TABLES + TABLES_LEN,
	PART_SEEN,
	PART_TIME,
	PARTS_LEN,
};

int load_send(struct redis *redis, const struct keys *keys, redis_reply_fn fn, void *data)
{
	const char *const commands[][7] = {
		{ "MULTI" },
		{ "HGETALL", keys->meta },
		{ "HGETALL", keys->table[TABLE_ZONES] },
		{ "HGETALL", keys->table[TABLE_PEERS] },
		{ "HGETALL", keys->table[TABLE_TOKENS] },
		{ "HGETALL", keys->table[TABLE_RESTING] },
		{ "XREVRANGE", keys->log, "+", "-", "COUNT", TEXT(LOAD_LOG_MAX) },
		{ "ZREVRANGE", keys->seen, "0", TEXT(LOAD_SEEN_MAX), "WITHSCORES" },
		{ "TIME" },
		{ "EXEC" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		bool is_last = i + 1 == ARRAY_SIZE(commands);
		struct redis_args args = { 0 };
		int r;

		redis_args_list(&args, commands[i]);
		r = redis_command(redis, &args, is_last ? fn : NULL, data);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The value of a field in a reply of HGETALL; "" when it is absent. */
static const char *field(const struct redis_reply *hash, const char *name)
{
	for (size_t i = 0; i + 1 < hash->len; i += 2) {
		if (str_eq(redis_reply_item(hash, i).text, name))
			return redis_reply_item(hash, i + 1).text;
	}
	return "";
}

static int read_meta(const struct redis_reply *meta, struct load *load, struct err *err)
{
	uint64_t version = CHANGE_VERSION;

	if (*field(meta, "v") && str_to_u64(field(meta, "v"), 1, UINT64_MAX, &version) < 0)
		return err_set(err, -EPROTO, "the version of the history in Redis is malformed");
	if (version > CHANGE_VERSION)
		return err_set(
			err, -ENOTSUP,
			"Redis was written by a newer tower (version %ju, known is %d): upgrade this one",
			(uintmax_t)version, CHANGE_VERSION);
	(void)!history_mark_parse(field(meta, "fingerprint"), &load->fingerprint);
	return history_read(field(meta, "epoch"), field(meta, "revision"), field(meta, "mark"),
			    &load->history, err);
}

static int read_row(const char *table, const struct redis_reply *id, const struct redis_reply *json,
		    struct state *state, struct err *err)
{
	struct op op;
	int r = op_from_row(table, id->text, json->text, json->len, &op, err);

	if (r < 0)
		return r;
	r = state_load(state, &op, err);
	op_done(&op);
	return r;
}

static int read_table(const char *table, const struct redis_reply *rows, struct state *state,
		      struct err *err)
{
	for (size_t i = 0; i + 1 < rows->len; i += 2) {
		struct redis_reply id = redis_reply_item(rows, i);
		struct redis_reply json = redis_reply_item(rows, i + 1);
		int r = read_row(table, &id, &json, state, err);

		if (r < 0) {
			(void)err_wrap(err, "row '%.60s' of %s", id.text, table);
			return r;
		}
	}
	return 0;
}

static int read_rows(const struct redis_reply *reply, struct load *load, struct err *err)
{
	int r = state_new(&load->state);

	if (r < 0)
		return err_oom(err);
	for (size_t i = 0; i < TABLES_LEN; i++) {
		struct redis_reply rows = redis_reply_item(reply, PART_TABLES + i);

		if (rows.len > 0 && !*load->history.epoch)
			return err_set(err, -EPROTO, "Redis holds %s, but no history (key meta)",
				       keys_table_word[i]);
		r = read_table(keys_table_word[i], &rows, load->state, err);
		if (r < 0)
			return r;
	}
	state_set_revision(load->state, load->history.revision, load->history.mark);
	return 0;
}

static void drop_changes(struct loaded_vec *changes)
{
	vec_foreach(loaded, changes)
		change_free(loaded->change);
	vec_done(changes);
}

/* How many of the newest entries fit into LOAD_LOG_BYTES. */
static size_t count_entries(const struct redis_reply *log)
{
	size_t bytes = 0;
	size_t len = 0;
	struct script_entry entry;

	for (; len < log->len; len++) {
		struct redis_reply item = redis_reply_item(log, len);

		if (script_read_entry(&item, &entry, NULL) < 0)
			break;
		bytes += entry.change_len;
		if (bytes > LOAD_LOG_BYTES)
			break;
	}
	return len;
}

/* The newest changes without a gap, up to the history's revision. */
static int read_log(const struct redis_reply *log, struct load *load, struct err *err)
{
	size_t len = count_entries(log);

	while (len-- > 0) {
		struct redis_reply item = redis_reply_item(log, len);
		struct change *change = NULL;
		struct script_entry entry;
		int r = script_read_entry(&item, &entry, err);

		if (r == 0)
			r = script_decode_entry(&entry, &change, err);
		/* An old change that cannot be read is only one that nobody can resume from. */
		if (r == -EPROTO || (r == 0 && entry.revision + len != load->history.revision)) {
			change_free(change);
			drop_changes(&load->newest);
			continue;
		}
		if (r == 0)
			r = vec_push(&load->newest, (struct loaded_change){ change });
		if (r < 0) {
			change_free(change);
			return r;
		}
	}
	return 0;
}

int load_read(const struct redis_reply *reply, struct load *ret_load, struct err *err)
{
	_cleanup_(load_done) struct load load = { 0 };
	struct redis_reply meta = redis_reply_item(reply, PART_META);
	struct redis_reply log = redis_reply_item(reply, PART_LOG);
	struct redis_reply time = redis_reply_item(reply, PART_TIME);
	struct redis_reply seconds = redis_reply_item(&time, 0);
	struct redis_reply micros = redis_reply_item(&time, 1);
	int r;

	if (reply->kind != REDIS_ARRAY || reply->len != PARTS_LEN)
		return err_set(err, -EAGAIN, "loading refused: %s", reply->text);
	for (size_t i = 0; i < PARTS_LEN; i++) {
		struct redis_reply part = redis_reply_item(reply, i);

		if (part.kind != REDIS_ARRAY)
			return err_set(err, -EAGAIN, "loading refused: %s", part.text);
	}
	r = read_meta(&meta, &load, err);
	if (r == 0)
		r = read_rows(reply, &load, err);
	if (r == 0)
		r = read_log(&log, &load, err);
	if (r < 0)
		return r;
	load.time_ms = script_time_ms(&seconds, &micros);
	*ret_load = load;
	load = (struct load){ 0 };
	return 0;
}

void load_done(struct load *load)
{
	state_free(load->state);
	load->state = NULL;
	drop_changes(&load->newest);
}

size_t load_read_seen(const struct redis_reply *reply, const struct state *state,
		      struct presence *presence, struct redis_args *args)
{
	struct redis_reply seen = redis_reply_item(reply, PART_SEEN);
	size_t strangers = 0;

	for (size_t i = 0; i + 1 < seen.len; i += 2) {
		struct redis_reply text = redis_reply_item(&seen, i);
		struct redis_reply score = redis_reply_item(&seen, i + 1);
		uint64_t at_ms;
		struct key key;

		if (key_parse(text.text, &key, NULL) < 0 || !state_peer(state, &key)) {
			redis_args_bytes(args, text.text, text.len);
			strangers++;
		} else if (str_to_u64(score.text, 0, INT64_MAX, &at_ms) == 0) {
			/* Without memory for it the peer is merely shown as never seen. */
			(void)!presence_touch(presence, &key, (int64_t)at_ms);
		}
	}
	return strangers;
}
