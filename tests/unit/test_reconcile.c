// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whole rounds against a real kernel and a real wireguard-go, in a sandbox.
 */
#include <fcntl.h>

#include "check.h"
#include "crypto/crypto.h"
#include "io/netlink.h"
#include "nodeagent/reconcile.h"
#include "nodeagent/wg/backend.h"
#include "sandbox.h"

#define WAIT_MS 8000
#define LOOK_MS 5

static struct loop *loop;
static struct loop_timer *look;
static struct reconcile *reconcile;
static struct netlink *netlink;
static struct key private_key;
static bool (*wanted)(void);
static int64_t deadline_ms;

static void on_look(void *data)
{
	(void)data;
	if (wanted())
		loop_stop(loop, 1);
	else if (loop_now_ms(loop) > deadline_ms)
		loop_stop(loop, 0);
	else
		loop_timer_set(look, LOOK_MS);
}

/* Turns the loop until the condition holds: whether it did in time. */
static bool wait_until(bool (*condition)(void))
{
	wanted = condition;
	deadline_ms = loop_now_ms(loop) + WAIT_MS;
	loop_timer_set(look, 0);
	return loop_run(loop) == 1;
}

static struct reconcile_status status(void)
{
	struct reconcile_status status;

	reconcile_get_status(reconcile, &status);
	return status;
}

static bool is_in_sync(void)
{
	return status().in_sync;
}

static struct prefix prefix(const char *text)
{
	struct prefix prefix = { 0 };

	check(prefix_parse(text, &prefix, NULL) == 0);
	return prefix;
}

static void add_peer(struct desired *desired, uint8_t number, const char *host, const char *child)
{
	struct wg_peer peer = { .key.bytes = { number }, .keepalive_s = KEEPALIVE_S };
	struct prefix prefixes[] = { prefix(host), prefix(child) };

	check(endpoint_parse("192.0.2.1:51820", &peer.endpoint, NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		check(vec_push(&peer.allowed, prefixes[i]) == 0);
		check(vec_push(&desired->routes, prefixes[i]) == 0);
	}
	check(vec_push(&desired->peers, peer) == 0);
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static struct desired two_peers(void)
{
	struct desired desired = { .interface = "wg0",
				   .private_key = private_key,
				   .listen_port = 51820 };

	check(ip_parse("10.200.0.1", &desired.address[0], NULL) == 0);
	check(ip_parse("fd00:200::1", &desired.address[1], NULL) == 0);
	add_peer(&desired, 1, "10.200.0.2/32", "172.24.0.0/24");
	add_peer(&desired, 2, "10.200.0.3/32", "fd00:24::/64");
	qsort(desired.routes.at, desired.routes.len, sizeof(*desired.routes.at), compare_prefixes);
	return desired;
}

static void want_two_peers(void)
{
	struct desired desired = two_peers();

	reconcile_want(reconcile, &desired, true);
}

static bool start(void)
{
	struct reconcile_config config = { .loop = loop, .interface = "wg0" };

	return reconcile_new(&config, &reconcile, NULL) == 0;
}

static void makes_what_is_desired(void)
{
	struct wg_device device = { 0 };

	want_two_peers();
	check(wait_until(is_in_sync));
	check_str(status().trouble, "");
	check(status().mtu == 1420);
	check(sandbox_sh("ip -4 addr show dev wg0 | grep -q 'inet 10.200.0.1/32'") == 0);
	check(sandbox_sh("ip -6 addr show dev wg0 | grep -q 'inet6 fd00:200::1/128'") == 0);
	check(sandbox_sh("ip route show dev wg0 proto 157 | grep -q '172.24.0.0/24 scope link'") ==
	      0);
	check(sandbox_sh("ip -6 route show dev wg0 proto 157 | grep -q fd00:24::/64") == 0);
	check(wg_userspace.read("wg0", &device, NULL) == 0);
	check(device.peers.len == 2 && device.listen_port == 51820);
	check(key_compare(&device.private_key, &private_key) == 0);
	wg_device_done(&device);
}

static void adopts_what_it_finds(void)
{
	reconcile_free(reconcile);
	check(start());
	want_two_peers();
	check(wait_until(is_in_sync));
	check(status().applied_steps == 0);
	check(status().peers->len == 2);
}

static bool is_restored(void)
{
	return is_in_sync() &&
	       sandbox_sh("ip route show dev wg0 2>/dev/null | grep -q 172.24.0.0/24") == 0;
}

static void restores_a_route(void)
{
	check(sandbox_sh("ip route del 172.24.0.0/24") == 0);
	check(wait_until(is_restored));
}

static void restores_the_interface(void)
{
	check(sandbox_sh("ip link del wg0") == 0);
	check(wait_until(is_restored));
	check(status().peers->len == 2);
}

static void restores_a_killed_wireguard(void)
{
	/* Everything in the sandbox but this program; what it left is this program's child now. */
	check(kill(-1, SIGKILL) == 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	check(wait_until(is_restored));
}

static bool has_two_peers(void)
{
	struct wg_device device = { 0 };
	bool two = wg_userspace.read("wg0", &device, NULL) == 0 && device.peers.len == 2;

	wg_device_done(&device);
	return two;
}

static void restores_a_peer(void)
{
	struct wg_change change = { .key.bytes = { 1 }, .remove = true };

	check(wg_userspace.change_peers("wg0", &change, 1, NULL) == 0);
	check(!has_two_peers());
	check(wait_until(has_two_peers));
}

static void removes_everything(void)
{
	reconcile_free(reconcile);
	reconcile = NULL;
	check(reconcile_remove_all("wg0", NULL) == 0);
	check(sandbox_sh("test -z \"$(ip -o link | grep -v ' lo:')\"") == 0);
	check(sandbox_sh("test -z \"$(ip route; ls /run/wireguard)\"") == 0);
	check(reconcile_remove_all("wg0", NULL) == 0);
}

static int tests(void)
{
	check(crypto_init(NULL) == 0 && loop_new(&loop, NULL) == 0);
	check(loop_timer_new(loop, on_look, NULL, &look, NULL) == 0);
	check(netlink_new(&netlink, NULL) == 0);
	key_generate(&private_key);
	check(start());
	run(makes_what_is_desired);
	run(adopts_what_it_finds);
	run(restores_a_route);
	run(restores_the_interface);
	run(restores_a_killed_wireguard);
	run(restores_a_peer);
	run(removes_everything);
	netlink_free(netlink);
	loop_timer_free(look);
	loop_free(loop);
	return check_done();
}

int main(void)
{
	return sandbox_run(tests);
}
