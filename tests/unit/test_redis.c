// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One connection, to a real Redis and to a stranger that answers what it should not.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "io/resolver.h"
#include "rig.h"

/* Where a connection is to be freed: by a callback of its own. */
enum freeing { FREE_NEVER, FREE_WHEN_READY, FREE_IN_REPLY, FREE_WHEN_CLOSED };

struct client {
	struct redis *redis;
	enum freeing freeing;
	unsigned ready, closed, replies;
	char why[ERR_TEXT_BYTES];
	char text[256]; /* the replies, written out */
	enum redis_end end;
	size_t reply_max_bytes;
};

static void on_ready(void *data)
{
	struct client *client = data;

	client->ready++;
	if (client->freeing == FREE_WHEN_READY)
		redis_free(TAKE_PTR(client->redis));
}

static void on_closed(const char *why, void *data)
{
	struct client *client = data;

	client->closed++;
	client->end = redis_end_of(client->redis);
	if (client->freeing == FREE_WHEN_CLOSED)
		redis_free(TAKE_PTR(client->redis));
	(void)snprintf(client->why, sizeof(client->why), "%s", why);
}

static void write_reply(struct str *to, const struct redis_reply *reply)
{
	switch (reply->kind) {
	case REDIS_NIL:
		str_append(to, "nil ");
		break;
	case REDIS_TEXT:
		str_printf(to, "'%s'%zu ", reply->text, reply->len);
		break;
	case REDIS_ERROR:
		str_append(to, "error ");
		break;
	case REDIS_INTEGER:
		str_printf(to, "%jd ", (intmax_t)reply->integer);
		break;
	case REDIS_ARRAY:
		str_append(to, "[ ");
		for (size_t i = 0; i < reply->len; i++) {
			struct redis_reply item = redis_reply_item(reply, i);

			write_reply(to, &item);
		}
		str_append(to, "] ");
		break;
	}
}

static void on_reply(const struct redis_reply *reply, void *data)
{
	_cleanup_str_ struct str text = { 0 };
	struct client *client = data;

	client->replies++;
	write_reply(&text, reply);
	(void)snprintf(client->text + strlen(client->text),
		       sizeof(client->text) - strlen(client->text), "%s", text.at);
	if (client->freeing == FREE_IN_REPLY)
		redis_free(TAKE_PTR(client->redis));
}

static int connect_to(struct client *client, struct rig *rig, const char *text, const char *address,
		      struct err *err)
{
	struct redis_url url;
	struct redis_config config = {
		.loop = rig->loop,
		.url = &url,
		.address = address,
		.connect_timeout_ms = 200,
		.reply_timeout_ms = 200,
		.reply_max_bytes = client->reply_max_bytes,
		.on_ready = on_ready,
		.on_closed = on_closed,
		.data = client,
	};

	rig_must(redis_url_parse(text, &url, NULL) == 0, "bad URL");
	return redis_new(&config, &client->redis, err);
}

static void send_words(struct client *client, const char *const *words)
{
	struct redis_args args = { 0 };

	redis_args_list(&args, words);
	check(redis_command(client->redis, &args, on_reply, client) == 0);
	check(args.ends.len == 0 && !args.bytes.at); /* taken over */
}

#define send_to(client, ...) send_words(client, (const char *const[]){ __VA_ARGS__, NULL })

static void hands_out_every_kind_of_reply(void)
{
	struct rig rig;
	struct client client = { 0 };
	struct redis_args args = { 0 };

	rig_init(&rig);
	check(connect_to(&client, &rig, rig.url, NULL, NULL) == 0);
	rig_until(&rig, client.ready == 1);
	redis_args_add(&args, "SET");
	redis_args_printf(&args, "k%d", 1);
	redis_args_bytes(&args, "a\0b", 3);
	check(redis_command(client.redis, &args, on_reply, &client) == 0);
	send_to(&client, "STRLEN", "k1");
	send_to(&client, "GET", "none");
	send_to(&client, "NOSUCH");
	send_to(&client, "EVAL", "return {1, {'two', {}}, false, 'x'}", "0");
	rig_until(&rig, client.replies == 5);
	check_str(client.text, "'OK'2 3 nil error [ 1 [ 'two'3 [ ] ] nil 'x'1 ] ");
	check(client.closed == 0);
	redis_free(client.redis);
	rig_done(&rig);
}

