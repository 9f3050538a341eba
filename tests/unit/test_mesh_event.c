// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/event.h"
#include "tests/unit/check.h"

/* What a reader told, one line an event: "<kind> <id or -> <data>". */
struct heard {
	struct str lines;
	int answer; /* what the callback returns */
};

static int on_event(const struct event *event, void *data)
{
	struct heard *heard = data;
	char id[EVENT_ID_BYTES] = "-";

	check(strlen(event->data) == event->data_len);
	if (event->has_id)
		event_id_format(&event->id, id);
	str_printf(&heard->lines, "%d %s %s|", event->kind, id, event->data);
	return heard->answer;
}

/* Feeds the stream in pieces of `piece` bytes. */
static int hear(struct heard *heard, const char *bytes, size_t len, size_t piece, struct err *err)
{
	struct event_reader *reader = NULL;
	int r = 0;

	if (!check(event_reader_new(on_event, heard, &reader, NULL) == 0))
		return -ENOMEM;
	for (size_t at = 0; r == 0 && at < len; at += piece)
		r = event_reader_feed(reader, bytes + at, MIN(piece, len - at), err);
	event_reader_free(reader);
	return r;
}

static void reads_and_writes_ids(void)
{
	static const struct {
		struct event_id id;
		const char *text;
	} rows[] = {
		{ { 42, 0x9f0c51d2a7e3b846 }, "42-9f0c51d2a7e3b846" },
		{ { 0, 0 }, "0-0000000000000000" },
		{ { UINT64_MAX, UINT64_MAX }, "18446744073709551615-ffffffffffffffff" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event_id id = { 1, 1 };
		char text[EVENT_ID_BYTES];

		event_id_format(&rows[i].id, text);
		check_str(text, rows[i].text);
		check(event_id_parse(rows[i].text, &id) == 0);
		check(id.revision == rows[i].id.revision && id.mark == rows[i].id.mark);
	}
}

static void refuses_malformed_ids(void)
{
	static const char *const bad[] = {
		"",
		"42",
		"42-",
		"-9f0c51d2a7e3b846",
		"42-9f0c51d2a7e3b84",
		"42-9f0c51d2a7e3b8466",
		"42-9F0C51D2A7E3B846",
		"42-9f0c51d2a7e3b84g",
		"042-9f0c51d2a7e3b846",
		"+42-9f0c51d2a7e3b846",
		"42 -9f0c51d2a7e3b846",
		"18446744073709551616-9f0c51d2a7e3b846",
		"111111111111111111111-9f0c51d2a7e3b846",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct event_id id = { 7, 7 };

		check(event_id_parse(bad[i], &id) == -EINVAL && id.revision == 7 && id.mark == 7);
	}
}

static void writes_frames_with_the_version_first(void)
{
	_cleanup_str_ struct str to = { 0 };
	struct event_id id = { 42, 0x9f0c51d2a7e3b846 };

	event_write(&to, EVENT_PEER, "{\"PublicKey\":\"x\"}", NULL);
	event_write(&to, EVENT_SNAPSHOT_END, "{}", &id);
	event_write(&to, EVENT_HEARTBEAT, NULL, &id);
	check_str(to.at, "event: peer\n"
			 "data: {\"v\":1,\"PublicKey\":\"x\"}\n"
			 "\n"
			 "event: snapshot-end\n"
			 "data: {\"v\":1}\n"
			 "id: 42-9f0c51d2a7e3b846\n"
			 "\n"
			 "id: 42-9f0c51d2a7e3b846\n"
			 "\n");
}

static void hear_in_all_pieces(const char *stream, size_t len, const char *wanted)
{
	for (size_t piece = 1; piece <= len; piece++) {
		struct heard heard = { 0 };

		check(hear(&heard, stream, len, piece, NULL) == 0);
		check_str(heard.lines.at ? heard.lines.at : "", wanted);
		str_done(&heard.lines);
	}
}

static void every_kind_comes_back_in_pieces_of_any_size(void)
{
	_cleanup_str_ struct str to = { 0 };
	_cleanup_str_ struct str wanted = { 0 };
	struct event_id id = { 7, 7 };

	for (enum event_kind kind = EVENT_HEARTBEAT; kind < EVENT_UNKNOWN; kind++) {
		bool is_beat = kind == EVENT_HEARTBEAT;

		event_write(&to, kind, is_beat ? NULL : "{\"Name\":\"a\"}", &id);
		str_printf(&wanted, "%d 7-0000000000000007 %s|", kind,
			   is_beat ? "" : "{\"v\":1,\"Name\":\"a\"}");
	}
	hear_in_all_pieces(to.at, to.len, wanted.at);
}

static void reads_streams_as_the_standard_says(void)
{
	static const struct {
		const char *stream, *heard;
	} rows[] = {
		{ "event: peer\r\ndata: {}\r\n\r\n", "5 - {}|" },
		{ "event: peer\rdata: {}\r\r", "5 - {}|" },
		{ "event: peer\r\ndata: {}\n\r\n", "5 - {}|" },
		{ "\xef\xbb\xbf"
		  "event: peer\ndata: {}\n\n",
		  "5 - {}|" },
		{ "event: peer\ndata: {}\n\n\xef\xbb\xbf"
		  "data: x\n\n",
		  "5 - {}|" },
		{ "event:peer\ndata:{}\n\n", "5 - {}|" },
		{ "data:  two blanks\n\n", "7 -  two blanks|" },
		{ "event: peer\ndata: {\ndata: }\n\n", "5 - {\n}|" },
		{ "data\ndata\n\n", "7 - \n|" },
		{ ": a comment\n\n: another\nevent: peer\n:\ndata: {}\n\n", "5 - {}|" },
		{ "retry: 10\nnew: thing\nevent: peer\ndata: {}\n\n", "5 - {}|" },
		{ "event: from-a-newer-tower\ndata: {}\n\n", "7 - {}|" },
		{ "event: a-word-that-is-longer-than-any-that-we-know\ndata: {}\n\n", "7 - {}|" },
		{ "event: peer\nevent: zone\ndata: {}\n\n", "3 - {}|" },
		{ "event: peer\n\ndata: {}\n\n", "7 - {}|" },
		{ "id: 1-000000000000000a\n\n", "0 1-000000000000000a |" },
		{ "event: peer\nid: 1-000000000000000a\n\n", "0 1-000000000000000a |" },
		{ "id: 1-000000000000000a\n\ndata: x\n\n", "0 1-000000000000000a |7 - x|" },
		{ "event: peer\ndata: unfinished\n", "" },
		{ "event: peer\ndata: unfinished", "" },
		{ "\n\n\r\r\n\n", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		hear_in_all_pieces(rows[i].stream, strlen(rows[i].stream), rows[i].heard);
}

static void refuses_ids_that_are_none(void)
{
	static const struct {
		const char *stream;
		size_t len;
	} rows[] = {
		{ "id: 7\n", 6 },
		{ "id\n", 3 },
		{ "id: 1-000000000000000a \n", 24 },
		{ "id: 1-00000000\0000000a\n", 22 },
		{ "id: 1-000000000000000a\0\n", 24 },
		{ "id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 64 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct heard heard = { 0 };
		struct err err = { 0 };

		check(hear(&heard, rows[i].stream, rows[i].len, 5, &err) == -EPROTO);
		check(err.code == -EPROTO && !heard.lines.at);
	}
}

static void stops_when_the_listener_says_so(void)
{
	static const char stream[] = "data: 1\n\ndata: 2\n\n";
	struct heard heard = { .answer = -ECANCELED };

	check(hear(&heard, stream, strlen(stream), strlen(stream), NULL) == -ECANCELED);
	check_str(heard.lines.at, "7 - 1|");
	str_done(&heard.lines);
}

/* `lines` times "data: " and `len` letters, then the frame's end. */
static int hear_long(size_t lines, size_t len, size_t *ret_heard_len)
{
	_cleanup_str_ struct str stream = { 0 };
	struct heard heard = { 0 };
	_cleanup_free_ char *letters = calloc(1, len + 1);
	int r;

	if (!letters)
		return -ENOMEM;
	memset(letters, 'x', len);
	for (size_t i = 0; i < lines; i++)
		str_printf(&stream, "data: %s\n", letters);
	str_append(&stream, "\n");
	r = hear(&heard, stream.at, stream.len, 16384, NULL);
	*ret_heard_len = heard.lines.len;
	str_done(&heard.lines);
	return r;
}

static void bounds_lines_and_frames(void)
{
	const size_t room = EVENT_LINE_MAX - strlen("data: ");
	size_t len = 0;

	check(hear_long(1, room, &len) == 0 && len == room + strlen("7 - |"));
	check(hear_long(1, room + 1, &len) == -EPROTO && len == 0);
	check(hear_long(2, EVENT_LINE_MAX / 2 - 1, &len) == 0);
	check(hear_long(2, EVENT_LINE_MAX / 2 + 1, &len) == -EPROTO && len == 0);
	check(hear_long(EVENT_LINE_MAX + 2, 0, &len) == -EPROTO && len == 0);
}

static int count_event(const struct event *event, void *data)
{
	(void)event;
	++*(size_t *)data;
	return 0;
}

static void reads_a_large_snapshot(void)
{
	_cleanup_str_ struct str stream = { 0 };
	struct event_reader *reader = NULL;
	size_t count = 0;

	for (int i = 0; i < 10000; i++)
		event_write(&stream, EVENT_PEER, "{\"PublicKey\":\"x\",\"Hostname\":\"node\"}",
			    NULL);
	check(!stream.failed && event_reader_new(count_event, &count, &reader, NULL) == 0);
	for (size_t at = 0; at < stream.len; at += 16384)
		check(event_reader_feed(reader, stream.at + at, MIN(16384, stream.len - at),
					NULL) == 0);
	check(count == 10000);
	event_reader_free(reader);
}

int main(void)
{
	run(reads_and_writes_ids);
	run(refuses_malformed_ids);
	run(writes_frames_with_the_version_first);
	run(every_kind_comes_back_in_pieces_of_any_size);
	run(reads_streams_as_the_standard_says);
	run(refuses_ids_that_are_none);
	run(stops_when_the_listener_says_so);
	run(bounds_lines_and_frames);
	run(reads_a_large_snapshot);
	return check_done();
}
