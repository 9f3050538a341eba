// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Changes and rows to JSON: docs/redis.md.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/str.h"
#include "mesh/doc.h"
#include "tower/core/change_word.h"

static int append(const char *bytes, size_t len, void *data)
{
	str_append_bytes(data, bytes, len);
	return 0;
}

/*
 * The text of the document; NULL: no memory. Not json_dumps: when its buffer cannot grow it may
 * leave out a key and say nothing, and what stands in the log must be whole.
 */
static char *dump(const json_t *json)
{
	struct str text = { 0 };

	if (json_dump_callback(json, append, &text, JSON_COMPACT | JSON_PRESERVE_ORDER) < 0)
		text.failed = true;
	return str_take(&text);
}

static int set_text(json_t *object, const char *name, const char *text)
{
	return json_object_set_new(object, name, json_string(text));
}

static int set_number(json_t *object, const char *name, int64_t number)
{
	return json_object_set_new(object, name, json_integer(number));
}

static json_t *row_of_token(const struct token *token)
{
	_cleanup_(doc_unref) json_t *row = json_object();
	char hash[2 * CRYPTO_HASH_BYTES + 1];
	int r = crypto_encode(CRYPTO_TEXT_HEX, token->secret_hash, CRYPTO_HASH_BYTES, hash,
			      sizeof(hash));

	r |= set_text(row, "Id", token->id);
	r |= set_text(row, "Zone", token->zone);
	r |= set_text(row, "Description", token->description);
	r |= set_text(row, "SecretHash", hash);
	r |= set_number(row, "UsesMax", (int64_t)token->uses_max);
	r |= set_number(row, "Uses", (int64_t)token->uses);
	r |= set_number(row, "Expires", token->expires_ms);
	r |= set_number(row, "EphemeralTTL", token->ephemeral_ttl_s);
	r |= json_object_set_new(row, "NodeAddress", doc_address_text(token->address));
	r |= json_object_set_new(row, "PrefixRanges", doc_prefix_array(&token->ranges));
	r |= set_number(row, "Created", token->created_ms);
	r |= set_number(row, "Revision", (int64_t)token->revision);
	return r == 0 ? TAKE_PTR(row) : NULL;
}

static json_t *row_of_resting(const struct resting *resting, bool is_put)
{
	_cleanup_(doc_unref) json_t *row = json_object();
	char address[IP_TEXT_BYTES];
	int r;

	ip_format(&resting->ip, address);
	r = set_text(row, "Zone", resting->zone);
	r |= set_text(row, "Address", address);
	if (is_put)
		r |= set_number(row, "Until", resting->until_ms);
	return r == 0 ? TAKE_PTR(row) : NULL;
}

static json_t *identity_of_peer(const struct peer *peer)
{
	char key[KEY_TEXT_BYTES];

	key_format(&peer->key, key);
	return json_pack("{s:s, s:s}", "PublicKey", key, "Zone", peer->zone);
}

static json_t *row_of(const struct op *op)
{
	switch (op->kind) {
	case OP_PUT_ZONE:
		return doc_row_of_zone(&op->zone);
	case OP_REMOVE_ZONE:
		return json_pack("{s:s}", "Name", op->zone.name);
	case OP_PUT_PEER:
		return doc_row_of_peer(&op->peer);
	case OP_REMOVE_PEER:
		return identity_of_peer(&op->peer);
	case OP_PUT_TOKEN:
		return row_of_token(&op->token);
	case OP_REMOVE_TOKEN:
		return json_pack("{s:s, s:s}", "Id", op->token.id, "Zone", op->token.zone);
	case OP_PUT_RESTING:
	case OP_REMOVE_RESTING:
		return row_of_resting(&op->resting, op_words[op->kind].is_put);
	}
	return NULL;
}

/* The text of the op's row, or of what identifies one that is removed. NULL: no memory. */
static char *row_text(const struct op *op)
{
	_cleanup_(doc_unref) json_t *object = row_of(op);

	return object ? dump(object) : NULL;
}

int op_row(const struct op *op, struct row *ret_row)
{
	struct row row = { .table = op_words[op->kind].table };

	if (op_words[op->kind].is_put) {
		row.json = row_text(op);
		if (!row.json)
			return -ENOMEM;
	}
	op_format_id(op, row.id);
	*ret_row = row;
	return 0;
}

/* No word and no zone's name has a character that JSON would escape. */
static void append_op(struct str *text, const struct op *op, const char *json)
{
	str_append(text, "{\"op\":\"");
	str_append(text, op_words[op->kind].word);
	if (op->from_zone[0]) {
		str_append(text, "\",\"from\":\"");
		str_append(text, op->from_zone);
	}
	str_append(text, "\",\"row\":");
	str_append(text, json);
	str_append(text, "}");
}

int change_encode(const struct change *change, const struct row *rows, char **ret_text)
{
	struct str text = { 0 };

	str_printf(&text, "{\"v\":%d,\"at\":%" PRId64 ",\"ops\":[", CHANGE_VERSION, change->at_ms);
	for (size_t i = 0; i < change->ops.len; i++) {
		const struct op *op = &change->ops.at[i];
		_cleanup_free_ char *made = rows && rows[i].json ? NULL : row_text(op);
		const char *json = made ? made : rows ? rows[i].json : NULL;

		if (i > 0)
			str_append(&text, ",");
		if (json)
			append_op(&text, op, json);
		else
			text.failed = true;
	}
	str_append(&text, "]}");
	*ret_text = str_take(&text);
	return *ret_text ? 0 : -ENOMEM;
}
