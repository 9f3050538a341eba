// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the tower has told of the zone: its document and its peers, folded from events. Pure. An
 * agent's peer set shrinks only by an event or by a complete snapshot, never by an error or a gap.
 */
#ifndef NODEAGENT_VIEW_H
#define NODEAGENT_VIEW_H

#include "mesh/event.h"
#include "mesh/peer.h"

struct view;

int view_new(struct view **ret_view) _must_check_;
void view_free(struct view *view);

/*
 * Folds one event in. 1 when something a node acts on changed, 0 when not, -EPROTO for an event
 * that cannot be understood (then nothing changed).
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

/* The cache: one JSON text, complete or nothing. */
char *view_save(const struct view *view) _must_check_;
int view_load(struct view *view, const char *text, size_t len, struct err *err) _must_check_;

#endif
