// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * How many STUN requests are answered: so many a second for one address (of IPv6 its /64), so many
 * in all. A fixed number of token buckets, chosen by a secret hash: addresses may share one, nobody
 * can choose with whom, and whatever addresses come, no memory is taken.
 */
#ifndef TOWER_STUN_RATE_H
#define TOWER_STUN_RATE_H

#include "mesh/addr.h"

#define STUN_RATE_ADDRESS 100 /* a second: a site of 2,000 nodes behind one address */
#define STUN_RATE_ADDRESS_BURST 300
#define STUN_RATE_ALL 5000
#define STUN_RATE_ALL_BURST 5000
#define STUN_RATE_BUCKETS 4096

struct stun_rate;

int stun_rate_new(struct stun_rate **ret_rate, struct err *err) _must_check_;
void stun_rate_free(struct stun_rate *rate); /* NULL is allowed */

/* Whether a request of this address may be answered now; counts it then. Any steady clock. */
bool stun_rate_take(struct stun_rate *rate, const struct ip *from, int64_t now_ms) _must_check_;

#endif
