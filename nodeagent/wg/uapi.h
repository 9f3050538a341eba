// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The text that userspace WireGuard speaks (https://www.wireguard.com/xplatform/), written and
 * read. No I/O. Keys are 64 digits of hex there.
 */
#ifndef NODEAGENT_WG_UAPI_H
#define NODEAGENT_WG_UAPI_H

#include "base/str.h"
#include "nodeagent/wg/backend.h"

#define UAPI_LINE_BYTES 256       /* a longer line is no answer */
#define UAPI_PEERS_MAX 1000000    /* of an answer */
#define UAPI_PREFIXES_MAX 4000000 /* of an answer */

#define UAPI_GET "get=1\n\n"

/* Appends to a request; "set=1\n" goes before, and uapi_write_end behind. */
void uapi_write_begin(struct str *to);
/* As in the back end's table: NULL and 0 are left out. */
void uapi_write_device(struct str *to, const struct key *private_key, uint16_t listen_port);
void uapi_write_change(struct str *to, const struct wg_change *change);
void uapi_write_end(struct str *to);

/* Reads the answer to a get or a set, in pieces of any size. */
struct uapi_reader;
int uapi_reader_new(struct uapi_reader **ret_reader) _must_check_;
void uapi_reader_free(struct uapi_reader *reader);

/*
 * 1 when the answer is complete, 0 when more must come. -EPROTO for what is no answer; the errno
 * of an answer that says that the request failed.
 */
int uapi_reader_feed(struct uapi_reader *reader, const char *bytes, size_t len,
		     struct err *err) _must_check_;

/* The device of a complete answer, ordered; the caller's (wg_device_done). */
void uapi_reader_take(struct uapi_reader *reader, struct wg_device *ret_device);

#endif
