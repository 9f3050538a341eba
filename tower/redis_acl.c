// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/redis_acl.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/signpost.h"

#define WORD_BYTES 128

/* Subcommands as rules of their own are understood from Redis 6 on. */
#define TOWER_COMMANDS                                                                          \
	"+select +role +config|get +acl|getuser +client|no-evict +script|load +evalsha +multi " \
	"+exec +time +hgetall +hmget +hset +hdel +hlen +xadd +xrange +xrevrange +xread +zadd "  \
	"+zrem +zrevrange"

/* A key's name as a pattern that matches it alone: Redis matches as a shell does. */
static void append_literal(struct str *text, const char *name)
{
	for (; *name; name++)
		str_printf(text, "%s%c", strchr("*?[]\\^", *name) ? "\\" : "", *name);
}

static void append_hash(struct str *text, const char *password)
{
	char hex[2 * CRYPTO_HASH_BYTES + 1];
	uint8_t hash[CRYPTO_HASH_BYTES];
	_unused_ int r;

	crypto_sha256_of(password, strlen(password), hash);
	r = crypto_encode(CRYPTO_TEXT_HEX, hash, sizeof(hash), hex, sizeof(hex));
	assert(r == 0);
	str_printf(text, "#%s", hex);
}

char *redis_acl_text(const struct redis_acl *acl)
{
	struct str text = { 0 };

	str_append(&text, "user default off resetpass resetchannels +@all ~*\n"
			  "user " SIGNPOST_USER " on ");
	append_hash(&text, acl->signpost_password);
	str_append(&text, " resetchannels -@all +ping +hgetall ~");
	append_literal(&text, acl->key_prefix);
	str_append(&text, SIGNPOST_KEY "\nuser " REDIS_ACL_USER " on ");
	append_hash(&text, acl->tower_password);
	str_append(&text, " resetchannels -@all " TOWER_COMMANDS " ~");
	append_literal(&text, acl->key_prefix);
	str_append(&text, "*\n");
	return str_take(&text);
}

void redis_acl_password(char ret_password[static REDIS_ACL_PASSWORD_BYTES])
{
	uint8_t bytes[(REDIS_ACL_PASSWORD_BYTES - 1) / 2];
	_unused_ int r;

	crypto_random(bytes, sizeof(bytes));
	r = crypto_encode(CRYPTO_TEXT_HEX, bytes, sizeof(bytes), ret_password,
			  REDIS_ACL_PASSWORD_BYTES);
	assert(r == 0);
	crypto_wipe(bytes, sizeof(bytes));
}

/* Takes the next of the words with blanks between them; false at the end. */
static bool next_word(const char **text, char *to)
{
	size_t len;

	*text += strspn(*text, " ");
	len = strcspn(*text, " ");
	if (len == 0)
		return false;
	(void)snprintf(to, WORD_BYTES, "%.*s", (int)len, *text);
	*text += len;
	return true;
}

/* Whether the rules let PING and HGETALL through; *ret_more: something else, too. */
static bool commands_let_read(const char *commands, char *ret_more)
{
	bool ping = false;
	bool hgetall = false;
	char word[WORD_BYTES];

	ret_more[0] = '\0';
	while (next_word(&commands, word)) {
		if (word[0] == '-')
			continue;
		if (str_eq(word, "+ping"))
			ping = true;
		else if (str_eq(word, "+hgetall"))
			hgetall = true;
		else
			memcpy(ret_more, word, WORD_BYTES);
	}
	return ping && hgetall;
}

/* Whether the signpost is among the patterns; *ret_more: a pattern that is not. */
static bool keys_have_signpost(const char *keys, const char *key_prefix, char *ret_more)
{
	_cleanup_str_ struct str signpost = { 0 };
	char word[WORD_BYTES];
	bool found = false;

	append_literal(&signpost, key_prefix);
	str_append(&signpost, SIGNPOST_KEY);
	ret_more[0] = '\0';
	while (signpost.at && next_word(&keys, word)) {
		const char *pattern = word;

		if (str_starts(word, "%R~"))
			pattern += 3;
		else if (*word == '~')
			pattern += 1;
		if (str_eq(pattern, signpost.at))
			found = true;
		else
			memcpy(ret_more, word, WORD_BYTES);
	}
	return found;
}

enum redis_access_verdict redis_access_judge(const struct redis_access *access,
					     const char *key_prefix,
					     char ret_why[static ERR_TEXT_BYTES])
{
	char command[WORD_BYTES];
	char key[WORD_BYTES];
	bool reads = commands_let_read(access->commands, command);
	bool sees = keys_have_signpost(access->keys, key_prefix, key);

	ret_why[0] = '\0';
	if (!access->on)
		(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' is off", access->user);
	else if (access->without_password)
		(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' has no password",
			       access->user);
	else if (*command)
		(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' has %s", access->user,
			       command);
	else if (*key)
		(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' has the keys %s",
			       access->user, key);
	else if (*access->channels)
		(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' has the channels %.100s",
			       access->user, access->channels);
	else if (access->more)
		(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' has selectors", access->user);
	if (*ret_why)
		return access->on ? REDIS_ACCESS_WIDE : REDIS_ACCESS_CLOSED;
	if (reads && sees)
		return REDIS_ACCESS_RIGHT;
	(void)snprintf(ret_why, ERR_TEXT_BYTES, "user '%.32s' may not %s %s" SIGNPOST_KEY,
		       access->user, reads ? "read" : "PING, or HGETALL", key_prefix);
	return REDIS_ACCESS_CLOSED;
}
