// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/signpost_writer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "tower/redis_acl.h"

#define AREA "signpost"
#define KEY_BYTES_MAX 96
#define NAME_BYTES 512
#define RULES_BYTES 1024

struct signpost_writer {
	struct signpost_writer_config config;
	struct loop_timer *timer;
	char key[KEY_BYTES_MAX];
	char field[SIGNPOST_FIELD_BYTES];
	struct signpost_tower tower;
	bool written; /* at least once, so that there is something to take back */
	char status[ERR_TEXT_BYTES];
	char opens[ERR_TEXT_BYTES];
	char user_opens[ERR_TEXT_BYTES]; /* of user SIGNPOST_USER; "": there is none */
};

const char *signpost_writer_status(const struct signpost_writer *writer)
{
	return writer->status;
}

const char *signpost_writer_opens(const struct signpost_writer *writer)
{
	return writer->opens;
}

/* --- what the password opens --- */

/* Redis 7 says the rules in one text, Redis 6 keys and channels as a list. */
static void read_rules(const struct redis_reply *value, char to[static RULES_BYTES])
{
	size_t len = 0;

	to[0] = '\0';
	if (value->kind == REDIS_TEXT)
		(void)snprintf(to, RULES_BYTES, "%s", value->text);
	for (size_t i = 0; value->kind == REDIS_ARRAY && i < value->len && len < RULES_BYTES; i++) {
		struct redis_reply item = redis_reply_item(value, i);

		len += (size_t)snprintf(to + len, RULES_BYTES - len, "%s ", item.text);
	}
}

static bool has_flag(const struct redis_reply *flags, const char *flag)
{
	for (size_t i = 0; i < flags->len; i++) {
		if (str_eq(redis_reply_item(flags, i).text, flag))
			return true;
	}
	return false;
}

/* What this user may do, in the words of signpost_writer_opens. */
static void describe(const struct signpost_writer *writer, const char *name,
		     const struct redis_reply *user, char ret_opens[static ERR_TEXT_BYTES])
{
	char commands[RULES_BYTES] = "";
	char keys[RULES_BYTES] = "";
	char channels[RULES_BYTES] = "";
	struct redis_access access = {
		.user = name, .commands = commands, .keys = keys, .channels = channels
	};
	char why[ERR_TEXT_BYTES];

	for (size_t i = 0; i + 1 < user->len; i += 2) {
		const char *part = redis_reply_item(user, i).text;
		struct redis_reply value = redis_reply_item(user, i + 1);

		if (str_eq(part, "flags")) {
			access.on = has_flag(&value, "on");
			access.without_password = has_flag(&value, "nopass");
		} else if (str_eq(part, "commands")) {
			read_rules(&value, commands);
		} else if (str_eq(part, "keys")) {
			read_rules(&value, keys);
		} else if (str_eq(part, "channels")) {
			read_rules(&value, channels);
		} else if (str_eq(part, "selectors")) {
			access.more = value.len > 0;
		}
	}
	switch (redis_access_judge(&access, writer->config.key_prefix, why)) {
	case REDIS_ACCESS_RIGHT:
		(void)snprintf(ret_opens, ERR_TEXT_BYTES, "signpost");
		break;
	case REDIS_ACCESS_CLOSED:
		(void)snprintf(ret_opens, ERR_TEXT_BYTES, "nothing: %.200s", why);
		break;
	case REDIS_ACCESS_WIDE:
		(void)snprintf(ret_opens, ERR_TEXT_BYTES, "more than the signpost: %.200s", why);
		break;
	}
}

static void set_opens(struct signpost_writer *writer, const char *opens)
{
	if (str_eq(opens, writer->opens))
		return;
	(void)snprintf(writer->opens, sizeof(writer->opens), "%s", opens);
	if (!str_eq(opens, "signpost") && !str_eq(opens, "unknown"))
		log_warn(AREA,
			 "the signpost's password opens %s; controltower redis-acl prints how it "
			 "should be",
			 opens);
}

static void on_signpost_user(const struct redis_reply *reply, void *data)
{
	struct signpost_writer *writer = data;

	(void)snprintf(writer->user_opens, sizeof(writer->user_opens), "%s",
		       reply->kind == REDIS_NIL ? "" : "unknown");
	if (reply->kind == REDIS_ARRAY)
		describe(writer, SIGNPOST_USER, reply, writer->user_opens);
}

/*
 * Without a user for the signpost, its password is that of `default`. With one, `default` may be
 * an administrator's; but not everybody's.
 */
static void on_default_user(const struct redis_reply *reply, void *data)
{
	struct signpost_writer *writer = data;
	char opens[ERR_TEXT_BYTES];
	struct redis_reply flags;

	memcpy(opens, writer->user_opens, sizeof(opens));
	if (reply->kind == REDIS_ARRAY && !*opens)
		describe(writer, "default", reply, opens);
	for (size_t i = 0; reply->kind == REDIS_ARRAY && i + 1 < reply->len; i += 2) {
		flags = redis_reply_item(reply, i + 1);
		if (str_eq(redis_reply_item(reply, i).text, "flags") && has_flag(&flags, "on") &&
		    has_flag(&flags, "nopass"))
			(void)snprintf(opens, sizeof(opens),
				       "no more than anybody has: user 'default' has no password");
	}
	set_opens(writer, *opens ? opens : "unknown");
}

/* --- writing --- */

static void set_status(struct signpost_writer *writer, const char *status)
{
	if (str_eq(status, writer->status))
		return;
	(void)snprintf(writer->status, sizeof(writer->status), "%s", status);
	if (!writer->written)
		log_warn(AREA, "not written: %s", status);
}

