// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A cache that somebody wrote, and a stream that somebody sent. Input that begins with "{" is a
 * cache; what it gives is saved and must load again. Everything else is a stream of events.
 * Parsers: nodeagent/view.c nodeagent/view_cache.c
 */
#include <assert.h>
#include <string.h>

#include "mesh/doc.h"
#include "nodeagent/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(struct view *view, const char *text, size_t len)
{
	_cleanup_(doc_unref) json_t *object = NULL;

	if (doc_load(text, len, &object, NULL) >= 0)
		(void)!view_load(view, object, NULL);
}

static int fold(const struct event *event, void *data)
{
	/* An event that is refused must not stop the ones behind it from being tried. */
	(void)!view_fold(data, event, NULL);
	return 0;
}

static void feed(struct view *view, const char *text, size_t len)
{
	struct event_reader *reader = NULL;

	if (event_reader_new(fold, view, &reader, NULL) < 0)
		return;
	(void)!event_reader_feed(reader, text, len, NULL);
	event_reader_free(reader);
	view_begin_stream(view);
	(void)view_drop_absent(view);
	assert(view_absent_len(view) == 0);
}

static void check_walk(const struct view *view)
{
	const struct view_peer *peer = NULL;
	size_t len = 0;

	while ((peer = view_next_peer(view, peer)))
		len++;
	assert(len == view_peers_len(view));
}

static void check_saved(const struct view *view)
{
	_cleanup_free_ char *text = view_save(view);
	struct view *again = NULL;

	if (!text || view_new("blue", &again) < 0)
		return;
	load(again, text, strlen(text));
	assert(view_peers_len(again) == view_peers_len(view));
	view_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view *view = NULL;

	if (view_new("blue", &view) < 0)
		return 0;
	if (size > 0 && data[0] == '{')
		load(view, (const char *)data, size);
	else
		feed(view, (const char *)data, size);
	check_walk(view);
	if (view_is_complete(view))
		check_saved(view);
	view_free(view);
	return 0;
}
