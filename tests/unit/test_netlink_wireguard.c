// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The messages of the kernel's WireGuard: requests against bytes that another program made after
 * the comment of linux/wireguard.h, answers as Linux 6.1 gave them: tests/unit/data/netlink-*.bin.
 */
#include "io/netlink_wireguard_message.h"

#include <errno.h>

#include "base/file.h"
#include "base/str.h"
#include "check.h"

#define DATA "tests/unit/data/netlink-wireguard-"
#define GOLDEN_MAX 65536
#define FAMILY 0x1c

static const struct netlink_wireguard_target target = { .family = FAMILY, .interface = "wg0" };

static struct key key_of(uint8_t first, uint8_t last)
{
	struct key key = { .bytes = { first, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				      0x88,  0x99, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
				      0x66,  0x77, 0x88, 0x99, 0x00, 0x11, 0x22, 0x33,
				      0x44,  0x55, 0x66, 0x77, 0x88, 0x99, 0x00, last } };

	return key;
}

static bool is_key(const struct key *key, uint8_t first, uint8_t last)
{
	struct key wanted = key_of(first, last);

	return key_compare(key, &wanted) == 0;
}

static struct prefix_vec prefixes_of(const char *list)
{
	struct prefix_vec prefixes = { 0 };
	char item[PREFIX_TEXT_BYTES];
	struct prefix prefix;

	while (str_next_item(&list, item, sizeof(item)) > 0)
		check(prefix_parse(item, &prefix, NULL) == 0 && vec_push(&prefixes, prefix) == 0);
	return prefixes;
}

static bool is_prefixes(const struct prefix_vec *prefixes, const char *list)
{
	struct prefix_vec wanted = prefixes_of(list);
	bool same = prefixes->len == wanted.len;

	for (size_t i = 0; same && i < wanted.len; i++)
		same = prefix_equal(&prefixes->at[i], &wanted.at[i]);
	vec_done(&wanted);
	return same;
}

static struct endpoint endpoint_of(const char *text)
{
	struct endpoint endpoint = { 0 };

	check(endpoint_parse(text, &endpoint, NULL) == 0);
	return endpoint;
}

static bool is_endpoint(const struct endpoint *endpoint, const char *text)
{
	struct endpoint wanted = endpoint_of(text);

	return endpoint_equal(endpoint, &wanted);
}

/* Whether the bytes are those of the golden file. */
static bool is_golden(const char *file, const void *bytes, size_t len)
{
	_cleanup_free_ char *golden = NULL;
	size_t golden_len = 0;

	return file_read(file, GOLDEN_MAX, &golden, &golden_len, NULL) == 0 && len == golden_len &&
	       memcmp(bytes, golden, len) == 0;
}

/* All the messages that the changes take in rooms of that size, one behind the other. */
static struct str write_all(const struct netlink_wireguard_change *changes, size_t len,
			    size_t room_bytes)
{
	_Alignas(struct nlmsghdr) char room[NETLINK_WIREGUARD_ROOM_BYTES];
	struct netlink_wireguard_place place = { 0 };
	struct str written = { 0 };

	while (place.change < len) {
		struct netlink_request request;

		netlink_wireguard_write_changes(&request, room, room_bytes, &target, changes, len,
						&place);
		check(request.header->nlmsg_len <= room_bytes);
		str_append_bytes(&written, room, request.header->nlmsg_len);
	}
	return written;
}

static void sets_key_and_port(void)
{
	_Alignas(struct nlmsghdr) char room[NETLINK_WIREGUARD_ROOM_MIN_BYTES];
	struct key private_key = key_of(0x00, 0x51);
	struct netlink_request request;

	netlink_wireguard_write_device(&request, room, sizeof(room), &target, &private_key, 51820);
	check(is_golden(DATA "set-device.bin", room, request.header->nlmsg_len));
}

