// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "mesh/doc.h"

/* Phrases of RFC 9110, section 15, and RFC 6585. */
static const struct {
	int status;
	const char *title;
} titles[] = {
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

static const char *title_of(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Refused";
}

static int status_of(const char *code)
{
	char digits[4];
	uint64_t status;

	(void)snprintf(digits, sizeof(digits), "%.3s", str_starts(code, "E") ? code + 1 : "");
	return str_to_u64(digits, 400, 599, &status) == 0 ? (int)status : 500;
}

void refusal_set(struct refusal *refusal, const char *code, const char *fmt, ...)
{
	va_list args;

	*refusal = (struct refusal){ .status = status_of(code) };
	(void)snprintf(refusal->code, sizeof(refusal->code), "%s", code);
	va_start(args, fmt);
	(void)vsnprintf(refusal->detail, sizeof(refusal->detail), fmt, args);
	va_end(args);
	str_clean(refusal->detail);
}

void refusal_hint(struct refusal *refusal, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(refusal->hint, sizeof(refusal->hint), fmt, args);
	va_end(args);
	str_clean(refusal->hint);
}

char *refusal_to_json(const struct refusal *refusal)
{
	_cleanup_(doc_unref) json_t *object = json_object();
	int r = 0;

	r |= json_object_set_new(object, "type", json_string("about:blank"));
	r |= json_object_set_new(object, "title", json_string(title_of(refusal->status)));
	r |= json_object_set_new(object, "status", json_integer(refusal->status));
	r |= json_object_set_new(object, "code", json_string(refusal->code));
	r |= json_object_set_new(object, "detail", json_string(refusal->detail));
	r |= json_object_set_new(object, "hint", json_string(refusal->hint));
	return r == 0 ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
}

/* A sentence for people: cut rather than refused when a newer tower says more. */
static void read_sentence(const json_t *object, const char *name, char *to, size_t to_bytes)
{
	const char *text = json_string_value(json_object_get(object, name));

	(void)snprintf(to, to_bytes, "%s", text ? text : "");
	str_clean(to);
}

int refusal_from_json(const char *text, size_t len, struct refusal *ret_refusal, struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct refusal refusal = { 0 };
	uint64_t status = 0;
	int r = doc_load(text, len, &object, err);

	if (r < 0)
		return r;
	r = doc_required(doc_u64(object, "status", &status, err), "status", err);
	if (r < 0)
		return r;
	r = doc_required(doc_text(object, "code", refusal.code, sizeof(refusal.code), err), "code",
			 err);
	if (r < 0)
		return r;
	if (status < 400 || status > 599 || !refusal.code[0])
		return err_set(err, -EPROTO, "not a refusal: status %ju, code '%s'",
			       (uintmax_t)status, refusal.code);
	refusal.status = (int)status;
	read_sentence(object, "detail", refusal.detail, sizeof(refusal.detail));
	read_sentence(object, "hint", refusal.hint, sizeof(refusal.hint));
	*ret_refusal = refusal;
	return 0;
}
