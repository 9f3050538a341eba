// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Where a history stands, and how two of them relate. Two histories of one epoch that agree in
 * (revision, mark) agree in everything before. Pure.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define HISTORY_EPOCH_BYTES 33 /* 128 bits as hex, and the NUL */
#define HISTORY_MARK_BYTES 17  /* 64 bits as hex, and the NUL */

struct history {
	char epoch[HISTORY_EPOCH_BYTES]; /* "": not known, or not born yet (revision 0) */
	uint64_t revision;
	uint64_t mark;
};

enum history_relation {
	HISTORY_SAME,
	HISTORY_AHEAD,    /* theirs goes on where mine stands */
	HISTORY_TRIMMED,  /* theirs is further, its log no longer reaches back to mine */
	HISTORY_EMPTY,    /* mine has begun, theirs is gone */
	HISTORY_BEHIND,   /* theirs has not come as far as mine */
	HISTORY_BRANCHED, /* theirs says something else at my revision */
	HISTORY_OTHER,    /* another epoch */
};

/* `logged`: the mark that their log holds at my revision; NULL when it does not reach back. */
enum history_relation history_compare(const struct history *mine, const struct history *theirs,
				      const uint64_t *logged);

/* Whether commits may go on (perhaps after catching up); else the sentence that says why not. */
bool history_explain(enum history_relation relation, const struct history *mine,
		     const struct history *theirs, char *ret_why, size_t why_bytes);

/* 16 digits of hex; -EINVAL. */
int history_mark_parse(const char *text, uint64_t *ret_mark) _must_check_;

/* Reads the fields as Redis keeps them; all empty: an unborn history. -EPROTO. */
int history_read(const char *epoch, const char *revision, const char *mark,
		 struct history *ret_history, struct err *err) _must_check_;

#endif
