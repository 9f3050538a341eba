// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A JSON document from a stranger: whatever is read as a zone or a peer is written to a row and to
 * a public document that are read as the same.
 * Parsers: lib/mesh/doc_field.c lib/mesh/doc_peer.c lib/mesh/doc_zone.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *load_back(char *text)
{
	_cleanup_free_ char *owned = text;
	json_t *object = NULL;
	int r;

	assert(owned);
	r = doc_load(owned, strlen(owned), &object, NULL);
	assert(r == 0);
	return object;
}

static void check_zone(const json_t *object)
{
	_cleanup_(doc_unref) json_t *row = NULL;
	_cleanup_(doc_unref) json_t *doc = NULL;
	struct zone from_row = { 0 };
	struct zone from_doc = { 0 };
	struct zone zone = { 0 };
	struct err err = { 0 };
	int r = doc_read_zone(object, &zone, &err);

	if (r < 0) {
		assert(r == err.code && str_is_clean(err.text));
		return;
	}
	row = doc_row_of_zone(&zone);
	assert(doc_read_zone(row, &from_row, NULL) == 0 && zone_same(&zone, &from_row));
	doc = load_back(doc_of_zone(&zone));
	assert(doc_read_zone(doc, &from_doc, NULL) == 0);
	from_doc.created_ms = zone.created_ms;
	assert(zone_same(&zone, &from_doc) && from_doc.revision == zone.revision);
}

static void check_peer(const json_t *object)
{
	_cleanup_(doc_unref) json_t *row = NULL;
	_cleanup_(doc_unref) json_t *doc = NULL;
	_cleanup_(peer_done) struct peer from_row = { 0 };
	_cleanup_(peer_done) struct peer from_doc = { 0 };
	_cleanup_(peer_done) struct peer peer = { 0 };
	struct err err = { 0 };
	int r = doc_read_peer(object, &peer, &err);

	if (r < 0) {
		assert(r == err.code && str_is_clean(err.text));
		return;
	}
	row = doc_row_of_peer(&peer);
	assert(doc_read_peer(row, &from_row, NULL) == 0 && peer_same(&peer, &from_row));
	doc = load_back(doc_of_peer(&peer));
	assert(doc_read_peer(doc, &from_doc, NULL) == 0 && from_doc.revision == peer.revision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct err err = { 0 };
	int r = doc_load((const char *)data, size, &object, &err);

	if (r < 0) {
		assert(r == err.code && str_is_clean(err.text));
		return 0;
	}
	check_zone(object);
	check_peer(object);
	return 0;
}
