// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a node wants of its kernel, told in a line of text for each view of the zone.
 */
#include <errno.h>

#include "crypto/crypto.h"
#include "plane.h"

/* "<peer> <endpoint> [<allowed>] … routes [<routes>]" */
static void tell(const struct desired *desired, struct str *to)
{
	struct prefix_vec routes = wanted_routes(desired);
	const struct view_peer *peer = NULL;
	struct wg_peer wanted = { 0 };

	while ((peer = desired_next_peer(desired, peer))) {
		char text[ENDPOINT_TEXT_BYTES] = "-";

		check(desired_write_peer(desired, peer, &wanted) == 0);
		if (wanted.endpoint.ip.family != IP_NONE)
			endpoint_format(&wanted.endpoint, text);
		str_printf(to, "%u %s ", wanted.key.bytes[0], text);
		tell_prefixes(to, &wanted.allowed);
		str_append(to, " ");
	}
	str_append(to, "routes ");
	tell_prefixes(to, &routes);
	wg_peer_done(&wanted);
	vec_done(&routes);
}

static void check_told(struct told *told, const char *expected)
{
	_cleanup_str_ struct str text = { 0 };

	if (!check(look(told)))
		return;
	tell(&told->desired, &text);
	check_str(text.at, expected);
}

#define MESH "10.20.0.0/20"

static void peers_with_all_others(void)
{
	static const struct row rows[] = {
		{ 7, "10.20.0.7", "172.24.7.0/24,172.24.1.0/24", "192.0.2.7:51820", false, 1 },
		{ SELF, "10.20.0.1", "172.25.0.0/24", "192.0.2.1:51820", false, 2 },
		{ 3, "10.20.0.3", "", "", false, 3 },
	};
	struct told told = told_rows(MESH, false, rows, ARRAY_SIZE(rows));
	struct prefix inside = prefix("172.25.0.128/25");
	struct prefix outside = prefix("172.25.0.0/23");
	struct wg_peer peer = { 0 };
	struct key key = key_of(3);

	check_told(&told, "3 - [10.20.0.3/32] "
			  "7 192.0.2.7:51820 [10.20.0.7/32 172.24.1.0/24 172.24.7.0/24] "
			  "routes [10.20.0.3/32 10.20.0.7/32 172.24.1.0/24 172.24.7.0/24]");
	check(desired_write_peer(&told.desired, view_peer(told.view, &key), &peer) == 0);
	check(peer.keepalive_s == KEEPALIVE_S && peer.generation == 1);
	wg_peer_done(&peer);
	told.desired.keepalive = false;
	check(desired_write_peer(&told.desired, view_peer(told.view, &key), &peer) == 0);
	check(peer.keepalive_s == 0);
	wg_peer_done(&peer);
	check(desired_is_ours(&told.desired, &inside) && !desired_is_ours(&told.desired, &outside));
	check(!told.desired.is_hub && !told.desired.lacks_hub);
	told_done(&told);
}

static void carries_both_families(void)
{
	static const struct row rows[] = {
		{ SELF, "10.20.0.1,fd00:1::1", "", "", false, 1 },
		{ 1, "10.20.0.2,fd00:1::2", "fd00:24::/64", "[2001:db8::1]:51820", false, 2 },
	};
	struct told told = told_rows("10.20.0.0/20,fd00:1::/64", false, rows, ARRAY_SIZE(rows));

	check_told(&told, "1 [2001:db8::1]:51820 [10.20.0.2/32 fd00:1::2/128 fd00:24::/64] "
			  "routes [10.20.0.2/32 fd00:1::2/128 fd00:24::/64]");
	check(told.desired.address[0].family == IP_V4 && told.desired.address[1].family == IP_V6);
	told_done(&told);
}

static void wants_nothing_without_itself(void)
{
	static const struct row rows[] = { { 1, "10.20.0.2", "", "", false, 2 } };
	static const struct row self = { SELF, "10.20.0.1", "", "", false, 3 };
	struct told told = told_rows(MESH, false, rows, ARRAY_SIZE(rows));

	check(desired_look(&told.desired, NULL) == -ENOENT);
	tell_row(&told, &self);
	check(look(&told));
	tell_removed(&told, SELF);
	check(!look(&told));
	told_done(&told);
}

static void a_prefix_has_one_owner(void)
{
	static const struct row rows[] = {
		{ SELF, "10.20.0.1", "172.25.0.0/24", "", false, 1 },
		{ 1, "10.20.0.2", "172.24.0.0/24", "", false, 9 },
		{ 2, "10.20.0.3", "172.24.0.0/24,172.26.0.0/24", "", false, 5 },
		/* What is ours stays ours, whatever a peer says. */
		{ 3, "10.20.0.1", "172.25.0.0/24,172.26.0.0/24", "", false, 7 },
	};
	struct told told = told_rows(MESH, false, rows, ARRAY_SIZE(rows));

	check_told(&told, "1 - [10.20.0.2/32 172.24.0.0/24] 2 - [10.20.0.3/32] "
			  "3 - [172.26.0.0/24] "
			  "routes [10.20.0.2/32 10.20.0.3/32 172.24.0.0/24 172.26.0.0/24]");
	told_done(&told);
}

