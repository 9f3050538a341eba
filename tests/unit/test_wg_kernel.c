// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The kernel's WireGuard itself, in a sandbox. Where the kernel has none, that it says so; all the
 * rest then runs in the guest (tests/guest).
 */
#include "nodeagent/wg/kernel.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/netlink.h"
#include "plane.h"
#include "sandbox.h"

#define MANY 10000
#define WAIT_MS 4000 /* less than what a keepalive of 25 s, or a second try, would take */
#define LOOK_MS 5

static struct key private_key = { .bytes = { 0x58, [31] = 0x51 } };

static struct wg_device device(void)
{
	struct wg_device device = { 0 };

	check(wg_kernel.read("wg0", &device, NULL) == 0);
	return device;
}

/* A peer of a number: its key, so that numbers order as keys do. */
static struct wg_peer numbered(uint32_t number)
{
	return (struct wg_peer){ .key.bytes = { 9, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
						(uint8_t)number } };
}

static void set_peer(const struct wg_peer *want, bool replace)
{
	struct wg_change change = { .key = want->key,
				    .want = want,
				    .endpoint = want->endpoint.ip.family != IP_NONE,
				    .keepalive = true,
				    .allowed = true,
				    .replace_allowed = replace };
	struct err err = { 0 };

	if (!check(wg_kernel.change_peers("wg0", &change, 1, &err) == 0))
		printf("# %s\n", err.text);
	check(!change.failed);
}

static bool is_peer(const struct wg_peer *seen, const struct wg_peer *want)
{
	return key_compare(&seen->key, &want->key) == 0 &&
	       endpoint_equal(&seen->endpoint, &want->endpoint) &&
	       seen->keepalive_s == want->keepalive_s &&
	       same_prefixes(&seen->allowed, &want->allowed);
}

static void says_that_the_kernel_has_none(void)
{
	struct wg_device none = { 0 };
	struct err err = { 0 };

	check(wg_kernel_probe(&err) == -EOPNOTSUPP && strstr(err.text, "modprobe wireguard"));
	err.text[0] = '\0';
	check(wg_kernel.create("wg0", &err) == -EOPNOTSUPP &&
	      strstr(err.text, "modprobe wireguard"));
	check(wg_kernel.read("wg0", &none, &err) == -EOPNOTSUPP);
	check(!wg_kernel.is_served("wg0"));
}

static void makes_an_interface_with_key_and_port(void)
{
	struct wg_device seen;

	check(!wg_kernel.is_served("wg0"));
	check(wg_kernel.read("wg0", &seen, NULL) == -ENODEV);
	check(wg_kernel.read("lo", &seen, NULL) == -ENODEV);
	check(wg_kernel.create("wg0", NULL) == 0);
	check(wg_kernel.is_served("wg0") && !wg_kernel.is_served("lo"));
	check(wg_kernel.create("wg0", NULL) == -EEXIST);
	seen = device();
	check(key_is_zero(&seen.private_key) && seen.peers.len == 0);
	check(wg_kernel.set_device("wg0", &private_key, 51820, NULL) == 0);
	check(wg_kernel.set_device("wg0", NULL, 0, NULL) == 0);
	seen = device();
	check(key_compare(&seen.private_key, &private_key) == 0 && seen.listen_port == 51820);
	key_wipe(&seen.private_key);
	check(sandbox_sh("ip addr add 10.200.0.1/32 dev wg0 && ip link set wg0 up") == 0);
}

static void sets_and_removes_peers(void)
{
	struct wg_peer one = numbered(1);
	struct wg_peer two = numbered(2);
	struct wg_change gone[] = { { .key = two.key, .remove = true },
				    { .key = numbered(3).key, .remove = true } };
	struct wg_device seen;

	one.endpoint = endpoint("192.0.2.1:51820");
	one.keepalive_s = 25;
	add_prefix(&one.allowed, "10.200.0.2/32");
	add_prefix(&one.allowed, "172.24.0.0/24");
	two.endpoint = endpoint("[2001:db8::1]:7");
	add_prefix(&two.allowed, "fd00::1/128");
	set_peer(&two, false);
	set_peer(&one, false);
	seen = device();
	check(seen.peers.len == 2 && is_peer(&seen.peers.at[0], &one) &&
	      is_peer(&seen.peers.at[1], &two));
	wg_device_done(&seen);
	check(wg_kernel.change_peers("wg0", gone, ARRAY_SIZE(gone), NULL) == 0);
	seen = device();
	check(seen.peers.len == 1 && is_peer(&seen.peers.at[0], &one));
	wg_device_done(&seen);
	wg_peer_done(&one);
	wg_peer_done(&two);
}

