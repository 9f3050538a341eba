// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * GET /peers/{key}/config: what a device without an agent is configured with. Its ETag is a hash of
 * the text, so that whoever polls hears of a change only when there is something to change.
 */
#include <inttypes.h>

#include "crypto/crypto.h"
#include "tower/api/call.h"
#include "tower/api/wg_quick.h"

#define ETAG_HASH_BYTES 16

static void make_etag(const struct str *text, char ret_etag[static 2 * ETAG_HASH_BYTES + 3])
{
	uint8_t hash[CRYPTO_HASH_BYTES];
	const size_t len = 2 * ETAG_HASH_BYTES;

	crypto_hash_of(text->at, text->len, hash);
	ret_etag[0] = '"';
	(void)!crypto_encode(CRYPTO_TEXT_HEX, hash, ETAG_HASH_BYTES, ret_etag + 1, len + 1);
	ret_etag[len + 1] = '"';
	ret_etag[len + 2] = '\0';
}

void peer_config(struct api_call *call)
{
	const struct state *state = call->api->c.state;
	const struct peer *peer = state_peer(state, &call->path.key);
	_cleanup_str_ struct str text = { 0 };
	char etag[2 * ETAG_HASH_BYTES + 3];
	uint64_t revision;
	size_t len;

	if (!peer) {
		call_refuse_peer(call);
		return;
	}
	wg_quick_write(&text, state, peer, &revision);
	(void)http_add_header(call->http, "Apex-Revision", "%" PRIu64, revision);
	if (!text.failed) {
		make_etag(&text, etag);
		if (call_answer_known(call, etag))
			return;
	}
	len = text.len;
	http_answer_owned(call->http, 200, "text/plain; charset=utf-8", str_take(&text), len);
}
