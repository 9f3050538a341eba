// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * An answer of userspace WireGuard. The first byte says in pieces of which size it comes; whatever
 * the pieces, the same is read, and what is read is ordered.
 * Parsers: nodeagent/wg/uapi_reader.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "nodeagent/wg/uapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const uint8_t *bytes, size_t size, size_t piece, struct wg_device *ret_device)
{
	struct uapi_reader *reader = NULL;
	struct err err;
	int r = uapi_reader_new(&reader);

	for (size_t at = 0; r == 0 && at < size; at += piece)
		r = uapi_reader_feed(reader, (const char *)bytes + at, MIN(piece, size - at), &err);
	if (r == 1)
		uapi_reader_take(reader, ret_device);
	uapi_reader_free(reader);
	return r;
}

static void check_order(const struct wg_device *device)
{
	vec_foreach(peer, &device->peers) {
		assert(peer == device->peers.at || key_compare(&peer[-1].key, &peer->key) < 0);
		vec_foreach(prefix, &peer->allowed)
			assert(prefix == peer->allowed.at ||
			       prefix_compare(&prefix[-1], prefix) <= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wg_device whole = { 0 };
	struct wg_device pieces = { 0 };
	int r;

	if (size < 1)
		return 0;
	r = feed(data + 1, size - 1, size, &whole);
	/* Bytes behind an answer that is complete are seen only in the same piece. */
	if (r == 1) {
		assert(feed(data + 1, size - 1, 1 + data[0], &pieces) == 1);
		assert(whole.peers.len == pieces.peers.len);
		check_order(&whole);
	}
	wg_device_done(&whole);
	wg_device_done(&pieces);
	return 0;
}
