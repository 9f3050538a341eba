// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/own_endpoint_choice.h"

#include "nodeagent/plan.h"

#define BACKOFF_STEPS 4 /* doublings until OWN_ENDPOINT_IDLE_MS is reached */

/* Somebody who was never spoken to can send to it, as far as an address can tell. */
static bool is_reachable(const struct ip *ip)
{
	return !ip_is_special(ip) && !ip_is_private(ip);
}

void own_endpoint_look_around(const struct view_peer *self, const struct wg_peer_list *peers,
			      int64_t now_s, struct own_endpoint_scene *ret_scene)
{
	struct own_endpoint_scene scene = { 0 };

	if (self)
		scene.known = self->endpoint;
	for (size_t i = 0; peers && i < peers->len; i++) {
		const struct wg_peer *peer = peers->at[i];

		scene.has_live_peer |=
			peer->handshake_s > 0 && now_s - peer->handshake_s < HANDSHAKE_LIVE_S;
		scene.is_kept_alive |= peer->keepalive_s > 0 && peer->endpoint.ip.family != IP_NONE;
	}
	*ret_scene = scene;
}

static struct own_endpoint_choice choose_mapped(const struct own_endpoint_facts *facts)
{
	const struct own_endpoint_scene *scene = &facts->scene;
	struct own_endpoint_choice choice = { .source = OWN_ENDPOINT_STUN,
					      .endpoint = facts->mapped };

	if (endpoint_equal(&facts->mapped, &facts->local)) {
		choice.nat = OWN_ENDPOINT_NAT_NONE;
		/* IPv6 knows no NAT, but what most homes let in there is nothing all the same. */
		choice.is_public =
			facts->mapped.ip.family == IP_V4 && is_reachable(&facts->mapped.ip);
		return choice;
	}
	choice.nat = OWN_ENDPOINT_NAT_BEHIND;
	if (scene->has_live_peer && ip_equal(&scene->known.ip, &facts->mapped.ip))
		choice.endpoint = scene->known;
	return choice;
}

struct own_endpoint_choice own_endpoint_choose(const struct own_endpoint_facts *facts)
{
	struct own_endpoint_choice choice = { 0 };

	if (facts->declared.family != IP_NONE) {
		choice.source = OWN_ENDPOINT_DECLARED;
		choice.endpoint.ip = facts->declared;
	} else if (facts->internal_network && facts->internal.family != IP_NONE) {
		choice.source = OWN_ENDPOINT_INTERNAL;
		choice.endpoint.ip = facts->internal;
	} else if (!facts->internal_network && facts->mapped.ip.family != IP_NONE) {
		return choose_mapped(facts);
	} else {
		return choice;
	}
	choice.endpoint.port = facts->listen_port;
	choice.is_public = is_reachable(&choice.endpoint.ip);
	return choice;
}

bool own_endpoint_accepts(const struct endpoint *mapped, const struct endpoint *server)
{
	if (mapped->ip.family == IP_NONE || mapped->port == 0 || ip_is_special(&mapped->ip))
		return false;
	return !ip_is_private(&mapped->ip) || ip_is_private(&server->ip);
}

int64_t own_endpoint_ask_after_ms(const struct own_endpoint_choice *choice,
				  const struct own_endpoint_scene *scene, unsigned failures)
{
	if (failures > 0)
		return failures > BACKOFF_STEPS
			       ? OWN_ENDPOINT_IDLE_MS
			       : (int64_t)OWN_ENDPOINT_MAPPING_MS << (failures - 1);
	/* Without a NAT it is our own address that would change, and that we are told. */
	if (choice->nat == OWN_ENDPOINT_NAT_NONE)
		return scene->has_live_peer ? -1 : OWN_ENDPOINT_IDLE_MS;
	return scene->has_live_peer && scene->is_kept_alive ? OWN_ENDPOINT_IDLE_MS
							    : OWN_ENDPOINT_MAPPING_MS;
}
