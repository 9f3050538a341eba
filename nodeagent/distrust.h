// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Why a tower is not trusted, and what to do about it. No I/O.
 */
#ifndef NODEAGENT_DISTRUST_H
#define NODEAGENT_DISTRUST_H

#include "mesh/refusal.h"
#include "nodeagent/target.h"

/*
 * E-pin (both pins, and where the expected one comes from) or E-certificate (expired, of another
 * host, of an unknown issuer). `from` is an answer of HTTP_UNTRUSTED.
 */
void distrust_explain(const struct http_answer *from, const struct tower_target *target,
		      struct refusal *ret_refusal);

#endif
