// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

void secret_free(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

int secret_path(const char *dir, const char *name, char *to, size_t to_bytes, struct err *err)
{
	if ((size_t)snprintf(to, to_bytes, "%s/%s", dir, name) >= to_bytes)
		return err_set(err, -ENAMETOOLONG, "%s: path too long", dir);
	return 0;
}

/* A sticky folder (as Kubernetes mounts Secrets) lets others add files but not replace ours. */
static int check_dir(const char *dir, struct err *err)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_errno(err, -errno, "%s", dir);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return err_set(err, -EPERM,
			       "%s: others may write to the folder of secrets: chmod 0700 it", dir);
	return 0;
}

static int check_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? -ENOENT : err_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EPERM, "%s: a secret must be a regular file", path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(
			err, -EPERM,
			"%s: mode %04o lets others use the secret: chmod 0600 it, and replace it if they may have read it",
			path, (unsigned)st.st_mode & 07777);
	return 0;
}

static int sync_dir(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Writes a file of its own and links it: unlike a rename, the link never replaces a sibling's. */
static int write_once(const char *dir, const char *path, const char *text, struct err *err)
{
	char own[PATH_MAX];
	int r;

	if ((size_t)snprintf(own, sizeof(own), "%s.new.%ld", path, (long)getpid()) >= sizeof(own))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	r = file_write_atomic(own, text, strlen(text), 0600, err);
	if (r < 0)
		return r;
	if (link(own, path) < 0 && errno != EEXIST)
		r = err_errno(err, -errno, "%s", path);
	(void)unlink(own);
	if (r < 0)
		return r;
	r = sync_dir(dir);
	return r < 0 ? err_errno(err, r, "%s: fsync", dir) : 0;
}

static int make_secret(const char *dir, const char *path, secret_make_fn make, struct err *err)
{
	_cleanup_(secret_free) char *text = NULL;
	int r = make(&text, err);

	if (r < 0)
		return r;
	return write_once(dir, path, text, err);
}

int secret_load(const char *dir, const char *name, secret_make_fn make, char **ret_text,
		struct err *err)
{
	char path[PATH_MAX];
	int r = secret_path(dir, name, path, sizeof(path), err);

	if (r < 0)
		return r;
	r = file_make_dir(dir, 0700, err);
	if (r == 0)
		r = check_dir(dir, err);
	if (r == 0)
		r = check_file(path, err);
	if (r == -ENOENT) {
		r = make_secret(dir, path, make, err);
		if (r == 0)
			r = check_file(path, err);
	}
	if (r == 0)
		r = file_read(path, SECRET_FILE_MAX, ret_text, NULL, err);
	if (r < 0)
		(void)err_wrap(err, "secret '%s'", name);
	return r;
}
