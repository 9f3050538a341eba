// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A datagram that claims to be STUN. What is a request is answered, never at more than the allowed
 * length; the answer is read again, and a success says where the request came from.
 * Parsers: lib/mesh/stun.c
 */
#include <assert.h>
#include <string.h>

#include "mesh/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct stun_message *request, size_t size, const struct endpoint *from)
{
	uint8_t bytes[STUN_ANSWER_MAX];
	size_t len = stun_write_answer(request, from, bytes);
	struct stun_message again;

	assert(len <= sizeof(bytes) && len <= size + STUN_ANSWER_GROWTH);
	assert(stun_read(bytes, len, &again) == 0);
	assert(memcmp(again.txid, request->txid, sizeof(again.txid)) == 0);
	assert(again.has_fingerprint == request->has_fingerprint);
	if (request->unknown_len > 0)
		assert(again.kind == STUN_ERROR);
	else
		assert(again.kind == STUN_SUCCESS && endpoint_equal(&again.mapped, from));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct endpoint v4 = { { IP_V4, { 192, 0, 2, 1 } }, 51820 };
	static const struct endpoint v6 = { { IP_V6, { 0x20, 0x01, 0x0d, 0xb8 } }, 51820 };
	struct stun_message message;

	if (stun_read(data, size, &message) < 0)
		return 0;
	assert(message.unknown_len <= STUN_UNKNOWN_MAX);
	if (message.kind == STUN_REQUEST) {
		answer(&message, size, &v4);
		answer(&message, size, &v6);
	} else if (message.kind == STUN_SUCCESS) {
		assert(message.mapped.ip.family != IP_NONE && message.mapped.port != 0);
		assert(message.unknown_len == 0);
	}
	return 0;
}