static void reads_nothing_past_an_array(void)
{
	struct redis_reply text = { .kind = REDIS_TEXT, .text = "x", .len = 1 };
	struct redis_reply item = redis_reply_item(&text, 0);

	check(item.kind == REDIS_NIL && item.len == 0);
	check_str(item.text, "");
	item = redis_reply_item(&item, 7);
	check(item.kind == REDIS_NIL);
}

static void free_in_callback(struct rig *rig, struct client *client)
{
	check(connect_to(client, rig, rig->url, NULL, NULL) == 0);
	rig_until(rig, client->ready == 1);
	if (client->freeing == FREE_IN_REPLY) {
		send_to(client, "PING");
		send_to(client, "PING");
		rig_until(rig, client->replies == 1);
	} else if (client->freeing == FREE_WHEN_CLOSED) {
		send_to(client, "BLPOP", "none", "0");
		rig_stop_redis(rig, SIGKILL);
		rig_until(rig, client->closed == 1);
		check(strstr(client->why, rig->url));
	}
	for (int i = 0; i < 5; i++)
		rig_turn(rig);
}

static void may_be_freed_in_any_callback(void)
{
	struct rig rig;

	rig_init(&rig);
	for (enum freeing freeing = FREE_WHEN_READY; freeing <= FREE_WHEN_CLOSED; freeing++) {
		struct client client = { .freeing = freeing };

		free_in_callback(&rig, &client);
		check(!client.redis);
		check(client.replies == (freeing == FREE_IN_REPLY));
		check(client.closed == (freeing == FREE_WHEN_CLOSED));
	}
	rig_done(&rig);
}

/* A socket that listens; what it is told to say is all that it says. */
static int listen_as_stranger(char *url, size_t url_bytes)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	rig_must(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 4) == 0 &&
			 getsockname(fd, (struct sockaddr *)&address, &len) == 0,
		 "no socket");
	(void)snprintf(url, url_bytes, "redis://:secret@localhost:%u", ntohs(address.sin_port));
	return fd;
}

