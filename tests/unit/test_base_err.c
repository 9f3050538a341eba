// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "tests/unit/check.h"

static void says_what_went_wrong_and_returns_the_code(void)
{
	struct err err = { 0 };

	check(err_set(&err, -EINVAL, "zone '%s': no such zone", "blue") == -EINVAL);
	check(err.code == -EINVAL);
	check_str(err.text, "zone 'blue': no such zone");
}

static void adds_the_words_of_the_system(void)
{
	struct err err = { 0 };

	check(err_errno(&err, -ENOENT, "/nowhere") == -ENOENT);
	check_str(err.text, "/nowhere: No such file or directory");
}

static void puts_context_before_and_keeps_the_code(void)
{
	struct err err = { 0 };

	(void)err_set(&err, -ENOENT, "no such file");
	check(err_wrap(&err, "key of %s", "node1") == -ENOENT);
	check_str(err.text, "key of node1: no such file");
}

static void keeps_a_whole_sentence_that_fits_behind_its_context(void)
{
	char reason[201];
	struct err err = { 0 };

	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	(void)err_set(&err, -EIO, "%s", reason);
	(void)err_wrap(&err, "context");
	check(strlen(err.text) == strlen("context: ") + strlen(reason));
}

static void cuts_at_the_end_what_does_not_fit(void)
{
	char longest[2 * ERR_TEXT_BYTES];
	struct err err = { 0 };

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	(void)err_set(&err, -EIO, "%s", longest);
	check(strlen(err.text) == ERR_TEXT_BYTES - 1);
	(void)err_wrap(&err, "zone blue");
	check(strlen(err.text) == ERR_TEXT_BYTES - 1);
	check(str_starts(err.text, "zone blue: xxx"));
}

static void leaves_no_byte_that_a_terminal_or_json_would_choke_on(void)
{
	struct err err = { 0 };

	(void)err_set(&err, -EINVAL, "name '%s'", "a\x1b[2Jb\xff\n");
	check_str(err.text, "name 'a?[2Jb?\?'");
	/* A cut in the middle of a character. */
	(void)err_set(&err, -EINVAL, "'%.4s'", "abc\xc3\xa4");
	check_str(err.text, "'abc?'");
}

static void works_without_a_place_for_the_sentence(void)
{
	check(err_set(NULL, -EINVAL, "x") == -EINVAL);
	check(err_errno(NULL, -ENOENT, "x") == -ENOENT);
	check(err_wrap(NULL, "x") == -EIO);
	check(err_oom(NULL) == -ENOMEM);
}

int main(void)
{
	run(says_what_went_wrong_and_returns_the_code);
	run(adds_the_words_of_the_system);
	run(puts_context_before_and_keeps_the_code);
	run(keeps_a_whole_sentence_that_fits_behind_its_context);
	run(cuts_at_the_end_what_does_not_fit);
	run(leaves_no_byte_that_a_terminal_or_json_would_choke_on);
	run(works_without_a_place_for_the_sentence);
	return check_done();
}
