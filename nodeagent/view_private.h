// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the view holds: shared by its own files only.
 */
#ifndef NODEAGENT_VIEW_PRIVATE_H
#define NODEAGENT_VIEW_PRIVATE_H

#include "nodeagent/view.h"

RB_HEAD(view_key_tree, view_peer);
RB_HEAD(view_ip_tree, view_peer);
RB_HEAD(view_claim_tree, view_claim);

/* A zone's document and its peers: what is in force, or a snapshot that is still coming. */
struct view_contents {
	bool has_zone;
	struct zone zone;
	struct view_key_tree peers;
	size_t peers_len;
};

struct view {
	char zone_name[ZONE_NAME_BYTES];
	struct view_contents live;
	struct view_contents coming;
	bool in_snapshot, is_reset;
	bool is_complete, has_id;
	bool in_change;
	struct event_id id;
	uint64_t resets;
	size_t absent_len;
	struct view_counts counts;
	/* Of the live peers: */
	const struct view_peer *hub;
	struct view_claim_tree claims;
	struct view_ip_tree by_ip;
	struct view_touched touched;
};

/* Puts a live peer into the trees beside that of the keys, or takes it out; notes that it changed.
 */
void view_index_add(struct view *view, struct view_peer *peer);
void view_index_remove(struct view *view, struct view_peer *peer);

/* It changed in something that is not in the trees. */
void view_index_touch(struct view *view, const struct view_peer *peer);
void view_index_touch_all(struct view *view);

/* Folds a document in, as an event of it would: for the cache. */
int view_fold_peer(struct view *view, const json_t *object, struct err *err) _must_check_;
int view_fold_zone(struct view *view, const json_t *object, struct err *err) _must_check_;
void view_begin_snapshot(struct view *view, bool reset);
int view_end_snapshot(struct view *view);

#endif
