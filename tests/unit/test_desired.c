// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a node wants of its kernel, told in a line of text for each view of the zone.
 */
#include "nodeagent/desired.h"

#include <errno.h>

#include "base/str.h"
#include "check.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"

#define SELF 0 /* the number of this node itself */

/* A peer in the view; "" where it has none. Prefixes with a comma between them. */
struct row {
	uint8_t number; /* first byte of its key */
	const char *address;
	const char *prefixes;
	const char *endpoint;
	bool hub_router;
	uint64_t revision;
};

static const struct key private_key = { .bytes = { 0x08, 1, 2, 3, [31] = 0x40 } };

static struct key key_of(uint8_t number)
{
	struct key key = { .bytes = { number } };

	if (number == SELF)
		key_public(&private_key, &key);
	return key;
}

static int fold(struct view *view, enum event_kind kind, const char *doc)
{
	struct event event = { .kind = kind, .data = doc, .data_len = strlen(doc) };

	return view_fold(view, &event, NULL);
}

static void fold_zone(struct view *view, const char *cidr, bool hub_zone)
{
	struct zone zone = { .name = "blue", .hub_zone = hub_zone };
	_cleanup_free_ char *doc = NULL;

	check(zone_set_cidr(&zone, cidr, NULL) == 0);
	doc = doc_of_zone(&zone);
	check(fold(view, EVENT_ZONE, doc) >= 0);
}

static void fold_row(struct view *view, const struct row *row)
{
	struct key key = key_of(row->number);
	_cleanup_str_ struct str doc = { 0 };
	char text[KEY_TEXT_BYTES];

	key_format(&key, text);
	str_printf(
		&doc,
		"{\"v\":1,\"Zone\":\"blue\",\"PublicKey\":\"%s\",\"NodeAddress\":\"%s\","
		"\"ChildPrefixes\":\"%s\",\"Endpoints\":\"%s\",\"HubRouter\":%s,\"Generation\":1,"
		"\"Revision\":%llu}",
		text, row->address, row->prefixes, row->endpoint,
		row->hub_router ? "true" : "false", (unsigned long long)row->revision);
	check(fold(view, EVENT_PEER, doc.at) >= 0);
}

static struct view *view_of(const char *cidr, bool hub_zone, const struct row *rows, size_t len)
{
	struct view *view = NULL;

	check(view_new("blue", &view) == 0);
	fold_zone(view, cidr, hub_zone);
	for (size_t i = 0; i < len; i++)
		fold_row(view, &rows[i]);
	return view;
}

static void tell_prefixes(struct str *to, const struct prefix_vec *prefixes)
{
	const char *blank = "";

	str_append(to, "[");
	vec_foreach(prefix, prefixes) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		str_printf(to, "%s%s", blank, text);
		blank = " ";
	}
	str_append(to, "]");
}

/* "<peer> <endpoint> [<allowed>] … routes [<routes>]" */
static void tell(const struct desired *desired, struct str *to)
{
	vec_foreach(peer, &desired->peers) {
		char endpoint[ENDPOINT_TEXT_BYTES] = "-";

		if (peer->endpoint.ip.family != IP_NONE)
			endpoint_format(&peer->endpoint, endpoint);
		str_printf(to, "%u %s ", peer->key.bytes[0], endpoint);
		tell_prefixes(to, &peer->allowed);
		str_append(to, " ");
	}
	str_append(to, "routes ");
	tell_prefixes(to, &desired->routes);
}

static int make(const struct view *view, struct desired *ret_desired, struct err *err)
{
	struct desired_options options = { .interface = "wg0",
					   .private_key = private_key,
					   .listen_port = 51820,
					   .keepalive = true };

	return desired_make(view, &options, ret_desired, err);
}

static void check_told(const struct view *view, const char *told)
{
	_cleanup_str_ struct str text = { 0 };
	struct desired desired = { 0 };

	check(make(view, &desired, NULL) == 0);
	tell(&desired, &text);
	check_str(text.at, told);
	desired_done(&desired);
}

#define MESH "10.20.0.0/20"

static void peers_with_all_others(void)
{
	static const struct row rows[] = {
		{ 7, "10.20.0.7", "172.24.7.0/24,172.24.1.0/24", "192.0.2.7:51820", false, 1 },
		{ SELF, "10.20.0.1", "172.25.0.0/24", "192.0.2.1:51820", false, 2 },
		{ 3, "10.20.0.3", "", "", false, 3 },
	};
	struct view *view = view_of(MESH, false, rows, ARRAY_SIZE(rows));
	struct desired desired = { 0 };

	check_told(view, "3 - [10.20.0.3/32] "
			 "7 192.0.2.7:51820 [10.20.0.7/32 172.24.1.0/24 172.24.7.0/24] "
			 "routes [10.20.0.3/32 10.20.0.7/32 172.24.1.0/24 172.24.7.0/24]");
	check(make(view, &desired, NULL) == 0);
	check(desired.listen_port == 51820 && desired.peers.at[0].keepalive_s == KEEPALIVE_S);
	check(desired.own_prefixes.len == 1 && !desired.is_hub && !desired.lacks_hub);
	desired_done(&desired);
	view_free(view);
}

