// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/api/wg_quick.h"

#include <inttypes.h>

/* A list behind its name, "AllowedIPs = a, b"; its line is left open. */
struct list_line {
	struct str *to;
	const char *before; /* the next item */
};

static void add_prefix(struct list_line *line, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_BYTES];

	prefix_format(prefix, text);
	str_append(line->to, line->before);
	str_append(line->to, text);
	line->before = ", ";
}

static void add_addresses(struct list_line *line, const struct peer *peer)
{
	for (size_t i = 0; i < ARRAY_SIZE(peer->address); i++) {
		struct prefix prefix = prefix_host(&peer->address[i]);

		if (peer->address[i].family != IP_NONE)
			add_prefix(line, &prefix);
	}
}

static void add_prefixes(struct list_line *line, const struct peer *peer)
{
	vec_foreach(prefix, &peer->prefixes)
		add_prefix(line, prefix);
}

static void write_head(struct str *to, const struct peer *peer, uint64_t revision)
{
	str_printf(to, "# Zone %s, peer %s, as of revision %" PRIu64 ".\n", peer->zone,
		   *peer->hostname ? peer->hostname : "without a name", revision);
	str_append(to, "# The private key never leaves the device; there, put it in:\n"
		       "#   printf 's|^PrivateKey = .*|PrivateKey = %s|' \"$(cat private.key)\" |\n"
		       "#       sed -f /dev/stdin THIS-FILE >wg0.conf\n");
}

static void write_interface(struct str *to, const struct peer *peer)
{
	struct list_line line = { to, "Address = " };

	str_append(to, "[Interface]\nPrivateKey = " WG_QUICK_PLACEHOLDER "\n");
	add_addresses(&line, peer);
	str_append(to, "\n");
	/* Where others were told to send to, it has to listen. */
	if (peer->endpoint.ip.family != IP_NONE)
		str_printf(to, "ListenPort = %u\n", peer->endpoint.port);
}

/* Up to its prefixes, which may be those of many. */
static struct list_line begin_peer(struct str *to, const struct peer *peer, const struct zone *zone)
{
	struct endpoint endpoint = peer_endpoint(peer, zone);
	char text[ENDPOINT_TEXT_BYTES];
	char key[KEY_TEXT_BYTES];

	str_append(to, "\n[Peer]\n");
	if (*peer->hostname)
		str_printf(to, "# %s\n", peer->hostname);
	key_format(&peer->key, key);
	str_printf(to, "PublicKey = %s\n", key);
	if (endpoint.ip.family != IP_NONE) {
		endpoint_format(&endpoint, text);
		str_printf(to, "Endpoint = %s\n", text);
	}
	return (struct list_line){ to, "AllowedIPs = " };
}

/* The device may be behind a NAT, and nobody there can tell. */
static void end_peer(struct str *to)
{
	str_printf(to, "\nPersistentKeepalive = %d\n", WG_QUICK_KEEPALIVE_S);
}

static void note(uint64_t *newest, const struct peer *peer)
{
	if (peer->revision > *newest)
		*newest = peer->revision;
}

static void write_mesh(struct str *to, const struct state *state, const struct zone *zone,
		       const struct peer *own, uint64_t *newest)
{
	const struct peer *peer = NULL;

	while ((peer = state_next_peer(state, zone->name, peer ? &peer->key : NULL))) {
		struct list_line line;

		if (peer == own)
			continue;
		line = begin_peer(to, peer, zone);
		add_addresses(&line, peer);
		add_prefixes(&line, peer);
		end_peer(to);
		note(newest, peer);
	}
}

/* The zone's addresses, and what is behind any other peer, by way of the hub. */
static void write_spoke(struct str *to, const struct state *state, const struct zone *zone,
			const struct peer *own, uint64_t *newest)
{
	const struct peer *hub = state_hub(state, zone->name, NULL);
	const struct peer *peer = NULL;
	struct list_line line;

	if (!hub) {
		str_append(to, "\n# The zone's hub has not joined yet.\n");
		return;
	}
	note(newest, hub);
	line = begin_peer(to, hub, zone);
	for (uint8_t i = 0; i < zone->cidr_len; i++)
		add_prefix(&line, &zone->cidr[i]);
	while ((peer = state_next_peer(state, zone->name, peer ? &peer->key : NULL))) {
		if (peer == own || peer->prefixes.len == 0)
			continue;
		add_prefixes(&line, peer);
		note(newest, peer);
	}
	end_peer(to);
}

void wg_quick_write(struct str *to, const struct state *state, const struct peer *peer,
		    uint64_t *ret_revision)
{
	const struct zone *zone = state_zone(state, peer->zone);
	uint64_t newest = zone->revision;
	_cleanup_str_ struct str peers = { 0 };

	note(&newest, peer);
	if (zone->hub_zone && !peer->hub_router)
		write_spoke(&peers, state, zone, peer, &newest);
	else
		write_mesh(&peers, state, zone, peer, &newest);
	write_head(to, peer, newest);
	write_interface(to, peer);
	if (peers.len > 0)
		str_append_bytes(to, peers.at, peers.len);
	to->failed |= peers.failed;
	*ret_revision = newest;
}
