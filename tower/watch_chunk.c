// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/watch_chunk.h"

#include <string.h>

struct chunk *chunk_new(const struct str *text, uint64_t revision)
{
	struct chunk *chunk;

	if (text->failed || text->len > UINT32_MAX)
		return NULL;
	chunk = malloc(sizeof(*chunk) + text->len);
	if (!chunk)
		return NULL;
	*chunk = (struct chunk){ .refs = 1, .len = (uint32_t)text->len, .revision = revision };
	if (text->len > 0)
		memcpy(chunk->bytes, text->at, text->len);
	return chunk;
}

struct chunk *chunk_ref(struct chunk *chunk)
{
	chunk->refs++;
	return chunk;
}

void chunk_unref(struct chunk *chunk)
{
	/* Not by recursion: a watcher that lagged may have been the last to hold a long list. */
	while (chunk && --chunk->refs == 0) {
		struct chunk *next = chunk->next;

		if (chunk->account)
			*chunk->account -= chunk->len;
		free(chunk);
		chunk = next;
	}
}
