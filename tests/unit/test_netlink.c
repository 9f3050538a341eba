// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Links, addresses and routes of a real kernel, in a sandbox with a veth pair.
 */
#include "io/netlink.h"

#include <linux/rtnetlink.h>

#include "check.h"
#include "sandbox.h"

#define PROTOCOL 157
#define WAIT_MS 3000
#define QUIET_MS 50

static struct netlink *netlink;
static struct netlink_link link_a;

static struct prefix prefix(const char *text)
{
	struct prefix prefix = { 0 };

	check(prefix_parse(text, &prefix, NULL) == 0);
	return prefix;
}

static struct netlink_addr addr(const char *ip, uint8_t bits)
{
	struct netlink_addr addr = { .link_index = link_a.index, .prefix.bits = bits };

	check(ip_parse(ip, &addr.prefix.ip, NULL) == 0);
	return addr;
}

static bool has_addr(const struct netlink_addr *wanted)
{
	struct netlink_addr_vec addrs = { 0 };
	bool found = false;

	check(netlink_list_addrs(netlink, &addrs, NULL) == 0);
	vec_foreach(addr, &addrs)
		found |= addr->link_index == wanted->link_index &&
			 prefix_equal(&addr->prefix, &wanted->prefix);
	vec_done(&addrs);
	return found;
}

/* The route of the main table to there; link_index 0 when there is none. */
static struct netlink_route find_route(const char *to)
{
	struct netlink_route_vec routes = { 0 };
	struct netlink_route found = { 0 };
	struct prefix wanted = prefix(to);

	check(netlink_list_routes(netlink, &routes, NULL) == 0);
	vec_foreach(route, &routes) {
		if (prefix_equal(&route->to, &wanted))
			found = *route;
	}
	vec_done(&routes);
	return found;
}

static void finds_links(void)
{
	struct netlink_link_vec links = { 0 };
	struct err err = { 0 };
	int seen = 0;

	check(netlink_find_link(netlink, "plane-a", &link_a, NULL) == 0);
	check_str(link_a.kind, "veth");
	check(link_a.mtu == 1500 && !link_a.is_up && !link_a.is_loopback && link_a.index > 0);
	check(netlink_list_links(netlink, &links, NULL) == 0);
	vec_foreach(link, &links) {
		seen += link->is_loopback && link->is_up && strcmp(link->name, "lo") == 0;
		seen += strcmp(link->name, "plane-a") == 0 && link->index == link_a.index;
	}
	check(seen == 2);
	vec_done(&links);
	check(netlink_find_link(netlink, "plane-none", &link_a, &err) == -ENODEV);
	check(strstr(err.text, "find link plane-none") && strstr(err.text, "No such device"));
}

static void changes_a_link(void)
{
	check(netlink_set_link_mtu(netlink, link_a.index, 1380, NULL) == 0);
	check(netlink_set_link_up(netlink, link_a.index, true, NULL) == 0);
	check(netlink_find_link(netlink, "plane-a", &link_a, NULL) == 0);
	check(link_a.mtu == 1380 && link_a.is_up);
}

static void tells_the_kernels_own_words(void)
{
	struct err err = { 0 };

	check(netlink_set_link_mtu(netlink, link_a.index, 7, &err) == -EINVAL);
	check_str(err.text, "set link MTU to 7: Invalid argument: mtu less than device minimum");
}

static void adds_and_removes_addresses(void)
{
	struct netlink_addr addrs[] = { addr("10.200.0.1", 32), addr("fd00::1", 128),
					addr("192.0.2.5", 24) };

	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		check(!has_addr(&addrs[i]));
		check(netlink_add_addr(netlink, &addrs[i], NULL) == 0);
		check(has_addr(&addrs[i]));
		check(netlink_add_addr(netlink, &addrs[i], NULL) == 0);
	}
	check(sandbox_sh(
		      "ip -6 addr show dev plane-a | grep -q 'fd00::1/128 scope global nodad'") ==
	      0);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(addrs); i++) {
		check(netlink_remove_addr(netlink, &addrs[i], NULL) == 0);
		check(!has_addr(&addrs[i]));
		check(netlink_remove_addr(netlink, &addrs[i], NULL) == 0);
	}
}

