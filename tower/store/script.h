// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The commit script (Lua, run by Redis): its text, its arguments, its reply. It compares epoch,
 * revision and mark, then writes the changes, all or none; it knows no rule of the tower.
 */
#ifndef STORE_SCRIPT_H
#define STORE_SCRIPT_H

#include "io/redis.h"
#include "tower/core/change.h"
#include "tower/store/history.h"
#include "tower/store/keys.h"

#define SCRIPT_MISSING_MAX 1000 /* log entries in one reply; a further race brings more */

extern const char script_text[];

struct script_input {
	const char *sha; /* what SCRIPT LOAD answered */
	const struct keys *keys;
	const struct history *from; /* what the changes were decided on; its epoch is never "" */
	uint64_t log_keep;
	uint64_t fingerprint;          /* stored when a history begins */
	struct change *const *changes; /* with no changes the script compares, and writes nothing */
	size_t changes_len;
};

/* The EVALSHA command. -ENOMEM, or -EINVAL for a row of an unknown table. */
int script_command(const struct script_input *input, struct redis_args *args,
		   struct err *err) _must_check_;

enum script_status {
	SCRIPT_OK,
	SCRIPT_RACED,    /* the compare failed; `theirs` and `missing` say what is there */
	SCRIPT_UNKNOWN,  /* Redis does not have the script (any more): nothing was done */
	SCRIPT_ERROR,    /* Redis refused: nothing was written */
	SCRIPT_NONSENSE, /* what is stored is no history: nothing was written */
};

struct script_result {
	enum script_status status;
	int64_t time_ms;            /* Redis TIME; SCRIPT_OK, SCRIPT_RACED */
	struct history theirs;      /* SCRIPT_RACED */
	struct redis_reply missing; /* SCRIPT_RACED: log entries from `from` (inclusive) on */
	const char *why;            /* SCRIPT_ERROR, SCRIPT_NONSENSE */
};

/* Reads the reply; views into it stay valid as long as it does. */
void script_read(const struct redis_reply *reply, struct script_result *ret_result);

/* Milliseconds of Redis TIME's two texts; 0 when they are none. */
int64_t script_time_ms(const struct redis_reply *seconds, const struct redis_reply *micros);

/* A log entry as XRANGE and XREAD answer it. The texts are views. -EPROTO. */
struct script_entry {
	uint64_t revision;
	uint64_t mark;
	const char *change;
	size_t change_len;
};
int script_read_entry(const struct redis_reply *reply, struct script_entry *ret_entry,
		      struct err *err) _must_check_;

/* The entry's change. *ret_change is the caller's. -EPROTO; -ENOTSUP: of a newer tower. */
int script_decode_entry(const struct script_entry *entry, struct change **ret_change,
			struct err *err) _must_check_;

#endif
