// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/redis_acl.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"

static void writes_hashes_and_patterns_that_match_nothing_else(void)
{
	static const struct redis_acl plain = { "apex:", "tower-secret", "abc" };
	static const struct redis_acl odd = { "a*[x]:", "tower-secret", "abc" };
	_cleanup_free_ char *text = redis_acl_text(&plain);
	_cleanup_free_ char *escaped = redis_acl_text(&odd);

	if (!check(text && escaped))
		return;
	check(str_starts(text,
			 "user default off resetpass resetchannels +@all ~*\nuser signpost on "
			 "#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
			 "resetchannels -@all +ping +hgetall ~apex:signpost\nuser tower on #"));
	check(!strstr(text, "abc ") && !strstr(text, "tower-secret"));
	check(strstr(text, " ~apex:*\n") != NULL);
	check(strstr(escaped, " ~a\\*\\[x\\]:signpost\n") != NULL);
	check(strstr(escaped, " ~a\\*\\[x\\]:*\n") != NULL);
}

static void passwords_differ(void)
{
	char one[REDIS_ACL_PASSWORD_BYTES];
	char other[REDIS_ACL_PASSWORD_BYTES];

	redis_acl_password(one);
	redis_acl_password(other);
	check(strlen(one) == 48 && strcmp(one, other) != 0);
}

static void judges_what_a_password_opens(void)
{
	static const struct {
		struct redis_access access;
		enum redis_access_verdict verdict;
		const char *names;
	} rows[] = {
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "~apex:signpost",
		    .channels = "" },
		  REDIS_ACCESS_RIGHT,
		  "" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +hgetall +ping",
		    .keys = "%R~apex:signpost",
		    .channels = "" },
		  REDIS_ACCESS_RIGHT,
		  "" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "apex:signpost",
		    .channels = "" },
		  REDIS_ACCESS_RIGHT,
		  "" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "+@all",
		    .keys = "~*",
		    .channels = "&*" },
		  REDIS_ACCESS_WIDE,
		  "+@all" },
		{ { .user = "someone",
		    .on = true,
		    .without_password = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "~apex:signpost",
		    .channels = "" },
		  REDIS_ACCESS_WIDE,
		  "no password" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "~apex:*",
		    .channels = "" },
		  REDIS_ACCESS_WIDE,
		  "~apex:*" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +ping +hgetall +config|get",
		    .keys = "~apex:signpost",
		    .channels = "" },
		  REDIS_ACCESS_WIDE,
		  "+config|get" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "~apex:signpost",
		    .channels = "&*" },
		  REDIS_ACCESS_WIDE,
		  "&*" },
		{ { .user = "someone",
		    .on = true,
		    .more = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "~apex:signpost",
		    .channels = "" },
		  REDIS_ACCESS_WIDE,
		  "selectors" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all",
		    .keys = "",
		    .channels = "" },
		  REDIS_ACCESS_CLOSED,
		  "PING" },
		{ { .user = "someone",
		    .on = true,
		    .commands = "-@all +ping +hgetall",
		    .keys = "",
		    .channels = "" },
		  REDIS_ACCESS_CLOSED,
		  "apex:signpost" },
		{ { .user = "someone",
		    .on = false,
		    .commands = "+@all",
		    .keys = "~*",
		    .channels = "" },
		  REDIS_ACCESS_CLOSED,
		  "off" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char why[ERR_TEXT_BYTES] = "?";

		if (!check(redis_access_judge(&rows[i].access, "apex:", why) == rows[i].verdict) ||
		    !check(strstr(why, rows[i].names) != NULL))
			printf("# row %zu: %s\n", i, why);
		check((rows[i].verdict == REDIS_ACCESS_RIGHT) == (*why == '\0'));
	}
}

int main(void)
{
	if (crypto_init(NULL) < 0)
		return 1;
	run(writes_hashes_and_patterns_that_match_nothing_else);
	run(passwords_differ);
	run(judges_what_a_password_opens);
	return check_done();
}
