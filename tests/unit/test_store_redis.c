// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The store against Redis as it may be: with a password, a replica, without fsync, forgetful.
 */
#include "rig.h"
#include "tower/store/private.h"

#define EPOCH "0123456789abcdef0123456789abcdef"
#define KEYS "6", "apex:meta", "apex:log", "apex:zones", "apex:peers", "apex:tokens", "apex:resting"
#define HEAD EPOCH, "0", "0000000000000000", "1000", "0000000000000000"
#define CHANGE "1", "00000000000000ff", "{}"

static void writes_nothing_of_a_malformed_batch(void)
{
	static const char *const rows[][30] = {
		{ HEAD, CHANGE },
		{ HEAD, CHANGE, "x" },
		{ HEAD, CHANGE, "-1" },
		{ HEAD, CHANGE, "1", "4", "id" },
		{ HEAD, CHANGE, "2", "4", "id", "{}" },
		{ HEAD, CHANGE, "1", "2", "id", "{}" },
		{ HEAD, CHANGE, "1", "7", "id", "{}" },
		{ HEAD, CHANGE, "1", "4", "id", "{}", "2", "00000000000000aa" },
		{ HEAD, CHANGE, "1", "4", "id", "{}", "2", "00000000000000aa", "{}", "1", "9", "id",
		  "{}" },
	};
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *words[40] = { "EVAL", script_text, KEYS };
		size_t len = 9;

		for (size_t j = 0; rows[i][j]; j++)
			words[len++] = rows[i][j];
		if (!check(strstr(rig_ask(&rig, words), "ERR ")))
			printf("# row %zu: %s\n", i, rig.said);
		check_str(rig_redis(&rig, "DBSIZE"), "0");
	}
	/* A table that is no hash: found before the log is written. */
	check_str(rig_redis(&rig, "SET", "apex:peers", "x"), "OK");
	check(strstr(rig_redis(&rig, "EVAL", script_text, KEYS, HEAD, CHANGE, "1", "4", "id", "{}"),
		     "WRONGTYPE"));
	check_str(rig_redis(&rig, "DBSIZE"), "1");
	check_str(rig_redis(&rig, "DEL", "apex:peers"), "1");
	check_str(rig_redis(&rig, "EVAL", script_text, KEYS, HEAD, CHANGE, "1", "4", "id", "{}"),
		  "(3 items)");
	check_str(rig_redis(&rig, "DBSIZE"), "3"); /* meta, log, peers */
	rig_done(&rig);
}

static void answers_what_is_missing_when_raced(void)
{
	struct rig rig;

	rig_init(&rig);
	check_str(rig_redis(&rig, "EVAL", script_text, KEYS, HEAD, CHANGE, "0"), "(3 items)");
	check_str(rig_redis(&rig, "EVAL", script_text, KEYS, HEAD, CHANGE, "0"), "(7 items)");
	check_str(rig_redis(&rig, "XLEN", "apex:log"), "1");
	check_str(rig_redis(&rig, "EVAL", script_text, KEYS, EPOCH, "1", "00000000000000ff", "1000",
			    "0", "2", "00000000000000ee", "{}", "1", "4", "id", "{}"),
		  "(3 items)");
	check_str(rig_redis(&rig, "HGET", "apex:meta", "mark"), "00000000000000ee");
	rig_done(&rig);
}

static void refuses_what_redis_has_no_memory_for(void)
{
	struct rig rig;
	struct tower a;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check_str(rig_redis(&rig, "CONFIG", "SET", "maxmemory", "1"), "OK");
	check_str(ask_and_wait(&a, join_request(1, "blue")), "E503-store");
	check(tower_is_ready(&a) && state_revision(a.state) == 1);
	check_str(rig_redis(&rig, "XLEN", "apex:log"), "1");
	check_str(rig_redis(&rig, "CONFIG", "SET", "maxmemory", "0"), "OK");
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	tower_done(&a);
	rig_done(&rig);
}

static void loads_its_script_again(void)
{
	struct rig rig;
	struct tower a;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check_str(rig_redis(&rig, "SCRIPT", "FLUSH"), "OK");
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	check(state_revision(a.state) == 2);
	tower_done(&a);
	rig_done(&rig);
}

