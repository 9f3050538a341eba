// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Keeps this tower's entry and the join secret in the signpost (docs/redis.md), drops entries that
 * other towers left behind, and looks at what the signpost's password opens.
 */
#ifndef TOWER_SIGNPOST_WRITER_H
#define TOWER_SIGNPOST_WRITER_H

#include "base/loop.h"
#include "mesh/signpost.h"
#include "tower/auth.h"
#include "tower/store/store.h"
#include "tower/tls.h"

#define SIGNPOST_WRITE_MS 20000            /* an entry holds for SIGNPOST_TTL_MS */
#define SIGNPOST_KEEP_MS INT64_C(86400000) /* of an entry that no tower keeps up any more */

struct signpost_writer;

struct signpost_writer_config {
	struct loop *loop;
	struct store *store;
	const struct auth *auth;
	const struct tls_material *tls; /* whose pin stands in the entry, and follows it */
	const char *key_prefix;
	const char *tls_listen;    /* "0.0.0.0:8443" */
	const char *advertise_url; /* NULL: the port of tls_listen, on the host of the signpost */
	const char *stun_listen;   /* NULL: none */
};

/* All pointers must stay valid. Nothing is written before signpost_writer_refresh. */
int signpost_writer_new(const struct signpost_writer_config *config,
			struct signpost_writer **ret_writer, struct err *err) _must_check_;

/* Takes this tower's entry back, as far as Redis is there. Before store_free. NULL is allowed. */
void signpost_writer_free(struct signpost_writer *writer);

/* To be called when the store becomes ready; from then on it goes on by itself. */
void signpost_writer_refresh(struct signpost_writer *writer);

/*
 * For people: "written", or why not; and what the signpost's password opens in this Redis:
 * "signpost" and nothing else, "unknown", or a sentence.
 */
const char *signpost_writer_status(const struct signpost_writer *writer);
const char *signpost_writer_opens(const struct signpost_writer *writer);

#endif
