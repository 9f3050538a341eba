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
#include "mesh/peer.h"

#define VIEW_PEERS_MAX 200000 /* of one zone: a tower that sends more is not believed */

struct view;

/* The zone is the only one whose events are taken. */
int view_new(const char *zone, struct view **ret_view) _must_check_;
void view_free(struct view *view);

/* A stream begins: what an unfinished snapshot of the last one had brought is forgotten. */
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

const struct zone *view_zone(const struct view *view); /* NULL before the first zone event */
const struct peer *view_peer(const struct view *view, const struct key *key);
const struct peer *view_next_peer(const struct view *view, const struct key *after);
size_t view_peers_len(const struct view *view);

/* How often a snapshot of another history took effect: one more means "join again". */
uint64_t view_resets(const struct view *view);

/* Whether the peer was in the last snapshot or named since. */
bool view_peer_is_absent(const struct view *view, const struct key *key);
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
