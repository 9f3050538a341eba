// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Events as watchers see them: server-sent events (WHATWG HTML, section 9.2).
 *
 *   event: peer
 *   data: {"v":1,"PublicKey":…}
 *   id: 42-9f0c51d2a7e3b846
 *
 * The id, "<revision>-<mark>" (the mark as 16 digits of hex), stands on the last event of a
 * revision only, so that a watcher that resumes never skips half of one. A frame of "id:" alone is
 * the heartbeat.
 */
#ifndef MESH_EVENT_H
#define MESH_EVENT_H

#include "base/str.h"
#include "mesh/peer.h"

#define EVENT_VERSION 1
#define EVENT_ID_BYTES 38 /* 20 digits, dash, 16 digits of hex, NUL */
#define EVENT_LINE_MAX (256 * 1024)

enum event_kind {
	EVENT_HEARTBEAT,      /* an id alone */
	EVENT_SNAPSHOT_BEGIN, /* {"v":1,"Zone":"…","reset":false} */
	EVENT_SNAPSHOT_END,   /* {"v":1,"Zone":"…"} */
	EVENT_ZONE,           /* {"v":1, + the zone's document} */
	EVENT_ZONE_REMOVED,   /* {"v":1,"Name":"…"} */
	EVENT_PEER,           /* {"v":1, + the peer's document} */
	EVENT_PEER_REMOVED,   /* {"v":1,"PublicKey":"…","Zone":"…"} */
	EVENT_UNKNOWN,        /* from a newer tower: to be ignored */
};

struct event_id {
	uint64_t revision;
	uint64_t mark;
};

/* "<revision>-<mark>"; -EINVAL. */
int event_id_parse(const char *text, struct event_id *ret_id) _must_check_;
void event_id_format(const struct event_id *id, char ret_text[static EVENT_ID_BYTES]);

/*
 * Appends one frame. `doc` is a JSON object's text in one line, without "v", which is put first
 * here: so a document is encoded once, whatever carries it. NULL for a heartbeat. `id` NULL for
 * none.
 */
void event_write(struct str *to, enum event_kind kind, const char *doc, const struct event_id *id);

struct event {
	enum event_kind kind;
	const char *data; /* JSON text; "" for a heartbeat; valid during the call */
	size_t data_len;
	bool has_id;
	struct event_id id;
};

/*
 * Reads a stream in pieces of any size and calls `fn` for each frame; comments, unknown fields and
 * frames without data and id are skipped. A negative answer of `fn` stops and is returned. -EPROTO
 * for a line or a frame over EVENT_LINE_MAX, or an id that is none. After a failure the reader may
 * only be freed; `fn` must not free it.
 */
typedef int (*event_fn)(const struct event *event, void *data);
struct event_reader;
int event_reader_new(event_fn fn, void *data, struct event_reader **ret_reader,
		     struct err *err) _must_check_;
void event_reader_free(struct event_reader *reader);
int event_reader_feed(struct event_reader *reader, const char *bytes, size_t len,
		      struct err *err) _must_check_;

#endif