static void adds_and_removes_routes_of_one_protocol(void)
{
	static const char *const texts[] = { "172.24.0.0/24", "10.200.0.7/32", "fd00:24::/64" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct prefix to = prefix(texts[i]);
		const struct netlink_route wanted = { .to = to,
						      .link_index = link_a.index,
						      .protocol = PROTOCOL };
		struct netlink_route route;

		check(netlink_add_route(netlink, &wanted, NULL) == 0);
		route = find_route(texts[i]);
		check(route.link_index == link_a.index && route.protocol == PROTOCOL &&
		      route.is_connected);
		check(netlink_add_route(netlink, &wanted, NULL) == -EEXIST);
		check(netlink_remove_route(netlink, &to, link_a.index, PROTOCOL + 1, NULL) == 0);
		check(find_route(texts[i]).link_index == link_a.index);
		check(netlink_remove_route(netlink, &to, link_a.index, PROTOCOL, NULL) == 0);
		check(find_route(texts[i]).link_index == 0);
		check(netlink_remove_route(netlink, &to, link_a.index, PROTOCOL, NULL) == 0);
	}
}

static void adds_a_route_with_a_source(void)
{
	struct netlink_route route = { .to = prefix("10.200.0.8/32"),
				       .link_index = link_a.index,
				       .protocol = PROTOCOL };

	check(sandbox_sh("ip addr add 10.200.0.1/32 dev plane-a") == 0);
	check(ip_parse("10.200.0.1", &route.source, NULL) == 0);
	check(netlink_add_route(netlink, &route, NULL) == 0);
	check(sandbox_sh("ip route get 10.200.0.8 | grep -q 'src 10.200.0.1'") == 0);
	check(netlink_remove_route(netlink, &route.to, link_a.index, PROTOCOL, NULL) == 0);
	check(sandbox_sh("ip addr del 10.200.0.1/32 dev plane-a") == 0);
}

static void tells_routes_of_others(void)
{
	struct netlink_route route;

	check(sandbox_sh("ip route add default via 192.0.2.1 metric 50") == 0);
	check(sandbox_sh("ip route add blackhole 203.0.113.0/24") == 0);
	check(sandbox_sh("ip route add 198.51.100.0/24 table 77 dev plane-a") == 0);
	check(sandbox_sh("ip route add 198.18.0.0/15 nexthop via 192.0.2.1 nexthop via "
			 "192.0.2.2") == 0);
	route = find_route("0.0.0.0/0");
	check(route.link_index == link_a.index && route.metric == 50 && !route.is_connected);
	route = find_route("192.0.2.0/24");
	check(route.is_connected && route.protocol == RTPROT_KERNEL);
	route = find_route("203.0.113.0/24");
	check(route.link_index == 0 && route.to.bits == 24);
	check(find_route("198.51.100.0/24").to.bits == 0);
	route = find_route("198.18.0.0/15");
	check(route.link_index == link_a.index && !route.is_connected);
}

/* The monitor: which notices came, or a deadline. */
static struct loop *loop;

static void on_change(void *data)
{
	*(int *)data += 1;
	loop_stop(loop, 0);
}

static void on_deadline(void *data)
{
	(void)data;
	loop_stop(loop, -1);
}

static bool is_told(const char *command)
{
	struct netlink_monitor *monitor = NULL;
	struct loop_timer *deadline = NULL;
	int changes = 0;

	check(netlink_monitor_new(loop, NULL, on_change, &changes, &monitor, NULL) == 0);
	check(loop_timer_new(loop, on_deadline, NULL, &deadline, NULL) == 0);
	loop_timer_set(deadline, WAIT_MS);
	check(sandbox_sh(command) == 0);
	(void)loop_run(loop);
	loop_timer_free(deadline);
	netlink_monitor_free(monitor);
	return changes == 1;
}

