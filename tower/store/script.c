// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/script.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/*
 * KEYS: meta, log, then the tables. ARGV: epoch, revision, mark, log_keep, fingerprint; then for
 * each change: revision, mark, text, number of rows; then for each row: index of its table in
 * KEYS, id, JSON ("" removes it).
 *
 * Revisions are 64 bits and Lua's numbers are doubles: they stay texts here.
 */
const char script_text[] =
	"local meta, log = KEYS[1], KEYS[2]\n"
	"local now = redis.call('TIME')\n"
	"local have = redis.call('HMGET', meta, 'epoch', 'revision', 'mark')\n"
	"local born = not have[1] and ARGV[2] == '0'\n"
	"if not born and (have[1] ~= ARGV[1] or have[2] ~= ARGV[2] or have[3] ~= ARGV[3]) then\n"
	"	local missing = redis.call('XRANGE', log, ARGV[2] .. '-0', '+', 'COUNT', " TEXT(
		SCRIPT_MISSING_MAX) ")\n"
				    "	return {'raced', now[1], now[2], have[1] or '', have[2] or '', have[3] or '', missing}\n"
				    "end\n"
				    /* Lua does not roll back: what can fail fails here, or with the
				       first XADD. */
				    "local changes, at = {}, 6\n"
				    "while at <= #ARGV do\n"
				    "	local rows = tonumber(ARGV[at + 3])\n"
				    "	if not rows or rows < 0 or at + 3 + 3 * rows > #ARGV then\n"
				    "		return redis.error_reply('ERR a change lacks arguments')\n"
				    "	end\n"
				    "	changes[#changes + 1] = at\n"
				    "	for row = at + 4, at + 1 + 3 * rows, 3 do\n"
				    "		local index = tonumber(ARGV[row])\n"
				    "		if not index or index < 3 or not KEYS[index] then\n"
				    "			return redis.error_reply('ERR a row of no table')\n"
				    "		end\n"
				    "	end\n"
				    "	at = at + 4 + 3 * rows\n"
				    "end\n"
				    "if #changes == 0 then return {'ok', now[1], now[2]} end\n"
				    "for index = 3, #KEYS do redis.call('HLEN', KEYS[index]) end\n"
				    "for _, change in ipairs(changes) do\n"
				    "	redis.call('XADD', log, 'MAXLEN', '~', ARGV[4], ARGV[change] .. '-0',\n"
				    "		'mark', ARGV[change + 1], 'change', ARGV[change + 2])\n"
				    "end\n"
				    "for _, change in ipairs(changes) do\n"
				    "	for row = change + 4, change + 1 + 3 * tonumber(ARGV[change + 3]), 3 do\n"
				    "		local key = KEYS[tonumber(ARGV[row])]\n"
				    "		if ARGV[row + 2] == '' then\n"
				    "			redis.call('HDEL', key, ARGV[row + 1])\n"
				    "		else\n"
				    "			redis.call('HSET', key, ARGV[row + 1], ARGV[row + 2])\n"
				    "		end\n"
				    "	end\n"
				    "end\n"
				    "local last = changes[#changes]\n"
				    "if born then\n"
				    "	redis.call('HSET', meta, 'epoch', ARGV[1], 'v', '" TEXT(
					    CHANGE_VERSION) "', 'fingerprint', ARGV[5])\n"
							    "end\n"
							    "redis.call('HSET', meta, 'revision', ARGV[last], 'mark', ARGV[last + 1])\n"
							    "return {'ok', now[1], now[2]}\n";

/* KEYS index of the first table, counted as Lua counts. */
#define FIRST_TABLE 3

VEC(row_vec, struct row);

static void rows_done(struct row_vec *rows)
{
	vec_foreach(row, rows)
		free(row->json);
	vec_done(rows);
}

static int make_rows(const struct change *change, struct row_vec *rows, struct err *err)
{
	vec_foreach(op, &change->ops) {
		struct row row;
		int r = op_row(op, &row);

		if (r == 0 && vec_push(rows, row) < 0) {
			free(row.json);
			r = -ENOMEM;
		}
		if (r < 0)
			return err_errno(err, r, "encode a row");
	}
	return 0;
}

static int add_rows(const struct row_vec *rows, struct redis_args *args, struct err *err)
{
	redis_args_printf(args, "%zu", rows->len);
	vec_foreach(row, rows) {
		enum keys_table table = keys_find_table(row->table);

		if (table == TABLES_LEN)
			return err_set(err, -EINVAL, "a row of the unknown table '%s'", row->table);
		redis_args_printf(args, "%d", FIRST_TABLE + (int)table);
		redis_args_add(args, row->id);
		redis_args_add(args, row->json ? row->json : "");
	}
	return 0;
}

