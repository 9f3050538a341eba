// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * `aircrew why PEER`: what is known of the way to one peer, a screen of reasons. Pure.
 */
#ifndef NODEAGENT_WHY_H
#define NODEAGENT_WHY_H

#include "nodeagent/status.h"

/*
 * The peer is named by its key, the beginning of it, its host name or its address. Answers
 * {"Peer":"…","Reasons":[{"Good":true,"Text":"…"}]}, or {"Error":"…"}. The caller's; NULL: no
 * memory.
 */
json_t *why_explain(const struct status_input *input, const char *word) _must_check_;

/* The answer for a person. */
void why_print(const json_t *answer, FILE *to);

#endif
