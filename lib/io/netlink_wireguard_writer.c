// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A function for each level of nesting. What no longer fits is taken back whole, and goes into the
 * next message: a peer, or the rest of a peer's prefixes.
 */
#include "io/netlink_wireguard_message.h"

#include <assert.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

static_assert(NETLINK_WIREGUARD_ROOM_BYTES <= UINT16_MAX, "the list of peers is one attribute");

static void begin(struct netlink_request *request, void *room, size_t room_bytes,
		  const struct netlink_wireguard_target *target)
{
	struct genlmsghdr *header =
		netlink_begin_in(request, room, room_bytes, target->family, 0, sizeof(*header));

	assert(room_bytes >= NETLINK_WIREGUARD_ROOM_MIN_BYTES);
	header->cmd = WG_CMD_SET_DEVICE;
	header->version = WG_GENL_VERSION;
	mnl_attr_put_strz(request->header, WGDEVICE_A_IFNAME, target->interface);
}

void netlink_wireguard_write_device(struct netlink_request *request, void *room, size_t room_bytes,
				    const struct netlink_wireguard_target *target,
				    const struct key *private_key, uint16_t port)
{
	begin(request, room, room_bytes, target);
	if (private_key)
		mnl_attr_put(request->header, WGDEVICE_A_PRIVATE_KEY, KEY_BYTES,
			     private_key->bytes);
	if (port != 0)
		mnl_attr_put_u16(request->header, WGDEVICE_A_LISTEN_PORT, port);
}

static bool put(struct netlink_request *request, uint16_t type, size_t len, const void *bytes)
{
	return mnl_attr_put_check(request->header, request->room_bytes, type, len, bytes);
}

static struct nlattr *open_nest(struct netlink_request *request, uint16_t type)
{
	return mnl_attr_nest_start_check(request->header, request->room_bytes, type);
}

/* Ends the nest, or takes it back with all that is in it. */
static bool close_nest(struct netlink_request *request, struct nlattr *nest, bool is_complete)
{
	if (is_complete)
		mnl_attr_nest_end(request->header, nest);
	else
		mnl_attr_nest_cancel(request->header, nest);
	return is_complete;
}

static bool put_prefix(struct netlink_request *request, const struct prefix *prefix)
{
	const struct ip *ip = &prefix->ip;
	uint16_t family = netlink_af(ip->family);
	struct nlattr *nest = open_nest(request, 0);

	return nest && close_nest(request, nest,
				  put(request, WGALLOWEDIP_A_FAMILY, sizeof(family), &family) &&
					  put(request, WGALLOWEDIP_A_IPADDR,
					      ip_family_bits(ip->family) / 8, ip->bytes) &&
					  put(request, WGALLOWEDIP_A_CIDR_MASK,
					      sizeof(prefix->bits), &prefix->bits));
}

/* How many prefixes from `first` on went in. */
static size_t put_allowed(struct netlink_request *request, const struct prefix_vec *allowed,
			  size_t first)
{
	struct nlattr *nest = open_nest(request, WGPEER_A_ALLOWEDIPS);
	size_t i = first;

	if (!nest)
		return 0;
	while (i < allowed->len && put_prefix(request, &allowed->at[i]))
		i++;
	(void)close_nest(request, nest, i > first);
	return i - first;
}

static bool put_endpoint(struct netlink_request *request, const struct endpoint *endpoint)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };

	memcpy(&v6.sin6_addr, endpoint->ip.bytes, sizeof(v6.sin6_addr));
	memcpy(&v4.sin_addr, endpoint->ip.bytes, sizeof(v4.sin_addr));
	return endpoint->ip.family == IP_V4 ? put(request, WGPEER_A_ENDPOINT, sizeof(v4), &v4)
					    : put(request, WGPEER_A_ENDPOINT, sizeof(v6), &v6);
}

/* Of a peer of whom a part was sent: it is there, or somebody removed it, and he meant it. */
static bool put_rest(struct netlink_request *request)
{
	uint32_t flags = WGPEER_F_UPDATE_ONLY;

	return put(request, WGPEER_A_FLAGS, sizeof(flags), &flags);
}

static bool put_first(struct netlink_request *request,
		      const struct netlink_wireguard_change *change)
{
	uint32_t flags = change->remove ? WGPEER_F_REMOVE_ME : 0;
	bool fits = true;

	if (!change->remove && change->update_only)
		flags |= WGPEER_F_UPDATE_ONLY;
	if (!change->remove && change->replace_allowed)
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	if (flags != 0)
		fits = put(request, WGPEER_A_FLAGS, sizeof(flags), &flags);
	if (change->remove)
		return fits;
	if (fits && change->endpoint)
		fits = put_endpoint(request, change->endpoint);
	if (fits && change->keepalive_s)
		fits = put(request, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
			   sizeof(*change->keepalive_s), change->keepalive_s);
	return fits;
}

/* False when nothing of the change fits; `place` is behind what did. */
static bool put_change(struct netlink_request *request,
		       const struct netlink_wireguard_change *change,
		       struct netlink_wireguard_place *place)
{
	const struct prefix_vec none = { 0 };
	const struct prefix_vec *allowed =
		change->allowed && !change->remove ? change->allowed : &none;
	struct nlattr *nest = open_nest(request, 0);
	size_t written = 0;
	bool fits = nest && put(request, WGPEER_A_PUBLIC_KEY, KEY_BYTES, change->key->bytes) &&
		    (place->prefix == 0 ? put_first(request, change) : put_rest(request));

	if (fits && allowed->len > 0) {
		written = put_allowed(request, allowed, place->prefix);
		fits = written > 0;
	}
	if (!nest || !close_nest(request, nest, fits))
		return false;
	place->prefix += written;
	if (place->prefix == allowed->len)
		*place = (struct netlink_wireguard_place){ .change = place->change + 1 };
	return true;
}

void netlink_wireguard_write_changes(struct netlink_request *request, void *room, size_t room_bytes,
				     const struct netlink_wireguard_target *target,
				     const struct netlink_wireguard_change *changes, size_t len,
				     struct netlink_wireguard_place *place)
{
	const struct netlink_wireguard_place from = *place;
	struct nlattr *peers;

	begin(request, room, room_bytes, target);
	peers = mnl_attr_nest_start(request->header, WGDEVICE_A_PEERS);
	/* A peer of which a part went in was the last: the message is full. */
	while (place->change < len && put_change(request, &changes[place->change], place) &&
	       place->prefix == 0)
		;
	assert(place->change != from.change || place->prefix != from.prefix);
	mnl_attr_nest_end(request->header, peers);
}