static void tells_when_something_changes(void)
{
	check(loop_new(&loop, NULL) == 0);
	check(is_told("ip route add 172.30.0.0/24 dev plane-a"));
	check(is_told("ip route del 172.30.0.0/24 dev plane-a"));
	check(is_told("ip addr add 192.0.2.9/32 dev plane-a"));
	check(is_told("ip link set plane-a mtu 1400"));
	/* More than one reading takes: told all the same. */
	check(is_told("for i in $(seq 1 250); do echo route add 172.31.$i.0/24 dev plane-a; done |"
		      "ip -batch -"));
	loop_free(loop);
}

static void keeps_quiet_about_our_own_doings(void)
{
	const struct prefix to = prefix("172.29.0.0/24");
	const struct netlink_addr addr = { .link_index = link_a.index,
					   .prefix = prefix("192.0.2.77/32") };
	const struct netlink_route route = { .to = to,
					     .link_index = link_a.index,
					     .protocol = 157 };
	struct netlink_monitor *monitor = NULL;
	struct loop_timer *deadline = NULL;
	int changes = 0;

	check(loop_new(&loop, NULL) == 0);
	check(netlink_monitor_new(loop, netlink, on_change, &changes, &monitor, NULL) == 0);
	check(loop_timer_new(loop, on_deadline, NULL, &deadline, NULL) == 0);
	check(netlink_add_route(netlink, &route, NULL) == 0);
	check(netlink_add_addr(netlink, &addr, NULL) == 0);
	check(netlink_remove_route(netlink, &to, link_a.index, 157, NULL) == 0);
	check(netlink_remove_addr(netlink, &addr, NULL) == 0);
	/* The notices are there before the answers: they are read in the first turn. */
	loop_timer_set(deadline, QUIET_MS);
	check(loop_run(loop) == -1 && changes == 0);
	loop_timer_set(deadline, WAIT_MS);
	check(sandbox_sh("ip route add 172.29.0.0/24 dev plane-a") == 0);
	check(loop_run(loop) == 0 && changes == 1);
	loop_timer_free(deadline);
	netlink_monitor_free(monitor);
	loop_free(loop);
}

/* Longer than one piece of the kernel's answer. */
static void lists_thousands(void)
{
	struct netlink_route_vec routes = { 0 };
	size_t before;

	check(netlink_list_routes(netlink, &routes, NULL) == 0);
	before = routes.len;
	check(sandbox_sh("for i in $(seq 1 20); do for j in $(seq 1 100); do "
			 "echo route add 10.$i.$j.0/24 dev plane-a; done; done | ip -batch -") ==
	      0);
	check(netlink_list_routes(netlink, &routes, NULL) == 0);
	check(routes.len == before + 2000);
	vec_done(&routes);
}

static void removes_a_link(void)
{
	check(netlink_remove_link(netlink, link_a.index, NULL) == 0);
	check(netlink_find_link(netlink, "plane-a", &link_a, NULL) == -ENODEV);
	check(netlink_remove_link(netlink, link_a.index, NULL) == 0);
}

static int tests(void)
{
	check(netlink_new(&netlink, NULL) == 0);
	if (sandbox_sh("ip link add plane-a type veth peer name plane-b &&"
		       "ip link set plane-b up") != 0)
		return sandbox_skip("the kernel has no veth");
	run(finds_links);
	run(changes_a_link);
	run(tells_the_kernels_own_words);
	run(adds_and_removes_addresses);
	run(adds_and_removes_routes_of_one_protocol);
	run(adds_a_route_with_a_source);
	run(tells_routes_of_others);
	run(tells_when_something_changes);
	run(keeps_quiet_about_our_own_doings);
	run(lists_thousands);
	run(removes_a_link);
	netlink_free(netlink);
	return check_done();
}

int main(void)
{
	return sandbox_run(tests);
}
