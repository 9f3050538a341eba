// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Binding messages of STUN (RFC 8489): what a node asks to learn how it looks from outside, and
 * what a tower answers. No credentials: what an answer says is a hint that WireGuard puts to the
 * proof.
 */
#ifndef MESH_STUN_H
#define MESH_STUN_H

#include "mesh/addr.h"

#define STUN_PORT 3478 /* by custom */
#define STUN_COOKIE 0x2112a442
#define STUN_HEADER_BYTES 20
#define STUN_TXID_BYTES 12
#define STUN_PACKET_MAX 548 /* what passes everywhere without being cut (RFC 8489 section 6.1) */
#define STUN_REQUEST_BYTES STUN_HEADER_BYTES
#define STUN_UNKNOWN_MAX 8 /* attributes that an error names; more are not told */
#define STUN_ANSWER_MAX 64
#define STUN_ANSWER_GROWTH 24 /* no answer is longer than its request by more than this */

enum stun_kind { STUN_REQUEST, STUN_SUCCESS, STUN_ERROR };

struct stun_message {
	enum stun_kind kind;
	uint8_t txid[STUN_TXID_BYTES];
	bool has_fingerprint;   /* and it was right */
	struct endpoint mapped; /* of a success */
	/* Attributes of a request that it wants understood and that are not. */
	uint16_t unknown[STUN_UNKNOWN_MAX];
	size_t unknown_len;
};

/*
 * Reads a whole datagram. -EBADMSG: no STUN, malformed, a wrong fingerprint, or a success without a
 * usable address or with an attribute that must be understood and is not. -EOPNOTSUPP: a STUN
 * message that is neither a Binding request nor an answer to one.
 */
int stun_read(const uint8_t *bytes, size_t len, struct stun_message *ret_message) _must_check_;

/* The bare header. */
void stun_write_request(const uint8_t txid[static STUN_TXID_BYTES],
			uint8_t ret_bytes[static STUN_REQUEST_BYTES]);

/*
 * The answer to a request that came from `from`: a success, or error 420 when the request holds
 * what is unknown; with a fingerprint when it had one. How many bytes it takes.
 */
size_t stun_write_answer(const struct stun_message *request, const struct endpoint *from,
			 uint8_t ret_bytes[static STUN_ANSWER_MAX]);

#endif