static void moves_a_prefix_and_drops_others(void)
{
	struct wg_peer one = numbered(1);
	struct wg_peer two = numbered(2);
	struct wg_device seen;

	add_prefix(&two.allowed, "172.24.0.0/24");
	set_peer(&two, false);
	seen = device();
	check(seen.peers.len == 2 && seen.peers.at[0].allowed.len == 1 &&
	      is_peer(&seen.peers.at[1], &two));
	wg_device_done(&seen);
	add_prefix(&one.allowed, "10.200.0.3/32");
	set_peer(&one, true);
	seen = device();
	check(same_prefixes(&seen.peers.at[0].allowed, &one.allowed));
	/* What was not named stays as it was. */
	check(endpoint_equal(&seen.peers.at[0].endpoint, &(struct endpoint){ 0 }) == false);
	wg_device_done(&seen);
	wg_peer_done(&one);
	wg_peer_done(&two);
}

static uint64_t sent_to_first(void)
{
	struct wg_device seen = device();
	uint64_t sent = seen.peers.at[0].tx_bytes;

	wg_device_done(&seen);
	return sent;
}

/* The kernel makes its handshakes beside. */
static bool something_is_sent(void)
{
	int64_t deadline_ms = clock_mono_ms() + WAIT_MS;

	while (sent_to_first() == 0 && clock_mono_ms() < deadline_ms)
		(void)poll(NULL, 0, LOOK_MS);
	return sent_to_first() > 0;
}

/* A handshake goes out at once, whatever the keepalive is and shall be. */
static void greets_at_once(void)
{
	static const uint16_t keepalives[] = { 0, 25 };

	for (size_t i = 0; i < ARRAY_SIZE(keepalives); i++) {
		struct wg_peer want = numbered(0);
		struct wg_change greet = { .key = want.key, .want = &want, .greet = true };
		struct wg_device seen;

		want.endpoint = endpoint("127.0.0.1:9");
		want.keepalive_s = keepalives[i];
		set_peer(&want, false);
		if (want.keepalive_s == 0)
			check(sent_to_first() == 0);
		check(wg_kernel.change_peers("wg0", &greet, 1, NULL) == 0);
		check(something_is_sent());
		seen = device();
		check(seen.peers.at[0].keepalive_s == keepalives[i]);
		wg_device_done(&seen);
		greet = (struct wg_change){ .key = want.key, .remove = true };
		check(wg_kernel.change_peers("wg0", &greet, 1, NULL) == 0);
	}
}

/* Greets nobody who is not there any more. */
static void makes_no_peer_by_greeting(void)
{
	struct wg_device seen = device();
	size_t before = seen.peers.len;

	wg_device_done(&seen);
	for (uint32_t i = 0; i < 2; i++) {
		struct wg_peer want = numbered(7);
		struct wg_change changes[] = {
			{ .key = want.key, .want = &want, .greet = true },
			{ .key = want.key, .remove = true },
		};

		check(wg_kernel.change_peers("wg0", changes, ARRAY_SIZE(changes), NULL) == 0);
	}
	seen = device();
	check(seen.peers.len == before);
	wg_device_done(&seen);
}

static void names_the_change_that_failed(void)
{
	struct wg_peer wants[400] = { 0 };
	struct wg_change changes[400] = { 0 };
	struct wg_device seen;
	struct err err = { 0 };
	size_t failed = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wants); i++) {
		struct prefix bad = prefix("10.66.0.0/16");

		wants[i] = numbered(1000 + i);
		bad.bits = 33;
		if (i == 77)
			check(vec_push(&wants[i].allowed, bad) == 0);
		changes[i] = (struct wg_change){ .key = wants[i].key,
						 .want = &wants[i],
						 .allowed = true };
	}
	check(wg_kernel.change_peers("wg0", changes, ARRAY_SIZE(changes), &err) == -EINVAL);
	check(strstr(err.text, "Invalid argument") && strncmp(err.text, "peer CQAE", 9) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		failed += changes[i].failed;
	check(failed == 1 && changes[77].failed);
	seen = device();
	for (uint32_t i = 0; i < ARRAY_SIZE(wants); i++) {
		changes[i] = (struct wg_change){ .key = wants[i].key, .remove = true };
		wg_peer_done(&wants[i]);
	}
	check(seen.peers.len >= ARRAY_SIZE(wants) - 1);
	wg_device_done(&seen);
	check(wg_kernel.change_peers("wg0", changes, ARRAY_SIZE(changes), NULL) == 0);
}

