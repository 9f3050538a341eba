// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The fields stand there as they stand in Redis, so that one reader serves both.
 */
#include "nodeagent/signpost_cache.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"

static int path_of(const char *state_dir, char ret_path[static PATH_MAX], struct err *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s", state_dir, SIGNPOST_CACHE_NAME) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "%s: path too long", state_dir);
	return 0;
}

static json_t *fields_of(const struct signpost *signpost)
{
	_cleanup_(doc_unref) json_t *fields = json_object();

	for (size_t i = 0; i < signpost->towers_len; i++) {
		_cleanup_free_ char *entry = signpost_entry_format(&signpost->towers[i]);
		char field[SIGNPOST_FIELD_BYTES];

		signpost_field_format(signpost->towers[i].id, field);
		if (!entry || json_object_set_new(fields, field, json_string(entry)) < 0)
			return NULL;
	}
	if (*signpost->join &&
	    json_object_set_new(fields, SIGNPOST_JOIN, json_string(signpost->join)) < 0)
		return NULL;
	return TAKE_PTR(fields);
}

int signpost_cache_save(const char *state_dir, const struct signpost_cache *cache, struct err *err)
{
	_cleanup_(doc_unref) json_t *object =
		json_pack("{s:s, s:s, s:o}", "Signpost", cache->name, "Here", cache->here, "Fields",
			  fields_of(&cache->signpost));
	char path[PATH_MAX];
	char *text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
	int r = path_of(state_dir, path, err);

	if (!text)
		return err_oom(err);
	if (r >= 0)
		r = file_write_atomic(path, text, strlen(text), 0600, err);
	crypto_wipe(text, strlen(text));
	free(text);
	return r;
}

static int read_cache(const char *text, size_t len, struct signpost_cache *cache, struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	json_t *fields = NULL;
	json_t *value;
	const char *field;
	int r = doc_load(text, len, &object, err);

	if (r >= 0)
		r = doc_required(
			doc_text(object, "Signpost", cache->name, sizeof(cache->name), err),
			"Signpost", err);
	if (r >= 0)
		r = doc_required(doc_text(object, "Here", cache->here, sizeof(cache->here), err),
				 "Here", err);
	if (r >= 0)
		r = doc_field(object, "Fields", &fields, err);
	if (r < 0)
		return r;
	json_object_foreach(fields, field, value) {
		const char *entry = json_string_value(value);

		/* One that is no good is as one that is not there: the signpost has the rest. */
		if (entry)
			(void)!signpost_take(&cache->signpost, field, strlen(field), entry,
					     json_string_length(value), NULL);
	}
	return cache->signpost.towers_len > 0;
}

int signpost_cache_load(const char *state_dir, struct signpost_cache *ret_cache, struct err *err)
{
	struct signpost_cache cache = { .name = "" };
	char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	int r = path_of(state_dir, path, err);

	if (r >= 0)
		r = file_read(path, SIGNPOST_BYTES_MAX, &text, &len, err);
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = read_cache(text, len, &cache, err);
	if (text)
		crypto_wipe(text, len);
	free(text);
	if (r > 0)
		*ret_cache = cache;
	signpost_done(&cache.signpost);
	return r < 0 ? err_wrap(err, "%s", path) : r;
}
