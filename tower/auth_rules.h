// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Who may use which route, in one table, and on what: a node on its own peer and its own zone only.
 */
#ifndef TOWER_AUTH_RULES_H
#define TOWER_AUTH_RULES_H

#include "tower/auth.h"

/* Whether the route asks for no credential at all. */
bool auth_route_is_public(enum auth_route route);

/* 0, or -EACCES and E403-role, E403-zone or E403-peer. */
int auth_rules_check(const struct auth_subject *subject, const struct auth_request *request,
		     struct refusal *ret_refusal) _must_check_;

#endif
