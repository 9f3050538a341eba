// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The store: Redis, its connections, the commit script, loading and tailing. Knows rows and log
 * entries, no rule.
 *
 * Keys (docs/redis.md): <prefix>meta, zones, peers, tokens, resting, log, seen.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/loop.h"
#include "io/redis.h"
#include "tower/core/change.h"
#include "tower/core/presence.h"
#include "tower/core/state.h"

struct store;

enum store_status {
	STORE_CONNECTING, /* nothing was ever loaded */
	STORE_LOADING,    /* connected: comparing histories, or reading all rows */
	STORE_READY,      /* commits are taken */
	STORE_LOST,       /* connection gone: reconnecting with back-off */
	STORE_FOREIGN,    /* another history, or one that cannot be read: nothing is written */
};

struct store_config {
	struct loop *loop;
	const char *url;             /* redis://…, unix:///…; NULL: an embedded redis-server */
	const char *password;        /* of `url`, when it is not in there; NULL for none */
	const char *state_dir;       /* of the embedded server; locked before it starts */
	const char *signpost_listen; /* "IP:PORT" where that listens too; NULL: nowhere */
	const char *signpost_password; /* with it */
	const char *key_prefix;        /* "apex:" */
	uint64_t log_keep;             /* entries kept in the log, about */
	uint64_t fingerprint; /* of the tower's secrets: all towers of one Redis share them */
	struct state *state;  /* filled by loading; changed later through on_change only */
	struct presence *presence;

	/*
	 * A change of the log that is part of what is being loaded and newer than what this tower
	 * had: oldest first, after the state was filled and before on_loaded. So that watchers can
	 * resume across a restart, and requests of unknown outcome learn theirs.
	 */
	void (*on_history)(const struct change *change, void *data);
	/* The state was loaded or reloaded (then every watcher must resynchronise). */
	void (*on_loaded)(bool again, void *data);
	/* A log entry that this tower does not have yet, in order: to be applied now. */
	void (*on_change)(const struct change *change, void *data);
	void (*on_status)(enum store_status status, const char *why, void *data);
	void *data;
};

/*
 * Starts the embedded server or reads the URL (their errors); all else happens on the loop: nothing
 * is called back before it runs. The config's strings must outlive the store. The program ignores
 * SIGPIPE, has called crypto_init, and has dropped its privileges.
 */
int store_new(const struct store_config *config, struct store **ret_store,
	      struct err *err) _must_check_;

/* Stops the embedded server too (it writes its file out first). NULL is allowed. */
void store_free(struct store *store);

/*
 * Sends a command beside the log, for who keeps something in this Redis that is no part of the
 * state; takes the arguments over. -ENOTCONN while the store is not ready. `fn` as of
 * redis_command; store_flush writes out what was sent, for who is about to call store_free.
 */
int store_ask(struct store *store, struct redis_args *args, redis_reply_fn fn,
	      void *data) _must_check_;
void store_flush(struct store *store);

enum store_status store_status(const struct store *store);
const char *store_status_why(const struct store *store); /* a sentence; "" when all is well */
bool store_is_durable(const struct store *store);        /* append-only, fsync always, noeviction */
int64_t store_now_ms(const struct store *store);

/* Since when, in Redis time, the store has been ready without a break; now, when it is not. */
int64_t store_ready_since_ms(const struct store *store);

/* How a batch ended. */
enum store_outcome {
	STORE_COMMITTED,
	STORE_RACED,   /* decide again: on_change was called for what was missing */
	STORE_FAILED,  /* nothing was written; `why` says what Redis said */
	STORE_UNKNOWN, /* the connection broke after sending; decided after the next load */
};
typedef void (*store_commit_fn)(enum store_outcome outcome, const char *why, void *data);

/*
 * Commits the changes, all or none, after comparing epoch, revision and mark with `from` (that of
 * the state they were decided on); with no changes it only compares. One batch at a time: -EBUSY;
 * -ENOTCONN when the store is not ready. The changes stay the caller's, who keeps them until `fn`
 * is called, which is never from inside this call.
 */
int store_commit(struct store *store, uint64_t from_revision, uint64_t from_mark,
		 struct change *const *changes, size_t changes_len, store_commit_fn fn, void *data,
		 struct err *err) _must_check_;

#endif
