// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Changes and rows from JSON: docs/redis.md.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "mesh/doc.h"
#include "tower/core/change_word.h"

static int read_time(const json_t *object, const char *name, int64_t *ret_ms, struct err *err)
{
	uint64_t ms;
	int r = doc_u64(object, name, &ms, err); /* JSON's numbers fit in 63 bits */

	if (r > 0)
		*ret_ms = (int64_t)ms;
	return r;
}

static int read_hash(const json_t *object, struct token *token, struct err *err)
{
	char hash[2 * CRYPTO_HASH_BYTES + 1];
	size_t len;
	int r = doc_required(doc_text(object, "SecretHash", hash, sizeof(hash), err), "SecretHash",
			     err);

	if (r < 0)
		return r;
	if (crypto_decode(CRYPTO_TEXT_HEX, hash, strlen(hash), token->secret_hash,
			  CRYPTO_HASH_BYTES, &len) < 0 ||
	    len != CRYPTO_HASH_BYTES)
		return err_set(err, -EPROTO, "field 'SecretHash': takes %d digits of hex",
			       2 * CRYPTO_HASH_BYTES);
	return 1;
}

static int read_zone_name(const json_t *object, char *to, struct err *err)
{
	return doc_required(doc_text(object, "Zone", to, ZONE_NAME_BYTES, err), "Zone", err);
}

static int read_token_identity(const json_t *object, struct token *token, struct err *err)
{
	int r = doc_text(object, "Id", token->id, sizeof(token->id), err);

	r = doc_required(r, "Id", err);
	return r < 0 ? r : read_zone_name(object, token->zone, err);
}

static int read_token(const json_t *object, struct token *token, struct err *err)
{
	int r;

	if ((r = read_token_identity(object, token, err)) < 0 ||
	    (r = doc_text(object, "Description", token->description, sizeof(token->description),
			  err)) < 0 ||
	    (r = read_hash(object, token, err)) < 0 ||
	    (r = doc_u64(object, "UsesMax", &token->uses_max, err)) < 0 ||
	    (r = doc_u64(object, "Uses", &token->uses, err)) < 0 ||
	    (r = read_time(object, "Expires", &token->expires_ms, err)) < 0 ||
	    (r = doc_seconds(object, "EphemeralTTL", &token->ephemeral_ttl_s, err)) < 0 ||
	    (r = doc_addresses(object, "NodeAddress", token->address, err)) < 0 ||
	    (r = doc_prefixes(object, "PrefixRanges", TOKEN_RANGES_MAX, &token->ranges, err)) < 0 ||
	    (r = read_time(object, "Created", &token->created_ms, err)) < 0 ||
	    (r = doc_u64(object, "Revision", &token->revision, err)) < 0)
		return r;
	return 0;
}

static int read_resting(const json_t *object, struct resting *resting, struct err *err)
{
	char address[IP_TEXT_BYTES];
	int r;

	if ((r = read_zone_name(object, resting->zone, err)) < 0 ||
	    (r = doc_required(doc_text(object, "Address", address, sizeof(address), err), "Address",
			      err)) < 0 ||
	    (r = read_time(object, "Until", &resting->until_ms, err)) < 0)
		return r;
	if (ip_parse(address, &resting->ip, err) < 0)
		return err_set(err, -EPROTO, "field 'Address': '%s' is not an address", address);
	return 0;
}

static int read_peer_identity(const json_t *object, struct peer *peer, struct err *err)
{
	int r = doc_required(doc_key(object, "PublicKey", &peer->key, err), "PublicKey", err);

	return r < 0 ? r : read_zone_name(object, peer->zone, err);
}

/* On failure the op owns nothing more than op_done frees. */
static int read_row(const json_t *object, struct op *op, struct err *err)
{
	int r = -EPROTO;

	switch (op->kind) {
	case OP_PUT_ZONE:
		r = doc_read_zone(object, &op->zone, err);
		break;
	case OP_REMOVE_ZONE:
		r = doc_text(object, "Name", op->zone.name, sizeof(op->zone.name), err);
		r = doc_required(r, "Name", err);
		break;
	case OP_PUT_PEER:
		r = doc_read_peer(object, &op->peer, err);
		break;
	case OP_REMOVE_PEER:
		r = read_peer_identity(object, &op->peer, err);
		break;
	case OP_PUT_TOKEN:
		r = read_token(object, &op->token, err);
		break;
	case OP_REMOVE_TOKEN:
		r = read_token_identity(object, &op->token, err);
		break;
	case OP_PUT_RESTING:
	case OP_REMOVE_RESTING:
		r = read_resting(object, &op->resting, err);
		break;
	}
	return MIN(r, 0);
}

