// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One stream of a zone's events, from its request to its end, folded into the view. Resumes where
 * the view is; tries nothing twice.
 */
#ifndef NODEAGENT_FOLLOWER_H
#define NODEAGENT_FOLLOWER_H

#include "nodeagent/tower.h"
#include "nodeagent/view.h"

#define FOLLOWER_SILENT_MS 40000 /* without a byte for so long it is over */

struct follower;

/* Whatever it points to must stay as long as the follower, but for target and ticket, which are
 * read at once. Both callbacks may free the follower. */
struct follower_config {
	struct http_client *client;
	const struct tower_target *target;
	const char *zone;
	const char *ticket;
	struct view *view;

	/* Events were folded: whether something a node acts on changed. Once for all of one read.
	 */
	void (*on_events)(bool is_changed, void *data);
	/*
	 * It is over. A stream that simply ended, or sent what cannot be understood, is TOWER_AWAY
	 * with a sentence; events before that one may have changed something still.
	 */
	void (*on_end)(const struct tower_answer *tower, bool is_changed, void *data);
	void *data;
};

int follower_new(const struct follower_config *config, struct follower **ret_follower,
		 struct err *err) _must_check_;
void follower_free(struct follower *follower); /* NULL is allowed */

/* For how long it has brought something; 0 as long as it has not. */
int64_t follower_lived_ms(const struct follower *follower);

#endif
