// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Text: a growing buffer, exact copies into fixed fields, and numbers parsed without surprises.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* A growing text; a zeroed one is empty. `at` is NUL-terminated once anything was appended. */
struct str {
	char *at;
	size_t len;
	size_t cap;
	bool failed; /* an append ran out of memory: everything after it was dropped */
};

void str_done(struct str *str);
#define _cleanup_str_ _cleanup_(str_done)

/* Appends; on want of memory sets `failed`, to be asked once at the end. */
void str_append(struct str *str, const char *text);
void str_append_bytes(struct str *str, const void *bytes, size_t len);
void str_printf(struct str *str, const char *fmt, ...) _printf_(2, 3);

/* The text, owned by the caller (free), the buffer empty again; NULL when an append failed. */
char *str_take(struct str *str) _must_check_;

/* Copies `text` with its NUL: -ENAMETOOLONG when it does not fit, `to` then unchanged. */
int str_copy(char *to, size_t to_bytes, const char *text) _must_check_;

bool str_eq(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);

/* "1" "true" "yes" "on" and "0" "false" "no" "off", in any case; else -EINVAL. */
int str_to_bool(const char *text, bool *ret_value) _must_check_;

/* Decimal digits only, the whole text: -EINVAL for anything else, -ERANGE outside min..max. */
int str_to_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value) _must_check_;
int str_to_u16(const char *text, uint16_t *ret_value) _must_check_;

/* The value of a hexadecimal digit of either case; -1 for any other character. */
int str_hex_digit(char c);

/* "90", "90s", "15m", "12h", "30d" to seconds; -EINVAL, -ERANGE above STR_SECONDS_MAX. */
#define STR_SECONDS_MAX (INT64_C(100) * 366 * 86400) /* a hundred years */
int str_to_seconds(const char *text, int64_t *ret_seconds) _must_check_;

/*
 * Takes the next item off a list with commas, less the blanks around it; empty items are skipped.
 * 1 and the item in `to`, 0 at the end of the list, -ENAMETOOLONG when it does not fit.
 */
int str_next_item(const char **list, char *to, size_t to_bytes) _must_check_;

/* Valid UTF-8 (RFC 3629) without control characters. */
bool str_is_clean(const char *text);

/* Makes it so: a question mark for each byte that is not. */
void str_clean(char *text);

#endif
