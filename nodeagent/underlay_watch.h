// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Tells when this machine's own network changed, or may have: a little after the first of several
 * notices, for an address that changes goes before the new one comes.
 */
#ifndef NODEAGENT_UNDERLAY_WATCH_H
#define NODEAGENT_UNDERLAY_WATCH_H

#include "base/loop.h"

#define UNDERLAY_WATCH_MS 200

struct underlay_watch;

typedef void (*underlay_watch_fn)(void *data);
int underlay_watch_new(struct loop *loop, underlay_watch_fn fn, void *data,
		       struct underlay_watch **ret_watch, struct err *err) _must_check_;
void underlay_watch_free(struct underlay_watch *watch); /* NULL is allowed */

#endif
