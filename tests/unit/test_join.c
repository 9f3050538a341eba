// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/join.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "check.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"

#define PRIVATE "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define PUBLIC "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="
#define TICKET "apt.abc-DEF_123"

static struct key key_of(const char *text)
{
	struct key key = { 0 };

	check(key_parse(text, &key, NULL) == 0);
	return key;
}

static void body_has_what_was_asked_for(void)
{
	struct join_wish wish = { .public_key = key_of(PUBLIC),
				  .hostname = "n1",
				  .instance = "00112233445566778899aabbccddeeff" };
	struct prefix_vec prefixes = { 0 };
	struct prefix prefix;
	_cleanup_free_ char *short_body = join_write_body(&wish);
	_cleanup_free_ char *long_body = NULL;

	check_str(short_body, "{\"PublicKey\":\"" PUBLIC "\",\"Hostname\":\"n1\","
			      "\"HubRouter\":false,"
			      "\"Instance\":\"00112233445566778899aabbccddeeff\"}");
	check(endpoint_parse("[2001:db8::1]:51820", &wish.endpoint, NULL) == 0);
	check(ip_parse("10.1.0.9", &wish.address[0], NULL) == 0);
	check(ip_parse("fd00::9", &wish.address[1], NULL) == 0);
	check(prefix_parse("172.24.0.0/24", &prefix, NULL) == 0);
	check(vec_push(&prefixes, prefix) == 0);
	wish.prefixes = &prefixes;
	wish.hostname = "";
	wish.hub_router = true;
	wish.generation = 7;
	long_body = join_write_body(&wish);
	check_str(long_body, "{\"PublicKey\":\"" PUBLIC "\","
			     "\"EndpointIP\":\"[2001:db8::1]:51820\","
			     "\"NodeAddress\":\"10.1.0.9,fd00::9\","
			     "\"ChildPrefixes\":[\"172.24.0.0/24\"],\"HubRouter\":true,"
			     "\"Instance\":\"00112233445566778899aabbccddeeff\","
			     "\"Generation\":7}");
	vec_done(&prefixes);
}

/* A challenge as a tower with this key would give it. */
static struct join_challenge challenge_of(const struct key *tower_public)
{
	struct join_challenge challenge = { 0 };
	uint8_t nonce[PROOF_NONCE_BYTES];
	char nonce_text[JOIN_NONCE_TEXT_BYTES];
	char key_text[KEY_TEXT_BYTES];
	char text[256];

	crypto_random(nonce, sizeof(nonce));
	check(crypto_encode(CRYPTO_TEXT_BASE64_URL, nonce, sizeof(nonce), nonce_text,
			    sizeof(nonce_text)) >= 0);
	key_format(tower_public, key_text);
	(void)snprintf(text, sizeof(text),
		       "{\"Nonce\":\"%s\",\"TowerKey\":\"%s\",\"ExpiresIn\":30}", nonce_text,
		       key_text);
	check(join_read_challenge(text, strlen(text), &challenge, NULL) == 0);
	check(memcmp(challenge.nonce, nonce, sizeof(nonce)) == 0);
	return challenge;
}

static void a_tower_makes_the_same_proof(void)
{
	struct key private_key = key_of(PRIVATE);
	struct key tower_private;
	struct proof_input input = { .method = "POST",
				     .path = "/zones/blue/peers",
				     .zone = "blue" };
	struct join_challenge challenge;
	struct join_proof proof;
	char line[JOIN_PROOF_BYTES];
	char mac_text[64];
	uint8_t mac[PROOF_MAC_BYTES];

	key_generate(&tower_private);
	key_public(&tower_private, &input.tower_public);
	challenge = challenge_of(&input.tower_public);
	proof = (struct join_proof){ .private_key = &private_key,
				     .challenge = &challenge,
				     .method = input.method,
				     .path = input.path,
				     .zone = input.zone,
				     .body = "{}" };
	check(join_write_proof(&proof, line, NULL) == 0);
	check(str_starts(line,
			 "Apex-Proof: key=HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw,nonce="));

	input.body = "{}";
	input.body_len = 2;
	input.node_public = key_of(PUBLIC);
	memcpy(input.nonce, challenge.nonce, sizeof(input.nonce));
	check(proof_expect(&tower_private, &input, mac, NULL) == 0);
	check(crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), mac_text, sizeof(mac_text)) >=
	      0);
	check_str(strstr(line, ",mac=") + 5, mac_text);
}

