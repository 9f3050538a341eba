// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/keyfile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "crypto/crypto.h"

#define WORD_FILE_MAX 4096
#define WHITE_SPACE " \t\r\n\v\f"

void keyfile_word_freep(char **word)
{
	if (*word)
		crypto_wipe(*word, strlen(*word));
	free(*word);
}

static void warn_if_open(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077))
		log_warn("agent", "%s can be read by others (mode %04o); chmod 600 %s", path,
			 (unsigned)st.st_mode & 07777, path);
}

int keyfile_read_word(const char *path, char **ret_word, struct err *err)
{
	_cleanup_(keyfile_word_freep) char *text = NULL;
	size_t file_len = 0;
	size_t start;
	size_t len;
	int r = file_read(path, WORD_FILE_MAX, &text, &file_len, err);

	if (r < 0)
		return r;
	start = strspn(text, WHITE_SPACE);
	len = strcspn(text + start, WHITE_SPACE);
	if (len == 0)
		return err_set(err, -EINVAL, "%s: is empty", path);
	if (start + len + strspn(text + start + len, WHITE_SPACE) != file_len)
		return err_set(err, -EINVAL, "%s: holds more than one word", path);
	warn_if_open(path);
	memmove(text, text + start, len);
	crypto_wipe(text + len, file_len - len);
	*ret_word = TAKE_PTR(text);
	return 0;
}

int keyfile_read(const char *path, struct key *ret_private, struct err *err)
{
	_cleanup_(keyfile_word_freep) char *word = NULL;
	int r = keyfile_read_word(path, &word, err);

	if (r < 0)
		return r;
	r = key_parse(word, ret_private, err);
	if (r < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

int keyfile_create(const char *path, struct key *ret_private, struct err *err)
{
	_cleanup_(key_wipe) struct key key;
	char text[KEY_TEXT_BYTES];
	char line[KEY_TEXT_BYTES + 1];
	int r;

	key_generate(&key);
	key_format(&key, text);
	(void)snprintf(line, sizeof(line), "%s\n", text);
	r = file_write_atomic(path, line, strlen(line), 0600, err);
	crypto_wipe(text, sizeof(text));
	crypto_wipe(line, sizeof(line));
	if (r < 0)
		return r;
	*ret_private = key;
	return 0;
}

static int next_path(const char *path, char ret_path[static PATH_MAX], struct err *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s.new", path) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	return 0;
}

int keyfile_read_next(const char *path, struct key *ret_private, struct err *err)
{
	char next[PATH_MAX];
	int r = next_path(path, next, err);

	return r < 0 ? r : keyfile_read(next, ret_private, err);
}

int keyfile_create_next(const char *path, struct key *ret_private, struct err *err)
{
	char next[PATH_MAX];
	int r = next_path(path, next, err);

	/* Or the new key could not take its place in the end. */
	if (r >= 0 && access(path, W_OK) < 0)
		return err_errno(err, -errno, "%s", path);
	return r < 0 ? r : keyfile_create(next, ret_private, err);
}

int keyfile_take_next(const char *path, struct err *err)
{
	char next[PATH_MAX];
	int r = next_path(path, next, err);

	if (r < 0)
		return r;
	if (rename(next, path) < 0)
		return err_errno(err, -errno, "%s", path);
	return file_sync_folder(path, err);
}

void keyfile_drop_next(const char *path)
{
	char next[PATH_MAX];

	if (next_path(path, next, NULL) == 0)
		(void)unlink(next);
}
