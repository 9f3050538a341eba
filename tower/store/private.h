// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the files of the store share: store.c (life, loading, commits), follow.c (comparing with
 * Redis, tailing its log), seen.c (presence).
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "tower/store/contact.h"
#include "tower/store/history.h"
#include "tower/store/keys.h"
#include "tower/store/script.h"
#include "tower/store/store.h"

#define STORE_AREA "store"
#define STORE_CHECK_MS 1000  /* an idle store compares itself with Redis so often */
#define STORE_SEEN_MS 10000  /* presence is written so often */
#define STORE_GONE_MAX 10000 /* removed peers whose presence waits for removal */

VEC(key_vec, struct key);

/* The batch in flight; fn is NULL when there is none. */
struct batch {
	store_commit_fn fn;
	void *data;
	struct change *const *changes;
	size_t changes_len;
	struct history from;
};

struct store {
	struct store_config config;
	struct keys keys;
	struct contact *contact;
	enum store_status status;
	char why[ERR_TEXT_BYTES];

	char epoch[HISTORY_EPOCH_BYTES];     /* "": no history was seen yet */
	char own_epoch[HISTORY_EPOCH_BYTES]; /* of the history that this tower would begin */
	bool loaded;                         /* the state was filled once */
	bool must_load;                      /* comparing is not enough */
	bool must_trim;                      /* memory is to be given back */
	bool asking;                         /* a load or a check is under way */
	bool tailing;                        /* a read of the log's end is under way */
	struct history checked;              /* where the state stood when the check was sent */
	struct batch batch;

	int64_t clock_ms;    /* Redis TIME less the boot clock */
	int64_t compared_ms; /* when Redis last answered a compare, on the loop's clock */
	int64_t ready_ms;    /* 0: not ready */
	struct loop_timer *check_timer;
	struct loop_timer *seen_timer;
	struct key_vec gone;
};

/* --- store.c --- */

void store_set_status(struct store *store, enum store_status status, const char *why);
void store_note_time(struct store *store, int64_t redis_ms);
void store_become_ready(struct store *store);

/* Where the state stands. */
struct history store_history(const struct store *store);

/* Asks Redis where it stands; reads everything first when that is due. */
void store_consult(struct store *store);
void store_reload(struct store *store, const char *why);

/* --- follow.c --- */

/* The script, to commit or only to compare. */
int follow_send(struct store *store, const struct history *from, struct change *const *changes,
		size_t changes_len, redis_reply_fn fn, struct err *err) _must_check_;
void follow_check(struct store *store);

/*
 * What a failed compare tells: catches up, loads anew, or stops. False when it stopped: then the
 * store's status says why.
 */
bool follow_learn(struct store *store, const struct history *from,
		  const struct script_result *result);

/* Waits for further entries of the log, unless that is done already. */
void follow_tail(struct store *store);

/* --- seen.c --- */

void seen_write(struct store *store);

/* Takes over what a load's reply says, for the peers of the state. */
void seen_read(struct store *store, const struct redis_reply *reply);
void seen_forget(struct store *store, const struct change *change);

#endif
