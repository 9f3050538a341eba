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
	static const char few[] = "-@all +ping +hgetall";
	static const char all[] = "+@all";
	static const char own[] = "~apex:signpost";
	static const struct {
		const char *commands, *keys, *channels;
		bool off, without_password, more;
		enum redis_access_verdict verdict;
		const char *names;
	} rows[] = {
		{ few, own, "", .verdict = REDIS_ACCESS_RIGHT, .names = "" },
		{ "-@all +hgetall +ping", "%R~apex:signpost", "", .verdict = REDIS_ACCESS_RIGHT,
		  .names = "" },
		{ few, "apex:signpost", "", .verdict = REDIS_ACCESS_RIGHT, .names = "" },
		{ all, "~*", "&*", .verdict = REDIS_ACCESS_WIDE, .names = "+@all" },
		{ few, own, "", .without_password = true, .verdict = REDIS_ACCESS_WIDE,
		  .names = "no password" },
		{ few, "~apex:*", "", .verdict = REDIS_ACCESS_WIDE, .names = "~apex:*" },
		{ "-@all +ping +hgetall +config|get", own, "", .verdict = REDIS_ACCESS_WIDE,
		  .names = "+config|get" },
		{ few, own, "&*", .verdict = REDIS_ACCESS_WIDE, .names = "&*" },
		{ few, own, "", .more = true, .verdict = REDIS_ACCESS_WIDE, .names = "selectors" },
		{ "-@all", "", "", .verdict = REDIS_ACCESS_CLOSED, .names = "PING" },
		{ few, "", "", .verdict = REDIS_ACCESS_CLOSED, .names = "apex:signpost" },
		{ all, "~*", "", .off = true, .verdict = REDIS_ACCESS_CLOSED, .names = "off" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct redis_access access = { .user = "someone",
						     .on = !rows[i].off,
						     .without_password = rows[i].without_password,
						     .more = rows[i].more,
						     .commands = rows[i].commands,
						     .keys = rows[i].keys,
						     .channels = rows[i].channels };
		char why[ERR_TEXT_BYTES] = "?";

		if (!check(redis_access_judge(&access, "apex:", why) == rows[i].verdict) ||
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
