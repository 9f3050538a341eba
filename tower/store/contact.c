// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/contact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "io/resolver.h"
#include "tower/redis_acl.h"
#include "tower/store/embedded.h"

#define AREA "store"

/* What is asked before Redis is trusted with changes, in this order. */
enum greeting {
	GREET_ROLE,
	GREET_APPENDONLY,
	GREET_FSYNC,
	GREET_EVICTION,
	GREET_SCRIPT, /* the last one */
	GREETINGS_LEN,
};

struct contact {
	struct contact_config config;
	struct redis_url url;
	char name[REDIS_URL_TEXT_BYTES];
	struct embedded *embedded;
	struct resolver *resolver;
	struct resolver_answer places;
	size_t place; /* that is tried, in `places` */
	struct redis *commands;
	struct redis *tail;
	struct loop_timer *again;
	int64_t backoff_ms;
	enum greeting greeting; /* whose reply is awaited */
	bool up;
	bool durable;
	bool warned; /* that it is not, once */
	char sha[CONTACT_SHA_BYTES];
	struct err dropped; /* why the connections were given up, until that is told */
};

struct redis *contact_commands(struct contact *contact)
{
	return contact->commands;
}

struct redis *contact_tail(struct contact *contact)
{
	return contact->tail;
}

const char *contact_script_sha(const struct contact *contact)
{
	return contact->sha;
}

bool contact_is_durable(const struct contact *contact)
{
	return contact->durable;
}

const char *contact_name(const struct contact *contact)
{
	return contact->name;
}

static void hang_up(struct contact *contact)
{
	redis_free(TAKE_PTR(contact->commands));
	redis_free(TAKE_PTR(contact->tail));
}

/* Gives up, and tries again later. */
static void fail(struct contact *contact, const char *why)
{
	int64_t wait_ms = contact->backoff_ms;

	hang_up(contact);
	/* The other addresses of a name are tried at once, before there is a pause. */
	if (contact->place + 1 < contact->places.len) {
		contact->place++;
		wait_ms = 0;
	} else {
		contact->places.len = contact->place = 0;
		contact->backoff_ms = MIN(contact->backoff_ms * 2, CONTACT_BACKOFF_MAX_MS);
	}
	loop_timer_set(contact->again, wait_ms);
	/* That our own server does not listen at once is no news. */
	if (contact->up || !contact->embedded || !embedded_is_starting(contact->embedded))
		contact->config.on_down(why, contact->config.data);
	contact->up = false;
}

static void on_closed(const char *why, void *data)
{
	fail(data, why);
}

void contact_drop(struct contact *contact, const char *why)
{
	(void)err_set(&contact->dropped, -ECONNABORTED, "%s", why);
	(void)err_wrap(&contact->dropped, "%s", contact->name);
	hang_up(contact);
	loop_timer_set(contact->again, 0);
}

static void become_up(struct contact *contact)
{
	if (!contact->durable && !contact->warned)
		log_warn(
			AREA,
			"%s: durability is weak: changes that were acknowledged may be lost; set appendonly yes, appendfsync always, maxmemory-policy noeviction",
			contact->name);
	contact->warned = !contact->durable;
	contact->backoff_ms = CONTACT_BACKOFF_MIN_MS;
	contact->places.len = contact->place =
		0; /* when this one is lost, the name is looked up again */
	contact->up = true;
	contact->config.on_up(contact->config.data);
}

static void on_greeting(const struct redis_reply *reply, void *data)
{
	static const char *const wanted[GREETINGS_LEN] = {
		[GREET_APPENDONLY] = "yes",
		[GREET_FSYNC] = "always",
		[GREET_EVICTION] = "noeviction",
	};
	struct contact *contact = data;
	enum greeting greeting = contact->greeting++;
	struct redis_reply first = redis_reply_item(reply, 0);
	struct redis_reply second = redis_reply_item(reply, 1);

	/* ROLE and CONFIG may be forbidden to us: then nothing is known, and nothing promised. */
	if (greeting == GREET_ROLE && reply->kind == REDIS_ARRAY && !str_eq(first.text, "master")) {
		contact_drop(contact, "is a replica: give the primary's URL");
		return;
	}
	if (wanted[greeting] && !str_eq(second.text, wanted[greeting]))
		contact->durable = false;
	if (greeting != GREET_SCRIPT)
		return;
	if (reply->kind != REDIS_TEXT || str_copy(contact->sha, CONTACT_SHA_BYTES, reply->text) < 0)
		contact_drop(contact, reply->text);
	else
		become_up(contact);
}

static int greet(struct contact *contact)
{
	const char *const words[GREETINGS_LEN][4] = {
		[GREET_ROLE] = { "ROLE" },
		[GREET_APPENDONLY] = { "CONFIG", "GET", "appendonly" },
		[GREET_FSYNC] = { "CONFIG", "GET", "appendfsync" },
		[GREET_EVICTION] = { "CONFIG", "GET", "maxmemory-policy" },
		[GREET_SCRIPT] = { "SCRIPT", "LOAD", contact->config.script },
	};

	contact->greeting = 0;
	contact->durable = true;
	for (size_t i = 0; i < GREETINGS_LEN; i++) {
		struct redis_args args = { 0 };
		int r;

		redis_args_list(&args, words[i]);
		r = redis_command(contact->commands, &args, on_greeting, contact);
		if (r < 0)
			return r;
	}
	return 0;
}

static void on_reload(const struct redis_reply *reply, void *data)
{
	if (reply->kind == REDIS_ERROR)
		contact_drop(data, reply->text);
}

