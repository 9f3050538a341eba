// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * hiredis frees its context by itself when a connection ends, and must not be told to do so from
 * inside its connect callback. So whatever a callback wants done to the connection is noted, and
 * settled after hiredis has returned.
 */
#include "io/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define READ_BYTES (16 * 1024) /* the buffer that hiredis reads by */

struct redis {
	redisAsyncContext *context; /* NULL once hiredis has given it up */
	struct loop *loop;
	struct loop_fd *watch;
	uint32_t events;
	struct loop_timer *deadline;
	int64_t reply_timeout_ms;
	size_t reply_max_bytes;
	size_t reply_bytes; /* about as many came since the last reply was whole */
	size_t waiting;     /* commands without a reply */
	bool in_hiredis;    /* hiredis is below us on the stack */
	bool is_writing;    /* what hiredis is given goes out at once: no need to be told when */
	bool ready;
	bool doomed; /* to be closed, for `why` */
	enum redis_end end;
	bool freed; /* the owner has freed it: to be destroyed */
	char name[REDIS_URL_TEXT_BYTES];
	char why[ERR_TEXT_BYTES];
	struct redis_url url;
	void (*on_ready)(void *data);
	void (*on_closed)(const char *why, void *data);
	void *data;
};

/* Who waits for a reply. */
struct waiter {
	redis_reply_fn fn;
	void *data;
};

static struct redis_reply view(const redisReply *raw)
{
	struct redis_reply reply = { .kind = REDIS_NIL, .text = "", .raw = raw };

	switch (raw->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		reply.kind = raw->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT;
		reply.text = raw->str;
		reply.len = raw->len;
		break;
	case REDIS_REPLY_INTEGER:
		reply.kind = REDIS_INTEGER;
		reply.integer = raw->integer;
		break;
	case REDIS_REPLY_ARRAY:
		reply.kind = REDIS_ARRAY;
		reply.len = raw->elements;
		break;
	default:
		break;
	}
	return reply;
}

struct redis_reply redis_reply_item(const struct redis_reply *array, size_t i)
{
	const redisReply *raw = array->raw;

	if (array->kind != REDIS_ARRAY || i >= array->len)
		return (struct redis_reply){ .kind = REDIS_NIL, .text = "" };
	return view(raw->element[i]);
}

static void want_events(struct redis *redis, uint32_t events)
{
	if (redis->watch && events != redis->events)
		loop_fd_set(redis->watch, events);
	redis->events = events;
}

static void add_read(void *data)
{
	struct redis *redis = data;

	want_events(redis, redis->events | EPOLLIN);
}

static void del_read(void *data)
{
	struct redis *redis = data;

	want_events(redis, redis->events & ~(uint32_t)EPOLLIN);
}

static void add_write(void *data)
{
	struct redis *redis = data;

	if (!redis->is_writing)
		want_events(redis, redis->events | EPOLLOUT);
}

static void del_write(void *data)
{
	struct redis *redis = data;

	want_events(redis, redis->events & ~(uint32_t)EPOLLOUT);
}

/* hiredis is about to close the socket. */
static void cleanup(void *data)
{
	struct redis *redis = data;

	loop_fd_free(redis->watch);
	redis->watch = NULL;
}

static void destroy(struct redis *redis)
{
	if (redis->context)
		redisAsyncFree(redis->context);
	loop_timer_free(redis->deadline);
	redis_url_wipe(&redis->url);
	free(redis);
}

void redis_free(struct redis *redis)
{
	if (!redis)
		return;
	redis->freed = true;
	if (!redis->in_hiredis)
		destroy(redis);
}

void redis_flush(struct redis *redis)
{
	int done = 0;

	if (redis->context && redis->ready && !redis->doomed)
		(void)redisBufferWrite(&redis->context->c, &done);
}

/* Does what callbacks have asked for. `redis` may be gone afterwards. */
static void settle(struct redis *redis)
{
	if (redis->freed) {
		destroy(redis);
		return;
	}
	if (redis->doomed && redis->context)
		redisAsyncFree(TAKE_PTR(redis->context));
	if (!redis->context) {
		char why[sizeof(redis->why)];

		memcpy(why, redis->why, sizeof(why)); /* the owner may free us, and read on */
		loop_timer_clear(redis->deadline);
		redis->on_closed(why, redis->data);
	}
}

static void doom(struct redis *redis, const char *fmt, ...) _printf_(2, 3);
static void doom(struct redis *redis, const char *fmt, ...)
{
	struct err err;
	va_list args;

	if (redis->doomed)
		return;
	va_start(args, fmt);
	(void)vsnprintf(err.text, sizeof(err.text), fmt, args);
	va_end(args);
	(void)err_wrap(&err, "%s", redis->name);
	memcpy(redis->why, err.text, sizeof(redis->why));
	redis->doomed = true;
	if (!redis->in_hiredis)
		settle(redis);
}

