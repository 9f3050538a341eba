// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/file.h"
#include "core.h"
#include "tower/api/wg_quick.h"

static const char *text_of(const struct core *core, unsigned number)
{
	static struct str text;
	const struct peer peer = peer_now(core, number);
	uint64_t revision;

	str_done(&text);
	wg_quick_write(&text, core->state, state_peer(core->state, &peer.key), &revision);
	return text.at;
}

static struct endpoint endpoint_of(const char *text)
{
	struct endpoint endpoint;

	if (endpoint_parse(text, &endpoint, NULL) < 0)
		abort();
	return endpoint;
}

static void with_endpoint(struct request *request, const char *text)
{
	request->wish.has_endpoint = true;
	request->wish.endpoint = endpoint_of(text);
}

static void add(struct core *core, unsigned number, const char *hostname, const char *endpoint,
		const char *prefixes)
{
	struct request request = join_request(number, "blue");

	with_hostname(&request, hostname);
	with_prefixes(&request, prefixes);
	if (endpoint)
		with_endpoint(&request, endpoint);
	check_str(core_say(core, &request), "OK");
}

static void make_blue(struct core *core, bool hub_zone)
{
	struct request request = zone_request("blue", "10.20.0.0/20,fd00:20::/64");

	core_init(core);
	request.zone.hub_zone = hub_zone;
	check_str(core_say(core, &request), "OK");
}

static void writes_as_the_golden_file(void)
{
	_cleanup_free_ char *golden = NULL;
	struct core core;
	size_t len;

	make_blue(&core, false);
	add(&core, 1, "phone", NULL, "");
	add(&core, 2, "node1", "192.0.2.1:51820", "172.24.0.0/24,fd00:24::/64");
	add(&core, 3, "", "[2001:db8::3]:51821", "");
	add(&core, 4, "roams", NULL, "");
	check(file_read("tests/unit/data/wg-quick.conf", 65536, &golden, &len, NULL) == 0);
	check_str(text_of(&core, 1), golden ? golden : "");
	core_done(&core);
}

static void sends_nobody_into_the_zone_to_reach_it(void)
{
	struct core core;

	make_blue(&core, false);
	add(&core, 1, "phone", NULL, "");
	add(&core, 2, "node1", "10.20.0.9:51820", "");
	add(&core, 3, "node2", "[::ffff:192.0.2.7]:51820", "");
	check(!strstr(text_of(&core, 1), "10.20.0.9"));
	check(strstr(text_of(&core, 1), "Endpoint = 192.0.2.7:51820\n"));
	core_done(&core);
}

static void listens_where_others_were_told_to_send(void)
{
	struct core core;

	make_blue(&core, false);
	add(&core, 1, "router", "192.0.2.9:4500", "172.30.0.0/24");
	check(strstr(text_of(&core, 1), "ListenPort = 4500\n"));
	check(!strstr(text_of(&core, 1), "[Peer]"));
	core_done(&core);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void gives_a_spoke_the_hub_alone(void)
{
	struct request hub = join_request(3, "blue");
	struct core core;

	make_blue(&core, true);
	add(&core, 1, "phone", NULL, "172.31.0.0/24");
	check(strstr(text_of(&core, 1), "# The zone's hub has not joined yet.\n"));
	add(&core, 2, "node1", "192.0.2.1:51820", "172.24.0.0/24");
	hub.wish.hub_router = true;
	hub.wish.has_hub_router = true;
	with_endpoint(&hub, "192.0.2.3:51820");
	check_str(core_say(&core, &hub), "OK");
	check(count(text_of(&core, 1), "[Peer]") == 1);
	check(strstr(text_of(&core, 1), "Endpoint = 192.0.2.3:51820\n"));
	check(strstr(text_of(&core, 1),
		     "AllowedIPs = 10.20.0.0/20, fd00:20::/64, 172.24.0.0/24\n"));
	check(count(text_of(&core, 3), "[Peer]") == 2);
	core_done(&core);
}

/* A join that a spoke need not know of leaves its text as it was; one that it must know, does not.
 */
static void changes_when_there_is_something_to_change(void)
{
	_cleanup_free_ char *before = NULL;
	struct request hub = join_request(3, "blue");
	struct core core;

	make_blue(&core, true);
	hub.wish.hub_router = true;
	hub.wish.has_hub_router = true;
	check_str(core_say(&core, &hub), "OK");
	add(&core, 1, "phone", NULL, "");
	before = strdup(text_of(&core, 1));
	check_str(make_zone(&core, "red", "10.30.0.0/20"), "OK");
	add(&core, 4, "node1", "192.0.2.1:51820", "");
	check_str(text_of(&core, 1), before);
	add(&core, 5, "node2", NULL, "172.24.0.0/24");
	check(strcmp(text_of(&core, 1), before) != 0);
	core_done(&core);
}

int main(void)
{
	run(writes_as_the_golden_file);
	run(sends_nobody_into_the_zone_to_reach_it);
	run(listens_where_others_were_told_to_send);
	run(gives_a_spoke_the_hub_alone);
	run(changes_when_there_is_something_to_change);
	return check_done();
}
