// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A function for each level of nesting. The kernel names a peer again when a message was full
 * before all of its prefixes were told.
 */
#include "io/netlink_wireguard_message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

void netlink_wireguard_reader_restart(void *data)
{
	struct netlink_wireguard_reader *reader = data;

	reader->has_peer = false;
	key_wipe(&reader->device.private_key);
	reader->device = (struct netlink_wireguard_device){ 0 };
	reader->sink->restart(reader->sink->data);
}

void netlink_wireguard_reader_done(struct netlink_wireguard_reader *reader)
{
	key_wipe(&reader->device.private_key);
	vec_done(&reader->peer.allowed);
}

/* Takes a value of that very length. */
static int read_bytes(const struct nlattr *attr, void *to, size_t len)
{
	if (mnl_attr_get_payload_len(attr) != len)
		return -EBADMSG;
	memcpy(to, mnl_attr_get_payload(attr), len);
	return 0;
}

static int read_endpoint(const struct nlattr *attr, struct endpoint *ret_endpoint)
{
	struct endpoint endpoint;
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (read_bytes(attr, &v4, sizeof(v4)) == 0 && v4.sin_family == AF_INET) {
		endpoint = (struct endpoint){ .ip.family = IP_V4, .port = ntohs(v4.sin_port) };
		memcpy(endpoint.ip.bytes, &v4.sin_addr, sizeof(v4.sin_addr));
	} else if (read_bytes(attr, &v6, sizeof(v6)) == 0 && v6.sin6_family == AF_INET6) {
		endpoint = (struct endpoint){ .ip.family = IP_V6, .port = ntohs(v6.sin6_port) };
		memcpy(endpoint.ip.bytes, &v6.sin6_addr, sizeof(v6.sin6_addr));
	} else {
		return -EBADMSG;
	}
	*ret_endpoint = endpoint;
	return 0;
}

static int read_handshake(const struct nlattr *attr, int64_t *ret_s)
{
	struct __kernel_timespec time;
	int r = read_bytes(attr, &time, sizeof(time));

	if (r == 0 && time.tv_sec < 0)
		r = -EBADMSG;
	if (r == 0)
		*ret_s = time.tv_sec;
	return r;
}

static int read_prefix(const struct nlattr *nest, struct prefix_vec *prefixes)
{
	struct prefix prefix = { 0 };
	const struct nlattr *address = NULL;
	const struct nlattr *attr;
	uint16_t family = 0;
	bool has_bits = false;
	int r = 0;

	mnl_attr_for_each_nested(attr, nest)
	{
		switch (mnl_attr_get_type(attr)) {
		case WGALLOWEDIP_A_FAMILY:
			r = read_bytes(attr, &family, sizeof(family));
			break;
		case WGALLOWEDIP_A_IPADDR:
			address = attr;
			break;
		case WGALLOWEDIP_A_CIDR_MASK:
			r = read_bytes(attr, &prefix.bits, sizeof(prefix.bits));
			has_bits = true;
			break;
		default:
			break;
		}
		if (r < 0)
			return r;
	}
	if ((family != AF_INET && family != AF_INET6) || !address || !has_bits ||
	    netlink_read_ip(address, (uint8_t)family, &prefix.ip) < 0 ||
	    prefix.bits > ip_family_bits(prefix.ip.family))
		return -EBADMSG;
	return vec_push(prefixes, prefix);
}

static int read_allowed(const struct nlattr *nest, struct prefix_vec *prefixes)
{
	const struct nlattr *attr;
	int r = 0;

	mnl_attr_for_each_nested(attr, nest)
	{
		r = read_prefix(attr, prefixes);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_peer_attr(const struct nlattr *attr, struct netlink_wireguard_peer *peer)
{
	switch (mnl_attr_get_type(attr)) {
	case WGPEER_A_PUBLIC_KEY:
		return read_bytes(attr, peer->key.bytes, sizeof(peer->key.bytes));
	case WGPEER_A_ENDPOINT:
		return read_endpoint(attr, &peer->endpoint);
	case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
		return read_bytes(attr, &peer->keepalive_s, sizeof(peer->keepalive_s));
	case WGPEER_A_LAST_HANDSHAKE_TIME:
		return read_handshake(attr, &peer->handshake_s);
	case WGPEER_A_RX_BYTES:
		return read_bytes(attr, &peer->rx_bytes, sizeof(peer->rx_bytes));
	case WGPEER_A_TX_BYTES:
		return read_bytes(attr, &peer->tx_bytes, sizeof(peer->tx_bytes));
	case WGPEER_A_ALLOWEDIPS:
		return read_allowed(attr, &peer->allowed);
	default: /* a preshared key, the protocol's version: nothing that we set or look at */
		return 0;
	}
}

/* The vector of the peer before is used again. */
static int read_peer(struct netlink_wireguard_reader *reader, const struct nlattr *nest)
{
	struct netlink_wireguard_peer peer = { .allowed = reader->peer.allowed };
	const struct nlattr *attr;
	int r = 0;

	peer.allowed.len = 0;
	mnl_attr_for_each_nested(attr, nest)
	{
		r = read_peer_attr(attr, &peer);
		if (r < 0)
			break;
	}
	reader->peer.allowed = peer.allowed;
	if (r < 0)
		return r;
	if (key_is_zero(&peer.key))
		return -EBADMSG;
	peer.is_continued = reader->has_peer && key_compare(&peer.key, &reader->peer.key) == 0;
	reader->peer = peer;
	reader->has_peer = true;
	return reader->sink->add(&peer, reader->sink->data);
}

static int read_peers(struct netlink_wireguard_reader *reader, const struct nlattr *nest)
{
	const struct nlattr *attr;
	int r = 0;

	mnl_attr_for_each_nested(attr, nest)
	{
		r = read_peer(reader, attr);
		if (r < 0)
			return r;
	}
	return 0;
}

int netlink_wireguard_reader_take(const struct nlmsghdr *message, void *data)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);
	struct netlink_wireguard_reader *reader = data;
	struct netlink_wireguard_device *device = &reader->device;
	const struct nlattr *attr;
	int r = header->cmd == WG_CMD_GET_DEVICE ? 0 : -EBADMSG;

	mnl_attr_for_each(attr, message, sizeof(*header))
	{
		if (r < 0)
			break;
		switch (mnl_attr_get_type(attr)) {
		case WGDEVICE_A_PRIVATE_KEY:
			r = read_bytes(attr, device->private_key.bytes,
				       sizeof(device->private_key.bytes));
			break;
		case WGDEVICE_A_LISTEN_PORT:
			r = read_bytes(attr, &device->listen_port, sizeof(device->listen_port));
			break;
		case WGDEVICE_A_PEERS:
			r = read_peers(reader, attr);
			break;
		default:
			break;
		}
	}
	return r;
}