static void writes_only_what_changes(void)
{
	const uint16_t on = 25;
	const uint16_t off = 0;
	struct endpoint v6 = endpoint_of("[2001:db8::1]:51820");
	struct endpoint v4 = endpoint_of("192.0.2.1:7");
	struct prefix_vec both = prefixes_of("10.0.0.1/32,fd00::1/128");
	struct prefix_vec one = prefixes_of("10.0.0.2/32");
	struct key keys[] = { key_of(0x09, 0x11), key_of(0x19, 0x11), key_of(0x29, 0x11),
			      key_of(0x39, 0x11) };
	const struct netlink_wireguard_change changes[] = {
		{ .key = &keys[0], .endpoint = &v6, .keepalive_s = &on, .allowed = &both },
		{ .key = &keys[1], .replace_allowed = true, .allowed = &one },
		/* Whoever goes takes the rest along. */
		{ .key = &keys[2],
		  .remove = true,
		  .replace_allowed = true,
		  .endpoint = &v4,
		  .allowed = &both },
		{ .key = &keys[3], .update_only = true, .endpoint = &v4, .keepalive_s = &off },
	};
	struct str written = write_all(changes, ARRAY_SIZE(changes), NETLINK_WIREGUARD_ROOM_BYTES);

	check(is_golden(DATA "set-peers.bin", written.at, written.len));
	str_done(&written);
	vec_done(&both);
	vec_done(&one);
}

static void goes_on_in_the_next_message_at_a_peer(void)
{
	const uint16_t on = 25;
	struct key keys[] = { key_of(0x19, 0x11), key_of(0x29, 0x11), key_of(0x39, 0x11) };
	struct endpoint endpoints[] = { endpoint_of("192.0.2.1:51820"),
					endpoint_of("192.0.2.2:51820"),
					endpoint_of("192.0.2.3:51820") };
	struct prefix_vec allowed[] = { prefixes_of("10.0.0.1/32"), prefixes_of("10.0.0.2/32"),
					prefixes_of("10.0.0.3/32") };
	struct netlink_wireguard_change changes[3];
	struct str written;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		changes[i] = (struct netlink_wireguard_change){ .key = &keys[i],
								.endpoint = &endpoints[i],
								.keepalive_s = &on,
								.allowed = &allowed[i] };
	written = write_all(changes, ARRAY_SIZE(changes), 256);
	check(is_golden(DATA "set-split-peers.bin", written.at, written.len));
	str_done(&written);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		vec_done(&allowed[i]);
}

/*
 * The second message begins where a peer's head would have fitted, but none of its prefixes; the
 * third one continues it: there its prefixes are not replaced again, nor is it made anew.
 */
static void goes_on_in_the_next_message_within_a_peer(void)
{
	const uint16_t on = 25;
	struct key keys[] = { key_of(0x19, 0x11), key_of(0x29, 0x11), key_of(0x59, 0x11),
			      key_of(0x69, 0x11) };
	struct endpoint endpoint = endpoint_of("192.0.2.1:51820");
	struct prefix_vec one = prefixes_of("10.0.0.1/32");
	struct prefix_vec ten = prefixes_of(
		"10.1.0.0/24,10.1.1.0/24,10.1.2.0/24,10.1.3.0/24,10.1.4.0/24,10.1.5.0/24,"
		"10.1.6.0/24,10.1.7.0/24,10.1.8.0/24,10.1.9.0/24");
	const struct netlink_wireguard_change changes[] = {
		{ .key = &keys[0], .endpoint = &endpoint, .keepalive_s = &on, .allowed = &one },
		{ .key = &keys[1], .remove = true },
		{ .key = &keys[2], .replace_allowed = true, .allowed = &ten },
		{ .key = &keys[3], .remove = true },
	};
	struct str written = write_all(changes, ARRAY_SIZE(changes), 256);

	check(is_golden(DATA "set-split-prefixes.bin", written.at, written.len));
	str_done(&written);
	vec_done(&one);
	vec_done(&ten);
}

