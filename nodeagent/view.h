// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the tower has told of the zone: its document and its peers, folded from events. Pure. An
 * agent's peer set shrinks only by an event or by a complete snapshot, never by an error or a gap.
 *
 * A snapshot is put aside while it comes and takes effect as a whole with its last event. One of
 * another history (`reset`) removes nobody at once: who is not in it stays as absent, until
 * somebody calls view_drop_absent.
 */
#ifndef NODEAGENT_VIEW_H
#define NODEAGENT_VIEW_H

#include <jansson.h>

#include "mesh/event.h"
#include "nodeagent/view_peer.h"

#define VIEW_PEERS_MAX 200000 /* of one zone: a tower that sends more is not believed */
#define VIEW_TOUCHED_MAX 4096 /* changes of so many peers are as good as those of all */

struct view;

/* The zone is the only one whose events are taken. */
int view_new(const char *zone, struct view **ret_view) _must_check_;
void view_free(struct view *view);

/*
 * A stream begins, or ended: what an unfinished snapshot had brought is forgotten, and of a change
 * that came by half the other half is not waited for.
 */
void view_begin_stream(struct view *view);

/*
 * Folds one event in. 1 when something a node acts on changed, 0 when not, -EPROTO for an event
 * that cannot be understood or is of another zone (then nothing changed), -ENOMEM.
 */
int view_fold(struct view *view, const struct event *event, struct err *err) _must_check_;

/* Whether a complete snapshot was seen (or loaded from the cache). */
bool view_is_complete(const struct view *view);

/* From where to resume; false when nothing was seen yet. */
bool view_id(const struct view *view, struct event_id *ret_id);

/* Events of a change came in whose last one, with the id, did not: not to be acted on. */
bool view_is_in_change(const struct view *view);

/* What they answer is borrowed until the next event is folded in. */
const struct zone *view_zone(const struct view *view); /* NULL before the first zone event */
const struct view_peer *view_peer(const struct view *view, const struct key *key);
const struct view_peer *view_next_peer(const struct view *view, const struct view_peer *after);
const struct view_peer *view_hub(const struct view *view); /* the first with --hub-router */
size_t view_peers_len(const struct view *view);

/* The claims in their order: the first one at this prefix or above, the last one at or below. */
const struct view_claim *view_claim_from(const struct view *view, const struct prefix *prefix);
const struct view_claim *view_claim_upto(const struct view *view, const struct prefix *prefix);
const struct view_claim *view_next_claim(const struct view_claim *claim);

/* The peers that have an endpoint, by its address (zone or not): the first one at or above it. */
const struct view_peer *view_peer_from_ip(const struct view *view, const struct ip *ip);
const struct view_peer *view_next_peer_by_ip(const struct view_peer *peer);

VEC(key_vec, struct key);

/*
 * What may have another place in the data plane since it was last forgotten: peers that came,
 * changed, went, or whose claims others made or dropped; prefixes that they claim or claimed, and
 * the addresses that they are or were reached at.
 */
struct view_touched {
	bool all; /* then the lists are empty */
	struct key_vec keys;
	struct prefix_vec prefixes;
};

/* Ordered, each once; borrowed like the above. */
const struct view_touched *view_touched(struct view *view);
void view_forget_touched(struct view *view);

/* How often a snapshot of another history took effect: one more means "join again". */
uint64_t view_resets(const struct view *view);

/* How many were neither in the last snapshot nor named since. */
size_t view_absent_len(const struct view *view);

/* Removes the absent peers; how many there were. */
size_t view_drop_absent(struct view *view);

/* What changed since the last call, for the log. */
struct view_counts {
	size_t added, changed, removed;
};
struct view_counts view_take_counts(struct view *view);

/* The cache: one JSON object's text, of a complete view only; NULL: no memory. */
char *view_save(const struct view *view) _must_check_;

/* Into a fresh view. -EPROTO leaves it as it was. */
int view_load(struct view *view, const json_t *object, struct err *err) _must_check_;

#endif
