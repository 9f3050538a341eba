// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mesh/event.h"
#include "mesh/event_word.h"

struct event_reader {
	event_fn fn;
	void *data;
	struct str line;     /* the beginning of a line whose end has not come yet */
	bool behind_cr;      /* the last byte was a CR: an LF now belongs to it */
	bool behind_bom;     /* the first line is over */
	struct str document; /* the frame's lines of data so far, an LF behind each */
	struct event event;  /* the frame's other fields so far */
};

static const struct event no_event = { .kind = EVENT_UNKNOWN };

int event_reader_new(event_fn fn, void *data, struct event_reader **ret_reader, struct err *err)
{
	struct event_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return err_oom(err);
	reader->fn = fn;
	reader->data = data;
	reader->event = no_event;
	*ret_reader = reader;
	return 0;
}

void event_reader_free(struct event_reader *reader)
{
	if (!reader)
		return;
	str_done(&reader->line);
	str_done(&reader->document);
	free(reader);
}

/* An empty line ends the frame. */
static int end_frame(struct event_reader *reader)
{
	struct event event = reader->event;
	int r = 0;

	if (reader->document.len > 0) {
		event.data_len = reader->document.len - 1;
		reader->document.at[event.data_len] = '\0';
		event.data = reader->document.at;
		r = reader->fn(&event, reader->data);
	} else if (event.has_id) {
		event.kind = EVENT_HEARTBEAT;
		event.data = "";
		r = reader->fn(&event, reader->data);
	}
	reader->document.len = 0;
	reader->event = no_event;
	return r < 0 ? r : 0;
}

static int add_data(struct event_reader *reader, const char *value, size_t len, struct err *err)
{
	if (reader->document.len + len > EVENT_LINE_MAX)
		return err_set(err, -EPROTO, "event: longer than %d bytes", EVENT_LINE_MAX);
	str_append_bytes(&reader->document, value, len);
	str_append_bytes(&reader->document, "\n", 1);
	return reader->document.failed ? err_oom(err) : 0;
}

static int set_id(struct event_reader *reader, const char *value, size_t len, struct err *err)
{
	char text[EVENT_ID_BYTES] = "";

	if (len < sizeof(text))
		memcpy(text, value, len);
	if (strlen(text) != len || event_id_parse(text, &reader->event.id) < 0)
		return err_set(err, -EPROTO, "event: '%.*s' is not an id", (int)MIN(len, 64),
			       value);
	reader->event.has_id = true;
	return 0;
}

static void set_kind(struct event_reader *reader, const char *value, size_t len)
{
	char word[32] = "";

	if (len < sizeof(word))
		memcpy(word, value, len);
	reader->event.kind = event_kind_of(word);
}

static bool is_field(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(line, name, len) == 0;
}

static int take_line(struct event_reader *reader, const char *line, size_t len, struct err *err)
{
	const char *colon;
	const char *value;
	size_t name_len;
	size_t value_len;

	if (!reader->behind_bom && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	reader->behind_bom = true;
	if (len == 0)
		return end_frame(reader);
	colon = memchr(line, ':', len);
	name_len = colon ? (size_t)(colon - line) : len;
	value = line + name_len + (colon != NULL);
	value_len = len - name_len - (colon != NULL);
	if (value_len > 0 && *value == ' ') {
		value++;
		value_len--;
	}
	if (is_field(line, name_len, "data"))
		return add_data(reader, value, value_len, err);
	if (is_field(line, name_len, "id"))
		return set_id(reader, value, value_len, err);
	if (is_field(line, name_len, "event"))
		set_kind(reader, value, value_len);
	return 0;
}

/* A line that lies in one piece is read where it is; the others are put together first. */
static int end_line(struct event_reader *reader, const char *bytes, size_t len, struct err *err)
{
	int r;

	if (reader->line.len == 0)
		return take_line(reader, bytes, len, err);
	str_append_bytes(&reader->line, bytes, len);
	if (reader->line.failed)
		return err_oom(err);
	r = take_line(reader, reader->line.at, reader->line.len, err);
	reader->line.len = 0;
	return r;
}

int event_reader_feed(struct event_reader *reader, const char *bytes, size_t len, struct err *err)
{
	const char *end = bytes + len;

	while (bytes < end) {
		size_t run = 0;
		int r;

		if (reader->behind_cr && *bytes == '\n') {
			bytes++;
			reader->behind_cr = false;
			continue;
		}
		reader->behind_cr = false;
		while (bytes + run < end && bytes[run] != '\n' && bytes[run] != '\r')
			run++;
		if (reader->line.len + run > EVENT_LINE_MAX)
			return err_set(err, -EPROTO, "event: a line of more than %d bytes",
				       EVENT_LINE_MAX);
		if (bytes + run == end) {
			str_append_bytes(&reader->line, bytes, run);
			return reader->line.failed ? err_oom(err) : 0;
		}
		reader->behind_cr = bytes[run] == '\r';
		r = end_line(reader, bytes, run, err);
		if (r < 0)
			return r;
		bytes += run + 1;
	}
	return 0;
}