/*
 * Whether what hiredis is about to read would make a reply too long. It keeps all of an unfinished
 * reply, but does not tell how much that is; it reads at most READ_BYTES at once.
 */
static bool is_too_long(struct redis *redis)
{
	int waiting = 0;

	if (redis->reply_max_bytes == 0 || ioctl(redis->context->c.fd, FIONREAD, &waiting) < 0)
		return false;
	redis->reply_bytes += (size_t)MIN(waiting, READ_BYTES);
	return redis->reply_bytes > redis->reply_max_bytes;
}

static void on_socket(uint32_t events, void *data)
{
	struct redis *redis = data;

	if (is_too_long(redis)) {
		redis->end = REDIS_TOO_LONG;
		doom(redis, "an answer of more than %zu bytes, which is none that is expected",
		     redis->reply_max_bytes);
		return;
	}
	redis->in_hiredis = true;
	if (events & ~(uint32_t)EPOLLOUT)
		redisAsyncHandleRead(redis->context);
	if ((events & EPOLLOUT) && redis->context && !redis->freed && !redis->doomed)
		redisAsyncHandleWrite(redis->context);
	redis->in_hiredis = false;
	if (redis->ready && redis->waiting > 0)
		loop_timer_set(redis->deadline, redis->reply_timeout_ms);
	else if (redis->ready)
		loop_timer_clear(redis->deadline);
	settle(redis);
}

static void on_deadline(void *data)
{
	struct redis *redis = data;

	if (redis->ready)
		doom(redis, "no answer within %jd ms", (intmax_t)redis->reply_timeout_ms);
	else
		doom(redis, "no connection in time");
}

static void on_reply(redisAsyncContext *context, void *raw, void *privdata)
{
	_cleanup_free_ struct waiter *waiter = privdata;
	struct redis *redis = context->data;
	struct redis_reply reply;

	/* Without a reply: the connection is being closed, which on_closed tells once. */
	if (!raw || redis->freed || redis->doomed)
		return;
	redis->waiting--;
	redis->reply_bytes = 0;
	reply = view(raw);
	if (waiter->fn)
		waiter->fn(&reply, waiter->data);
}

static void become_ready(struct redis *redis)
{
	redis->ready = true;
	redis->on_ready(redis->data);
}

static void on_select(const struct redis_reply *reply, void *data)
{
	struct redis *redis = data;

	if (reply->kind == REDIS_ERROR)
		doom(redis, "database %u: %s", redis->url.db, reply->text);
	else
		become_ready(redis);
}

static void log_in(struct redis *redis);

static void on_auth(const struct redis_reply *reply, void *data)
{
	struct redis *redis = data;

	redis_url_wipe(&redis->url); /* empty from here on */
	if (reply->kind == REDIS_ERROR) {
		redis->end = REDIS_NO_LOGIN;
		doom(redis, "login refused: %s", reply->text);
	} else {
		log_in(redis);
	}
}

/* Password first, then the database, then ready. */
static void log_in(struct redis *redis)
{
	_cleanup_redis_args_ struct redis_args args = { 0 };
	int r = 0;

	if (*redis->url.password) {
		redis_args_add(&args, "AUTH");
		if (*redis->url.user)
			redis_args_add(&args, redis->url.user);
		redis_args_add(&args, redis->url.password);
		r = redis_command(redis, &args, on_auth, redis);
	} else if (redis->url.db > 0) {
		redis_args_add(&args, "SELECT");
		redis_args_printf(&args, "%u", redis->url.db);
		r = redis_command(redis, &args, on_select, redis);
	} else {
		become_ready(redis);
	}
	if (r < 0)
		doom(redis, "login: %s", strerror(-r));
}

static void on_connect(const redisAsyncContext *context, int status)
{
	struct redis *redis = context->data;

	if (status == REDIS_OK) {
		log_in(redis);
		return;
	}
	doom(redis, "%s", context->errstr);
	redis->context = NULL; /* hiredis frees it */
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
	struct redis *redis = context->data;

	(void)status;
	redis->context = NULL;
	if (!redis->freed)
		doom(redis, "connection lost: %s", *context->errstr ? context->errstr : "closed");
}