void contact_load_script(struct contact *contact)
{
	struct redis_args args = { 0 };

	redis_args_words(&args, "SCRIPT", "LOAD", contact->config.script);
	if (redis_command(contact->commands, &args, on_reload, contact) < 0)
		contact_drop(contact, "the script cannot be sent");
}

static int open_one(struct contact *contact, void (*on_ready)(void *data), int64_t extra_ms,
		    struct redis **ret_redis, struct err *err)
{
	struct redis_config config = {
		.loop = contact->config.loop,
		.url = &contact->url,
		.address = contact->places.address[contact->place],
		.connect_timeout_ms = CONTACT_CONNECT_MS,
		.reply_timeout_ms = CONTACT_REPLY_MS + extra_ms,
		.on_ready = on_ready,
		.on_closed = on_closed,
		.data = contact,
	};

	return redis_new(&config, ret_redis, err);
}

/* When strangers fill our own server's memory, it is their connections that go. */
static void refuse_eviction(struct contact *contact, struct redis *redis)
{
	struct redis_args args = { 0 };

	if (!contact->embedded || !contact->config.signpost_listen)
		return;
	redis_args_words(&args, "CLIENT", "NO-EVICT", "on");
	(void)!redis_command(redis, &args, NULL, NULL);
}

static void on_tail_ready(void *data)
{
	struct contact *contact = data;

	refuse_eviction(contact, contact->tail);
	if (greet(contact) < 0)
		contact_drop(contact, "out of memory");
}

static void on_commands_ready(void *data)
{
	struct contact *contact = data;
	struct err err;

	refuse_eviction(contact, contact->commands);
	if (open_one(contact, on_tail_ready, CONTACT_WAIT_MS, &contact->tail, &err) < 0)
		contact_drop(contact, err.text);
}

static void open_both(struct contact *contact)
{
	struct err err;

	/* The second one follows when this one has logged in. */
	if (open_one(contact, on_commands_ready, 0, &contact->commands, &err) < 0)
		fail(contact, err.text);
}

static void on_resolved(const struct resolver_answer *answer, const char *why, void *data)
{
	struct contact *contact = data;

	contact->places = *answer;
	if (answer->len > 0)
		open_both(contact);
	else
		fail(contact, why);
}

static void on_again(void *data)
{
	struct contact *contact = data;
	struct err err = contact->dropped;
	int r = err.code;
	bool found = *contact->url.path || contact->places.len > 0 ||
		     resolver_is_literal(contact->url.host, &contact->places);

	contact->dropped.code = 0;
	if (r == 0 && !found)
		r = resolver_start(contact->resolver, contact->url.host, &err);
	if (r < 0)
		fail(contact, err.text);
	else if (found)
		open_both(contact);
}

static void wipe_password(char (*password)[REDIS_ACL_PASSWORD_BYTES])
{
	crypto_wipe(*password, sizeof(*password));
}

/* Behind an open door everybody has to say who he is: the tower by a password of this start. */
static int start_embedded(struct contact *contact, struct err *err)
{
	const struct contact_config *config = &contact->config;
	_cleanup_(wipe_password) char password[REDIS_ACL_PASSWORD_BYTES] = "";
	struct redis_acl acl = { config->key_prefix, password, config->signpost_password };
	struct embedded_door door = { .listen = config->signpost_listen };
	_cleanup_free_ char *acl_text = NULL;
	int r;

	if (config->signpost_listen) {
		redis_acl_password(password);
		acl_text = redis_acl_text(&acl);
		if (!acl_text)
			return err_oom(err);
		door.acl = acl_text;
	}
	r = embedded_new(config->loop, config->state_dir, door.listen ? &door : NULL,
			 &contact->embedded, err);
	if (r < 0)
		return r;
	contact->url = *embedded_url(contact->embedded);
	if (door.listen) {
		(void)snprintf(contact->url.user, sizeof(contact->url.user), REDIS_ACL_USER);
		(void)snprintf(contact->url.password, sizeof(contact->url.password), "%s",
			       password);
	}
	return 0;
}

static int find_redis(struct contact *contact, struct err *err)
{
	const struct contact_config *config = &contact->config;
	int r;

	if (config->url) {
		r = redis_url_parse(config->url, &contact->url, err);
		if (r == 0 && config->password &&
		    str_copy(contact->url.password, sizeof(contact->url.password),
			     config->password) < 0)
			r = err_set(err, -EINVAL, "the Redis password is longer than %zu bytes",
				    sizeof(contact->url.password) - 1);
		return r;
	}
	return start_embedded(contact, err);
}

static void freep(struct contact **contact)
{
	contact_free(*contact);
}

int contact_new(const struct contact_config *config, struct contact **ret_contact, struct err *err)
{
	_cleanup_(freep) struct contact *contact = calloc(1, sizeof(*contact));
	int r;

	if (!contact)
		return err_oom(err);
	contact->config = *config;
	contact->backoff_ms = CONTACT_BACKOFF_MIN_MS;
	r = loop_timer_new(config->loop, on_again, contact, &contact->again, err);
	if (r < 0)
		return r;
	r = resolver_new(config->loop, on_resolved, contact, &contact->resolver, err);
	if (r < 0)
		return r;
	r = find_redis(contact, err);
	if (r < 0)
		return r;
	redis_url_format(&contact->url, contact->name);
	loop_timer_set(contact->again, 0);
	*ret_contact = TAKE_PTR(contact);
	return 0;
}

void contact_free(struct contact *contact)
{
	if (!contact)
		return;
	hang_up(contact);
	resolver_free(contact->resolver);
	loop_timer_free(contact->again);
	embedded_free(contact->embedded);
	redis_url_wipe(&contact->url);
	free(contact);
}
