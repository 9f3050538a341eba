// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Who may do what in the tower's Redis (docs/redis.md): user `signpost` reads the signpost and does
 * nothing else; user `tower` does what a tower needs; nobody can be `default`. As the text of an
 * aclfile (Redis 6 and later), with passwords as hashes. Pure.
 *
 * `default` has all rights, and cannot log in: when Redis reads its append-only file it does so as
 * this user, and drops every transaction that the user may not make (docs/adr/0012).
 */
#ifndef TOWER_REDIS_ACL_H
#define TOWER_REDIS_ACL_H

#include <stdbool.h>

#include "base/err.h"

#define REDIS_ACL_USER "tower"
#define REDIS_ACL_PASSWORD_BYTES 49 /* 48 hex digits, NUL: no character that a shell minds */

struct redis_acl {
	const char *key_prefix;        /* of all keys: "apex:" */
	const char *tower_password;    /* not ""; only hashes of the two are written */
	const char *signpost_password; /* not "" */
};

/* The caller's to free; NULL: no memory. */
char *redis_acl_text(const struct redis_acl *acl) _must_check_;

/* A fresh password: 192 random bits. The caller's to wipe. */
void redis_acl_password(char ret_password[static REDIS_ACL_PASSWORD_BYTES]);

/* What Redis says that a user may do: the parts of ACL GETUSER's answer, as texts. */
struct redis_access {
	const char *user;
	const char *commands; /* "-@all +ping +hgetall" */
	const char *keys;     /* "~apex:signpost"; of Redis 6 without the tilde */
	const char *channels; /* "" for none */
	bool on;
	bool without_password;
	bool more; /* selectors: further rules, of whatever kind */
};

enum redis_access_verdict {
	REDIS_ACCESS_RIGHT,  /* the signpost and nothing else */
	REDIS_ACCESS_CLOSED, /* not even the signpost */
	REDIS_ACCESS_WIDE,   /* more than the signpost */
};

/* Judges it, with a sentence that says why; an empty one when all is right. */
enum redis_access_verdict redis_access_judge(const struct redis_access *access,
					     const char *key_prefix,
					     char ret_why[static ERR_TEXT_BYTES]) _must_check_;

#endif
