// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the kernel answers. The first byte says what was asked for: a WireGuard device, links,
 * addresses or routes. Whatever comes is read without a fault, and what is read is in range.
 * Parsers: lib/io/netlink_answer.c lib/io/netlink_wireguard_reader.c
 */
#include <assert.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/netlink_wireguard_message.h"

#define SEQ 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_prefix(const struct prefix *prefix)
{
	assert(prefix->ip.family == IP_V4 || prefix->ip.family == IP_V6);
	assert(prefix->bits <= ip_family_bits(prefix->ip.family));
}

static void check_sentence(int r, const struct err *err)
{
	assert(r <= 0 && (r == 0 || (*err->text && memchr(err->text, '\0', sizeof(err->text)))));
}

static void read_list(const uint8_t *bytes, size_t size, netlink_item_fn fn, size_t extra_bytes,
		      void *data)
{
	struct netlink_answer answer = { .fn = fn, .data = data, .extra_bytes = extra_bytes };
	struct err err = { 0 };

	check_sentence(netlink_answer_read(&answer, SEQ, bytes, (int)size, &err), &err);
	assert(answer.r <= 0);
}

static void empty(void *data)
{
	(void)data;
}

static int check_peer(const struct netlink_wireguard_peer *peer, void *data)
{
	struct key *last = data;

	assert(!key_is_zero(&peer->key) && peer->handshake_s >= 0);
	assert(peer->is_continued == (key_compare(&peer->key, last) == 0));
	vec_foreach(prefix, &peer->allowed)
		check_prefix(prefix);
	*last = peer->key;
	return 0;
}

static void read_wireguard(const uint8_t *bytes, size_t size)
{
	struct key last = { 0 };
	const struct netlink_wireguard_sink sink = { .restart = empty,
						     .add = check_peer,
						     .data = &last };
	struct netlink_wireguard_reader reader = { .sink = &sink };

	read_list(bytes, size, netlink_wireguard_reader_take, sizeof(struct genlmsghdr), &reader);
	netlink_wireguard_reader_done(&reader);
}

static void read_links(const uint8_t *bytes, size_t size)
{
	struct netlink_link_vec links = { 0 };

	read_list(bytes, size, netlink_take_link, sizeof(struct ifinfomsg), &links);
	vec_foreach(link, &links)
		assert(link->index > 0 && memchr(link->name, '\0', sizeof(link->name)) &&
		       memchr(link->kind, '\0', sizeof(link->kind)));
	vec_done(&links);
}

static void read_addrs(const uint8_t *bytes, size_t size)
{
	struct netlink_addr_vec addrs = { 0 };

	read_list(bytes, size, netlink_take_addr, sizeof(struct ifaddrmsg), &addrs);
	vec_foreach(addr, &addrs)
		check_prefix(&addr->prefix);
	vec_done(&addrs);
}

static void read_routes(const uint8_t *bytes, size_t size)
{
	struct netlink_route_vec routes = { 0 };

	read_list(bytes, size, netlink_take_route, sizeof(struct rtmsg), &routes);
	vec_foreach(route, &routes)
		check_prefix(&route->to);
	vec_done(&routes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *bytes,
				       size_t size) = { read_wireguard, read_links, read_addrs,
							read_routes };
	uint8_t *bytes;

	if (size < 2)
		return 0;
	/* Of that very size, so that a step beyond is seen; aligned, as what comes is. */
	bytes = malloc(size - 1);
	assert(bytes);
	memcpy(bytes, data + 1, size - 1);
	readers[data[0] % ARRAY_SIZE(readers)](bytes, size - 1);
	free(bytes);
	return 0;
}