static int attach(struct redis *redis, struct err *err)
{
	redisAsyncContext *context = redis->context;
	int r;

	/* hiredis opens its sockets without SOCK_CLOEXEC. */
	if (fcntl(context->c.fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(err, -errno, "%s: fcntl", redis->name);
	redis->events = EPOLLIN | EPOLLOUT;
	r = loop_fd_new(redis->loop, context->c.fd, redis->events, on_socket, redis, &redis->watch,
			err);
	if (r < 0)
		return r;
	context->data = redis;
	context->ev.data = redis;
	context->ev.addRead = add_read;
	context->ev.delRead = del_read;
	context->ev.addWrite = add_write;
	context->ev.delWrite = del_write;
	context->ev.cleanup = cleanup;
	(void)redisAsyncSetConnectCallback(context, on_connect);
	(void)redisAsyncSetDisconnectCallback(context, on_disconnect);
	return 0;
}

static void freep(struct redis **redis)
{
	redis_free(*redis);
}

int redis_new(const struct redis_config *config, struct redis **ret_redis, struct err *err)
{
	_cleanup_(freep) struct redis *redis = calloc(1, sizeof(*redis));
	int r;

	if (!redis)
		return err_oom(err);
	redis->loop = config->loop;
	redis->reply_timeout_ms = config->reply_timeout_ms;
	redis->reply_max_bytes = config->reply_max_bytes;
	redis->url = *config->url;
	redis->on_ready = config->on_ready;
	redis->on_closed = config->on_closed;
	redis->data = config->data;
	redis_url_format(&redis->url, redis->name);
	r = loop_timer_new(redis->loop, on_deadline, redis, &redis->deadline, err);
	if (r < 0)
		return r;
	if (*redis->url.path)
		redis->context = redisAsyncConnectUnix(redis->url.path);
	else
		redis->context = redisAsyncConnect(config->address, redis->url.port);
	if (!redis->context)
		return err_oom(err);
	if (redis->context->err)
		return err_set(err, -ECONNREFUSED, "%s: %s", redis->name, redis->context->errstr);
	r = attach(redis, err);
	if (r < 0)
		return r;
	loop_timer_set(redis->deadline, config->connect_timeout_ms);
	*ret_redis = TAKE_PTR(redis);
	return 0;
}

enum redis_end redis_end_of(const struct redis *redis)
{
	return redis->end;
}

static void end_argument(struct redis_args *args)
{
	if (args->bytes.failed || vec_push(&args->ends, args->bytes.len) < 0)
		args->failed = true;
}

void redis_args_add(struct redis_args *args, const char *text)
{
	redis_args_bytes(args, text, strlen(text));
}

void redis_args_bytes(struct redis_args *args, const void *bytes, size_t len)
{
	str_append_bytes(&args->bytes, bytes, len);
	end_argument(args);
}

void redis_args_printf(struct redis_args *args, const char *fmt, ...)
{
	char text[128];
	va_list list;
	int len;

	va_start(list, fmt);
	len = vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	if (len < 0 || (size_t)len >= sizeof(text))
		args->failed = true;
	else
		redis_args_bytes(args, text, (size_t)len);
}

void redis_args_list(struct redis_args *args, const char *const *words)
{
	for (; *words; words++)
		redis_args_add(args, *words);
}

void redis_args_done(struct redis_args *args)
{
	str_done(&args->bytes);
	vec_done(&args->ends);
	args->failed = false;
}

static int send_arguments(struct redis *redis, const struct redis_args *args, struct waiter *waiter)
{
	_cleanup_free_ const char **argv = calloc(args->ends.len, sizeof(*argv));
	_cleanup_free_ size_t *lens = calloc(args->ends.len, sizeof(*lens));
	size_t start = 0;

	if (!argv || !lens || args->failed)
		return -ENOMEM;
	for (size_t i = 0; i < args->ends.len; i++) {
		argv[i] = args->bytes.at + start;
		lens[i] = args->ends.at[i] - start;
		start = args->ends.at[i];
	}
	if (redisAsyncCommandArgv(redis->context, on_reply, waiter, (int)args->ends.len, argv,
				  lens) != REDIS_OK)
		return -ENOTCONN;
	return 0;
}

/*
 * The socket nearly always takes a command at once: that saves a turn of the loop, and telling the
 * kernel twice. An error is left to the loop's turn, where hiredis meets it again.
 */
static int write_arguments(struct redis *redis, const struct redis_args *args,
			   struct waiter *waiter)
{
	int done = 0;
	int r;

	redis->is_writing = redis->ready;
	r = send_arguments(redis, args, waiter);
	redis->is_writing = false;
	if (r < 0 || !redis->ready)
		return r;
	if (redisBufferWrite(&redis->context->c, &done) != REDIS_OK || !done)
		add_write(redis);
	return 0;
}

int redis_command(struct redis *redis, struct redis_args *args, redis_reply_fn fn, void *data)
{
	_cleanup_free_ struct waiter *waiter = calloc(1, sizeof(*waiter));
	int r;

	if (!waiter)
		r = -ENOMEM;
	else if (!redis->context || redis->doomed)
		r = -ENOTCONN;
	else {
		*waiter = (struct waiter){ .fn = fn, .data = data };
		r = write_arguments(redis, args, waiter);
	}
	redis_args_done(args);
	if (r < 0)
		return r;
	(void)TAKE_PTR(waiter);
	if (redis->waiting++ == 0 && redis->ready)
		loop_timer_set(redis->deadline, redis->reply_timeout_ms);
	return 0;
}
