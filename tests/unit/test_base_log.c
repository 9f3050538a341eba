// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/check.h"

/* What a call writes to stderr, by way of a pipe. */
static char *logged(enum log_level level, const char *sentence)
{
	static char text[2048];
	int saved = dup(STDERR_FILENO);
	int ends[2];
	ssize_t n;

	if (saved < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	(void)dup2(ends[1], STDERR_FILENO);
	log_line(level, "area", "%s", sentence);
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	(void)close(ends[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void writes_area_level_and_sentence(void)
{
	check_str(logged(LOG_LEVEL_WARN, "we coped"), "area warn: we coped\n");
}

static void drops_what_is_above_the_level(void)
{
	check_str(logged(LOG_LEVEL_DEBUG, "chatter"), "");
	log_set_level(LOG_LEVEL_DEBUG);
	check_str(logged(LOG_LEVEL_DEBUG, "chatter"), "area debug: chatter\n");
	log_set_level(LOG_LEVEL_INFO);
}

static void lets_no_escape_sequence_through(void)
{
	check_str(logged(LOG_LEVEL_INFO, "\x1b[31mred\nsecond line \xff"),
		  "area info: ?[31mred?second line ?\n");
}

static void reads_the_names_of_levels(void)
{
	enum log_level level = LOG_LEVEL_ERROR;

	check(log_level_parse("debug", &level) == 0 && level == LOG_LEVEL_DEBUG);
	check(log_level_parse("loud", &level) == -EINVAL && level == LOG_LEVEL_DEBUG);
}

static void clocks_go_on(void)
{
	int64_t mono_ms = clock_mono_ms();
	int64_t boot_ms = clock_boot_ms();

	check(clock_mono_ms() >= mono_ms && mono_ms > 0);
	check(clock_boot_ms() >= boot_ms && boot_ms >= mono_ms);
	check(clock_real_ms() > INT64_C(1700000000000));
}

int main(void)
{
	run(writes_area_level_and_sentence);
	run(drops_what_is_above_the_level);
	run(lets_no_escape_sequence_through);
	run(reads_the_names_of_levels);
	run(clocks_go_on);
	return check_done();
}
