// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

int user_find(const char *name, struct user *ret_user, struct err *err)
{
	const struct passwd *entry;
	uint64_t uid;

	/* An image from scratch has no list of users. */
	if (geteuid() == 0 && name && str_to_u64(name, 1, UINT32_MAX - 1, &uid) == 0) {
		*ret_user = (struct user){ .uid = (unsigned)uid, .gid = (unsigned)uid };
		(void)snprintf(ret_user->name, sizeof(ret_user->name), "%s", name);
		return 0;
	}

	if (geteuid() != 0)
		entry = getpwuid(geteuid());
	else if (name)
		entry = getpwnam(name);
	else
		entry = getpwnam("apex") ?: getpwnam("nobody");
	*ret_user = (struct user){ .uid = geteuid(), .gid = getegid() };
	if (!entry && geteuid() == 0)
		return err_set(err, -ENOENT, "--user: no user '%.32s'", name ? name : "nobody");
	if (entry) {
		ret_user->uid = entry->pw_uid;
		ret_user->gid = entry->pw_gid;
		(void)snprintf(ret_user->name, sizeof(ret_user->name), "%s", entry->pw_name);
	}
	return 0;
}

int user_own_dir(const struct user *user, const char *path, struct err *err)
{
	struct stat before;
	bool existed = stat(path, &before) == 0;
	int r = file_make_dir(path, 0700, err);

	/* One that was there is left as it is: it may be a folder that others use too. */
	if (r < 0 || existed || geteuid() != 0)
		return r;
	if (chown(path, user->uid, user->gid) < 0)
		return err_errno(err, -errno, "%s: give it to user '%s'", path, user->name);
	return 0;
}

int user_become(const struct user *user, struct err *err)
{
	if (geteuid() != 0 || user->uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return err_errno(err, -errno, "become user '%s'", user->name);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return 0;
}
