// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	size_t cap = 0;
	size_t len = 0;

	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	for (;;) {
		ssize_t n;

		/* Sizes are not asked beforehand: files under /proc have none. */
		if (len + 1 >= cap) {
			char *grown = realloc(text, cap = cap ? cap * 2 : 4096);

			if (!grown)
				return err_oom(err);
			text = grown;
		}
		n = read(fd, text + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, -errno, "%s", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes)
			return err_set(err, -EFBIG, "%s: longer than %zu bytes", path, max_bytes);
	}
	text[len] = '\0';
	*ret_text = TAKE_PTR(text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sync_parent(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	_cleanup_close_ int fd = -1;

	(void)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1,
		       slash ? path : ".");
	fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int file_sync_folder(const char *path, struct err *err)
{
	int r = sync_parent(path);

	return r < 0 ? err_errno(err, r, "%s: fsync of its folder", path) : 0;
}

int file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
	char sibling[PATH_MAX];
	_cleanup_close_ int fd = -1;
	int r;

	if ((size_t)snprintf(sibling, sizeof(sibling), "%s.XXXXXX", path) >= sizeof(sibling))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	fd = mkostemp(sibling, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	r = write_all(fd, bytes, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(sibling, path) < 0))
		r = -errno;
	if (r < 0) {
		(void)unlink(sibling);
		return err_errno(err, r, "%s", path);
	}
	return file_sync_folder(path, err);
}

static int make_one_dir(const char *path, mode_t mode, struct err *err)
{
	struct stat there;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST || stat(path, &there) < 0)
		return err_errno(err, -errno, "%s", path);
	if (!S_ISDIR(there.st_mode))
		return err_errno(err, -ENOTDIR, "%s", path);
	return 0;
}

int file_make_dir(const char *path, mode_t mode, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof(part))
		return err_set(err, len ? -ENAMETOOLONG : -EINVAL, "'%s' is no path of a folder",
			       path);
	memcpy(part, path, len);
	part[len] = '\0';
	for (size_t i = 1; i < len; i++) {
		int r;

		if (part[i] != '/')
			continue;
		part[i] = '\0';
		r = make_one_dir(part, 0755, err);
		if (r < 0)
			return r;
		part[i] = '/';
	}
	return make_one_dir(part, mode, err);
}

int file_lock(const char *path, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_errno(err, -errno, "%s", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