static void knows_weak_durability(void)
{
	static const struct {
		const char *option, *value;
		bool durable;
	} rows[] = {
		{ "appendfsync", "everysec", false },
		{ "appendfsync", "always", true },
		{ "maxmemory-policy", "allkeys-lru", false },
		{ "maxmemory-policy", "noeviction", true },
		{ "appendonly", "no", false },
	};
	struct rig rig;
	struct tower a;

	rig_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_str(rig_redis(&rig, "CONFIG", "SET", rows[i].option, rows[i].value), "OK");
		tower_init(&a, &rig);
		check(store_is_durable(a.store) == rows[i].durable);
		tower_done(&a);
	}
	rig_done(&rig);
}

static void refuses_a_replica(void)
{
	struct rig rig;
	struct tower a;
	struct err err;

	rig_init(&rig);
	check_str(rig_redis(&rig, "REPLICAOF", "127.0.0.1", "1"), "OK");
	check(tower_start(&a, &rig, rig.url, &err) == 0);
	rig_until(&rig, strstr(store_status_why(a.store), "is a replica"));
	check(store_status(a.store) == STORE_CONNECTING && a.loads == 0);
	check_str(rig_redis(&rig, "REPLICAOF", "NO", "ONE"), "OK");
	rig_until(&rig, tower_is_ready(&a));
	/* And one that becomes a replica while it is in use. */
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check_str(rig_redis(&rig, "REPLICAOF", "127.0.0.1", "1"), "OK");
	rig_until(&rig, store_status(a.store) == STORE_LOST);
	check_str(ask_and_wait(&a, join_request(1, "blue")), "E503-store");
	tower_done(&a);
	rig_done(&rig);
}

static void logs_in(void)
{
	struct rig rig;
	struct tower a;
	char url[160];
	struct err err;

	rig_init(&rig);
	check_str(rig_redis(&rig, "ACL", "SETUSER", "tower", "on", ">s3cr@t", "~apex:*", "+@all"),
		  "OK");
	check_str(rig_redis(&rig, "ACL", "SETUSER", "default", "off"), "OK");
	(void)snprintf(url, sizeof(url), "unix://tower:s3cr%%40t@%s/r.sock?db=3", rig.dir);
	check(tower_start(&a, &rig, url, &err) == 0);
	rig_until(&rig, tower_is_ready(&a));
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check(strstr(rig_redis(&rig, "INFO", "keyspace"), "db3:keys=3"));
	tower_done(&a);

	(void)snprintf(url, sizeof(url), "unix://tower:wr0ng@%s/r.sock", rig.dir);
	check(tower_start(&a, &rig, url, &err) == 0);
	rig_until(&rig, strstr(store_status_why(a.store), "WRONGPASS"));
	check(!strstr(store_status_why(a.store), "wr0ng"));
	tower_done(&a);

	check(tower_start(&a, &rig, rig.url, &err) == 0);
	rig_until(&rig, strstr(store_status_why(a.store), "NOAUTH"));
	tower_done(&a);
	rig_done(&rig);
}

/* The commands that docs/redis.md lists are enough; without CONFIG nothing is promised. */
static void needs_no_more_than_the_listed_commands(void)
{
	static const char *const rights[] = {
		"ACL",        "SETUSER",  "tower",        "on",       ">pw",    "~apex:*",
		"+auth",      "+select",  "+script|load", "+evalsha", "+multi", "+exec",
		"+time",      "+hgetall", "+hmget",       "+hset",    "+hdel",  "+hlen",
		"+xadd",      "+xrange",  "+xrevrange",   "+xread",   "+zadd",  "+zrem",
		"+zrevrange", NULL,
	};
	struct rig rig;
	struct tower a;
	char url[160];
	struct err err;

	rig_init(&rig);
	check_str(rig_ask(&rig, rights), "OK");
	(void)snprintf(url, sizeof(url), "unix://tower:pw@%s/r.sock", rig.dir);
	check(tower_start(&a, &rig, url, &err) == 0);
	rig_until(&rig, tower_is_ready(&a));
	check(!store_is_durable(a.store));
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	tower_done(&a);
	rig_done(&rig);
}