static int read_kind(const json_t *object, enum op_kind *ret_kind, struct err *err)
{
	char word[16];
	int r = doc_required(doc_text(object, "op", word, sizeof(word), err), "op", err);

	for (size_t i = 0; r > 0 && i < OP_KINDS; i++) {
		if (str_eq(word, op_words[i].word)) {
			*ret_kind = (enum op_kind)i;
			return 0;
		}
	}
	return r < 0 ? r : err_set(err, -EPROTO, "'%s' is no op", word);
}

static int read_op(const json_t *object, struct op *op, struct err *err)
{
	json_t *row;
	int r;

	if (!json_is_object(object))
		return err_set(err, -EPROTO, "an op is not an object");
	if ((r = read_kind(object, &op->kind, err)) < 0 ||
	    (r = doc_text(object, "from", op->from_zone, sizeof(op->from_zone), err)) < 0 ||
	    (r = doc_field(object, "row", &row, err)) < 0)
		return r;
	if (op->from_zone[0] && !zone_name_is_valid(op->from_zone))
		return err_set(err, -EPROTO, "field 'from': is not a zone's name");
	if (!json_is_object(row))
		return err_set(err, -EPROTO, "field 'row': takes an object");
	return read_row(row, op, err);
}

static int read_ops(const json_t *array, struct change *change, struct err *err)
{
	size_t i;
	json_t *object;

	json_array_foreach(array, i, object) {
		_cleanup_(op_done) struct op op = { 0 };
		int r = read_op(object, &op, err);

		if (r < 0) {
			(void)err_wrap(err, "op %zu", i);
			return r;
		}
		if (change_add(change, &op) < 0)
			return err_oom(err);
		op = (struct op){ 0 };
	}
	return 0;
}

int change_decode(const char *text, size_t len, struct change **ret_change, struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	_cleanup_(change_freep) struct change *change = NULL;
	uint64_t version;
	json_t *ops;
	int r;

	if (change_new(0, 0, 0, &change) < 0)
		return err_oom(err);
	if ((r = doc_load(text, len, &object, err)) < 0 ||
	    (r = doc_required(doc_u64(object, "v", &version, err), "v", err)) < 0)
		return r;
	if (version != CHANGE_VERSION)
		return err_set(err, version > CHANGE_VERSION ? -ENOTSUP : -EPROTO,
			       "a change of version %ju, known is %d", (uintmax_t)version,
			       CHANGE_VERSION);
	if ((r = doc_required(read_time(object, "at", &change->at_ms, err), "at", err)) < 0 ||
	    (r = doc_field(object, "ops", &ops, err)) < 0)
		return r;
	if (!json_is_array(ops))
		return err_set(err, -EPROTO, "field 'ops': takes an array");
	r = read_ops(ops, change, err);
	if (r == 0)
		*ret_change = TAKE_PTR(change);
	return r;
}

int op_from_row(const char *table, const char *id, const char *json, size_t json_len,
		struct op *ret_op, struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	_cleanup_(op_done) struct op op = { 0 };
	char own_id[ROW_ID_BYTES];
	int r = -EPROTO;

	for (size_t i = 0; r < 0; i++) {
		if (i == OP_KINDS)
			return err_set(err, -EPROTO, "'%s' is no table of rows", table);
		if (op_words[i].is_put && str_eq(op_words[i].table, table)) {
			op.kind = (enum op_kind)i;
			r = 0;
		}
	}
	r = doc_load(json, json_len, &object, err);
	if (r == 0)
		r = read_row(object, &op, err);
	if (r < 0)
		return r;
	op_format_id(&op, own_id);
	if (!str_eq(own_id, id))
		return err_set(err, -EPROTO, "the row '%.80s' of %s says that it is '%.80s'", id,
			       table, own_id);
	*ret_op = op;
	op = (struct op){ 0 };
	return 0;
}
