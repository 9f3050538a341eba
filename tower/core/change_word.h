// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The words of the ops and the ids of the rows, for writing and reading alike: docs/redis.md.
 * Private to the core.
 */
#ifndef CORE_CHANGE_WORD_H
#define CORE_CHANGE_WORD_H

#include "tower/core/change.h"

#define OP_KINDS (OP_REMOVE_RESTING + 1)

struct op_word {
	const char *word;
	const char *table;
	bool is_put;
};

extern const struct op_word op_words[OP_KINDS];

void op_format_id(const struct op *op, char ret_id[static ROW_ID_BYTES]);

#endif
