// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * When each peer was last seen. Presence has no revision: it is an input to decisions, kept beside
 * the state, written to `apex:seen` in batches.
 */
#ifndef CORE_PRESENCE_H
#define CORE_PRESENCE_H

#include "mesh/key.h"

#define PRESENCE_OFFLINE_MS 60000 /* unseen for so long: offline */

struct presence;

int presence_new(struct presence **ret_presence) _must_check_;
void presence_free(struct presence *presence);

/* Remembers that the peer was seen; an older time than the known one changes nothing. */
int presence_touch(struct presence *presence, const struct key *key, int64_t at_ms) _must_check_;
void presence_forget(struct presence *presence, const struct key *key);

/* Milliseconds since 1970; 0 when it was never seen. */
int64_t presence_seen_ms(const struct presence *presence, const struct key *key);
bool presence_is_online(const struct presence *presence, const struct key *key, int64_t now_ms);

/*
 * Takes the peers that were touched since the last call, at most `max`: how many were written to
 * ret_keys and ret_at_ms. For the writer of `apex:seen`.
 */
size_t presence_take_fresh(struct presence *presence, struct key *ret_keys, int64_t *ret_at_ms,
			   size_t max);

#endif
