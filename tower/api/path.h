// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Matches request paths against patterns such as "/zones/{zone}/peers" and "/peers/{key}/status".
 */
#ifndef API_PATH_H
#define API_PATH_H

#include "mesh/peer.h"

struct path_values {
	char zone[ZONE_NAME_BYTES];   /* {zone}; "" when the pattern has none */
	char id[PEER_TOKEN_ID_BYTES]; /* {id} */
	struct key key;               /* {key} */
	bool has_key;
};

enum path_match {
	PATH_NO,
	PATH_YES,
	PATH_BAD_KEY, /* all but the key fits: it is neither base64 nor base64url of 32 bytes */
};

/*
 * `path` is as sent: percent-encoded, without the query. A value is decoded after the path was
 * split (RFC 3986, section 2.4); a {key} is found by its fixed length, so that the "/" of base64
 * may stand in it as it is.
 */
enum path_match path_match(const char *pattern, const char *path, struct path_values *ret_values);

#endif
