// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The view as a cache, to start from when no tower is there.
 */
#include <errno.h>

#include "base/str.h"
#include "mesh/doc.h"
#include "nodeagent/view_private.h"

#define CACHE_VERSION 1

static void free_prefixes(struct prefix_vec *prefixes)
{
	vec_done(prefixes);
}

static void save_peers(const struct view *view, struct str *to)
{
	_cleanup_(free_prefixes) struct prefix_vec prefixes = { 0 };
	const struct view_peer *peer = NULL;
	const char *comma = "";

	while (!to->failed && (peer = view_next_peer(view, peer))) {
		_cleanup_free_ char *doc = NULL;
		struct peer document;

		if (view_peer_document(peer, view->zone_name, &prefixes, &document) == 0)
			doc = doc_of_peer(&document);
		to->failed |= !doc;
		str_append(to, comma);
		str_append(to, doc ? doc : "");
		comma = ",\n";
	}
}

char *view_save(const struct view *view)
{
	_cleanup_str_ struct str text = { 0 };
	char id[EVENT_ID_BYTES] = "";

	/* Absence is not remembered: whoever loads this asks for a whole snapshot instead. */
	if (view->has_id && view->absent_len == 0)
		event_id_format(&view->id, id);
	str_printf(&text, "{\"v\":%d,\"Id\":\"%s\",\n", CACHE_VERSION, id);
	if (view->live.has_zone) {
		_cleanup_free_ char *doc = doc_of_zone(&view->live.zone);

		if (!doc)
			return NULL;
		str_printf(&text, "\"Zone\":%s,\n", doc);
	}
	str_append(&text, "\"Peers\":[\n");
	save_peers(view, &text);
	str_append(&text, "\n]}");
	return str_take(&text);
}

static int load_peers(struct view *view, const json_t *object, struct err *err)
{
	json_t *zone = NULL;
	json_t *peers = NULL;
	json_t *item;
	size_t i;
	int r = doc_field(object, "Zone", &zone, err);

	if (r >= 0 && zone)
		r = view_fold_zone(view, zone, err);
	if (r >= 0)
		r = doc_field(object, "Peers", &peers, err);
	if (r >= 0 && !json_is_array(peers))
		r = err_set(err, -EPROTO, "Peers is missing");
	if (r < 0)
		return r;
	json_array_foreach(peers, i, item) {
		r = view_fold_peer(view, item, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int view_load(struct view *view, const json_t *object, struct err *err)
{
	char text[EVENT_ID_BYTES] = "";
	struct event_id id = { 0 };
	uint64_t version = 0;
	int r = doc_u64(object, "v", &version, err);

	if (r >= 0 && version != CACHE_VERSION)
		return err_set(err, -EPROTO, "the cache is of version %llu",
			       (unsigned long long)version);
	if (r >= 0)
		r = doc_text(object, "Id", text, sizeof(text), err);
	if (r >= 0 && *text && event_id_parse(text, &id) < 0)
		r = err_set(err, -EPROTO, "Id is none");
	if (r < 0)
		return r;
	view_begin_snapshot(view, false);
	r = load_peers(view, object, err);
	if (r < 0) {
		view_begin_stream(view);
		return r;
	}
	(void)view_end_snapshot(view);
	view->has_id = *text != '\0';
	view->id = id;
	(void)view_take_counts(view);
	return 0;
}