static void whoever_is_there_owns_what_an_absent_one_held(void)
{
	static const struct row before[] = {
		{ SELF, "10.20.0.1", "", "", false, 1 },
		{ 1, "10.20.0.2", "172.24.0.0/24", "", false, 90 },
	};
	static const struct row after[] = {
		{ SELF, "10.20.0.1", "", "", false, 1 },
		{ 2, "10.20.0.2", "172.24.0.0/24", "", false, 2 },
	};
	struct told told = told_rows(MESH, false, before, ARRAY_SIZE(before));

	tell_snapshot_begin(&told, true);
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		tell_row(&told, &after[i]);
	tell_snapshot_end(&told);
	check_told(&told, "1 - [] 2 - [10.20.0.2/32 172.24.0.0/24] "
			  "routes [10.20.0.2/32 172.24.0.0/24]");
	told_done(&told);
}

static void takes_no_endpoint_inside_the_zone(void)
{
	static const struct row rows[] = {
		{ SELF, "10.20.0.1", "", "", false, 1 },
		{ 1, "10.20.0.2", "", "10.20.0.3:51820", false, 2 },
		{ 2, "10.20.0.3", "", "[::ffff:192.0.2.3]:51820", false, 3 },
	};
	struct told told = told_rows(MESH, false, rows, ARRAY_SIZE(rows));

	check_told(&told, "1 - [10.20.0.2/32] 2 192.0.2.3:51820 [10.20.0.3/32] "
			  "routes [10.20.0.2/32 10.20.0.3/32]");
	told_done(&told);
}

static const struct row hub_rows[] = {
	{ 1, "10.20.0.2", "172.24.1.0/24", "192.0.2.2:1", false, 2 },
	{ 2, "10.20.0.3", "172.24.2.0/24", "192.0.2.3:1", false, 3 },
	{ 5, "10.20.0.6", "172.24.5.0/24", "192.0.2.6:1", true, 4 },
	{ SELF, "10.20.0.1", "172.25.0.0/24", "192.0.2.1:1", false, 1 },
};

static void a_spoke_peers_with_the_hub_alone(void)
{
	struct told told = told_rows(MESH, true, hub_rows, ARRAY_SIZE(hub_rows));

	check_told(&told, "5 192.0.2.6:1 [10.20.0.0/20 172.24.1.0/24 172.24.2.0/24 172.24.5.0/24] "
			  "routes [10.20.0.0/20 172.24.1.0/24 172.24.2.0/24 172.24.5.0/24]");
	check(!told.desired.is_hub && !told.desired.lacks_hub);
	told_done(&told);
}

static void a_spoke_without_a_hub_waits(void)
{
	static const struct row rows[] = {
		{ 1, "10.20.0.2", "", "", false, 2 },
		{ SELF, "10.20.0.1", "", "", false, 1 },
	};
	struct told told = told_rows(MESH, true, rows, ARRAY_SIZE(rows));

	check_told(&told, "routes []");
	check(told.desired.lacks_hub);
	told_done(&told);
}

static void the_hub_peers_with_all(void)
{
	static const struct row rows[] = {
		{ 1, "10.20.0.2", "172.24.1.0/24", "", false, 2 },
		{ SELF, "10.20.0.1", "", "", true, 1 },
	};
	struct told told = told_rows(MESH, true, rows, ARRAY_SIZE(rows));

	check_told(&told, "1 - [10.20.0.2/32 172.24.1.0/24] routes [10.20.0.2/32 172.24.1.0/24]");
	check(told.desired.is_hub && !told.desired.lacks_hub);
	told_done(&told);
}

static void a_hub_router_elsewhere_is_a_peer_like_others(void)
{
	struct told told = told_rows(MESH, false, hub_rows, 3);
	struct row self = hub_rows[3];

	tell_row(&told, &self);
	check_told(&told, "1 192.0.2.2:1 [10.20.0.2/32 172.24.1.0/24] "
			  "2 192.0.2.3:1 [10.20.0.3/32 172.24.2.0/24] "
			  "5 192.0.2.6:1 [10.20.0.6/32 172.24.5.0/24] "
			  "routes [10.20.0.2/32 10.20.0.3/32 10.20.0.6/32 172.24.1.0/24 "
			  "172.24.2.0/24 172.24.5.0/24]");
	told_done(&told);
}

int main(void)
{
	check(crypto_init(NULL) == 0);
	run(peers_with_all_others);
	run(carries_both_families);
	run(wants_nothing_without_itself);
	run(a_prefix_has_one_owner);
	run(whoever_is_there_owns_what_an_absent_one_held);
	run(takes_no_endpoint_inside_the_zone);
	run(a_spoke_peers_with_the_hub_alone);
	run(a_spoke_without_a_hub_waits);
	run(the_hub_peers_with_all);
	run(a_hub_router_elsewhere_is_a_peer_like_others);
	return check_done();
}