static int add_change(const struct change *change, struct redis_args *args, struct err *err)
{
	_cleanup_(rows_done) struct row_vec rows = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = make_rows(change, &rows, err);

	if (r < 0)
		return r;
	r = change_encode(change, rows.at, &text);
	if (r < 0)
		return err_errno(err, r, "encode a change");
	redis_args_printf(args, "%" PRIu64, change->revision);
	redis_args_printf(args, "%016" PRIx64, change->mark);
	redis_args_add(args, text);
	return add_rows(&rows, args, err);
}

int script_command(const struct script_input *input, struct redis_args *args, struct err *err)
{
	const struct keys *keys = input->keys;

	redis_args_words(args, "EVALSHA", input->sha);
	redis_args_printf(args, "%d", FIRST_TABLE - 1 + TABLES_LEN);
	redis_args_words(args, keys->meta, keys->log);
	for (size_t i = 0; i < TABLES_LEN; i++)
		redis_args_add(args, keys->table[i]);
	redis_args_add(args, input->from->epoch);
	redis_args_printf(args, "%" PRIu64, input->from->revision);
	redis_args_printf(args, "%016" PRIx64, input->from->mark);
	redis_args_printf(args, "%" PRIu64, input->log_keep);
	redis_args_printf(args, "%016" PRIx64, input->fingerprint);
	for (size_t i = 0; i < input->changes_len; i++) {
		int r = add_change(input->changes[i], args, err);

		if (r < 0)
			return r;
	}
	return args->failed ? err_oom(err) : 0;
}

int64_t script_time_ms(const struct redis_reply *seconds, const struct redis_reply *micros)
{
	uint64_t s;
	uint64_t us;

	if (str_to_u64(seconds->text, 0, UINT32_MAX, &s) < 0 ||
	    str_to_u64(micros->text, 0, 999999, &us) < 0)
		return 0;
	return (int64_t)(s * 1000 + us / 1000);
}

void script_read(const struct redis_reply *reply, struct script_result *ret_result)
{
	struct script_result result = { .status = SCRIPT_NONSENSE };
	struct redis_reply item[7];

	for (size_t i = 0; i < ARRAY_SIZE(item); i++)
		item[i] = redis_reply_item(reply, i);
	result.time_ms = script_time_ms(&item[1], &item[2]);
	result.why = "Redis gave an answer that is none of the commit script's";
	if (reply->kind == REDIS_ERROR) {
		bool unknown = str_starts(reply->text, "NOSCRIPT");

		result.status = unknown ? SCRIPT_UNKNOWN : SCRIPT_ERROR;
		result.why = reply->text;
	} else if (str_eq(item[0].text, "ok")) {
		result.status = SCRIPT_OK;
	} else if (str_eq(item[0].text, "raced")) {
		result.missing = item[6];
		result.why = "epoch, revision and mark in Redis are malformed";
		if (history_read(item[3].text, item[4].text, item[5].text, &result.theirs, NULL) ==
		    0)
			result.status = SCRIPT_RACED;
	}
	*ret_result = result;
}

/* "<revision>-0" */
static int read_id(const char *text, uint64_t *ret_revision)
{
	char digits[24];
	size_t len = strcspn(text, "-");

	if (len >= sizeof(digits) || !str_eq(text + len, "-0"))
		return -EPROTO;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return str_to_u64(digits, 1, UINT64_MAX, ret_revision) < 0 ? -EPROTO : 0;
}

int script_read_entry(const struct redis_reply *reply, struct script_entry *ret_entry,
		      struct err *err)
{
	struct redis_reply id = redis_reply_item(reply, 0);
	struct redis_reply fields = redis_reply_item(reply, 1);
	struct script_entry entry = { .change = NULL };
	bool has_mark = false;

	if (read_id(id.text, &entry.revision) < 0)
		return err_set(err, -EPROTO, "the log holds an entry with a foreign id");
	for (size_t i = 0; i + 1 < fields.len; i += 2) {
		struct redis_reply name = redis_reply_item(&fields, i);
		struct redis_reply value = redis_reply_item(&fields, i + 1);

		if (str_eq(name.text, "mark")) {
			has_mark = history_mark_parse(value.text, &entry.mark) == 0;
		} else if (str_eq(name.text, "change")) {
			entry.change = value.text;
			entry.change_len = value.len;
		}
	}
	if (!has_mark || !entry.change)
		return err_set(err, -EPROTO, "entry %ju of the log lacks its mark or its change",
			       (uintmax_t)entry.revision);
	*ret_entry = entry;
	return 0;
}

int script_decode_entry(const struct script_entry *entry, struct change **ret_change,
			struct err *err)
{
	struct change *change = NULL;
	int r = change_decode(entry->change, entry->change_len, &change, err);

	if (r < 0) {
		(void)err_wrap(err, "revision %ju in the log", (uintmax_t)entry->revision);
		return r;
	}
	change->revision = entry->revision;
	change->mark = entry->mark;
	*ret_change = change;
	return 0;
}
