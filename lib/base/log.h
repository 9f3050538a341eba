// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One line an occurrence on stderr: "<area> <level>: <sentence>". Levels: error (needs a person),
 * warn (we coped), info (state changed), debug. Never a secret, never a line per packet.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are dropped. Starts at info. */
void log_set_level(enum log_level level);

/* Understands error, warn, info and debug; -EINVAL for another word. */
int log_level_parse(const char *word, enum log_level *ret_level) _must_check_;

void log_line(enum log_level level, const char *area, const char *fmt, ...) _printf_(3, 4);

#define log_error(area, ...) log_line(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...) log_line(LOG_LEVEL_WARN, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_line(LOG_LEVEL_DEBUG, area, __VA_ARGS__)

#endif
