// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Passwords for Redis in files of their own: made once, read ever after.
 */
#ifndef TOWER_REDIS_PASSWORD_H
#define TOWER_REDIS_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"

#define REDIS_PASSWORD_WEAK 16 /* fewer characters can be guessed at the rate of a Redis */

/*
 * The password in the file, without the white space behind it; an absent file is made (0600), then
 * *ret_made says so. *ret_password is the caller's (secret_free). Errors as of secret_load;
 * -EINVAL: the file is empty, or holds what no command line can carry.
 */
int redis_password_load(const char *path, char **ret_password, bool *ret_made,
			struct err *err) _must_check_;

/* The same for a file that must be there. */
int redis_password_read(const char *path, char **ret_password, struct err *err) _must_check_;

#endif
