// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/signpost_call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

struct signpost_call {
	struct signpost_call_config config;
	struct redis_url url; /* with the user that is tried */
	bool may_be_default;  /* nobody named a user: SIGNPOST_USER is tried first */
	char name[SIGNPOST_NAME_BYTES];
	struct resolver_answer places;
	size_t place; /* that is tried, in `places` */
	struct redis *redis;
	struct loop_timer *begin;
	struct signpost signpost;
};

void signpost_name(const struct redis_url *url, char ret_name[static SIGNPOST_NAME_BYTES])
{
	char text[REDIS_URL_TEXT_BYTES];
	char db[8] = "";

	redis_url_format(url, text);
	if (url->db > 0)
		(void)snprintf(db, sizeof(db), "/%u", url->db);
	(void)snprintf(ret_name, SIGNPOST_NAME_BYTES, "%s%s", text, db);
}

const char *signpost_here(const struct redis_url *url)
{
	return *url->path ? "127.0.0.1" : url->host;
}

static void tell(struct signpost_call *call, const struct signpost_answer *answer)
{
	redis_free(call->redis);
	call->redis = NULL;
	call->config.fn(answer, call->config.data); /* which may free the call */
}

static void fail(struct signpost_call *call, enum signpost_outcome outcome, const char *why,
		 const char *hint)
{
	struct signpost_answer answer = { .outcome = outcome };

	refusal_set(&answer.refusal, "E-signpost", "%s", why);
	refusal_hint(&answer.refusal, "%s", hint);
	tell(call, &answer);
}

static void fail_with(struct signpost_call *call, enum signpost_outcome outcome, const char *hint,
		      const char *fmt, ...) _printf_(4, 5);

