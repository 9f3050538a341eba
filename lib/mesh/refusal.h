// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A refusal: what the tower answers instead of a change (RFC 9457, application/problem+json).
 */
#ifndef MESH_REFUSAL_H
#define MESH_REFUSAL_H

#include "base/err.h"

#define REFUSAL_CODE_BYTES 40
#define REFUSAL_TEXT_BYTES 320

struct refusal {
	int status;                      /* of HTTP */
	char code[REFUSAL_CODE_BYTES];   /* stable: "E409-prefix-overlap" */
	char detail[REFUSAL_TEXT_BYTES]; /* names the thing and the reason */
	char hint[REFUSAL_TEXT_BYTES];   /* the next step */
};

/* The status is read from the code ("E409-…"). Detail first, hint by refusal_hint. */
void refusal_set(struct refusal *refusal, const char *code, const char *fmt, ...) _printf_(3, 4);
void refusal_hint(struct refusal *refusal, const char *fmt, ...) _printf_(2, 3);

/* The JSON text, owned by the caller; NULL on want of memory. */
char *refusal_to_json(const struct refusal *refusal) _must_check_;

/* Reads what refusal_to_json wrote; unknown fields are ignored. -EPROTO when it is not one. */
int refusal_from_json(const char *text, size_t len, struct refusal *ret_refusal,
		      struct err *err) _must_check_;

#endif
