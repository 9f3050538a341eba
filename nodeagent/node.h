// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Who this node is and how it speaks to a tower: what running and leaving both need.
 */
#ifndef NODEAGENT_NODE_H
#define NODEAGENT_NODE_H

#include "nodeagent/config.h"
#include "nodeagent/finder.h"
#include "nodeagent/statedir.h"

struct node {
	struct config *config;
	char instance[PEER_INSTANCE_BYTES];
	struct key next_key;       /* private; of a rotation that is not over; zero: none */
	struct statedir_self self; /* its generation is 0 before the first join or cache */
	struct statedir *statedir;
	struct loop *loop;
	struct view *view;
	struct http_client *http;
	struct finder *finder;
};

/*
 * Opens the state dir, makes what the first start makes there (key, instance), and what hangs on a
 * loop. The node is the caller's (node_done), also after a failure; it must be zeroed before.
 */
int node_open(struct node *node, struct config *config, struct err *err) _must_check_;
void node_done(struct node *node);

/*
 * Makes the key that the node is to have next, durably. -EPERM with a sentence when the key at hand
 * is none that could be replaced.
 */
int node_begin_rotation(struct node *node, struct err *err) _must_check_;

/* The next key is the node's, or (not `is_taken`) is forgotten. */
void node_end_rotation(struct node *node, bool is_taken);

/* What to ask the zone for, but for the endpoint. Points into the node. */
void node_get_wish(const struct node *node, struct join_wish *ret_wish);

/* A controller's config, but for its callbacks. Points into the node. */
struct controller_config node_controller_config(const struct node *node);

#endif
