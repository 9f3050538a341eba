// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a tower's answer means to an agent: agreed, refused, away for now, or not to be trusted.
 * No I/O.
 */
#ifndef NODEAGENT_TOWER_H
#define NODEAGENT_TOWER_H

#include "mesh/refusal.h"
#include "nodeagent/target.h"

enum tower_meaning {
	TOWER_AGREED,
	TOWER_REFUSED,   /* it said no, and will say so again: `refusal` */
	TOWER_AWAY,      /* not reached, or busy: another attempt can help */
	TOWER_UNTRUSTED, /* pin or certificate wrong: `refusal` with E-pin or E-certificate */
};

struct tower_answer {
	enum tower_meaning meaning;
	struct refusal refusal;       /* code "" when there is none */
	char why[REFUSAL_TEXT_BYTES]; /* one sentence; "" when it agreed */
	int64_t retry_after_ms;
};

void tower_read_answer(const struct http_answer *from, const struct tower_target *target,
		       struct tower_answer *ret_answer);

#endif
