// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/doc.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16

/* Counted before parsing: the parser recurses, and what is deep is refused while it is cheap. */
static bool is_too_deep(const char *text, size_t len)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_string && text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			in_string = !in_string;
		} else if (!in_string && (text[i] == '{' || text[i] == '[')) {
			if (++depth > DEPTH_MAX)
				return true;
		} else if (!in_string && (text[i] == '}' || text[i] == ']')) {
			depth -= depth > 0;
		}
	}
	return false;
}

int doc_load(const char *text, size_t len, json_t **ret_object, struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	json_error_t error;

	if (is_too_deep(text, len))
		return err_set(err, -EPROTO, "JSON: nested deeper than %d", DEPTH_MAX);
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!object && json_error_code(&error) == json_error_out_of_memory)
		return err_oom(err);
	if (!object)
		return err_set(err, -EPROTO, "JSON: line %d, column %d: %s", error.line,
			       error.column, error.text);
	if (!json_is_object(object))
		return err_set(err, -EPROTO, "JSON: not an object");
	*ret_object = TAKE_PTR(object);
	return 0;
}

void doc_unref(json_t **object)
{
	json_decref(*object);
	*object = NULL;
}

json_t *doc_prefix_array(const struct prefix_vec *prefixes)
{
	_cleanup_(doc_unref) json_t *array = json_array();

	vec_foreach(prefix, prefixes) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		if (json_array_append_new(array, json_string(text)) < 0)
			return NULL;
	}
	return TAKE_PTR(array);
}

json_t *doc_address_text(const struct ip address[ZONE_CIDRS_MAX])
{
	char text[ZONE_CIDRS_MAX * IP_TEXT_BYTES];
	char *to = text;

	*to = '\0';
	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		if (address[i].family == IP_NONE)
			continue;
		if (to > text)
			*to++ = ',';
		ip_format(&address[i], to);
		to += strlen(to);
	}
	return json_string(text);
}
