// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

const char *const keys_table_word[TABLES_LEN] = {
	[TABLE_ZONES] = "zones",
	[TABLE_PEERS] = "peers",
	[TABLE_TOKENS] = "tokens",
	[TABLE_RESTING] = "resting",
};

int keys_init(struct keys *keys, const char *prefix, struct err *err)
{
	if (strlen(prefix) > 64 || !str_is_clean(prefix))
		return err_set(
			err, -EINVAL,
			"the prefix of the Redis keys is longer than 64 bytes or not plain text");
	(void)snprintf(keys->meta, sizeof(keys->meta), "%smeta", prefix);
	(void)snprintf(keys->log, sizeof(keys->log), "%slog", prefix);
	(void)snprintf(keys->seen, sizeof(keys->seen), "%sseen", prefix);
	for (size_t i = 0; i < TABLES_LEN; i++)
		(void)snprintf(keys->table[i], sizeof(keys->table[i]), "%s%s", prefix,
			       keys_table_word[i]);
	return 0;
}

enum keys_table keys_find_table(const char *word)
{
	size_t i = 0;

	while (i < TABLES_LEN && !str_eq(word, keys_table_word[i]))
		i++;
	return (enum keys_table)i;
}
