// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/own_endpoint_choice.h"

#include "base/str.h"
#include "check.h"

#define PORT 51821
#define NOW_S 1769860800

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };

	check(ip_parse(text, &ip, NULL) == 0);
	return ip;
}

static struct endpoint at(const char *text)
{
	struct endpoint endpoint = { 0 };

	check(endpoint_parse(text, &endpoint, NULL) == 0);
	return endpoint;
}

/* A node behind NAT that asked, all of whose options are still unset. */
static struct own_endpoint_facts asked(const char *mapped, const char *local)
{
	return (struct own_endpoint_facts){ .listen_port = PORT,
					    .server = at("198.51.100.9:3478"),
					    .mapped = at(mapped),
					    .local = at(local) };
}

static const char *chosen(const struct own_endpoint_facts *facts)
{
	static const char *const sources[] = { "none", "declared", "internal", "stun" };
	static const char *const nats[] = { "", " no-nat", " nat" };
	static char text[128];
	struct own_endpoint_choice choice = own_endpoint_choose(facts);
	char endpoint[ENDPOINT_TEXT_BYTES] = "-";

	if (choice.endpoint.ip.family != IP_NONE)
		endpoint_format(&choice.endpoint, endpoint);
	(void)snprintf(text, sizeof(text), "%s %s%s%s", sources[choice.source], endpoint,
		       nats[choice.nat], choice.is_public ? " public" : "");
	return text;
}

static void chooses_in_order(void)
{
	struct own_endpoint_facts facts = asked("203.0.113.5:40000", "10.0.0.2:51821");

	check_str(chosen(&facts), "stun 203.0.113.5:40000 nat");
	facts.internal = ip_of("10.0.0.2");
	check_str(chosen(&facts), "stun 203.0.113.5:40000 nat");
	facts.internal_network = true;
	check_str(chosen(&facts), "internal 10.0.0.2:51821");
	facts.declared = ip_of("203.0.113.77");
	check_str(chosen(&facts), "declared 203.0.113.77:51821 public");
}

static void chooses_nothing_rather_than_what_was_not_asked_for(void)
{
	struct own_endpoint_facts facts = asked("203.0.113.5:40000", "10.0.0.2:51821");

	facts.internal_network = true;
	check_str(chosen(&facts), "none -");
	facts = (struct own_endpoint_facts){ .listen_port = PORT };
	check_str(chosen(&facts), "none -");
}

static void a_node_is_public_whose_own_address_the_server_sees(void)
{
	struct own_endpoint_facts same = asked("203.0.113.5:51821", "203.0.113.5:51821");
	struct own_endpoint_facts port = asked("203.0.113.5:1024", "203.0.113.5:51821");
	struct own_endpoint_facts company = asked("10.0.0.2:51821", "10.0.0.2:51821");
	struct own_endpoint_facts v6 = asked("[2001:db8::5]:51821", "[2001:db8::5]:51821");

	check_str(chosen(&same), "stun 203.0.113.5:51821 no-nat public");
	check_str(chosen(&port), "stun 203.0.113.5:1024 nat");
	check_str(chosen(&company), "stun 10.0.0.2:51821 no-nat");
	check_str(chosen(&v6), "stun [2001:db8::5]:51821 no-nat");
}

static void a_declared_private_address_proves_nothing(void)
{
	struct own_endpoint_facts facts = { .listen_port = PORT, .declared = ip_of("10.0.0.2") };

	check_str(chosen(&facts), "declared 10.0.0.2:51821");
}

static void another_port_is_no_news_while_peers_hear_us(void)
{
	struct own_endpoint_facts facts = asked("203.0.113.5:1024", "10.0.0.2:51821");

	facts.scene.known = at("203.0.113.5:51821");
	check_str(chosen(&facts), "stun 203.0.113.5:1024 nat");
	facts.scene.has_live_peer = true;
	check_str(chosen(&facts), "stun 203.0.113.5:51821 nat");
	facts.scene.known = at("203.0.113.6:51821");
	check_str(chosen(&facts), "stun 203.0.113.5:1024 nat");
}