static void fail_with(struct signpost_call *call, enum signpost_outcome outcome, const char *hint,
		      const char *fmt, ...)
{
	char why[REFUSAL_TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	fail(call, outcome, why, hint);
}

static const char *hint_of_login(const char *why)
{
	if (strstr(why, "without any password"))
		return "this Redis takes no password: leave --controller-password out";
	return "give the signpost's password as --controller-password-file, as the tower or its "
	       "Redis shows it; another user than 'signpost' or 'default' is named so: "
	       "--controller=redis://USER@HOST";
}

/* What HGETALL was refused with. */
static void fail_of_error(struct signpost_call *call, const char *said)
{
	const char *key = call->config.key;

	if (str_starts(said, "NOAUTH"))
		fail_with(call, SIGNPOST_REFUSED, "give it as --controller-password-file",
			  "%s wants a password, and none was given", call->name);
	else if (str_starts(said, "NOPERM"))
		fail_with(call, SIGNPOST_REFUSED,
			  "'controltower redis-acl' prints what this Redis must allow, or "
			  "--controller=redis://USER@HOST names another user",
			  "%s does not let this user read its signpost %s: %.120s", call->name, key,
			  said);
	else if (str_starts(said, "WRONGTYPE"))
		fail_with(call, SIGNPOST_REFUSED,
			  "is it the right Redis? only a tower may write there; remove that key, "
			  "and the tower writes its signpost anew",
			  "%s has something else than a signpost under %s", call->name, key);
	else
		fail_with(call, SIGNPOST_AWAY, "what Redis says is the reason", "%s: %.160s",
			  call->name, said);
}

/* Takes all fields; the first one that is no good is remembered. */
static void take_fields(struct signpost_call *call, const struct redis_reply *reply,
			struct err *ret_bad)
{
	for (size_t i = 0; i + 1 < reply->len; i += 2) {
		struct redis_reply field = redis_reply_item(reply, i);
		struct redis_reply value = redis_reply_item(reply, i + 1);
		struct err err = { 0 };

		if (signpost_take(&call->signpost, field.text, field.len, value.text, value.len,
				  &err) < 0 &&
		    !ret_bad->code)
			*ret_bad = err;
	}
}

static void on_fields(const struct redis_reply *reply, void *data)
{
	struct signpost_call *call = data;
	struct signpost_answer answer = { .signpost = &call->signpost };
	struct err bad = { 0 };

	if (reply->kind == REDIS_ERROR) {
		fail_of_error(call, reply->text);
		return;
	}
	take_fields(call, reply, &bad);
	if (call->signpost.towers_len == 0 && bad.code)
		fail_with(call, SIGNPOST_REFUSED,
			  "it was written by another version, or by somebody who is no tower",
			  "the signpost %s names no tower that can be read: %.140s", call->name,
			  bad.text);
	else if (call->signpost.towers_len == 0)
		fail_with(call, SIGNPOST_AWAY,
			  "does a tower run with this Redis and with --tls-listen, and is this "
			  "the Redis?",
			  "%s is there, but no tower has a signpost in it (%s)", call->name,
			  call->config.key);
	else {
		if (bad.code)
			log_warn("signpost", "%s: %s: passed over", call->name, bad.text);
		tell(call, &answer);
	}
}

static void on_ready(void *data)
{
	struct signpost_call *call = data;
	struct redis_args args = { 0 };

	redis_args_words(&args, "HGETALL", call->config.key);
	if (redis_command(call->redis, &args, on_fields, call) < 0)
		fail(call, SIGNPOST_AWAY, "out of memory", "");
}

static int open_place(struct signpost_call *call, struct err *err);
static void open_first(struct signpost_call *call);

static void on_closed(const char *why, void *data)
{
	struct signpost_call *call = data;
	enum redis_end end = redis_end_of(call->redis);
	struct err err = { 0 };

	/* A Redis with one password for all has no user of that name. */
	if (end == REDIS_NO_LOGIN && call->may_be_default) {
		call->may_be_default = false;
		call->url.user[0] = '\0';
		redis_free(TAKE_PTR(call->redis));
		open_first(call);
		return;
	}
	if (end == REDIS_NO_LOGIN) {
		fail(call, SIGNPOST_REFUSED, why, hint_of_login(why));
		return;
	}
	if (end == REDIS_TOO_LONG) {
		fail(call, SIGNPOST_REFUSED, why,
		     "that is no signpost: is it the right Redis? only a tower may write there");
		return;
	}
	redis_free(TAKE_PTR(call->redis));
	for (call->place++; call->place < call->places.len; call->place++) {
		if (open_place(call, &err) >= 0)
			return;
	}
	fail(call, SIGNPOST_AWAY, why,
	     "does Redis run there, and can its port be reached from here?");
}

static int open_place(struct signpost_call *call, struct err *err)
{
	struct redis_config config = { .loop = call->config.loop,
				       .url = &call->url,
				       .address = call->places.address[call->place],
				       .connect_timeout_ms = SIGNPOST_CALL_MS,
				       .reply_timeout_ms = SIGNPOST_CALL_MS,
				       .reply_max_bytes = SIGNPOST_BYTES_MAX,
				       .on_ready = on_ready,
				       .on_closed = on_closed,
				       .data = call };
	struct ip ip;

	if (!*call->url.path && ip_parse(config.address, &ip, NULL) == 0)
		call->config.on_address(&ip, call->config.data);
	return redis_new(&config, &call->redis, err);
}

static void open_first(struct signpost_call *call)
{
	struct err err = { 0 };

	if (open_place(call, &err) < 0)
		fail(call, SIGNPOST_AWAY, err.text,
		     "does Redis run there, and can its port be reached from here?");
}

void signpost_call_resolved(struct signpost_call *call, const struct resolver_answer *answer,
			    const char *why)
{
	call->places = *answer;
	if (answer->len > 0)
		open_first(call);
	else
		fail_with(call, SIGNPOST_AWAY, "is the name in --controller right?", "%s: %s",
			  call->name, why);
}

static void on_begin(void *data)
{
	struct signpost_call *call = data;
	const struct redis_url *url = call->config.url;
	struct err err = { 0 };

	if (*url->path || resolver_is_literal(url->host, &call->places))
		open_first(call);
	else if (resolver_start(call->config.resolver, url->host, &err) < 0)
		fail(call, SIGNPOST_AWAY, err.text, "");
}

static void freep(struct signpost_call **call)
{
	signpost_call_free(*call);
}

int signpost_call_start(const struct signpost_call_config *config, struct signpost_call **ret_call,
			struct err *err)
{
	_cleanup_(freep) struct signpost_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		return err_oom(err);
	call->config = *config;
	call->url = *config->url;
	call->may_be_default = !*call->url.user && *call->url.password;
	if (call->may_be_default)
		(void)snprintf(call->url.user, sizeof(call->url.user), SIGNPOST_USER);
	signpost_name(config->url, call->name);
	r = loop_timer_new(config->loop, on_begin, call, &call->begin, err);
	if (r < 0)
		return r;
	loop_timer_set(call->begin, 0);
	*ret_call = TAKE_PTR(call);
	return 0;
}

void signpost_call_free(struct signpost_call *call)
{
	if (!call)
		return;
	redis_free(call->redis);
	loop_timer_free(call->begin);
	signpost_done(&call->signpost);
	redis_url_wipe(&call->url);
	free(call);
}
