// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * How long to wait before the next attempt: doubling up to a cap, with jitter, so that ten thousand
 * agents that lost one tower do not come back in step. Pure: the random number comes in.
 */
#ifndef NODEAGENT_BACKOFF_H
#define NODEAGENT_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ms;
	int64_t cap_ms;
	unsigned attempts; /* since the last success */
};

/* Between half of the attempt's delay and all of it; counts the attempt. */
int64_t backoff_next_ms(struct backoff *backoff, uint64_t random);
void backoff_reset(struct backoff *backoff);

#endif