/* Sets that many peers at once, reads them back, and removes them. */
static void check_many(uint32_t count)
{
	struct wg_peer *wants = calloc(count, sizeof(*wants));
	struct wg_change *changes = calloc(count, sizeof(*changes));
	struct wg_device seen;
	size_t same = 0;
	int64_t since;
	int64_t set_ms;

	check(wants && changes);
	for (uint32_t i = 0; i < count; i++) {
		struct ip ip = { .family = IP_V4,
				 .bytes = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } };

		wants[i] = numbered(2000 + i);
		wants[i].endpoint = endpoint("127.0.0.1:9");
		check(vec_push(&wants[i].allowed, prefix_host(&ip)) == 0);
		changes[i] = (struct wg_change){
			.key = wants[i].key, .want = &wants[i], .endpoint = true, .allowed = true
		};
	}
	since = clock_mono_ms();
	check(wg_kernel.change_peers("wg0", changes, count, NULL) == 0);
	set_ms = clock_mono_ms() - since;
	since = clock_mono_ms();
	seen = device();
	printf("# %u peers: set in %d ms, read in %d ms\n", count, (int)set_ms,
	       (int)(clock_mono_ms() - since));
	check(seen.peers.len == count);
	for (uint32_t i = 0; i < MIN(count, seen.peers.len); i++)
		same += is_peer(&seen.peers.at[i], &wants[i]);
	check(same == count);
	wg_device_done(&seen);
	for (uint32_t i = 0; i < count; i++) {
		changes[i] = (struct wg_change){ .key = wants[i].key, .remove = true };
		wg_peer_done(&wants[i]);
	}
	check(wg_kernel.change_peers("wg0", changes, count, NULL) == 0);
	seen = device();
	check(seen.peers.len == 0);
	wg_device_done(&seen);
	free(wants);
	free(changes);
}

static void sets_thousands_of_peers(void)
{
	struct wg_device seen = device();

	vec_foreach(peer, &seen.peers) {
		struct wg_change gone = { .key = peer->key, .remove = true };

		check(wg_kernel.change_peers("wg0", &gone, 1, NULL) == 0);
	}
	wg_device_done(&seen);
	check_many(MANY / 10);
	check_many(MANY);
}

/* Hub and spoke: more than one message holds, there and back. */
static void one_peer_has_thousands_of_prefixes(void)
{
	struct wg_peer hub = numbered(1);
	struct wg_device seen;

	for (uint32_t i = 0; i < MANY; i++) {
		struct ip ip = { .family = IP_V6,
				 .bytes = { 0xfd, [14] = (uint8_t)(i >> 8), (uint8_t)i } };

		check(vec_push(&hub.allowed, prefix_host(&ip)) == 0);
	}
	set_peer(&hub, true);
	seen = device();
	check(seen.peers.len == 1 && is_peer(&seen.peers.at[0], &hub));
	wg_device_done(&seen);
	hub.allowed.len = MANY / 2;
	set_peer(&hub, true);
	seen = device();
	check(seen.peers.len == 1 && is_peer(&seen.peers.at[0], &hub));
	wg_device_done(&seen);
	wg_peer_done(&hub);
}

static int tests(void)
{
	log_set_level(LOG_LEVEL_DEBUG);
	if (wg_kernel_probe(NULL) < 0) {
		run(says_that_the_kernel_has_none);
		return check_done();
	}
	run(makes_an_interface_with_key_and_port);
	run(sets_and_removes_peers);
	run(moves_a_prefix_and_drops_others);
	run(greets_at_once);
	run(makes_no_peer_by_greeting);
	run(names_the_change_that_failed);
	run(sets_thousands_of_peers);
	run(one_peer_has_thousands_of_prefixes);
	return check_done();
}

int main(void)
{
	return sandbox_run(tests);
}
