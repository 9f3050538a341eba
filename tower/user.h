// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Becoming somebody else: a tower started as root keeps root only until its ports are bound.
 */
#ifndef TOWER_USER_H
#define TOWER_USER_H

#include "base/err.h"

struct user {
	unsigned uid;
	unsigned gid;
	char name[33];
};

/*
 * Whom to become: `name` (or a uid, which is the gid too), or when it is NULL "apex" if there is
 * such a user, else "nobody". Not root: whoever runs already. -ENOENT: no such user.
 */
int user_find(const char *name, struct user *ret_user, struct err *err) _must_check_;

/* Makes the folder (0700) and gives it to the user; one that exists is left as it is. */
int user_own_dir(const struct user *user, const char *path, struct err *err) _must_check_;

/* Drops to the user for good. Nothing to do when we are that user. */
int user_become(const struct user *user, struct err *err) _must_check_;

#endif
