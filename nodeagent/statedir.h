// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What an agent keeps over its restarts, in a folder (0700) that one agent at a time holds: who it
 * is among the machines that know the key (instance), and the zone as it saw it last (cache). The
 * default place of the private key is here too.
 */
#ifndef NODEAGENT_STATEDIR_H
#define NODEAGENT_STATEDIR_H

#include "nodeagent/view.h"

#define STATEDIR_CACHE_MAX (128 * 1024 * 1024)

struct statedir;

/* Makes the folder and locks it: -EWOULDBLOCK when another agent holds it. */
int statedir_open(const char *path, struct statedir **ret_dir, struct err *err) _must_check_;
void statedir_close(struct statedir *dir); /* NULL is allowed */

/* The instance, made at random the first time. */
int statedir_instance(const struct statedir *dir, char ret_instance[static PEER_INSTANCE_BYTES],
		      struct err *err) _must_check_;

/* Whom the cache is about, and what the last join answered. */
struct statedir_self {
	struct key public_key;
	char zone[ZONE_NAME_BYTES];
	uint64_t generation;
};

/* Replaces the cache by what the (complete) view holds. */
int statedir_save(const struct statedir *dir, const struct statedir_self *self,
		  const struct view *view, struct err *err) _must_check_;

/*
 * Loads the cache into a fresh view: 1, and the generation in `self`. 0 when there is none, or it
 * is about another key or zone than `self` says. -EPROTO: it is spoilt; the view is still fresh.
 */
int statedir_load(const struct statedir *dir, struct statedir_self *self, struct view *view,
		  struct err *err) _must_check_;

#endif
