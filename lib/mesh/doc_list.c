// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Fields that hold several: an array of texts, or one text with commas.
 */
#include "mesh/doc.h"

#include <errno.h>

#include "base/str.h"

struct list {
	const char *name; /* of the field */
	size_t max;
	size_t len;
	int (*add)(struct list *list, const char *text, struct err *err);
	union {
		struct prefix_vec *prefixes;
		struct endpoint_vec *endpoints;
	};
};

static int add_item(struct list *list, const char *text, struct err *err)
{
	int r;

	if (list->len++ >= list->max)
		return err_set(err, -EPROTO, "field '%s': more than %zu", list->name, list->max);
	r = list->add(list, text, err);
	return r < 0 && r != -ENOMEM ? doc_malformed(list->name, err) : r;
}

static int add_array(struct list *list, const json_t *array, struct err *err)
{
	size_t i;
	json_t *value = NULL;

	json_array_foreach(array, i, value) {
		int r;

		if (!json_is_string(value))
			return err_set(err, -EPROTO, "field '%s': takes texts", list->name);
		r = add_item(list, json_string_value(value), err);
		if (r < 0)
			return r;
	}
	return 1;
}

static int add_text(struct list *list, const char *text, struct err *err)
{
	char item[ENDPOINT_TEXT_BYTES];
	int r;

	while ((r = str_next_item(&text, item, sizeof(item))) > 0) {
		r = add_item(list, item, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return err_set(err, -EPROTO, "field '%s': an item is over-long", list->name);
	return 1;
}

static int read_list(const json_t *object, struct list *list, struct err *err)
{
	json_t *value = NULL;
	int r = doc_field(object, list->name, &value, err);

	if (r < 0 || !value)
		return r;
	if (json_is_array(value))
		return add_array(list, value, err);
	if (json_is_string(value))
		return add_text(list, json_string_value(value), err);
	return err_set(err, -EPROTO, "field '%s': takes an array of texts, or a text with commas",
		       list->name);
}

static int add_prefix(struct list *list, const char *text, struct err *err)
{
	struct prefix prefix;
	int r = prefix_parse(text, &prefix, err);

	if (r == 0 && vec_push(list->prefixes, prefix) < 0)
		r = err_oom(err);
	return r;
}

int doc_prefixes(const json_t *object, const char *name, size_t max, struct prefix_vec *ret_vec,
		 struct err *err)
{
	struct list list = { .name = name, .max = max, .add = add_prefix, .prefixes = ret_vec };
	int r = read_list(object, &list, err);

	if (r < 0)
		vec_done(ret_vec);
	else
		prefix_vec_order(ret_vec);
	return r;
}

static int add_endpoint(struct list *list, const char *text, struct err *err)
{
	struct endpoint endpoint;
	int r = endpoint_parse(text, &endpoint, err);

	if (r < 0)
		return r;
	vec_foreach(other, list->endpoints) {
		if (endpoint_equal(other, &endpoint))
			return 0;
	}
	return vec_push(list->endpoints, endpoint) < 0 ? err_oom(err) : 0;
}

int doc_endpoints(const json_t *object, const char *name, size_t max, struct endpoint_vec *ret_vec,
		  struct err *err)
{
	struct list list = { .name = name, .max = max, .add = add_endpoint, .endpoints = ret_vec };
	int r = read_list(object, &list, err);

	if (r < 0)
		vec_done(ret_vec);
	return r;
}
