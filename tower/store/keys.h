// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The names of the tower's keys in Redis (docs/redis.md).
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "base/err.h"

#define KEYS_NAME_BYTES 80 /* prefix of at most 64 bytes, word, NUL */

enum keys_table { TABLE_ZONES, TABLE_PEERS, TABLE_TOKENS, TABLE_RESTING, TABLES_LEN };

/* "zones", "peers", "tokens", "resting": the words that struct row uses. */
extern const char *const keys_table_word[TABLES_LEN];

struct keys {
	char meta[KEYS_NAME_BYTES];
	char log[KEYS_NAME_BYTES];
	char seen[KEYS_NAME_BYTES];
	char table[TABLES_LEN][KEYS_NAME_BYTES];
};

/* -EINVAL: the prefix is too long or has control characters. */
int keys_init(struct keys *keys, const char *prefix, struct err *err) _must_check_;

/* TABLES_LEN when the word names no table. */
enum keys_table keys_find_table(const char *word);

#endif
