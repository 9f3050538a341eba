// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/options.h"
#include "tests/unit/check.h"

struct values {
	bool verbose;
	char *zone;
	char *secret;
	char *backend;
	struct option_list prefixes;
	uint16_t port;
	int64_t ttl_s;
};

#define AT(field) offsetof(struct values, field)

static const struct option_row rows[] = {
	{ OPTION_GROUP, .name = "Network:" },
	{ OPTION_TEXT, "zone", .env = "T_ZONE", .arg = "NAME", .fallback = "default",
	  .help = "Zone to join.", .offset = AT(zone) },
	{ OPTION_LIST, "child-prefix", .env = "T_PREFIX", .arg = "CIDR", .help = "Prefixes.",
	  .offset = AT(prefixes) },
	{ OPTION_U16, "listen-port", "port", "T_PORT", "PORT", "51820", "Port.", AT(port), false },
	{ OPTION_CHOICE, "backend", .arg = "auto|kernel|userspace", .fallback = "auto",
	  .help = "Back end.", .offset = AT(backend) },
	{ OPTION_SECONDS, "ttl", .arg = "TIME", .help = "Time.", .offset = AT(ttl_s) },
	{ OPTION_FLAG, "verbose", .env = "T_VERBOSE", .help = "Say more.", .offset = AT(verbose) },
	{ OPTION_TEXT, "secret", .arg = "TEXT", .help = "Secret.", .offset = AT(secret),
	  .secret = true },
	{ OPTION_REFUSED, "config", .env = "T_CONFIG", .help = "is gone; use options" },
};

static const struct option_table table = { "tool", "[options]", "Does it.", rows,
					   ARRAY_SIZE(rows) };

struct parsed {
	struct values values;
	struct option_list words;
	struct err err;
	int r;
	char line[256];
	char *argv[16];
};

/* A command line is one text, cut at its spaces. */
static void parse(struct parsed *p, const char *line)
{
	int argc = 0;

	*p = (struct parsed){ 0 };
	(void)snprintf(p->line, sizeof(p->line), "tool %s", line);
	for (char *word = strtok(p->line, " "); word; word = strtok(NULL, " "))
		p->argv[argc++] = word;
	p->r = options_parse(&table, argc, p->argv, &p->values, &p->words, &p->err);
}

static void parsed_done(struct parsed *p)
{
	options_done(&table, &p->values);
	vec_done(&p->words);
}

#define PARSE(text)                                            \
	__attribute__((cleanup(parsed_done))) struct parsed p; \
	parse(&p, text)

static void three_spellings_are_alike(void)
{
	PARSE("--zone=blue --port 1234 -verbose");

	check(p.r == 0);
	check_str(p.values.zone, "blue");
	check(p.values.port == 1234);
	check(p.values.verbose);
}

static void defaults_hold_when_nothing_is_said(void)
{
	PARSE("word");

	check(p.r == 0);
	check_str(p.values.zone, "default");
	check(p.values.port == 51820 && !p.values.verbose);
	check(p.words.len == 1 && strcmp(p.words.at[0], "word") == 0);
}

static void command_line_wins_over_environment(void)
{
	(void)setenv("T_ZONE", "from-env", 1);
	(void)setenv("T_PREFIX", "10.0.0.0/8", 1);
	(void)setenv("T_PORT", "", 1);
	{
		PARSE("--child-prefix=172.24.0.0/24,172.25.0.0/24 --child-prefix=172.26.0.0/24");

		check(p.r == 0);
		check_str(p.values.zone, "from-env");
		check(p.values.port == 51820); /* empty counts as absent */
		check(p.values.prefixes.len == 3);
		check_str(p.values.prefixes.at[0], "172.24.0.0/24");
	}
	(void)unsetenv("T_ZONE");
	(void)unsetenv("T_PREFIX");
	(void)unsetenv("T_PORT");
}

static void refusals_name_the_option_and_what_it_takes(void)
{
	static const struct {
		const char *argument, *names, *says;
	} cases[] = {
		{ "--listen-port=70000", "--listen-port", "0 to 65535" },
		{ "--listen-port=", "--listen-port", "0 to 65535" },
		{ "--backend=ker", "--backend", "auto|kernel|userspace" },
		{ "--backend=auto|kernel", "--backend", "auto|kernel|userspace" },
		{ "--ttl=soon", "--ttl", "90s" },
		{ "--verbose=perhaps", "--verbose", "true or false" },
		{ "--zon=blue", "--zon", "no such option" },
		{ "--zone", "--zone", "nothing was given" },
		{ "--config=x", "--config", "is gone" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PARSE(cases[i].argument);

		check(p.r == -EINVAL);
		check(strstr(p.err.text, cases[i].names) != NULL);
		check(strstr(p.err.text, cases[i].says) != NULL);
	}
}

static void a_refused_variable_is_named_too(void)
{
	(void)setenv("T_CONFIG", "x", 1);
	{
		PARSE("word");

		check(p.r == -EINVAL && strstr(p.err.text, "T_CONFIG") != NULL);
	}
	(void)unsetenv("T_CONFIG");
}

static void secrets_are_overwritten_in_argv(void)
{
	PARSE("--secret=hush --secret quiet");

	check(p.r == 0);
	check_str(p.values.secret, "quiet");
	check_str(p.argv[1], "--secret=****");
	check_str(p.argv[3], "*****");
}

static void all_after_two_dashes_are_words(void)
{
	PARSE("-- --zone=blue -x");

	check(p.r == 0 && p.words.len == 2);
	check_str(p.values.zone, "default");
}

static void help_lists_every_option_but_the_refused(void)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (!check(to != NULL))
		return;
	options_print_help(&table, to);
	(void)fclose(to);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check((strstr(text, rows[i].name) != NULL) == (rows[i].kind != OPTION_REFUSED));
	check(strstr(text, "[T_ZONE]") != NULL && strstr(text, "Default: 51820.") != NULL);
}

int main(void)
{
	run(three_spellings_are_alike);
	run(defaults_hold_when_nothing_is_said);
	run(command_line_wins_over_environment);
	run(refusals_name_the_option_and_what_it_takes);
	run(a_refused_variable_is_named_too);
	run(secrets_are_overwritten_in_argv);
	run(all_after_two_dashes_are_words);
	run(help_lists_every_option_but_the_refused);
	return check_done();
}