static void accepts_what_others_can_reach(void)
{
	static const struct {
		const char *mapped;
		const char *server;
		bool accepted;
	} cases[] = {
		{ "203.0.113.5:1024", "198.51.100.9:3478", true },
		{ "10.0.0.5:1024", "198.51.100.9:3478", false },
		{ "100.64.0.5:1024", "198.51.100.9:3478", false },
		{ "[fd00::5]:1024", "[2001:db8::9]:3478", false },
		{ "[2001:db8::5]:1024", "[2001:db8::9]:3478", true },
		/* Both in one private network. */
		{ "10.0.0.5:1024", "10.0.0.9:3478", true },
		{ "192.168.1.5:1024", "10.0.0.9:3478", true },
		{ "203.0.113.5:1024", "10.0.0.9:3478", true },
		/* Never, whoever says so. */
		{ "127.0.0.1:1024", "127.0.0.1:3478", false },
		{ "169.254.1.1:1024", "10.0.0.9:3478", false },
		{ "224.0.0.1:1024", "198.51.100.9:3478", false },
		{ "0.0.0.1:1024", "198.51.100.9:3478", false },
		{ "[fe80::1]:1024", "[2001:db8::9]:3478", false },
		{ "[::ffff:203.0.113.5]:1024", "[2001:db8::9]:3478", false },
	};
	const struct endpoint none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct endpoint mapped = at(cases[i].mapped);
		struct endpoint server = at(cases[i].server);

		if (!check(own_endpoint_accepts(&mapped, &server) == cases[i].accepted))
			printf("# %s from %s\n", cases[i].mapped, cases[i].server);
	}
	check(!own_endpoint_accepts(&none, &none));
}

static void asks_again_as_often_as_the_mapping_needs(void)
{
	struct own_endpoint_choice choice = { .nat = OWN_ENDPOINT_NAT_BEHIND };
	struct own_endpoint_scene scene = { 0 };

	check(own_endpoint_ask_after_ms(&choice, &scene, 0) == OWN_ENDPOINT_MAPPING_MS);
	scene.is_kept_alive = true; /* but nobody is heard: the mapping may be another one */
	check(own_endpoint_ask_after_ms(&choice, &scene, 0) == OWN_ENDPOINT_MAPPING_MS);
	scene.has_live_peer = true;
	check(own_endpoint_ask_after_ms(&choice, &scene, 0) == OWN_ENDPOINT_IDLE_MS);
	scene.is_kept_alive = false;
	check(own_endpoint_ask_after_ms(&choice, &scene, 0) == OWN_ENDPOINT_MAPPING_MS);
	choice.nat = OWN_ENDPOINT_NAT_NONE;
	check(own_endpoint_ask_after_ms(&choice, &scene, 0) == -1);
	scene.has_live_peer = false;
	check(own_endpoint_ask_after_ms(&choice, &scene, 0) == OWN_ENDPOINT_IDLE_MS);
}

static void asks_a_silent_server_less_and_less(void)
{
	const struct own_endpoint_choice choice = { 0 };
	const struct own_endpoint_scene scene = { .has_live_peer = true, .is_kept_alive = true };
	int64_t before_ms = 0;

	for (unsigned failures = 1; failures < 100; failures++) {
		int64_t after_ms = own_endpoint_ask_after_ms(&choice, &scene, failures);

		check(after_ms >= before_ms && after_ms <= OWN_ENDPOINT_IDLE_MS);
		before_ms = after_ms;
	}
	check(before_ms == OWN_ENDPOINT_IDLE_MS);
}

static void looks_at_the_zone_and_at_wireguard(void)
{
	struct wg_peer list[] = { { .handshake_s = NOW_S - 181 }, { .keepalive_s = 25 } };
	struct wg_peer *pointers[] = { &list[0], &list[1] };
	const struct wg_peer_list peers = { .at = pointers, .len = 2 };
	const struct view_peer self = { .endpoint = at("203.0.113.5:51821") };
	struct own_endpoint_scene scene;

	own_endpoint_look_around(NULL, NULL, NOW_S, &scene);
	check(scene.known.ip.family == IP_NONE && !scene.has_live_peer && !scene.is_kept_alive);
	own_endpoint_look_around(&self, &peers, NOW_S, &scene);
	check(endpoint_equal(&scene.known, &self.endpoint));
	check(!scene.has_live_peer && !scene.is_kept_alive); /* nowhere to send keepalives to */
	list[0].handshake_s = NOW_S - 179;
	list[1].endpoint = at("203.0.113.7:51820");
	own_endpoint_look_around(&self, &peers, NOW_S, &scene);
	check(scene.has_live_peer && scene.is_kept_alive);
}

int main(void)
{
	run(chooses_in_order);
	run(chooses_nothing_rather_than_what_was_not_asked_for);
	run(a_node_is_public_whose_own_address_the_server_sees);
	run(a_declared_private_address_proves_nothing);
	run(another_port_is_no_news_while_peers_hear_us);
	run(accepts_what_others_can_reach);
	run(asks_again_as_often_as_the_mapping_needs);
	run(asks_a_silent_server_less_and_less);
	run(looks_at_the_zone_and_at_wireguard);
	return check_done();
}
