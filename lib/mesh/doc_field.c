// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Typed fields of a JSON object. Whatever is wrong is said by the field's name.
 */
#include "mesh/doc.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* "public-key" means "PublicKey". */
static bool means(const char *key, const char *name)
{
	for (;; key++, name++) {
		while (*key == '-')
			key++;
		if (lower(*key) != lower(*name))
			return false;
		if (!*key)
			return true;
	}
}

int doc_field(const json_t *object, const char *name, json_t **ret_value, struct err *err)
{
	json_t *walked = (json_t *)object; /* jansson's iterators take no const */
	const char *found_key = NULL;
	json_t *found = NULL;

	for (void *at = json_object_iter(walked); at; at = json_object_iter_next(walked, at)) {
		const char *key = json_object_iter_key(at);

		if (!means(key, name))
			continue;
		if (found_key)
			return err_set(err, -EPROTO, "field '%s': given twice ('%.40s', '%.40s')",
				       name, found_key, key);
		found_key = key;
		found = json_object_iter_value(at);
	}
	*ret_value = json_is_null(found) ? NULL : found;
	return 0;
}

int doc_required(int r, const char *name, struct err *err)
{
	if (r == 0)
		return err_set(err, -EPROTO, "field '%s': missing", name);
	return r;
}

static int takes(const char *name, const char *what, struct err *err)
{
	return err_set(err, -EPROTO, "field '%s': takes %s", name, what);
}

int doc_malformed(const char *name, struct err *err)
{
	(void)err_wrap(err, "field '%s'", name);
	if (err)
		err->code = -EPROTO;
	return -EPROTO;
}

/* The text of a field, borrowed: 1, 0 when absent, -EPROTO. */
static int text_of(const json_t *object, const char *name, const char *what, const char **ret_text,
		   struct err *err)
{
	json_t *value = NULL;
	int r = doc_field(object, name, &value, err);

	if (r < 0 || !value)
		return r;
	if (!json_is_string(value))
		return takes(name, what, err);
	*ret_text = json_string_value(value);
	return 1;
}

int doc_text(const json_t *object, const char *name, char *to, size_t to_bytes, struct err *err)
{
	const char *text = "";
	int r = text_of(object, name, "a text", &text, err);

	if (r <= 0)
		return r;
	if (!str_is_clean(text))
		return takes(name, "a text without control characters", err);
	if (str_copy(to, to_bytes, text) < 0)
		return err_set(err, -EPROTO, "field '%s': longer than %zu bytes", name,
			       to_bytes - 1);
	return 1;
}

int doc_bool(const json_t *object, const char *name, bool *ret_value, struct err *err)
{
	json_t *value = NULL;
	int r = doc_field(object, name, &value, err);

	if (r < 0 || !value)
		return r;
	if (!json_is_boolean(value))
		return takes(name, "true or false", err);
	*ret_value = json_is_true(value);
	return 1;
}

int doc_u64(const json_t *object, const char *name, uint64_t *ret_value, struct err *err)
{
	json_t *value = NULL;
	int r = doc_field(object, name, &value, err);

	if (r < 0 || !value)
		return r;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return takes(name, "a whole number, not negative", err);
	*ret_value = (uint64_t)json_integer_value(value);
	return 1;
}

int doc_seconds(const json_t *object, const char *name, int64_t *ret_seconds, struct err *err)
{
	static const char what[] = "seconds, or a time such as \"90s\", \"15m\", \"12h\", \"30d\"";
	json_t *value = NULL;
	int r = doc_field(object, name, &value, err);

	if (r < 0 || !value)
		return r;
	if (json_is_string(value)) {
		if (str_to_seconds(json_string_value(value), ret_seconds) < 0)
			return takes(name, what, err);
		return 1;
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > STR_SECONDS_MAX)
		return takes(name, what, err);
	*ret_seconds = json_integer_value(value);
	return 1;
}

int doc_key(const json_t *object, const char *name, struct key *ret_key, struct err *err)
{
	const char *text = "";
	int r = text_of(object, name, "a key as text", &text, err);

	if (r <= 0)
		return r;
	if (key_parse(text, ret_key, err) < 0)
		return doc_malformed(name, err);
	return 1;
}

int doc_endpoint(const json_t *object, const char *name, struct endpoint *ret_endpoint,
		 struct err *err)
{
	const char *text = "";
	int r = text_of(object, name, "an endpoint as text", &text, err);

	if (r <= 0)
		return r;
	if (!*text)
		*ret_endpoint = (struct endpoint){ 0 };
	else if (endpoint_parse(text, ret_endpoint, err) < 0)
		return doc_malformed(name, err);
	return 1;
}

int doc_addresses(const json_t *object, const char *name, struct ip ret_address[ZONE_CIDRS_MAX],
		  struct err *err)
{
	struct ip address[ZONE_CIDRS_MAX] = { 0 };
	char item[IP_TEXT_BYTES];
	const char *text = "";
	int r = text_of(object, name, "an address as text", &text, err);

	if (r <= 0)
		return r;
	while ((r = str_next_item(&text, item, sizeof(item))) > 0) {
		struct ip ip;
		struct ip *to;

		if (ip_parse(item, &ip, err) < 0)
			return doc_malformed(name, err);
		to = &address[ip.family == IP_V6];
		if (to->family != IP_NONE)
			return takes(name, "one address a family", err);
		*to = ip;
	}
	if (r < 0)
		return takes(name, "one address a family", err);
	memcpy(ret_address, address, sizeof(address));
	return 1;
}
