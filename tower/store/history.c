// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum history_relation history_compare(const struct history *mine, const struct history *theirs,
				      const uint64_t *logged)
{
	if (mine->revision == 0)
		return theirs->revision > 0 ? HISTORY_AHEAD : HISTORY_SAME;
	if (theirs->revision == 0)
		return HISTORY_EMPTY;
	if (*mine->epoch && !str_eq(mine->epoch, theirs->epoch))
		return HISTORY_OTHER;
	if (theirs->revision < mine->revision)
		return HISTORY_BEHIND;
	if (theirs->revision == mine->revision)
		return theirs->mark == mine->mark ? HISTORY_SAME : HISTORY_BRANCHED;
	if (!logged)
		return HISTORY_TRIMMED;
	return *logged == mine->mark ? HISTORY_AHEAD : HISTORY_BRANCHED;
}

bool history_explain(enum history_relation relation, const struct history *mine,
		     const struct history *theirs, char *ret_why, size_t why_bytes)
{
	const char *next =
		"nothing is written; bring the data back, or restart the tower to take on what is there";

	switch (relation) {
	case HISTORY_EMPTY:
		(void)snprintf(ret_why, why_bytes,
			       "Redis is empty, this tower is at revision %ju: %s",
			       (uintmax_t)mine->revision, next);
		return false;
	case HISTORY_BEHIND:
		(void)snprintf(ret_why, why_bytes,
			       "Redis lost what came after revision %ju (this tower is at %ju): %s",
			       (uintmax_t)theirs->revision, (uintmax_t)mine->revision, next);
		return false;
	case HISTORY_BRANCHED:
		(void)snprintf(ret_why, why_bytes,
			       "revision %ju in Redis is another change than this tower's: %s",
			       (uintmax_t)mine->revision, next);
		return false;
	case HISTORY_OTHER:
		(void)snprintf(ret_why, why_bytes,
			       "Redis holds another history (epoch %.8s, this tower's is %.8s): %s",
			       theirs->epoch, mine->epoch, next);
		return false;
	default:
		return true;
	}
}

static bool is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

int history_mark_parse(const char *text, uint64_t *ret_mark)
{
	uint64_t mark = 0;

	if (!is_hex(text, HISTORY_MARK_BYTES - 1))
		return -EINVAL;
	for (const char *p = text; *p; p++)
		mark = mark << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
	*ret_mark = mark;
	return 0;
}

int history_read(const char *epoch, const char *revision, const char *mark,
		 struct history *ret_history, struct err *err)
{
	struct history history = { 0 };

	if (!*epoch && !*revision && !*mark) {
		*ret_history = history;
		return 0;
	}
	if (!is_hex(epoch, HISTORY_EPOCH_BYTES - 1))
		return err_set(err, -EPROTO, "the history in Redis has no epoch");
	if (str_to_u64(revision, 1, UINT64_MAX, &history.revision) < 0)
		return err_set(err, -EPROTO, "the history in Redis has no revision");
	if (history_mark_parse(mark, &history.mark) < 0)
		return err_set(err, -EPROTO, "the history in Redis has no mark");
	memcpy(history.epoch, epoch, sizeof(history.epoch));
	*ret_history = history;
	return 0;
}
