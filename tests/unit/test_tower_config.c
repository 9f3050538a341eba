// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "check.h"
#include "tower/config.h"

#define ARGS_MAX 8

/* Reads a command line of words with one space between them. The caller's (tower_config_done). */
static int read_line(const char *line, struct tower_config *config, struct err *err)
{
	char text[512];
	char *argv[ARGS_MAX + 2] = { (char *)"controltower" };
	int argc = 1;

	(void)snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word && argc <= ARGS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	*config = (struct tower_config){ 0 };
	return tower_config_read(argc, argv, config, err);
}

static void starts_on_loopback_with_a_redis_of_its_own(void)
{
	struct tower_config config;
	struct err err = { 0 };

	check(read_line("", &config, &err) == 0);
	check_str(config.listen, "127.0.0.1:8080");
	check_str(config.state_dir, "/var/lib/controltower");
	check_str(config.default_cidr, "10.200.1.0/20");
	check_str(config.auth, "required");
	check(!config.redis && !config.tls_listen && !config.secret_dir);
	check(config.idle_timeout_s == 30 && config.request_timeout_s == 30);
	tower_config_done(&config);
}

static void opens_itself_only_where_nobody_else_comes_by(void)
{
	static const struct {
		const char *line;
		bool ok;
	} rows[] = {
		{ "--listen=127.0.0.1:80", true },
		{ "--listen=127.8.9.1:80", true },
		{ "--listen=[::1]:80", true },
		{ "--listen=unix:/run/tower.sock", true },
		{ "--listen=0.0.0.0:80", false },
		{ "--listen=[::]:80", false },
		{ "--listen=192.0.2.1:80", false },
		{ "--listen=[::ffff:127.0.0.1]:80", false },
		{ "--listen=0.0.0.0:80 --admin-token-file=/x", true },
		{ "--listen=0.0.0.0:80 --auth=none", true },
		{ "--listen=0.0.0.0:80 --viewer-token-file=/x", false },
		{ "--tls-listen=0.0.0.0:8443", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tower_config config;
		struct err err = { 0 };
		int r = read_line(rows[i].line, &config, &err);

		if (!check(r == (rows[i].ok ? 0 : -EINVAL)))
			printf("# %s: %s\n", rows[i].line, err.text);
		check(rows[i].ok || strstr(err.text, "--admin-token-file"));
		tower_config_done(&config);
	}
}

static void names_the_option_that_makes_no_sense(void)
{
	static const struct {
		const char *line;
		const char *said;
	} rows[] = {
		{ "--listen=localhost:8080", "--listen" },
		{ "--listen=127.0.0.1", "--listen" },
		{ "--tls-listen=8443", "--tls-listen" },
		{ "--tls-cert=/x", "--tls-key" },
		{ "--tls-key=/x --tls-listen=127.0.0.1:8443", "--tls-cert" },
		{ "--tls-cert=/x --tls-key=/x", "--tls-listen" },
		{ "--auth=maybe", "--auth" },
		{ "--redis-password-file=/x", "--redis" },
		{ "--default-cidr=10.0.0.0", "--default-cidr" },
		{ "--default-cidr=127.0.0.0/8", "--default-cidr" },
		{ "--max-connections=0", "--max-connections" },
		{ "--max-connections=99999999999", "--max-connections" },
		{ "--max-watchers=-1", "--max-watchers" },
		{ "--request-timeout=0", "--request-timeout" },
		{ "--idle-timeout=soon", "--idle-timeout" },
		{ "--log-level=loud", "--log-level" },
		{ "--no-such", "--no-such" },
		{ "start", "start" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tower_config config;
		struct err err = { 0 };

		check(read_line(rows[i].line, &config, &err) == -EINVAL);
		if (!check(strstr(err.text, rows[i].said)))
			printf("# %s: %s\n", rows[i].line, err.text);
		tower_config_done(&config);
	}
}

static void says_what_replaces_an_option_of_the_first_system(void)
{
	static const char *const lines[] = {
		"--streamer-address=redis", "--streamer-password=x", "-streamer-passwd x",
		"--db-address=pg",          "--db-password=x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct tower_config config;
		struct err err = { 0 };

		check(read_line(lines[i], &config, &err) == -EINVAL);
		if (!check(strstr(err.text, "Redis")))
			printf("# %s: %s\n", lines[i], err.text);
		tower_config_done(&config);
	}
}

static void takes_every_value_from_the_environment_too(void)
{
	struct tower_config config;
	struct err err = { 0 };

	check(setenv("CONTROLTOWER_LISTEN", "127.0.0.1:9", 1) == 0);
	check(setenv("CONTROLTOWER_TLS_NAMES", "a.example,b.example", 1) == 0);
	check(read_line("", &config, &err) == 0);
	check_str(config.listen, "127.0.0.1:9");
	check(config.tls_names.len == 2);
	tower_config_done(&config);
	check(read_line("--listen=127.0.0.1:10", &config, &err) == 0);
	check_str(config.listen, "127.0.0.1:10");
	tower_config_done(&config);
	(void)unsetenv("CONTROLTOWER_LISTEN");
	(void)unsetenv("CONTROLTOWER_TLS_NAMES");
}

static void gives_every_option_with_a_value_an_environment_name_and_help(void)
{
	for (size_t i = 0; i < tower_config_options.rows_len; i++) {
		const struct option_row *row = &tower_config_options.rows[i];

		if (row->kind == OPTION_GROUP)
			continue;
		check(row->help && *row->help);
		if (row->kind == OPTION_FLAG || row->kind == OPTION_REFUSED)
			continue;
		if (!check(row->env && str_starts(row->env, "CONTROLTOWER_") && row->arg))
			printf("# --%s\n", row->name);
	}
}

static void takes_what_goes_together_for_the_signpost(void)
{
	static const struct {
		const char *line;
		const char *names; /* in the refusal; NULL: it is taken */
	} rows[] = {
		{ "--signpost-listen=0.0.0.0:6379 --tls-listen=0.0.0.0:8443", NULL },
		{ "--signpost-listen=0.0.0.0", "--signpost-listen" },
		{ "--signpost-listen=[::]:6379", NULL },
		{ "--signpost-listen=0.0.0.0:6379 --redis=redis://h", "--redis" },
		{ "--signpost", "--signpost-listen" },
		{ "--signpost --redis=redis://h", NULL },
		{ "--signpost-password-file=/f", "--signpost-listen" },
		{ "--advertise-url=https://h:1", "--advertise-url" },
		{ "--signpost --redis=redis://h --advertise-url=https://h:1", NULL },
		{ "--signpost --redis=redis://h --advertise-url=http://h:1", "--advertise-url" },
		{ "--dir=/d", "redis-acl" },
		{ "redis-acl --dir=/d", NULL },
		{ "redis-acl", "--signpost-password-file" },
		{ "redis-acl --redis-password-file=/f", "--signpost-password-file" },
		{ "redis-acl --redis-password-file=/f --signpost-password-file=/g", NULL },
		{ "redis-acl --dir=/d --redis-password-file=/f", "--dir" },
		{ "redis-acl more --dir=/d", "more" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tower_config config;
		struct err err = { 0 };
		int r = read_line(rows[i].line, &config, &err);

		if (!check(rows[i].names ? r < 0 && strstr(err.text, rows[i].names) : r == 0))
			printf("# %s: %s\n", rows[i].line, err.text);
		tower_config_done(&config);
	}
}

int main(void)
{
	run(takes_what_goes_together_for_the_signpost);
	run(starts_on_loopback_with_a_redis_of_its_own);
	run(opens_itself_only_where_nobody_else_comes_by);
	run(names_the_option_that_makes_no_sense);
	run(says_what_replaces_an_option_of_the_first_system);
	run(takes_every_value_from_the_environment_too);
	run(gives_every_option_with_a_value_an_environment_name_and_help);
	return check_done();
}
