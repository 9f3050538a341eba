// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Contact with Redis: finds it (starts the embedded one, resolves the name), opens two connections
 * to it, one for commands and one for waiting on the log, checks what it is, gives it the commit
 * script; and does all of it again, with back-off, when either connection is lost. Knows nothing
 * of what is in there.
 */
#ifndef STORE_CONTACT_H
#define STORE_CONTACT_H

#include "io/redis.h"

#define CONTACT_CONNECT_MS 5000
#define CONTACT_REPLY_MS 5000 /* a Redis that is silent for so long counts as gone */
#define CONTACT_WAIT_MS 5000  /* how long a blocking read of the log may wait */
#define CONTACT_BACKOFF_MIN_MS 20
#define CONTACT_BACKOFF_MAX_MS 2000
#define CONTACT_SHA_BYTES 41

struct contact;

struct contact_config {
	struct loop *loop;
	const char *url;             /* NULL: the embedded server */
	const char *password;        /* wins over that of `url`; NULL for none */
	const char *state_dir;       /* of the embedded server */
	const char *key_prefix;      /* for its users, when it listens on TCP, too: */
	const char *signpost_listen; /* "IP:PORT"; NULL: it does not */
	const char *signpost_password;
	const char *script; /* to be loaded */
	void (*on_up)(void *data);
	void (*on_down)(const char *why, void *data); /* also after each attempt that failed */
	void *data;
};

/* Nothing is called back before the loop runs. Errors: of the URL, of the embedded server. */
int contact_new(const struct contact_config *config, struct contact **ret_contact,
		struct err *err) _must_check_;
void contact_free(struct contact *contact); /* NULL is allowed */

/* Between on_up and on_down: the connections, and the script's hash. */
struct redis *contact_commands(struct contact *contact);
struct redis *contact_tail(struct contact *contact);
const char *contact_script_sha(const struct contact *contact);

/* Loads the script again: Redis has forgotten it. Commands sent later find it there. */
void contact_load_script(struct contact *contact);

/* Gives the connections up, for `why`, and starts anew. on_down comes in the loop's next turn. */
void contact_drop(struct contact *contact, const char *why);

/* Append-only file, synced before each answer, nothing evicted. */
bool contact_is_durable(const struct contact *contact);

/* Where Redis is, without secrets. */
const char *contact_name(const struct contact *contact);

#endif
