// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return code;
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
	va_list args;
	size_t used;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(-code));
	return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char before[ERR_TEXT_BYTES];
	char after[ERR_TEXT_BYTES];
	va_list args;

	if (!err)
		return -EIO;
	memcpy(after, err->text, sizeof(after));
	va_start(args, fmt);
	(void)vsnprintf(before, sizeof(before), fmt, args);
	va_end(args);
	/* A sentence that no longer fits is cut at its end: the context names the thing. */
	(void)snprintf(err->text, sizeof(err->text), "%.127s: %.125s", before, after);
	return err->code;
}

int err_oom(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}
