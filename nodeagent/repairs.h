// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Counts what the agent puts back because somebody else changed it. Once in a while that is an
 * accident and a line in the log each time; again and again it is another manager at work, with
 * whom not to compete: said once, and put back more calmly. Pure: the clock is an argument.
 */
#ifndef NODEAGENT_REPAIRS_H
#define NODEAGENT_REPAIRS_H

#include "nodeagent/plan.h"

#define REPAIRS_WINDOW_MS 60000
#define REPAIRS_QUARREL 5   /* more repairs of one kind in the window are a quarrel */
#define REPAIRS_COUNTED 100 /* in the window; of more the last ones */
#define REPAIRS_TEXT_BYTES 200

enum repair_kind {
	REPAIR_LINK, /* the interface itself: made, named, up, its key and port */
	REPAIR_MTU,
	REPAIR_ADDRESS,
	REPAIR_PEER,
	REPAIR_ROUTE,
	REPAIR_KINDS,
};

struct repairs {
	struct repair_count {
		int64_t at_ms[REPAIRS_COUNTED]; /* of the last ones, in turn; 0: none */
		size_t next;
		bool is_quarrel;
		uint64_t in_quarrel; /* since it began, or the last one did */
	} counts[REPAIR_KINDS];
};

/* The plan was carried out although nothing else was asked for. `now_ms` is above 0. */
void repairs_note(struct repairs *repairs, const struct plan *plan, int64_t now_ms);

/* Whether there is one quarrel, at least. */
bool repairs_is_quarrel(const struct repairs *repairs);

/*
 * Whether a quarrel began or ended since the last call: then what to say of it, one a call. To be
 * called after each round.
 */
bool repairs_tell(struct repairs *repairs, const char *interface, int64_t now_ms,
		  char ret_text[static REPAIRS_TEXT_BYTES]);

/* Repairs of a kind in the window; 0 when it is no quarrel. */
size_t repairs_count(const struct repairs *repairs, enum repair_kind kind, int64_t now_ms);
const char *repairs_word(enum repair_kind kind); /* "routes" */

#endif
