// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The folder that holds a tower's secrets: small text files, made at first start, loaded ever
 * after. The towers of one Redis share it; it may be read-only then. Knows no secret's meaning.
 */
#ifndef TOWER_SECRETS_H
#define TOWER_SECRETS_H

#include "base/err.h"

#define SECRET_FILE_MAX (16 * 1024)

/* Makes the text of a new secret, the caller's to free. */
typedef int (*secret_make_fn)(char **ret_text, struct err *err);

/*
 * Reads the secret `name` of the folder. An absent one is made and written first (folder 0700, file
 * 0600, at once or not at all); of two towers that do so in the same moment both read the one that
 * was first. -EPERM when others could read the file, or write to the folder. *ret_text is the
 * caller's (secret_free).
 */
int secret_load(const char *dir, const char *name, secret_make_fn make, char **ret_text,
		struct err *err) _must_check_;

/* The path of a file in the folder. -ENAMETOOLONG. */
int secret_path(const char *dir, const char *name, char *to, size_t to_bytes,
		struct err *err) _must_check_;

/* Wipes a text and frees it; made for _cleanup_(secret_free). */
void secret_free(char **text);

#endif
