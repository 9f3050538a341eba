// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void set_text(struct err *err, const char *fmt, va_list args)
{
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
}

/* Cuts what no longer fits at its end; a stranger's bytes leave as clean UTF-8. */
static void append_text(struct err *err, const char *text)
{
	size_t used = strlen(err->text);

	(void)snprintf(err->text + used, sizeof(err->text) - used, "%s", text);
	str_clean(err->text);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	append_text(err, "");
	return code;
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	append_text(err, ": ");
	append_text(err, strerror(-code));
	return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	struct err before;
	va_list args;

	if (!err)
		return -EIO;
	before = *err;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	append_text(err, ": ");
	append_text(err, before.text);
	return err->code;
}

int err_oom(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}
