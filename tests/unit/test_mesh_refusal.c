// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/refusal.h"
#include "tests/unit/check.h"

static void is_written_as_problem_json(void)
{
	struct refusal refusal;
	_cleanup_free_ char *text = NULL;

	refusal_set(&refusal, "E409-prefix-overlap", "child prefix %s overlaps %s, held by peer %s",
		    "172.24.0.0/24", "172.24.0.0/16", "xTIBA5rb (node1)");
	refusal_hint(&refusal, "choose another prefix, or take it from that peer first: %s",
		     "PATCH /peers/<key>");
	text = refusal_to_json(&refusal);
	check_str(text, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
			"\"code\":\"E409-prefix-overlap\",\"detail\":\"child prefix 172.24.0.0/24 "
			"overlaps 172.24.0.0/16, held by peer xTIBA5rb (node1)\",\"hint\":\"choose "
			"another prefix, or take it from that peer first: PATCH /peers/<key>\"}");
}

static void the_status_stands_in_the_code(void)
{
	static const struct {
		const char *code;
		int status;
		const char *title;
	} rows[] = {
		{ "E400-json", 400, "Bad Request" },
		{ "E401-proof", 401, "Unauthorized" },
		{ "E403-zone", 403, "Forbidden" },
		{ "E404-zone", 404, "Not Found" },
		{ "E405-method", 405, "Method Not Allowed" },
		{ "E412-revision", 412, "Precondition Failed" },
		{ "E413-body", 413, "Content Too Large" },
		{ "E415-content-type", 415, "Unsupported Media Type" },
		{ "E421-host", 421, "Misdirected Request" },
		{ "E422-address", 422, "Unprocessable Content" },
		{ "E429-failures", 429, "Too Many Requests" },
		{ "E503-store", 503, "Service Unavailable" },
		{ "E418-teapot", 418, "Refused" },
		{ "nonsense", 500, "Internal Server Error" },
		{ "E200-fine", 500, "Internal Server Error" },
		{ "", 500, "Internal Server Error" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct refusal refusal;
		_cleanup_free_ char *text = NULL;

		refusal_set(&refusal, rows[i].code, "no");
		check(refusal.status == rows[i].status);
		check_str(refusal.hint, "");
		text = refusal_to_json(&refusal);
		check(text && strstr(text, rows[i].title) != NULL);
	}
}

static void reads_back_what_it_wrote(void)
{
	struct refusal refusal;
	struct refusal back = { 0 };
	_cleanup_free_ char *text = NULL;

	refusal_set(&refusal, "E404-zone", "zone '%s' \"quoted\": no such zone", "z\xc3\xbcrich");
	refusal_hint(&refusal, "GET /zones lists them");
	text = refusal_to_json(&refusal);
	check(text && refusal_from_json(text, strlen(text), &back, NULL) == 0);
	check(back.status == 404);
	check_str(back.code, refusal.code);
	check_str(back.detail, refusal.detail);
	check_str(back.hint, refusal.hint);
}

static void holds_whatever_bytes_a_stranger_sent(void)
{
	struct refusal refusal;
	struct refusal back = { 0 };
	_cleanup_free_ char *text = NULL;

	refusal_set(&refusal, "E400-name", "name '%s'", "\xff\x1b[2J\xc3");
	check_str(refusal.detail, "name '??[2J?'");
	text = refusal_to_json(&refusal);
	check(text && refusal_from_json(text, strlen(text), &back, NULL) == 0);
	check_str(back.detail, refusal.detail);
}

static void ignores_unknown_fields_and_cuts_long_sentences(void)
{
	struct str text = { 0 };
	struct refusal back = { 0 };

	str_append(&text,
		   "{\"instance\":\"/x\",\"status\":409,\"code\":\"E409-limit\",\"detail\":\"");
	for (size_t i = 0; i < 2 * REFUSAL_TEXT_BYTES; i++)
		str_append(&text, "d");
	str_append(&text, "\"}");
	check(refusal_from_json(text.at, text.len, &back, NULL) == 0);
	check(strlen(back.detail) == REFUSAL_TEXT_BYTES - 1);
	check_str(back.hint, "");
	str_done(&text);
}

static void refuses_what_is_no_refusal(void)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"<html>502 Bad Gateway</html>",
		"{}",
		"{\"status\":404}",
		"{\"code\":\"E404-zone\"}",
		"{\"status\":\"404\",\"code\":\"E404-zone\"}",
		"{\"status\":404,\"code\":\"\"}",
		"{\"status\":200,\"code\":\"E200-ok\"}",
		"{\"status\":404,\"code\":7}",
		"{\"status\":404,\"code\":\"E404-a-code-that-is-much-longer-than-any-code-is\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct refusal back = { .status = 1 };
		struct err err = { 0 };

		check(refusal_from_json(bad[i], strlen(bad[i]), &back, &err) == -EPROTO);
		check(back.status == 1 && err.code == -EPROTO);
	}
}

int main(void)
{
	run(is_written_as_problem_json);
	run(the_status_stands_in_the_code);
	run(reads_back_what_it_wrote);
	run(holds_whatever_bytes_a_stranger_sent);
	run(ignores_unknown_fields_and_cuts_long_sentences);
	run(refuses_what_is_no_refusal);
	return check_done();
}
