// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A stream of events. The first byte says in pieces of which size it comes; whatever the pieces,
 * the same is heard, and what was heard is heard again when it is written anew.
 * Parsers: lib/mesh/event_reader.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_event(const struct event *event, void *data)
{
	struct str *heard = data;

	assert(event->data && event->data[event->data_len] == '\0');
	assert(event->kind != EVENT_HEARTBEAT || (event->has_id && event->data_len == 0));
	str_printf(heard, "%d %d ", event->kind, event->has_id);
	if (event->has_id) {
		struct event_id back = { 0 };
		char id[EVENT_ID_BYTES];

		event_id_format(&event->id, id);
		assert(event_id_parse(id, &back) == 0 && back.revision == event->id.revision &&
		       back.mark == event->id.mark);
		str_append(heard, id);
	}
	str_append_bytes(heard, event->data, event->data_len);
	str_append(heard, "\n");
	return 0;
}

static int feed(event_fn fn, void *fn_data, const uint8_t *bytes, size_t size, size_t piece)
{
	struct event_reader *reader = NULL;
	int r = event_reader_new(fn, fn_data, &reader, NULL);

	for (size_t at = 0; r == 0 && at < size; at += piece)
		r = event_reader_feed(reader, (const char *)bytes + at, MIN(piece, size - at),
				      NULL);
	event_reader_free(reader);
	return r;
}

/* Writes an event that a tower could have sent, as the tower writes it. */
static int on_event_rewrite(const struct event *event, void *data)
{
	static const char version[] = "{\"v\":1";
	const struct event_id *id = event->has_id ? &event->id : NULL;
	_cleanup_str_ struct str doc = { 0 };
	bool has_version = strncmp(event->data, version, strlen(version)) == 0;

	if (event->kind == EVENT_HEARTBEAT) {
		event_write(data, EVENT_HEARTBEAT, NULL, id);
	} else if (event->kind != EVENT_UNKNOWN && has_version && !strchr(event->data, '\n')) {
		const char *rest = event->data + strlen(version);

		if (rest[0] != '}' && (rest[0] != ',' || rest[1] == '}'))
			return 0;
		str_printf(&doc, "{%s", rest + (rest[0] == ','));
		event_write(data, event->kind, doc.at, id);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 0 ? (size_t)data[0] % 64 + 1 : 1;
	_cleanup_str_ struct str whole = { 0 };
	_cleanup_str_ struct str pieces = { 0 };
	_cleanup_str_ struct str stream = { 0 };
	_cleanup_str_ struct str again = { 0 };
	int r;

	if (size == 0)
		return 0;
	r = feed(on_event, &whole, data + 1, size - 1, size);
	assert(feed(on_event, &pieces, data + 1, size - 1, piece) == r);
	assert(whole.len == pieces.len);
	assert(whole.len == 0 || memcmp(whole.at, pieces.at, whole.len) == 0);

	(void)feed(on_event_rewrite, &stream, data + 1, size - 1, size);
	r = feed(on_event_rewrite, &again, (const uint8_t *)stream.at, stream.len, piece);
	assert(r == 0 && stream.len == again.len);
	assert(stream.len == 0 || memcmp(stream.at, again.at, stream.len) == 0);
	return 0;
}
