// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/backoff.h"

int64_t backoff_next_ms(struct backoff *backoff, uint64_t random)
{
	int64_t delay_ms = backoff->first_ms;
	int64_t half_ms;

	for (unsigned i = 0; i < backoff->attempts && delay_ms < backoff->cap_ms; i++)
		delay_ms *= 2;
	if (delay_ms > backoff->cap_ms)
		delay_ms = backoff->cap_ms;
	backoff->attempts++;
	half_ms = delay_ms / 2;
	return half_ms + (int64_t)(random % (uint64_t)(delay_ms - half_ms + 1));
}

void backoff_reset(struct backoff *backoff)
{
	backoff->attempts = 0;
}
