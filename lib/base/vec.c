// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/vec.h"

#include <errno.h>
#include <stdint.h>

int vec_grow(void **at, size_t *cap, size_t need, size_t item_bytes)
{
	size_t more = *cap ? *cap : 4;
	void *grown;

	if (need <= *cap)
		return 0;
	while (more < need) {
		if (more > SIZE_MAX / 2)
			return -ENOMEM;
		more *= 2;
	}
	if (more > PTRDIFF_MAX / item_bytes)
		return -ENOMEM;
	grown = realloc(*at, more * item_bytes);
	if (!grown)
		return -ENOMEM;
	*at = grown;
	*cap = more;
	return 0;
}