/* Hub and spoke: one peer with the prefixes of all. */
static void sends_ten_thousand_prefixes_once_each(void)
{
	struct key key = key_of(0x19, 0x11);
	struct prefix_vec all = { 0 };
	struct netlink_wireguard_change change = { .key = &key,
						   .replace_allowed = true,
						   .allowed = &all };
	struct str written;

	for (uint32_t i = 0; i < 10000; i++) {
		struct ip ip = { .family = IP_V4,
				 .bytes = { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 } };

		check(vec_push(&all, prefix_host(&ip)) == 0);
	}
	written = write_all(&change, 1, NETLINK_WIREGUARD_ROOM_BYTES);
	check(written.len > all.len * 28 && written.len < all.len * 28 + 100 * 20);
	str_done(&written);
	vec_done(&all);
}

/* The peers that were told, in their order. */
#define TOLD_MAX 64
struct told {
	size_t restarts;
	size_t len;
	struct netlink_wireguard_peer at[TOLD_MAX];
	int fails_with; /* each peer */
};

static void restart(void *data)
{
	struct told *told = data;

	for (size_t i = 0; i < told->len; i++)
		vec_done(&told->at[i].allowed);
	told->len = 0;
	told->restarts++;
}

static int add(const struct netlink_wireguard_peer *peer, void *data)
{
	struct told *told = data;
	struct netlink_wireguard_peer *kept = &told->at[told->len];

	if (told->fails_with < 0)
		return told->fails_with;
	if (!check(told->len < TOLD_MAX))
		return -ENOSPC;
	*kept = *peer;
	kept->allowed = (struct prefix_vec){ 0 };
	told->len++;
	return vec_copy(&kept->allowed, &peer->allowed);
}

/* Reads an answer; the caller restarts `told` to free it. */
static int read_answer(const char *file, struct told *told,
		       struct netlink_wireguard_device *ret_device, struct err *err)
{
	const struct netlink_wireguard_sink sink = { .restart = restart, .add = add, .data = told };
	struct netlink_wireguard_reader reader = { .sink = &sink };
	struct netlink_answer answer = { .fn = netlink_wireguard_reader_take,
					 .data = &reader,
					 .extra_bytes = 4 };
	_cleanup_free_ char *bytes = NULL;
	size_t len = 0;
	int r;

	check(file_read(file, GOLDEN_MAX, &bytes, &len, err) == 0);
	netlink_wireguard_reader_restart(&reader);
	r = netlink_answer_read(&answer, 1, bytes, (int)len, err);
	check(answer.is_over);
	if (r == 0)
		r = answer.r;
	*ret_device = reader.device;
	netlink_wireguard_reader_done(&reader);
	return r;
}

static void reads_a_device_without_peers(void)
{
	struct netlink_wireguard_device device;
	struct told told = { 0 };

	check(read_answer(DATA "get-no-peers.bin", &told, &device, NULL) == 0);
	check(is_key(&device.private_key, 0x00, 0x51) && device.listen_port == 51820);
	check(told.len == 0);
}

static void reads_what_a_peer_has(void)
{
	struct netlink_wireguard_device device;
	struct told told = { 0 };
	const struct netlink_wireguard_peer *peer = told.at;

	check(read_answer(DATA "get-three-peers.bin", &told, &device, NULL) == 0);
	check(is_key(&device.private_key, 0x00, 0x51) && device.listen_port == 51820);
	if (!check(told.len == 3))
		return;
	check(is_key(&peer[0].key, 0x19, 0x11) && !peer[0].is_continued);
	check(is_endpoint(&peer[0].endpoint, "[2001:db8::1]:7") && peer[0].keepalive_s == 25);
	check(is_prefixes(&peer[0].allowed, "10.0.0.2/32,fd00::1/128,10.1.0.0/24") ||
	      is_prefixes(&peer[0].allowed, "fd00::1/128,10.0.0.2/32,10.1.0.0/24") ||
	      is_prefixes(&peer[0].allowed, "10.0.0.2/32,10.1.0.0/24,fd00::1/128"));
	check(peer[0].handshake_s == 0 && peer[0].rx_bytes == 0);
	check(is_endpoint(&peer[1].endpoint, "192.0.2.2:51821") && peer[1].keepalive_s == 0);
	check(is_prefixes(&peer[1].allowed, "10.9.0.2/32"));
	check(peer[1].handshake_s == 1795695501 && peer[1].rx_bytes == 476 &&
	      peer[1].tx_bytes == 532);
	check(is_key(&peer[2].key, 0x09, 0x11) && peer[2].endpoint.ip.family == IP_NONE);
	check(peer[2].allowed.len == 0 && !peer[2].is_continued);
	restart(&told);
}

