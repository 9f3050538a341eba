// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Finds towers for the controller: reads the signpost when the node needs to know (first contact;
 * no known tower answers; a pin or the join secret is refused), with back-off, and keeps what it
 * told in the state dir, which is asked first from then on. With towers given as URLs it does
 * nothing. docs/adr/0014-signpost.md.
 */
#ifndef NODEAGENT_FINDER_H
#define NODEAGENT_FINDER_H

#include "nodeagent/config.h"

#define FINDER_FRESH_MS 5000 /* what was asked so lately is not asked again at once */
#define FINDER_RETRY_FIRST_MS 500
#define FINDER_RETRY_CAP_MS 60000
#define FINDER_TROUBLE_BYTES 1024

struct finder;

/* `config` must stay as long as the finder. */
int finder_new(struct loop *loop, const struct config *config, struct finder **ret_finder,
	       struct err *err) _must_check_;
void finder_free(struct finder *finder); /* NULL is allowed */

/* Begins to tell this controller of towers: from the cache, or after having read the signpost. */
void finder_start(struct finder *finder, struct controller *controller);

/*
 * `fn` is told each address that a signpost is about to be read at: a route that covered it would
 * cut this node off from it.
 */
typedef void (*finder_address_fn)(const struct ip *ip, void *data);
void finder_tell_addresses(struct finder *finder, finder_address_fn fn, void *data);

/* For the controller's on_failure and on_joined. */
bool finder_note_failure(struct finder *finder, const struct tower_target *target,
			 const struct tower_answer *answer);
void finder_note_joined(struct finder *finder);

/* What is wrong with the signpost, in a sentence with what to do; "" for nothing. */
const char *finder_trouble(const struct finder *finder);

#endif