static void gives_up_on_silence_and_nonsense(void)
{
	static const struct {
		const char *says; /* NULL: closes at once */
		const char *why;
		enum redis_end end;
	} rows[] = {
		{ "", "no connection in time", REDIS_LOST }, /* silent at the login */
		{ "-ERR no\r\n", "login refused: ERR no", REDIS_NO_LOGIN },
		{ "+OK\r\n", "no answer within 200 ms", REDIS_LOST }, /* silent after it */
		{ "+OK\r\nHTTP/1.1 400 Bad\r\n", "Protocol error", REDIS_LOST },
		{ "+OK\r\n*2\r\n+x\r\n*-7\r\n", "connection lost", REDIS_LOST },
		{ NULL, "connection lost", REDIS_LOST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig rig;
		struct client client = { 0 };
		char url[64];
		int listener = listen_as_stranger(url, sizeof(url));
		int stranger;

		rig_init_bare(&rig);
		check(connect_to(&client, &rig, url, "127.0.0.1", NULL) == 0);
		rig_turn(&rig);
		stranger = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (rows[i].says)
			(void)!write(stranger, rows[i].says, strlen(rows[i].says));
		else
			(void)close(stranger);
		while (client.closed == 0 && client.ready == 0)
			rig_turn(&rig);
		if (client.closed == 0)
			send_to(&client, "PING");
		rig_until(&rig, client.closed == 1);
		if (!check(strstr(client.why, rows[i].why)))
			printf("# %s\n", client.why);
		check(strstr(client.why, "redis://localhost:") && !strstr(client.why, "secret"));
		check(client.replies == 0 && client.end == rows[i].end);
		redis_free(client.redis);
		if (rows[i].says)
			(void)close(stranger);
		(void)close(listener);
		rig_done(&rig);
	}
}

/* One large text, and many small ones: neither is kept once it is too much. */
static void drops_what_is_too_long(void)
{
	static const char *const scripts[] = {
		"return string.rep('x', 1e6)",
		"local t = {} for i = 1, 3e4 do t[i] = 'xxxx' end return t"
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct rig rig;
		struct client client = { .reply_max_bytes = 100000 };

		rig_init(&rig);
		check(connect_to(&client, &rig, rig.url, NULL, NULL) == 0);
		rig_until(&rig, client.ready == 1);
		send_to(&client, "EVAL", scripts[i], "0");
		rig_until(&rig, client.closed == 1 || client.replies == 1);
		check(client.replies == 0 && client.end == REDIS_TOO_LONG);
		check(strstr(client.why, "more than 100000 bytes"));
		redis_free(client.redis);
		rig_done(&rig);
	}
}

/* The limit is one of each reply, not of all that come. */
static void takes_many_replies_within_the_limit(void)
{
	struct rig rig;
	struct client client = { .reply_max_bytes = 20000 };

	rig_init(&rig);
	check(connect_to(&client, &rig, rig.url, NULL, NULL) == 0);
	rig_until(&rig, client.ready == 1);
	for (unsigned i = 0; i < 20 && client.closed == 0; i++) {
		send_to(&client, "EVAL", "return string.rep('x', 9000)", "0");
		rig_until(&rig, client.closed == 1 || client.replies == i + 1);
	}
	check(client.replies == 20);
	redis_free(client.redis);
	rig_done(&rig);
}

static void says_that_nobody_listens(void)
{
	struct rig rig;
	struct client client = { 0 };
	struct err err = { 0 };
	char url[64];

	rig_init_bare(&rig);
	check(connect_to(&client, &rig, rig.url, NULL, &err) < 0); /* no such socket */
	check(strstr(err.text, rig.dir) && strstr(err.text, "No such file"));
	(void)close(listen_as_stranger(url, sizeof(url)));
	if (connect_to(&client, &rig, url, "127.0.0.1", &err) == 0) {
		rig_until(&rig, client.closed == 1);
		check(strstr(client.why, "Connection refused"));
		redis_free(client.redis);
	}
	rig_done(&rig);
}

/* --- names --- */

struct looked_up {
	bool done;
	struct resolver_answer answer;
	char why[256];
};

static void on_lookup(const struct resolver_answer *answer, const char *why, void *data)
{
	struct looked_up *looked_up = data;

	looked_up->done = true;
	looked_up->answer = *answer;
	(void)snprintf(looked_up->why, sizeof(looked_up->why), "%s", why);
}

static void looks_names_up_beside_the_loop(void)
{
	struct rig rig;
	struct resolver *resolver;
	struct looked_up found = { 0 };
	struct looked_up not_found = { 0 };

	rig_init_bare(&rig);
	check(resolver_new(rig.loop, on_lookup, &found, &resolver, NULL) == 0);
	check(resolver_start(resolver, "localhost", NULL) == 0);
	check(resolver_start(resolver, "localhost", NULL) == -EBUSY);
	rig_until(&rig, found.done);
	check(found.answer.len > 0 && (strcmp(found.answer.address[0], "127.0.0.1") == 0 ||
				       strcmp(found.answer.address[0], "::1") == 0));
	resolver_free(resolver);

	check(resolver_new(rig.loop, on_lookup, &not_found, &resolver, NULL) == 0);
	check(resolver_start(resolver, "no..such..name", NULL) == 0);
	rig_until(&rig, not_found.done);
	check(not_found.answer.len == 0 && strstr(not_found.why, "'no..such..name'"));
	/* One that nobody waits for any more. */
	check(resolver_start(resolver, "localhost", NULL) == 0);
	resolver_free(resolver);
	rig_done(&rig);
}

static void knows_what_needs_no_lookup(void)
{
	struct resolver_answer answer;

	check(resolver_is_literal("10.0.0.1", &answer) && answer.len == 1);
	check_str(answer.address[0], "10.0.0.1");
	check(resolver_is_literal("fd00::1", &answer) && answer.len == 1);
	check(resolver_is_literal("localhost", &answer) && answer.len == 2);
	check(!resolver_is_literal("redis.example", &answer));
	check(!resolver_is_literal("", &answer));
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	run(hands_out_every_kind_of_reply);
	run(reads_nothing_past_an_array);
	run(may_be_freed_in_any_callback);
	run(gives_up_on_silence_and_nonsense);
	run(drops_what_is_too_long);
	run(takes_many_replies_within_the_limit);
	run(says_that_nobody_listens);
	run(looks_names_up_beside_the_loop);
	run(knows_what_needs_no_lookup);
	return check_done();
}
