// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Where a Redis is, and as whom to log in:
 *
 *   redis://[user[:password]@]host[:port][/db]      host: a name, an IPv4 address, [an IPv6 one]
 *   unix://[user[:password]@]/path/to.sock[?db=n]
 *
 * User, password and path may be percent-encoded (RFC 3986, section 2.1). An '@' in the password
 * may stand as it is, a '/' may not.
 */
#ifndef IO_REDIS_URL_H
#define IO_REDIS_URL_H

#include <stdint.h>

#include "base/err.h"

#define REDIS_URL_HOST_BYTES 256
#define REDIS_URL_PATH_BYTES 108 /* of struct sockaddr_un */
#define REDIS_URL_USER_BYTES 128
#define REDIS_URL_PASSWORD_BYTES 2048 /* managed Redis hands out long tokens */
#define REDIS_URL_TEXT_BYTES 288
#define REDIS_URL_DB_MAX 65535

struct redis_url {
	char path[REDIS_URL_PATH_BYTES]; /* of the Unix socket; "" for TCP */
	char host[REDIS_URL_HOST_BYTES]; /* without brackets */
	uint16_t port;
	uint16_t db;
	char user[REDIS_URL_USER_BYTES]; /* "" for none */
	char password[REDIS_URL_PASSWORD_BYTES];
};

/* -EINVAL says what is wrong, never the text itself: it may hold a password. */
int redis_url_parse(const char *text, struct redis_url *ret_url, struct err *err) _must_check_;

/* The URL without user and password, for logs. */
void redis_url_format(const struct redis_url *url, char ret_text[static REDIS_URL_TEXT_BYTES]);

/* Wipes the password; made for _cleanup_(redis_url_wipe). */
void redis_url_wipe(struct redis_url *url);

#endif
