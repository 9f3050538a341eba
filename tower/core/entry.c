// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The life of entries: deep copies of rows with room for their places in the indexes.
 */
#include "tower/core/index.h"

#include "mesh/doc.h"

struct zone_entry *zone_entry_new(const struct zone *zone, bool with_doc)
{
	struct zone_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->zone = *zone;
	if (with_doc)
		entry->doc = doc_of_zone(zone);
	if (with_doc && !entry->doc) {
		zone_entry_free(entry);
		return NULL;
	}
	return entry;
}

void zone_entry_free(struct zone_entry *entry)
{
	if (!entry)
		return;
	free(entry->doc);
	free(entry);
}

struct peer_entry *peer_entry_new(const struct peer *peer, bool with_doc)
{
	struct peer_entry *entry = calloc(1, sizeof(*entry));
	bool ok;

	if (!entry)
		return NULL;
	ok = peer_copy(peer, &entry->peer) == 0;
	if (ok && peer->prefixes.len > 0) {
		entry->children = calloc(peer->prefixes.len, sizeof(*entry->children));
		ok = entry->children != NULL;
	}
	if (ok && with_doc) {
		entry->doc = doc_of_peer(peer);
		ok = entry->doc != NULL;
	}
	if (!ok) {
		peer_entry_free(entry);
		return NULL;
	}
	return entry;
}

void peer_entry_free(struct peer_entry *entry)
{
	if (!entry)
		return;
	peer_done(&entry->peer);
	free(entry->children);
	free(entry->doc);
	free(entry);
}

struct token_entry *token_entry_new(const struct token *token)
{
	struct token_entry *entry = calloc(1, sizeof(*entry));

	if (entry && token_copy(token, &entry->token) < 0) {
		free(entry);
		return NULL;
	}
	return entry;
}

void token_entry_free(struct token_entry *entry)
{
	if (!entry)
		return;
	token_done(&entry->token);
	free(entry);
}

struct resting_entry *resting_entry_new(const struct resting *resting)
{
	struct resting_entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->resting = *resting;
	return entry;
}

void resting_entry_free(struct resting_entry *entry)
{
	free(entry);
}