static void refuses_a_challenge_without_its_parts(void)
{
	static const char *const bad[] = {
		"",
		"{}",
		"{\"Nonce\":\"abc\",\"TowerKey\":\"" PUBLIC "\"}",
		"{\"Nonce\":7}",
		"{\"TowerKey\":\"" PUBLIC "\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct join_challenge challenge;

		check(join_read_challenge(bad[i], strlen(bad[i]), &challenge, NULL) == -EPROTO);
	}
}

static const char *stun_server(const char *stun, const char *tower_address)
{
	static char text[ENDPOINT_TEXT_BYTES];
	struct join_challenge challenge = { 0 };
	struct endpoint server;

	(void)snprintf(challenge.stun, sizeof(challenge.stun), "%s", stun);
	server = join_stun_server(&challenge, tower_address);
	endpoint_format(&server, text);
	return server.ip.family == IP_NONE ? "none" : text;
}

static void finds_the_stun_server(void)
{
	check_str(stun_server(":3478", "192.0.2.9"), "192.0.2.9:3478");
	check_str(stun_server(":3478", "2001:db8::9"), "[2001:db8::9]:3478");
	check_str(stun_server("198.51.100.9:3479", "192.0.2.9"), "198.51.100.9:3479");
	check_str(stun_server("", "192.0.2.9"), "none");
	check_str(stun_server(":", "192.0.2.9"), "none");
	check_str(stun_server(":0", "192.0.2.9"), "none");
	check_str(stun_server(":65536", "192.0.2.9"), "none");
	check_str(stun_server(":3478x", "192.0.2.9"), "none");
	check_str(stun_server(":3478", ""), "none");
	check_str(stun_server("stun.example:3478", "192.0.2.9"), "none");
}

static void joins_also_when_the_stun_server_makes_no_sense(void)
{
	static const char *const texts[] = { "7", "\":3478\"", "null", "[]" };
	const struct key tower = key_of(PUBLIC);
	const struct join_challenge good = challenge_of(&tower);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct join_challenge challenge;
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "{\"Nonce\":\"%s\",\"TowerKey\":\"" PUBLIC "\",\"Stun\":%s}",
			       good.nonce_text, texts[i]);
		check(join_read_challenge(text, strlen(text), &challenge, NULL) == 0);
		check_str(challenge.stun, i == 1 ? ":3478" : "");
	}
}

/* An answer as a tower gives it, to whoever has `answer_key`. */
struct told {
	const char *zone, *key, *ticket, *mark;
	const struct key *answer_key;
};

static void write_answer(const struct told *told, char *to, size_t to_bytes)
{
	uint8_t box[256];
	char box_text[400];
	size_t len = strlen(told->ticket);

	crypto_seal(told->answer_key->bytes, told->ticket, len, box);
	check(crypto_encode(CRYPTO_TEXT_BASE64, box, len + CRYPTO_SEAL_EXTRA_BYTES, box_text,
			    sizeof(box_text)) >= 0);
	(void)snprintf(to, to_bytes,
		       "{\"Peer\":{\"PublicKey\":\"%s\",\"Zone\":\"%s\",\"EndpointIP\":\"\","
		       "\"NodeAddress\":\"10.20.1.7\",\"Generation\":3},\"Zone\":{},\"Revision\":8,"
		       "\"Mark\":\"%s\",\"Ticket\":\"%s\",\"TicketExpiresIn\":3600}",
		       told->key, told->zone, told->mark, box_text);
}

