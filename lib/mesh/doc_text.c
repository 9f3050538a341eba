// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <inttypes.h>

#include "mesh/doc.h"

/* What is checked on its way into a peer or token is plain; only free text may want escapes. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text == 0x7f || *text == '"' || *text == '\\')
			return false;
	}
	return true;
}

static void append_escaped(struct str *to, const char *text)
{
	_cleanup_(doc_unref) json_t *value = json_string(text);
	_cleanup_free_ char *escaped =
		value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	if (escaped)
		str_append(to, escaped);
	else
		to->failed = true;
}

void doc_append_text(struct str *to, const char *name, const char *text)
{
	str_append(to, name);
	if (!is_plain(text)) {
		append_escaped(to, text);
		return;
	}
	str_append(to, "\"");
	str_append(to, text);
	str_append(to, "\"");
}

void doc_append_bool(struct str *to, const char *name, bool value)
{
	str_append(to, name);
	str_append(to, value ? "true" : "false");
}

void doc_append_number(struct str *to, const char *name, int64_t number)
{
	str_append(to, name);
	str_printf(to, "%" PRId64, number);
}

void doc_append_addresses(struct str *to, const char *name, const struct ip address[ZONE_CIDRS_MAX])
{
	const char *before = "";

	str_append(to, name);
	str_append(to, "\"");
	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		char text[IP_TEXT_BYTES];

		if (address[i].family == IP_NONE)
			continue;
		ip_format(&address[i], text);
		str_append(to, before);
		str_append(to, text);
		before = ",";
	}
	str_append(to, "\"");
}

void doc_append_prefixes(struct str *to, const char *name, const struct prefix_vec *prefixes)
{
	str_append(to, name);
	str_append(to, "[");
	vec_foreach(prefix, prefixes) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		doc_append_text(to, prefix == prefixes->at ? "" : ",", text);
	}
	str_append(to, "]");
}
