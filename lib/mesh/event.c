// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/event.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mesh/event_word.h"

static const char *const event_words[] = {
	[EVENT_SNAPSHOT_BEGIN] = "snapshot-begin",
	[EVENT_SNAPSHOT_END] = "snapshot-end",
	[EVENT_ZONE] = "zone",
	[EVENT_ZONE_REMOVED] = "zone-removed",
	[EVENT_PEER] = "peer",
	[EVENT_PEER_REMOVED] = "peer-removed",
};

enum event_kind event_kind_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_words); i++) {
		if (event_words[i] && str_eq(word, event_words[i]))
			return (enum event_kind)i;
	}
	return EVENT_UNKNOWN;
}

static int parse_mark(const char *digits, uint64_t *ret_mark)
{
	uint64_t mark = 0;

	for (size_t i = 0; i < 16; i++) {
		const char *all = "0123456789abcdef";
		const char *at = digits[i] ? strchr(all, digits[i]) : NULL;

		if (!at)
			return -EINVAL;
		mark = mark << 4 | (uint64_t)(at - all);
	}
	*ret_mark = mark;
	return digits[16] ? -EINVAL : 0;
}

int event_id_parse(const char *text, struct event_id *ret_id)
{
	struct event_id id;
	size_t len = strcspn(text, "-");
	char digits[21];

	/* One text per id: no zeros before the number, no capitals in the mark. */
	if (len >= sizeof(digits) || text[len] != '-' || (len > 1 && text[0] == '0'))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_to_u64(digits, 0, UINT64_MAX, &id.revision) < 0 ||
	    parse_mark(text + len + 1, &id.mark) < 0)
		return -EINVAL;
	*ret_id = id;
	return 0;
}

void event_id_format(const struct event_id *id, char ret_text[static EVENT_ID_BYTES])
{
	(void)snprintf(ret_text, EVENT_ID_BYTES, "%" PRIu64 "-%016" PRIx64, id->revision, id->mark);
}

void event_write(struct str *to, enum event_kind kind, const char *doc, const struct event_id *id)
{
	if (kind != EVENT_HEARTBEAT) {
		assert(kind < EVENT_UNKNOWN && doc && doc[0] == '{');
		str_printf(to, "event: %s\ndata: {\"v\":%d%s", event_words[kind], EVENT_VERSION,
			   doc[1] == '}' ? "" : ",");
		str_append(to, doc + 1);
		str_append(to, "\n");
	}
	if (id) {
		char text[EVENT_ID_BYTES];

		event_id_format(id, text);
		str_append(to, "id: ");
		str_append(to, text);
		str_append(to, "\n");
	}
	str_append(to, "\n");
}
