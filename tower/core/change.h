// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A change: the rows that one revision puts or removes, and nothing else. Every rule was applied
 * when it was decided; applying it is mechanical.
 */
#ifndef CORE_CHANGE_H
#define CORE_CHANGE_H

#include "tower/core/token.h"

#define CHANGE_VERSION 1

/* An address that was freed and rests until a time. */
struct resting {
	char zone[ZONE_NAME_BYTES];
	struct ip ip;
	int64_t until_ms;
};

enum op_kind {
	OP_PUT_ZONE,
	OP_REMOVE_ZONE,
	OP_PUT_PEER, /* also moves: the row says the new zone, `from_zone` the old one */
	OP_REMOVE_PEER,
	OP_PUT_TOKEN,
	OP_REMOVE_TOKEN,
	OP_PUT_RESTING,
	OP_REMOVE_RESTING,
};

/*
 * One row. Only the member that its kind names is set; a removal fills just the row's identity:
 * name; key and zone; id and zone; zone and address.
 */
struct op {
	enum op_kind kind;
	char from_zone[ZONE_NAME_BYTES]; /* OP_PUT_PEER: the zone it leaves; "" when it stays */
	union {
		struct zone zone;
		struct peer peer;
		struct token token;
		struct resting resting;
	};
};

VEC(op_vec, struct op);

struct change {
	uint64_t revision;
	uint64_t mark;     /* random, chosen once per request and kept over retries */
	int64_t at_ms;     /* when it was decided: Redis time, in milliseconds since 1970 */
	struct op_vec ops; /* in the order in which watchers are to see them */
};

int change_new(uint64_t revision, uint64_t mark, int64_t at_ms,
	       struct change **ret_change) _must_check_;
void change_free(struct change *change); /* NULL is allowed */
void change_freep(struct change **change);

/* Appends an op; on success the change owns what `op` owns, on -ENOMEM the caller still does. */
int change_add(struct change *change, const struct op *op) _must_check_;
void op_done(struct op *op);

struct row;

/*
 * The log's text, and back. The encoded text is the caller's; `rows` are what op_row made of the
 * change's ops, so that nothing is encoded twice, or NULL. Revision and mark stand beside it in
 * the log: they are zero in what was decoded, for the caller to fill in. -EPROTO, or -ENOTSUP for
 * a higher v.
 */
int change_encode(const struct change *change, const struct row *rows,
		  char **ret_text) _must_check_;
int change_decode(const char *text, size_t len, struct change **ret_change,
		  struct err *err) _must_check_;

/* A row as Redis keeps it: which hash ("zones", "peers", "tokens", "resting"), id, JSON or NULL. */
#define ROW_ID_BYTES 128
struct row {
	const char *table;
	char id[ROW_ID_BYTES];
	char *json; /* NULL: the row is to be removed; the caller's to free */
};
int op_row(const struct op *op, struct row *ret_row) _must_check_;

/* The opposite, for loading: the OP_PUT_* of a stored row. *ret_op is the caller's (op_done). */
int op_from_row(const char *table, const char *id, const char *json, size_t json_len,
		struct op *ret_op, struct err *err) _must_check_;

#endif
