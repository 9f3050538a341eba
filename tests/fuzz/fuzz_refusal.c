// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A refusal as an agent reads it, and one whose sentences hold whatever bytes came.
 * Parsers: lib/mesh/refusal.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct refusal *refusal)
{
	_cleanup_free_ char *json = refusal_to_json(refusal);
	struct refusal back = { 0 };

	assert(json && refusal_from_json(json, strlen(json), &back, NULL) == 0);
	assert(back.status == refusal->status && str_eq(back.code, refusal->code));
	assert(str_eq(back.detail, refusal->detail) && str_eq(back.hint, refusal->hint));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct refusal refusal = { 0 };
	struct err err = { 0 };

	if (!text)
		return 0;
	if (refusal_from_json((const char *)data, size, &refusal, &err) == 0) {
		assert(refusal.status >= 400 && refusal.status <= 599 && *refusal.code);
		assert(str_is_clean(refusal.code) && str_is_clean(refusal.detail) &&
		       str_is_clean(refusal.hint));
		check_round_trip(&refusal);
	} else {
		assert(err.code < 0 && str_is_clean(err.text));
	}
	refusal_set(&refusal, "E400-field", "field '%s'", text);
	refusal_hint(&refusal, "not %s", text);
	check_round_trip(&refusal);
	return 0;
}