static void finds_redis_by_name(void)
{
	static const char *const hosts[] = {
		"localhost", "127.1", /* no literal to us, but to the C library's lookup */
	};
	struct rig rig;
	char port[8];

	rig_init(&rig);
	(void)snprintf(port, sizeof(port), "%u", rig_free_port());
	check_str(rig_redis(&rig, "CONFIG", "SET", "port", port), "OK");
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct tower a;
		char url[64];
		struct err err;

		(void)snprintf(url, sizeof(url), "redis://%s:%s", hosts[i], port);
		check(tower_start(&a, &rig, url, &err) == 0);
		rig_until(&rig, tower_is_ready(&a));
		tower_done(&a);
	}
	rig_done(&rig);
}

/* A store that is not ready at the moment writes nothing, and by itself again after 10 s. */
static bool seen_count_is(struct rig *rig, struct tower *tower, const char *count)
{
	seen_write(tower->store);
	return strcmp(rig_redis(rig, "ZCARD", "apex:seen"), count) == 0;
}

static void keeps_presence(void)
{
	struct rig rig;
	struct tower a;
	struct tower b;
	struct key key = key_of(1);
	struct key removed = key_of(2);
	struct request request = { .kind = REQUEST_PEER_DELETE, .peer_delete.key = removed };
	int64_t now_ms;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	check_str(ask_and_wait(&a, join_request(1, "blue")), "OK");
	check_str(ask_and_wait(&a, join_request(2, "blue")), "OK");
	now_ms = store_now_ms(a.store);
	check(llabs(now_ms - clock_real_ms()) < 2000);
	check(presence_touch(a.presence, &key, now_ms) == 0);
	check(presence_touch(a.presence, &removed, now_ms) == 0);
	rig_until(&rig, seen_count_is(&rig, &a, "2"));
	check_str(ask_and_wait(&a, request), "OK");
	check(presence_seen_ms(a.presence, &removed) == 0);
	rig_until(&rig, seen_count_is(&rig, &a, "1"));
	/* Those of nobody are thrown out by whoever loads next. */
	check_str(rig_redis(&rig, "ZADD", "apex:seen", "5", "nobody"), "1");
	tower_init(&b, &rig);
	check(presence_seen_ms(b.presence, &key) == now_ms);
	rig_until(&rig, strcmp(rig_redis(&rig, "ZCARD", "apex:seen"), "1") == 0);
	tower_done(&a);
	tower_done(&b);
	rig_done(&rig);
}

/* Both connections cut: what was known goes on where it stood. */
static void connects_again_where_it_stood(void)
{
	struct rig rig;
	struct tower a;

	rig_init(&rig);
	tower_init(&a, &rig);
	check_str(rig_redis(&rig, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"), "2");
	rig_until(&rig, store_status(a.store) == STORE_LOST);
	rig_until(&rig, tower_is_ready(&a));
	check(a.loads == 1);
	tower_done(&a);
	rig_done(&rig);
}

static void refuses_urls_it_cannot_use(void)
{
	static const struct {
		const char *url, *why;
	} rows[] = {
		{ "rediss://host", "stunnel" },
		{ "http://host", "takes redis://" },
		{ "host:6379", "takes redis://" },
	};
	struct rig rig;

	rig_init_bare(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tower a;
		struct err err = { 0 };

		check(tower_start(&a, &rig, rows[i].url, &err) == -EINVAL);
		check(strstr(err.text, rows[i].why));
		state_free(a.state);
		presence_free(a.presence);
	}
	rig_done(&rig);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	run(writes_nothing_of_a_malformed_batch);
	run(answers_what_is_missing_when_raced);
	run(refuses_what_redis_has_no_memory_for);
	run(loads_its_script_again);
	run(knows_weak_durability);
	run(refuses_a_replica);
	run(logs_in);
	run(needs_no_more_than_the_listed_commands);
	run(finds_redis_by_name);
	run(keeps_presence);
	run(connects_again_where_it_stood);
	run(refuses_urls_it_cannot_use);
	return check_done();
}
