// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/auth_rules.h"

#include <errno.h>

#include "base/str.h"

#define MAY(role) (1U << (role))
#define ANYBODY MAY(ROLE_NONE)
#define ADMIN MAY(ROLE_ADMIN)
#define READERS (MAY(ROLE_ADMIN) | MAY(ROLE_VIEWER))
#define NODE MAY(ROLE_NODE)
#define JOINER MAY(ROLE_JOINER)

/* Of which things a node or joiner may use the route; admins and viewers see all. */
enum scope { SCOPE_NONE, OWN_ZONE, OWN_PEER, OWN_PEER_IN_OWN_ZONE };

static const struct {
	unsigned roles;
	enum scope scope;
} rules[ROUTES_LEN] = {
	[ROUTE_HEALTH] = { ANYBODY, SCOPE_NONE },
	[ROUTE_CHALLENGE] = { ANYBODY, SCOPE_NONE },
	[ROUTE_ZONES_LIST] = { READERS, SCOPE_NONE },
	[ROUTE_ZONE_GET] = { READERS | NODE, OWN_ZONE },
	[ROUTE_ZONE_CREATE] = { ADMIN, SCOPE_NONE },
	[ROUTE_ZONE_PATCH] = { ADMIN, SCOPE_NONE },
	[ROUTE_ZONE_DELETE] = { ADMIN, SCOPE_NONE },
	[ROUTE_PEERS_LIST] = { READERS, SCOPE_NONE },
	[ROUTE_ZONE_PEERS_LIST] = { READERS | NODE, OWN_ZONE },
	[ROUTE_PEER_GET] = { READERS | NODE, OWN_PEER },
	[ROUTE_PEER_STATUS] = { READERS | NODE, OWN_PEER },
	[ROUTE_PEER_CONFIG] = { READERS | NODE, OWN_PEER },
	[ROUTE_PEER_PATCH] = { ADMIN | NODE, OWN_PEER },
	[ROUTE_PEER_DELETE] = { ADMIN | NODE, OWN_PEER },
	[ROUTE_PEER_ROTATE] = { NODE, OWN_PEER },
	[ROUTE_JOIN] = { ADMIN | NODE | JOINER, OWN_PEER_IN_OWN_ZONE },
	[ROUTE_EVENTS] = { READERS | NODE, OWN_ZONE },
	[ROUTE_LEASES] = { READERS | NODE, OWN_ZONE },
	[ROUTE_TOKENS_LIST] = { ADMIN, SCOPE_NONE },
	[ROUTE_TOKEN_CREATE] = { ADMIN, SCOPE_NONE },
	[ROUTE_TOKEN_DELETE] = { ADMIN, SCOPE_NONE },
};

static const char *const role_words[] = {
	[ROLE_NONE] = "nobody",     [ROLE_NODE] = "a node",    [ROLE_JOINER] = "a join token",
	[ROLE_VIEWER] = "a viewer", [ROLE_ADMIN] = "an admin",
};

bool auth_route_is_public(enum auth_route route)
{
	return rules[route].roles & ANYBODY;
}

static int refuse_role(const struct auth_subject *subject, const struct auth_request *request,
		       struct refusal *ret_refusal)
{
	refusal_set(ret_refusal, "E403-role", "%s may not %s %s", role_words[subject->role],
		    request->method, request->path);
	refusal_hint(ret_refusal, rules[request->route].roles & MAY(ROLE_VIEWER)
					  ? "use the admin token or the viewer token"
				  : rules[request->route].roles & ADMIN
					  ? "use the admin token"
					  : "only the node itself may, with a proof of its key");
	return -EACCES;
}

static int check_zone(const struct auth_subject *subject, const struct auth_request *request,
		      struct refusal *ret_refusal)
{
	if (str_eq(subject->zone, request->zone))
		return 0;
	refusal_set(ret_refusal, "E403-zone", "zone '%s': this %s is for zone '%s'", request->zone,
		    subject->role == ROLE_JOINER ? "join token" : "node's credential",
		    subject->zone);
	refusal_hint(ret_refusal,
		     subject->role == ROLE_JOINER
			     ? "ask an admin for a join token of the zone"
			     : "a node sees its own zone only; to move, join the other");
	return -EACCES;
}

static int check_peer(const struct auth_subject *subject, const struct auth_request *request,
		      struct refusal *ret_refusal)
{
	char own[KEY_SHORT_BYTES];
	char other[KEY_SHORT_BYTES] = "none";

	if (request->peer && key_compare(&subject->key, request->peer) == 0)
		return 0;
	key_format_short(&subject->key, own);
	if (request->peer)
		key_format_short(request->peer, other);
	refusal_set(ret_refusal, "E403-peer", "peer %s: this credential is for peer %s", other,
		    own);
	refusal_hint(ret_refusal,
		     "a node may speak for its own key only; others are an admin's to change");
	return -EACCES;
}

int auth_rules_check(const struct auth_subject *subject, const struct auth_request *request,
		     struct refusal *ret_refusal)
{
	const enum scope scope = rules[request->route].scope;
	const bool is_bound = subject->role == ROLE_NODE || subject->role == ROLE_JOINER;
	int r = 0;

	if (!(rules[request->route].roles & MAY(subject->role)))
		return refuse_role(subject, request, ret_refusal);
	if (is_bound && (scope == OWN_ZONE || scope == OWN_PEER_IN_OWN_ZONE))
		r = check_zone(subject, request, ret_refusal);
	/* A proof beside an admin's join is of the key that joins, or it is a mistake. */
	if (r == 0 && ((is_bound && scope == OWN_PEER) ||
		       ((is_bound || subject->proven) && scope == OWN_PEER_IN_OWN_ZONE)))
		r = check_peer(subject, request, ret_refusal);
	return r;
}