static void carries_both_families(void)
{
	static const struct row rows[] = {
		{ SELF, "10.20.0.1,fd00:1::1", "", "", false, 1 },
		{ 1, "10.20.0.2,fd00:1::2", "fd00:24::/64", "[2001:db8::1]:51820", false, 2 },
	};
	struct view *view = view_of("10.20.0.0/20,fd00:1::/64", false, rows, ARRAY_SIZE(rows));
	struct desired desired = { 0 };

	check_told(view, "1 [2001:db8::1]:51820 [10.20.0.2/32 fd00:1::2/128 fd00:24::/64] "
			 "routes [10.20.0.2/32 fd00:1::2/128 fd00:24::/64]");
	check(make(view, &desired, NULL) == 0);
	check(desired.address[0].family == IP_V4 && desired.address[1].family == IP_V6);
	desired_done(&desired);
	view_free(view);
}

static void wants_nothing_without_itself(void)
{
	static const struct row rows[] = { { 1, "10.20.0.2", "", "", false, 2 } };
	struct view *view = view_of(MESH, false, rows, ARRAY_SIZE(rows));
	struct desired desired = { 0 };

	check(make(view, &desired, NULL) == -ENOENT);
	view_free(view);
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
	struct view *view = view_of(MESH, false, rows, ARRAY_SIZE(rows));

	check_told(view, "1 - [10.20.0.2/32 172.24.0.0/24] 2 - [10.20.0.3/32] "
			 "3 - [172.26.0.0/24] "
			 "routes [10.20.0.2/32 10.20.0.3/32 172.24.0.0/24 172.26.0.0/24]");
	view_free(view);
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
	struct view *view = view_of(MESH, false, before, ARRAY_SIZE(before));

	check(fold(view, EVENT_SNAPSHOT_BEGIN, "{\"v\":1,\"Zone\":\"blue\",\"reset\":true}") >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		fold_row(view, &after[i]);
	check(fold(view, EVENT_SNAPSHOT_END, "{\"v\":1,\"Zone\":\"blue\"}") >= 0);
	check_told(view, "1 - [] 2 - [10.20.0.2/32 172.24.0.0/24] "
			 "routes [10.20.0.2/32 172.24.0.0/24]");
	view_free(view);
}

static void takes_no_endpoint_inside_the_zone(void)
{
	static const struct row rows[] = {
		{ SELF, "10.20.0.1", "", "", false, 1 },
		{ 1, "10.20.0.2", "", "10.20.0.3:51820", false, 2 },
		{ 2, "10.20.0.3", "", "[::ffff:192.0.2.3]:51820", false, 3 },
	};
	struct view *view = view_of(MESH, false, rows, ARRAY_SIZE(rows));

	check_told(view, "1 - [10.20.0.2/32] 2 192.0.2.3:51820 [10.20.0.3/32] "
			 "routes [10.20.0.2/32 10.20.0.3/32]");
	view_free(view);
}

static const struct row hub_rows[] = {
	{ 1, "10.20.0.2", "172.24.1.0/24", "192.0.2.2:1", false, 2 },
	{ 2, "10.20.0.3", "172.24.2.0/24", "192.0.2.3:1", false, 3 },
	{ 5, "10.20.0.6", "172.24.5.0/24", "192.0.2.6:1", true, 4 },
	{ SELF, "10.20.0.1", "172.25.0.0/24", "192.0.2.1:1", false, 1 },
};

static void a_spoke_peers_with_the_hub_alone(void)
{
	struct view *view = view_of(MESH, true, hub_rows, ARRAY_SIZE(hub_rows));
	struct desired desired = { 0 };

	check_told(view, "5 192.0.2.6:1 [10.20.0.0/20 172.24.1.0/24 172.24.2.0/24 172.24.5.0/24] "
			 "routes [10.20.0.0/20 172.24.1.0/24 172.24.2.0/24 172.24.5.0/24]");
	check(make(view, &desired, NULL) == 0 && !desired.is_hub && !desired.lacks_hub);
	desired_done(&desired);
	view_free(view);
}

static void a_spoke_without_a_hub_waits(void)
{
	static const struct row rows[] = {
		{ 1, "10.20.0.2", "", "", false, 2 },
		{ SELF, "10.20.0.1", "", "", false, 1 },
	};
	struct view *view = view_of(MESH, true, rows, ARRAY_SIZE(rows));
	struct desired desired = { 0 };

	check_told(view, "routes []");
	check(make(view, &desired, NULL) == 0 && desired.lacks_hub);
	desired_done(&desired);
	view_free(view);
}

static void the_hub_peers_with_all(void)
{
	static const struct row rows[] = {
		{ 1, "10.20.0.2", "172.24.1.0/24", "", false, 2 },
		{ SELF, "10.20.0.1", "", "", true, 1 },
	};
	struct view *view = view_of(MESH, true, rows, ARRAY_SIZE(rows));
	struct desired desired = { 0 };

	check_told(view, "1 - [10.20.0.2/32 172.24.1.0/24] routes [10.20.0.2/32 172.24.1.0/24]");
	check(make(view, &desired, NULL) == 0 && desired.is_hub && !desired.lacks_hub);
	desired_done(&desired);
	view_free(view);
}

static void a_hub_router_elsewhere_is_a_peer_like_others(void)
{
	struct view *view = view_of(MESH, false, hub_rows, 3);
	struct row self = hub_rows[3];

	fold_row(view, &self);
	check_told(view, "1 192.0.2.2:1 [10.20.0.2/32 172.24.1.0/24] "
			 "2 192.0.2.3:1 [10.20.0.3/32 172.24.2.0/24] "
			 "5 192.0.2.6:1 [10.20.0.6/32 172.24.5.0/24] "
			 "routes [10.20.0.2/32 10.20.0.3/32 10.20.0.6/32 172.24.1.0/24 "
			 "172.24.2.0/24 172.24.5.0/24]");
	view_free(view);
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
