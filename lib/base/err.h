// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What went wrong, in a sentence. A function that can fail returns 0 or a negative errno and
 * takes a `struct err *` (NULL is allowed) as its last parameter. Nothing is allocated. Whatever
 * was put into a sentence, it is clean UTF-8 without control characters.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attr.h"

#define ERR_TEXT_BYTES 256

struct err {
	int code; /* negative errno, 0 when unset */
	char text[ERR_TEXT_BYTES];
};

/* Writes the sentence and returns `code`, so that it can be returned in the same statement. */
int err_set(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);

/* The same with ": <strerror of code>" behind the sentence. */
int err_errno(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);

/*
 * Puts context ("<sentence>: ") before what stands there already, which is cut when both do not
 * fit. Returns the code there; -EIO when `err` is NULL, for then nobody knows it.
 */
int err_wrap(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* -ENOMEM with the usual sentence. */
int err_oom(struct err *err);

#endif
