// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/redis_password.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "tower/redis_acl.h"
#include "tower/secrets.h"

static int make_password(char **ret_text, struct err *err)
{
	char *text = calloc(1, REDIS_ACL_PASSWORD_BYTES + 1);

	if (!text)
		return err_oom(err);
	redis_acl_password(text);
	text[strlen(text)] = '\n';
	*ret_text = text;
	return 0;
}

static int tidy(const char *path, char *text, struct err *err)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	if (len == 0)
		return err_set(err, -EINVAL, "%s is empty", path);
	if (!str_is_clean(text) || strchr(text, ' '))
		return err_set(err, -EINVAL,
			       "%s: the password has a blank, or is not one line of text", path);
	return 0;
}

int redis_password_read(const char *path, char **ret_password, struct err *err)
{
	_cleanup_(secret_free) char *text = NULL;
	int r = file_read(path, SECRET_FILE_MAX, &text, NULL, err);

	if (r == 0)
		r = tidy(path, text, err);
	if (r < 0)
		return r;
	*ret_password = TAKE_PTR(text);
	return 0;
}

int redis_password_load(const char *path, char **ret_password, bool *ret_made, struct err *err)
{
	_cleanup_(secret_free) char *text = NULL;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX] = ".";
	struct stat st;
	bool made = stat(path, &st) < 0 && errno == ENOENT;
	int r;

	if (slash && (size_t)(slash - path) >= sizeof(dir))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	if (slash)
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)MAX(slash - path, 1), path);
	r = secret_load(dir, name, make_password, &text, err);
	if (r == 0)
		r = tidy(path, text, err);
	if (r < 0)
		return r;
	*ret_password = TAKE_PTR(text);
	*ret_made = made;
	return 0;
}
