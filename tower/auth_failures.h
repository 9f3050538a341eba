// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * How often wrong credentials came, per client address and per credential: a bounded number of
 * token buckets, of which the longest unused goes first. Only failures are counted, so a limit
 * that somebody reached never holds up who shows the right credential from the same address.
 */
#ifndef TOWER_AUTH_FAILURES_H
#define TOWER_AUTH_FAILURES_H

#include <stdint.h>

#include "base/err.h"

#define FAILURES_BUCKETS_MAX 4096
#define FAILURES_ADDRESS_BURST 100 /* a NAT may hide a whole site */
#define FAILURES_ADDRESS_MS 1000   /* until one more is free */
#define FAILURES_CREDENTIAL_BURST 10
#define FAILURES_CREDENTIAL_MS 6000

struct failures;

int failures_new(struct failures **ret_failures, struct err *err) _must_check_;
void failures_free(struct failures *failures); /* NULL is allowed */

/*
 * Counts one failure of `client` (an address: of IPv6 the /64 counts) with `credential` (a name of
 * it that is not secret, "" for none). 0, or in how many milliseconds the next one is free.
 */
int64_t failures_count(struct failures *failures, const char *client, const char *credential,
		       int64_t now_ms);

#endif