/* What the tower seals its answer to the node of `node_text` under. */
static struct key answer_key_of(const struct key *tower_private,
				const struct join_challenge *challenge, const char *node_text)
{
	struct proof_input input = { .method = "POST",
				     .path = "/zones/blue/peers",
				     .zone = "blue",
				     .node_public = key_of(node_text),
				     .tower_public = challenge->tower_key };
	uint8_t mac[PROOF_MAC_BYTES];
	struct key key = { 0 };

	memcpy(input.nonce, challenge->nonce, sizeof(input.nonce));
	check(proof_expect(tower_private, &input, mac, &key) == 0);
	return key;
}

static void reads_what_a_tower_answers(void)
{
	struct key private_key = key_of(PRIVATE);
	struct key tower_private;
	struct key tower_public;
	struct join_challenge challenge;
	struct join_answer answer;
	struct key answer_key;
	char text[1024];

	key_generate(&tower_private);
	key_public(&tower_private, &tower_public);
	challenge = challenge_of(&tower_public);
	answer_key = answer_key_of(&tower_private, &challenge, PUBLIC);
	write_answer(&(struct told){ "blue", PUBLIC, TICKET, "9f0c51d2a7e3b846", &answer_key },
		     text, sizeof(text));
	check(join_read_answer(text, strlen(text), &challenge, &private_key, "blue", &answer,
			       NULL) == 0);
	check(answer.generation == 3 && answer.id.revision == 8);
	check(answer.id.mark == 0x9f0c51d2a7e3b846);
	check(answer.address[0].family == IP_V4 && answer.address[0].bytes[3] == 7);
	check(answer.ticket_s == 3600);
	check_str(answer.ticket, TICKET);
}

static void refuses_an_answer_for_somebody_else(void)
{
	static const char other[] = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
	const struct key private_key = key_of(PRIVATE);
	struct key tower_private;
	struct key tower_public;
	struct join_challenge challenge;
	struct join_challenge earlier;
	struct key key, others_key, earlier_key;
	const struct {
		struct told told;
		int r;
	} rows[] = {
		{ { "red", PUBLIC, TICKET, "9f0c51d2a7e3b846", &key }, -EPROTO },
		{ { "blue", other, TICKET, "9f0c51d2a7e3b846", &key }, -EPROTO },
		{ { "blue", PUBLIC, TICKET, "9f0c51d2a7e3b846", &others_key }, -EBADMSG },
		{ { "blue", PUBLIC, TICKET, "9f0c51d2a7e3b846", &earlier_key }, -EBADMSG },
		{ { "blue", PUBLIC, "two\r\nlines", "9f0c51d2a7e3b846", &key }, -EPROTO },
		{ { "blue", PUBLIC, "nul", "9f0c", &key }, -EPROTO },
	};

	key_generate(&tower_private);
	key_public(&tower_private, &tower_public);
	challenge = challenge_of(&tower_public);
	earlier = challenge_of(&tower_public);
	key = answer_key_of(&tower_private, &challenge, PUBLIC);
	others_key = answer_key_of(&tower_private, &challenge, other);
	earlier_key = answer_key_of(&tower_private, &earlier, PUBLIC);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct join_answer answer = { .generation = 77 };
		char text[1024];

		write_answer(&rows[i].told, text, sizeof(text));
		check(join_read_answer(text, strlen(text), &challenge, &private_key, "blue",
				       &answer, NULL) == rows[i].r);
		check(answer.generation == 77);
	}
}

int main(void)
{
	if (crypto_init(NULL) < 0)
		return 1;
	run(body_has_what_was_asked_for);
	run(a_tower_makes_the_same_proof);
	run(refuses_a_challenge_without_its_parts);
	run(finds_the_stun_server);
	run(joins_also_when_the_stun_server_makes_no_sense);
	run(reads_what_a_tower_answers);
	run(refuses_an_answer_for_somebody_else);
	return check_done();
}
