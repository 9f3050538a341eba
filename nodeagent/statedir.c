// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/statedir.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"
#include "nodeagent/keyfile.h"

struct statedir {
	char *path;
	int lock_fd;
};

static int path_of(const struct statedir *dir, const char *name, char ret_path[static PATH_MAX],
		   struct err *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s", dir->path, name) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "%s: path too long", dir->path);
	return 0;
}

static void statedir_closep(struct statedir **dir)
{
	statedir_close(*dir);
}

static void warn_if_open(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077))
		log_warn("state", "%s is open to others (mode %04o); chmod 700 %s", path,
			 (unsigned)st.st_mode & 07777, path);
}

int statedir_open(const char *path, struct statedir **ret_dir, struct err *err)
{
	_cleanup_(statedir_closep) struct statedir *dir = calloc(1, sizeof(*dir));
	char lock[PATH_MAX];
	int r;

	if (!dir)
		return err_oom(err);
	dir->lock_fd = -1;
	dir->path = strdup(path);
	if (!dir->path)
		return err_oom(err);
	r = path_of(dir, "lock", lock, err);
	if (r >= 0)
		r = file_make_dir(path, 0700, err);
	if (r < 0)
		return r;
	warn_if_open(path);
	r = file_lock(lock, &dir->lock_fd, err);
	if (r == -EWOULDBLOCK)
		return err_set(err, r,
			       "another aircrew uses %s; a second one needs a --state-dir, "
			       "--run-dir and --interface of its own",
			       path);
	if (r < 0)
		return r;
	*ret_dir = TAKE_PTR(dir);
	return 0;
}

void statedir_close(struct statedir *dir)
{
	if (!dir)
		return;
	attr_closep(&dir->lock_fd);
	free(dir->path);
	free(dir);
}

static int make_instance(const char *path, char ret_instance[static PEER_INSTANCE_BYTES],
			 struct err *err)
{
	uint8_t random[(PEER_INSTANCE_BYTES - 1) / 2];
	char text[PEER_INSTANCE_BYTES];
	int r;

	crypto_random(random, sizeof(random));
	r = crypto_encode(CRYPTO_TEXT_HEX, random, sizeof(random), text, sizeof(text));
	if (r >= 0)
		r = file_write_atomic(path, text, strlen(text), 0600, err);
	if (r >= 0)
		memcpy(ret_instance, text, sizeof(text));
	return r;
}

int statedir_instance(const struct statedir *dir, char ret_instance[static PEER_INSTANCE_BYTES],
		      struct err *err)
{
	_cleanup_(keyfile_word_freep) char *word = NULL;
	uint8_t random[(PEER_INSTANCE_BYTES - 1) / 2];
	char path[PATH_MAX];
	size_t len = 0;
	int r = path_of(dir, "instance", path, err);

	if (r < 0)
		return r;
	r = keyfile_read_word(path, &word, err);
	if (r == -ENOENT || r == -EINVAL)
		return make_instance(path, ret_instance, err);
	if (r < 0)
		return r;
	if (strlen(word) != PEER_INSTANCE_BYTES - 1 ||
	    crypto_decode(CRYPTO_TEXT_HEX, word, strlen(word), random, sizeof(random), &len) < 0)
		return make_instance(path, ret_instance, err);
	memcpy(ret_instance, word, PEER_INSTANCE_BYTES);
	return 0;
}

int statedir_save(const struct statedir *dir, const struct statedir_self *self,
		  const struct view *view, struct err *err)
{
	_cleanup_free_ char *view_text = view_save(view);
	_cleanup_str_ struct str text = { 0 };
	char key[KEY_TEXT_BYTES];
	char path[PATH_MAX];
	int r = path_of(dir, "cache.json", path, err);

	if (r < 0)
		return r;
	if (!view_text)
		return err_oom(err);
	key_format(&self->public_key, key);
	str_printf(&text, "{\"PublicKey\":\"%s\",\"Zone\":\"%s\",\"Generation\":%" PRIu64 ",\n",
		   key, self->zone, self->generation);
	str_append(&text, "\"View\":");
	str_append(&text, view_text);
	str_append(&text, "}\n");
	if (text.failed)
		return err_oom(err);
	return file_write_atomic(path, text.at, text.len, 0600, err);
}

static int read_self(const json_t *object, struct statedir_self *ret_self, struct err *err)
{
	struct statedir_self self = { 0 };
	int r = doc_required(doc_key(object, "PublicKey", &self.public_key, err), "PublicKey", err);

	if (r >= 0)
		r = doc_required(doc_text(object, "Zone", self.zone, sizeof(self.zone), err),
				 "Zone", err);
	if (r >= 0)
		r = doc_required(doc_u64(object, "Generation", &self.generation, err), "Generation",
				 err);
	if (r >= 0)
		*ret_self = self;
	return r;
}

static int read_cache(const char *text, size_t len, struct statedir_self *self, struct view *view,
		      struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct statedir_self saved;
	json_t *view_object = NULL;
	int r = doc_load(text, len, &object, err);

	if (r >= 0)
		r = read_self(object, &saved, err);
	if (r < 0)
		return r;
	if (key_compare(&saved.public_key, &self->public_key) != 0 ||
	    !str_eq(saved.zone, self->zone))
		return 0;
	r = doc_field(object, "View", &view_object, err);
	if (r >= 0 && !json_is_object(view_object))
		r = err_set(err, -EPROTO, "View: missing");
	if (r >= 0)
		r = view_load(view, view_object, err);
	if (r < 0)
		return r;
	self->generation = saved.generation;
	return 1;
}

int statedir_load(const struct statedir *dir, struct statedir_self *self, struct view *view,
		  struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	int r = path_of(dir, "cache.json", path, err);

	if (r >= 0)
		r = file_read(path, STATEDIR_CACHE_MAX, &text, &len, err);
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = read_cache(text, len, self, view, err);
	return r < 0 && r != -ENOMEM ? err_wrap(err, "%s", path) : r;
}
