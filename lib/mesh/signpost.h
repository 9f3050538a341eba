// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The signpost: the hash in Redis that tells agents where the towers are (docs/redis.md). A field
 * `tower:<id>` a tower, and `join`, the join secret in force. What is read here was written by
 * whoever can write to that Redis: everything is checked, nothing is guessed.
 */
#ifndef MESH_SIGNPOST_H
#define MESH_SIGNPOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SIGNPOST_KEY "signpost"  /* behind the prefix of the Redis keys */
#define SIGNPOST_USER "signpost" /* the Redis user whose password opens it; else "default" */
#define SIGNPOST_JOIN "join"     /* the field of the join secret */
#define SIGNPOST_JOIN_PREFIX "aps."
#define SIGNPOST_TTL_MS 60000 /* how long an entry holds */

#define SIGNPOST_HOST_BYTES 254  /* a name, or an address without brackets; "" */
#define SIGNPOST_URL_BYTES 272   /* "https://", host, port, NUL */
#define SIGNPOST_PLACE_BYTES 264 /* host, port, NUL */
#define SIGNPOST_PIN_BYTES 53    /* "sha256//", 44 characters of base64, NUL */
#define SIGNPOST_FIELD_BYTES 23  /* "tower:", 16 hex digits, NUL */
#define SIGNPOST_JOIN_BYTES 128
#define SIGNPOST_ENTRY_MAX 2048 /* bytes of an entry's JSON; a longer one is not read */
#define SIGNPOST_TOWERS_MAX 64  /* entries that are looked at */

/* A host and a port. No host: the host where whoever reads this reached Redis. */
struct signpost_place {
	char host[SIGNPOST_HOST_BYTES];
	uint16_t port; /* 0: there is no such place */
};

struct signpost_tower {
	uint64_t id;                  /* from the field's name */
	struct signpost_place https;  /* always there: a tower without TLS tells nothing */
	struct signpost_place stun;   /* may be none */
	char pin[SIGNPOST_PIN_BYTES]; /* "sha256//…"; "": certificates decide */
	int64_t until_ms;             /* since 1970, by Redis time */
};

/* What a whole hash says. */
struct signpost {
	struct signpost_tower towers[SIGNPOST_TOWERS_MAX]; /* by id */
	size_t towers_len;
	char join[SIGNPOST_JOIN_BYTES]; /* "": none */
};

/*
 * Takes one field of the hash into the signpost: 1 when it says something, 0 for a field that is
 * unknown, or a tower beyond SIGNPOST_TOWERS_MAX. -EPROTO names the field and what is wrong with
 * it, never a secret; -ENOMEM. The signpost is then as before.
 */
int signpost_take(struct signpost *signpost, const char *field, size_t field_len, const char *value,
		  size_t value_len, struct err *err) _must_check_;

/* Wipes the secret in it; made for _cleanup_. */
void signpost_done(struct signpost *signpost);

/* "tower:<16 hex digits>". */
void signpost_field_format(uint64_t id, char ret_field[static SIGNPOST_FIELD_BYTES]);
int signpost_field_parse(const char *field, size_t len, uint64_t *ret_id) _must_check_; /* -EINVAL
											 */

/* The JSON of an entry. The caller's to free; NULL: no memory. */
char *signpost_entry_format(const struct signpost_tower *tower) _must_check_;

/* Reads it; the id is left alone. -EPROTO says what is wrong; -ENOMEM. */
int signpost_entry_parse(const char *text, size_t len, struct signpost_tower *ret_tower,
			 struct err *err) _must_check_;

/* "https://host:8443", "https://[2001:db8::1]:8443", "https://:8443". -EINVAL. */
int signpost_url_parse(const char *text, struct signpost_place *ret_place,
		       struct err *err) _must_check_;

/* The URL, with `here` (a name, or an address without brackets) for a host that is not said. */
void signpost_url_format(const struct signpost_place *place, const char *here,
			 char ret_url[static SIGNPOST_URL_BYTES]);

/* "host:3478", "[2001:db8::1]:3478", ":3478"; "" is none. -EINVAL. */
int signpost_place_parse(const char *text, struct signpost_place *ret_place,
			 struct err *err) _must_check_;
void signpost_place_format(const struct signpost_place *place, const char *here,
			   char ret_text[static SIGNPOST_PLACE_BYTES]);

#endif
