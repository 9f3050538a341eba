// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The join secret that stands in the signpost: derived from the towers' common secret and the day,
 * so that towers which share a secret folder agree without talking (docs/adr/0011). Whether a zone
 * takes it is decided elsewhere.
 */
#ifndef TOWER_AUTH_SIGNPOST_H
#define TOWER_AUTH_SIGNPOST_H

#include "crypto/crypto.h"
#include "tower/auth.h"

/* "aps.<day since 1970>.<base64url of a MAC>" of the day in which `now_ms` lies. */
void signpost_secret_format(const uint8_t secret[CRYPTO_KEY_BYTES], int64_t now_ms,
			    char ret_text[static AUTH_SIGNPOST_TEXT_BYTES]);

/*
 * 0 for that of today and of yesterday; and of tomorrow, for another tower's clock may be a moment
 * ahead. -ETIME: it was right once; -EINVAL: not of this form; -EBADMSG: not made under this
 * secret.
 */
int signpost_secret_check(const uint8_t secret[CRYPTO_KEY_BYTES], const char *text,
			  int64_t now_ms) _must_check_;

#endif
