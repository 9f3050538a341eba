// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * From what a request presents to who asks.
 */
#ifndef TOWER_AUTH_IDENTIFY_H
#define TOWER_AUTH_IDENTIFY_H

#include "tower/auth_state.h"

/* 0 and the subject, or -EACCES and E401-…, E403-zone, E429-failures or E503-busy. */
int auth_identify(struct auth *auth, const struct auth_request *request, int64_t now_ms,
		  struct auth_subject *ret_subject, struct refusal *ret_refusal) _must_check_;

#endif
