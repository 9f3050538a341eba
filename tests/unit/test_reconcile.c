// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whole rounds against a real kernel and a real wireguard-go, in a sandbox.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "nodeagent/reconcile.h"
#include "plane.h"
#include "sandbox.h"

#define WAIT_MS 8000
#define LOOK_MS 5
#define QUIET_MS 200 /* notices are worked on sooner */

static struct loop *loop;
static struct loop_timer *look_timer;
static struct reconcile *reconcile;
static struct told told;
static bool (*wanted)(void);
static int64_t deadline_ms;
static unsigned ups;

static void on_look(void *data)
{
	(void)data;
	if (wanted())
		loop_stop(loop, 1);
	else if (loop_now_ms(loop) > deadline_ms)
		loop_stop(loop, 0);
	else
		loop_timer_set(look_timer, LOOK_MS);
}

/* Turns the loop until the condition holds: whether it did in time. */
static bool wait_until(bool (*condition)(void))
{
	wanted = condition;
	deadline_ms = loop_now_ms(loop) + WAIT_MS;
	loop_timer_set(look_timer, 0);
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

static const struct row rows[] = {
	{ SELF, "10.200.0.1,fd00:200::1", "", "", false, 0 },
	{ 1, "10.200.0.2", "172.24.0.0/24", "192.0.2.1:51820", false, 0 },
	{ 2, "10.200.0.3", "fd00:24::/64", "192.0.2.1:51820", false, 0 },
};

static void want_peers_of(struct told *from, size_t len)
{
	if (!from->view) {
		*from = told_rows("10.200.0.0/20,fd00:200::/64", false, rows, len + 1);
		from->desired.mtu = 0;
	}
	reconcile_want(reconcile, from->view, &from->desired);
}

static void want_two_peers(void)
{
	want_peers_of(&told, 2);
}

static void on_up(void *data)
{
	++*(unsigned *)data;
}

static bool start(void)
{
	struct reconcile_config config = {
		.loop = loop, .interface = "wg0", .on_up = on_up, .data = &ups
	};

	return reconcile_new(&config, &reconcile, NULL) == 0;
}

static void makes_what_is_desired(void)
{
	struct wg_device device = { 0 };

	want_two_peers();
	check(wait_until(is_in_sync));
	check_str(status().trouble, "");
	check(status().mtu == 1420);
	check(ups == 1);
	check(sandbox_sh("ip -4 addr show dev wg0 | grep -q 'inet 10.200.0.1/32'") == 0);
	check(sandbox_sh("ip -6 addr show dev wg0 | grep -q 'inet6 fd00:200::1/128'") == 0);
	check(sandbox_sh("ip route show dev wg0 proto 157 | grep -q '172.24.0.0/24 scope link'") ==
	      0);
	check(sandbox_sh("ip -6 route show dev wg0 proto 157 | grep -q fd00:24::/64") == 0);
	check(wg_userspace.read("wg0", &device, NULL) == 0);
	check(device.peers.len == 2 && device.listen_port == 51820);
	check(key_compare(&device.private_key, &told.desired.private_key) == 0);
	wg_device_done(&device);
}

static void adopts_what_it_finds(void)
{
	reconcile_free(reconcile);
	check(start());
	want_two_peers();
	check(wait_until(is_in_sync));
	check(status().applied_steps == 0);
	check(status().observed->peers.len == 2);
	check(ups == 1);
}

static bool is_restored(void)
{
	return is_in_sync() &&
	       sandbox_sh("ip route show dev wg0 2>/dev/null | grep -q 172.24.0.0/24") == 0;
}

/* Nothing happens for a while. */
static bool never(void)
{
	return false;
}

static void let_pass(int64_t ms)
{
	wanted = never;
	deadline_ms = loop_now_ms(loop) + ms;
	loop_timer_set(look_timer, 0);
	(void)loop_run(loop);
}

/* The next check may come in between: then once more. */
static void does_not_read_again_for_its_own_changes(void)
{
	static const struct row with = {
		2, "10.200.0.3", "fd00:24::/64,172.26.0.0/24", "192.0.2.1:51820", false, 0
	};
	bool was_quiet = false;

	for (int i = 0; !was_quiet && i < 10; i++) {
		uint64_t readings;

		let_pass(QUIET_MS);
		readings = status().readings;
		tell_row(&told, i % 2 == 0 ? &with : &rows[2]);
		want_two_peers();
		let_pass(QUIET_MS);
		was_quiet = is_in_sync() && status().readings == readings;
	}
	check(was_quiet);
	tell_row(&told, &rows[2]);
	want_two_peers();
	check(wait_until(is_in_sync));
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
	check(status().observed->peers.len == 2);
	check(ups == 2);
}

static bool is_up(void)
{
	return ups == 3;
}

static void tells_that_it_came_up_again(void)
{
	check(sandbox_sh("ip link set wg0 down") == 0);
	check(wait_until(is_up));
	check(wait_until(is_restored));
}

static void restores_a_killed_wireguard(void)
{
	/* Everything in the sandbox but this program and process 1. */
	check(kill(-1, SIGKILL) == 0);
	check(sandbox_sh("timeout 5 sh -c 'while ip link show wg0; do :; done' >/dev/null 2>&1") ==
	      0);
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

static bool has_one_peer(void)
{
	return is_in_sync() && status().observed->peers.len == 1;
}

static void removes_when_it_knows_all(void)
{
	struct told half = { .desired = told.desired };
	uint64_t steps = status().applied_steps;

	check(view_new("blue", &half.view) == 0);
	half.desired.view = half.view;
	tell_zone(&half, "10.200.0.0/20,fd00:200::/64", false);
	tell_row(&half, &rows[0]);
	tell_row(&half, &rows[1]);
	reconcile_want(reconcile, half.view, &half.desired);
	check(wait_until(is_in_sync));
	check(status().observed->peers.len == 2 && status().applied_steps == steps);
	tell_removed(&told, 2);
	want_two_peers();
	check(wait_until(has_one_peer));
	view_free(half.view);
	check(sandbox_sh(
		      "test -z \"$(ip route show 10.200.0.3)$(ip -6 route show fd00:24::/64)\"") ==
	      0);
}

static bool has_trouble(void)
{
	return *status().trouble != '\0';
}

static void gives_way_to_a_route_of_another(void)
{
	check(sandbox_sh("ip link add eth0 type veth peer name eth1 && ip link set eth0 up &&"
			 "ip addr add 172.24.0.1/25 dev eth0") == 0);
	check(wait_until(has_trouble));
	check_str(status().trouble, "no route to 172.24.0.0/24 into the mesh: 172.24.0.0/25 is "
				    "there already, on eth0");
	check(!status().in_sync);
	check(sandbox_sh("test -z \"$(ip route show 172.24.0.0/24)\"") == 0);
	check(sandbox_sh("ip addr del 172.24.0.1/25 dev eth0") == 0);
	check(wait_until(is_restored));
	check_str(status().trouble, "");
}

static bool has_mtu_of_underlay(void)
{
	return is_in_sync() && status().mtu == 1300 &&
	       sandbox_sh("ip link show wg0 | grep -q 'mtu 1300'") == 0;
}

static void follows_the_mtu_of_the_underlay(void)
{
	check(sandbox_sh("ip link set eth1 up && ip addr add 192.0.2.2/24 dev eth0 &&"
			 "ip route add default via 192.0.2.1 && ip link set eth0 mtu 1380") == 0);
	check(wait_until(has_mtu_of_underlay));
}

static bool is_down(void)
{
	return sandbox_sh("ip link show wg0 | grep -q 'state DOWN'") == 0;
}

static void idles_with_the_interface_silent_but_kept(void)
{
	struct wg_device device = { 0 };

	reconcile_idle(reconcile);
	check(wait_until(is_down));
	check(status().observed->peers.len == 0);
	check(wg_userspace.read("wg0", &device, NULL) == 0 && key_is_zero(&device.private_key));
	wg_device_done(&device);
}

static bool has_the_new_port(void)
{
	struct wg_device device = { 0 };
	bool has = wg_userspace.read("wg0", &device, NULL) == 0 && device.listen_port == 51821;

	wg_device_done(&device);
	return has;
}

static void keeps_the_old_port_until_the_new_one_is_free(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(51821) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	told.desired.listen_port = 51821;
	tell_row(&told, &rows[2]);
	want_two_peers();
	check(wait_until(has_trouble));
	check_str(status().trouble,
		  "UDP port 51821 is taken by another program: choose another --listen-port");
	check(sandbox_sh("ss -Hnlu | grep -q :51820") == 0);
	check(sandbox_sh("ip route show dev wg0 | grep -q 10.200.0.3") == 0);
	(void)close(fd);
	check(wait_until(has_the_new_port));
	check(wait_until(is_in_sync));
}

static void removes_everything(void)
{
	check(sandbox_sh("ip link del eth0") == 0);
	reconcile_free(reconcile);
	reconcile = NULL;
	check(reconcile_remove_all("wg0", FOREIGN_REFUSE, NULL) == 0);
	check(sandbox_sh("test -z \"$(ip -o link | grep -v ' lo:')\"") == 0);
	check(sandbox_sh("test -z \"$(ip route; ls /run/wireguard)\"") == 0);
	check(reconcile_remove_all("wg0", FOREIGN_REFUSE, NULL) == 0);
}

static void leaves_the_interface_of_another(void)
{
	struct err err = { 0 };

	check(sandbox_sh("ip link add wg0 type veth peer name eth1") == 0);
	check(start());
	want_two_peers();
	check(wait_until(has_trouble));
	check(strstr(status().trouble, "wg0 exists and is no WireGuard interface of ours"));
	reconcile_free(reconcile);
	check(reconcile_remove_all("wg0", FOREIGN_REFUSE, &err) == -EPERM);
	check(sandbox_sh("ip -o link show wg0 | grep -q 'state DOWN'") == 0);
	check(sandbox_sh("test -z \"$(ip addr show dev wg0 | grep inet)\"") == 0);
}

static int tests(void)
{
	check(crypto_init(NULL) == 0 && loop_new(&loop, NULL) == 0);
	check(loop_timer_new(loop, on_look, NULL, &look_timer, NULL) == 0);
	log_set_level(LOG_LEVEL_ERROR);
	check(start());
	run(makes_what_is_desired);
	run(adopts_what_it_finds);
	run(does_not_read_again_for_its_own_changes);
	run(restores_a_route);
	run(restores_the_interface);
	run(tells_that_it_came_up_again);
	run(restores_a_killed_wireguard);
	run(restores_a_peer);
	run(removes_when_it_knows_all);
	run(gives_way_to_a_route_of_another);
	run(follows_the_mtu_of_the_underlay);
	run(idles_with_the_interface_silent_but_kept);
	run(keeps_the_old_port_until_the_new_one_is_free);
	run(removes_everything);
	run(leaves_the_interface_of_another);
	told_done(&told);
	loop_timer_free(look_timer);
	loop_free(loop);
	return check_done();
}

int main(void)
{
	return sandbox_run(tests);
}