/* The prefixes of one peer in several messages, and peers in several. */
static void reads_a_list_that_takes_many_messages(void)
{
	struct netlink_wireguard_device device;
	const struct netlink_wireguard_peer *before = NULL;
	struct told told = { 0 };
	size_t pieces = 0;
	size_t prefixes = 0;

	check(read_answer(DATA "get-split.bin", &told, &device, NULL) == 0);
	check(key_is_zero(&device.private_key));
	for (size_t i = 0; i < told.len; i++) {
		const struct netlink_wireguard_peer *peer = &told.at[i];

		check(peer->is_continued == (before && key_compare(&before->key, &peer->key) == 0));
		before = peer;
		pieces += peer->is_continued;
		prefixes += peer->allowed.len;
	}
	check(pieces > 0 && told.len - pieces == 41 && prefixes == 240);
	restart(&told);
}

static void tells_why_it_was_refused(void)
{
	struct netlink_wireguard_device device;
	struct told told = { 0 };
	struct err err = { 0 };

	check(read_answer(DATA "get-no-device.bin", &told, &device, &err) == -ENODEV);
	check(read_answer(DATA "get-other-kind.bin", &told, &device, &err) == -EOPNOTSUPP);
}

static void gives_up_when_nobody_takes_the_peers(void)
{
	struct netlink_wireguard_device device;
	struct told told = { .fails_with = -ENOMEM };

	check(read_answer(DATA "get-three-peers.bin", &told, &device, NULL) == -ENOMEM);
}

/* Changed by a byte at a time: never more than was sent, and never a fault. */
static void survives_what_no_kernel_sends(void)
{
	const struct netlink_wireguard_sink sink = { .restart = restart, .add = add };
	_cleanup_free_ char *bytes = NULL;
	size_t len = 0;

	if (!check(file_read(DATA "get-three-peers.bin", GOLDEN_MAX, &bytes, &len, NULL) == 0))
		return;
	for (size_t i = 0; i < len; i++) {
		struct told told = { 0 };
		struct netlink_wireguard_sink own = sink;
		struct netlink_wireguard_reader reader = { .sink = &own };
		struct netlink_answer answer = { .fn = netlink_wireguard_reader_take,
						 .data = &reader,
						 .extra_bytes = 4 };

		own.data = &told;
		bytes[i] = (char)(bytes[i] ^ 0x81);
		(void)!netlink_answer_read(&answer, 1, bytes, (int)len, NULL);
		bytes[i] = (char)(bytes[i] ^ 0x81);
		check(told.len <= 3);
		restart(&told);
		netlink_wireguard_reader_done(&reader);
	}
}

int main(void)
{
	run(sets_key_and_port);
	run(writes_only_what_changes);
	run(goes_on_in_the_next_message_at_a_peer);
	run(goes_on_in_the_next_message_within_a_peer);
	run(sends_ten_thousand_prefixes_once_each);
	run(reads_a_device_without_peers);
	run(reads_what_a_peer_has);
	run(reads_a_list_that_takes_many_messages);
	run(tells_why_it_was_refused);
	run(gives_up_when_nobody_takes_the_peers);
	run(survives_what_no_kernel_sends);
	return check_done();
}
