// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const char *const level_words[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static enum log_level log_limit = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_limit = level;
}

int log_level_parse(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_words); i++) {
		if (strcmp(word, level_words[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	if (level > log_limit)
		return;
	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	/* What a stranger typed may reach a sentence, but no escape sequence may reach a terminal.
	 */
	str_clean(line);
	(void)fprintf(stderr, "%s %s: %s\n", area, level_words[level], line);
}
