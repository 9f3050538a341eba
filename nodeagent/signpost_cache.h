// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a signpost told, kept in the state dir (signpost.json, 0600): towers, their pins, the join
 * secret; so that a node needs its Redis for the first contact alone.
 */
#ifndef NODEAGENT_SIGNPOST_CACHE_H
#define NODEAGENT_SIGNPOST_CACHE_H

#include "mesh/signpost.h"
#include "nodeagent/signpost_call.h"

#define SIGNPOST_CACHE_NAME "signpost.json" /* in --state-dir */

struct signpost_cache {
	char name[SIGNPOST_NAME_BYTES]; /* the signpost; "": nothing is kept */
	char here[SIGNPOST_HOST_BYTES]; /* what an entry without a host means */
	struct signpost signpost;
};

int signpost_cache_save(const char *state_dir, const struct signpost_cache *cache,
			struct err *err) _must_check_;

/* 1; 0 when there is none. -EPROTO: it is spoilt. Fields that are no good are passed over. */
int signpost_cache_load(const char *state_dir, struct signpost_cache *ret_cache,
			struct err *err) _must_check_;

#endif