static void on_written(const struct redis_reply *reply, void *data)
{
	struct signpost_writer *writer = data;

	writer->written = reply->kind != REDIS_ERROR;
	set_status(writer, writer->written ? "written" : reply->text);
}

/* Whether the field is of a tower that has been gone for long. */
static bool is_left_behind(struct signpost_writer *writer, const struct redis_reply *field,
			   const struct redis_reply *value)
{
	struct signpost_tower tower = { 0 };
	uint64_t id;

	return signpost_field_parse(field->text, field->len, &id) == 0 &&
	       !str_eq(field->text, writer->field) &&
	       signpost_entry_parse(value->text, value->len, &tower, NULL) == 0 &&
	       tower.until_ms < store_now_ms(writer->config.store) - SIGNPOST_KEEP_MS;
}

static void on_read(const struct redis_reply *reply, void *data)
{
	_cleanup_redis_args_ struct redis_args args = { 0 };
	struct signpost_writer *writer = data;
	size_t left = 0;

	redis_args_words(&args, "HDEL", writer->key);
	for (size_t i = 0; i + 1 < reply->len; i += 2) {
		struct redis_reply field = redis_reply_item(reply, i);
		struct redis_reply value = redis_reply_item(reply, i + 1);

		if (!is_left_behind(writer, &field, &value))
			continue;
		redis_args_add(&args, field.text);
		left++;
	}
	if (left > 0)
		(void)!store_ask(writer->config.store, &args, NULL, NULL);
}

/* The entry and the join secret in one command: readers never see one without the other. */
static int send_entry(struct signpost_writer *writer)
{
	const struct signpost_writer_config *config = &writer->config;
	const int64_t now_ms = store_now_ms(config->store);
	struct redis_args args = { 0 };
	char secret[AUTH_SIGNPOST_TEXT_BYTES];
	_cleanup_free_ char *entry = NULL;

	(void)snprintf(writer->tower.pin, sizeof(writer->tower.pin), "%.52s", config->tls->pin);
	writer->tower.until_ms = now_ms + SIGNPOST_TTL_MS;
	entry = signpost_entry_format(&writer->tower);
	if (!entry)
		return -ENOMEM;
	auth_signpost_secret(config->auth, now_ms, secret);
	redis_args_words(&args, "HSET", writer->key, writer->field, entry, SIGNPOST_JOIN, secret);
	crypto_wipe(secret, sizeof(secret));
	return store_ask(config->store, &args, on_written, writer);
}

void signpost_writer_refresh(struct signpost_writer *writer)
{
	struct store *store = writer->config.store;
	struct redis_args read = { 0 };
	struct redis_args own = { 0 };
	struct redis_args others = { 0 };

	loop_timer_set(writer->timer, SIGNPOST_WRITE_MS);
	if (send_entry(writer) < 0)
		return; /* the store says why Redis is not there, and calls again when it is */
	redis_args_words(&read, "HGETALL", writer->key);
	(void)!store_ask(store, &read, on_read, writer);
	redis_args_words(&own, "ACL", "GETUSER", SIGNPOST_USER);
	(void)!store_ask(store, &own, on_signpost_user, writer);
	redis_args_words(&others, "ACL", "GETUSER", "default");
	(void)!store_ask(store, &others, on_default_user, writer);
}

static void on_time(void *data)
{
	signpost_writer_refresh(data);
}

/* --- life --- */

/* One that is the same after a restart: so that a killed tower's entry is taken up again. */
static void name_tower(struct signpost_writer *writer)
{
	char host[HOST_NAME_MAX + 1] = "";
	char url[SIGNPOST_URL_BYTES];
	char name[NAME_BYTES];

	(void)gethostname(host, sizeof(host) - 1);
	signpost_url_format(&writer->tower.https, "", url);
	(void)snprintf(name, sizeof(name), "%s %s", host, url);
	writer->tower.id = auth_tower_id(writer->config.auth, name);
	signpost_field_format(writer->tower.id, writer->field);
}

static int set_places(struct signpost_writer *writer, struct err *err)
{
	const struct signpost_writer_config *config = &writer->config;
	const char *url = config->advertise_url;
	char own[SIGNPOST_URL_BYTES];
	int r;

	if (!url) {
		(void)snprintf(own, sizeof(own), "https://%s", strrchr(config->tls_listen, ':'));
		url = own;
	}
	r = signpost_url_parse(url, &writer->tower.https, err);
	if (r == 0 && config->stun_listen)
		r = signpost_place_parse(strrchr(config->stun_listen, ':'), &writer->tower.stun,
					 err);
	return r;
}

int signpost_writer_new(const struct signpost_writer_config *config,
			struct signpost_writer **ret_writer, struct err *err)
{
	struct signpost_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return err_oom(err);
	writer->config = *config;
	(void)snprintf(writer->key, sizeof(writer->key), "%s" SIGNPOST_KEY, config->key_prefix);
	(void)snprintf(writer->status, sizeof(writer->status), "waiting for Redis");
	(void)snprintf(writer->opens, sizeof(writer->opens), "unknown");
	r = set_places(writer, err);
	if (r == 0)
		r = loop_timer_new(config->loop, on_time, writer, &writer->timer, err);
	if (r < 0) {
		free(writer);
		return r;
	}
	name_tower(writer);
	*ret_writer = writer;
	return 0;
}

void signpost_writer_free(struct signpost_writer *writer)
{
	struct redis_args args = { 0 };

	if (!writer)
		return;
	if (writer->written) {
		redis_args_words(&args, "HDEL", writer->key, writer->field);
		if (store_ask(writer->config.store, &args, NULL, NULL) == 0)
			store_flush(writer->config.store);
	}
	loop_timer_free(writer->timer);
	free(writer);
}
