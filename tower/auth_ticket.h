// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The session ticket: what a joined peer shows for an hour instead of a proof. Stateless: a MAC
 * under the towers' common secret says that one of them wrote it. Whether its peer is still there
 * is asked elsewhere.
 */
#ifndef TOWER_AUTH_TICKET_H
#define TOWER_AUTH_TICKET_H

#include "crypto/crypto.h"
#include "mesh/peer.h"
#include "tower/auth.h"

struct ticket {
	struct key key;
	char zone[ZONE_NAME_BYTES];
	uint64_t generation;
	int64_t expires_ms;
};

/* "apt." and base64url of version, key, zone, generation, expiry and MAC. */
int ticket_format(const uint8_t secret[CRYPTO_KEY_BYTES], const struct ticket *ticket,
		  char ret_text[static AUTH_TICKET_TEXT_BYTES]) _must_check_;

/* -EINVAL: not of this form; -EBADMSG: not written under this secret. */
int ticket_parse(const uint8_t secret[CRYPTO_KEY_BYTES], const char *text,
		 struct ticket *ret_ticket) _must_check_;

#endif
