// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One connection to Redis on the loop (hiredis inside): connects, logs in, sends commands, hands
 * out replies, and closes itself when the other side is silent for too long. Does not connect
 * again, resolves no names, knows no key. The program must ignore SIGPIPE.
 */
#ifndef IO_REDIS_H
#define IO_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/str.h"
#include "base/vec.h"
#include "io/redis_url.h"

struct redis;

struct redis_config {
	struct loop *loop;
	const struct redis_url *url;
	const char *address;        /* TCP: where url->host is, as an IP literal */
	int64_t connect_timeout_ms; /* for connecting and logging in */
	int64_t reply_timeout_ms;   /* the longest silence while a command waits for its reply */
	size_t reply_max_bytes;     /* a reply that grows beyond ends the connection; 0: no limit */
	void (*on_ready)(void *data);
	/* The connection is gone, for `why`. No reply will come any more; to be freed by the owner.
	 */
	void (*on_closed)(const char *why, void *data);
	void *data;
};

/* Starts to connect. The config's pointers need not outlive the call, except for `data`. */
int redis_new(const struct redis_config *config, struct redis **ret_redis,
	      struct err *err) _must_check_;

/* Closes; nothing is called back any more. Allowed in any callback; NULL is allowed. */
void redis_free(struct redis *redis);

/* Why it was closed, for those who act on it; to be asked in on_closed. */
enum redis_end {
	REDIS_LOST,     /* not reached, broken off, silent */
	REDIS_NO_LOGIN, /* Redis refused the login */
	REDIS_TOO_LONG, /* an answer beyond reply_max_bytes */
};
enum redis_end redis_end_of(const struct redis *redis);

/* Writes out what the socket takes at once of the commands that were given; before redis_free. */
void redis_flush(struct redis *redis);

/* The arguments of a command; a zeroed one is empty. */
VEC(redis_ends, size_t);
struct redis_args {
	struct str bytes;
	struct redis_ends ends; /* of each argument in `bytes` */
	bool failed;            /* as in struct str */
};
void redis_args_add(struct redis_args *args, const char *text);
void redis_args_bytes(struct redis_args *args, const void *bytes, size_t len);
void redis_args_printf(struct redis_args *args, const char *fmt, ...) _printf_(2, 3);
void redis_args_list(struct redis_args *args, const char *const *words); /* up to a NULL */
#define redis_args_words(args, ...) \
	redis_args_list(args, (const char *const[]){ __VA_ARGS__, NULL })
void redis_args_done(struct redis_args *args);
#define _cleanup_redis_args_ _cleanup_(redis_args_done)

enum redis_kind { REDIS_NIL, REDIS_TEXT, REDIS_ERROR, REDIS_INTEGER, REDIS_ARRAY };

/* A view into a reply, valid during the callback. */
struct redis_reply {
	enum redis_kind kind;
	const char *text; /* of REDIS_TEXT and REDIS_ERROR, NUL-terminated; "" for the others */
	size_t len;       /* bytes of the text, items of the array */
	int64_t integer;
	const void *raw;
};

/* An item of an array; past its end, or of something else, a nil. */
struct redis_reply redis_reply_item(const struct redis_reply *array, size_t i);

/*
 * Sends a command (once connected) and takes the arguments over, also on failure: -ENOMEM,
 * -ENOTCONN. The reply comes to `fn` (NULL: to nobody) unless the connection is lost before.
 */
typedef void (*redis_reply_fn)(const struct redis_reply *reply, void *data);
int redis_command(struct redis *redis, struct redis_args *args, redis_reply_fn fn,
		  void *data) _must_check_;

#endif
