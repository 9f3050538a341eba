// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"
#include "mesh/proof.h"
#include "tests/unit/check.h"

/* The keys of RFC 7748, section 6.1, in base64: Alice is the node, Bob the tower. */
static const char node_text[] = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
static const char tower_text[] = "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=";
static const char body[] = "{\"PublicKey\":\"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\"}";

static struct key node_private;
static struct key tower_private;

static struct proof_input join_input(void)
{
	struct proof_input input = { .method = "POST",
				     .path = "/zones/zone-blue/peers",
				     .zone = "zone-blue",
				     .body = body,
				     .body_len = strlen(body) };

	for (size_t i = 0; i < sizeof(input.nonce); i++)
		input.nonce[i] = (uint8_t)i;
	key_public(&node_private, &input.node_public);
	key_public(&tower_private, &input.tower_public);
	return input;
}

static void check_mac(const struct key *own, const struct proof_input *input, const char *wanted)
{
	uint8_t mac[PROOF_MAC_BYTES];
	char hex[2 * PROOF_MAC_BYTES + 1] = "";

	check(proof_make(own, input, mac) == 0);
	check(crypto_encode(CRYPTO_TEXT_HEX, mac, sizeof(mac), hex, sizeof(hex)) == 0);
	check_str(hex, wanted);
}

static void check_answer_key(const struct proof_input *input, const char *wanted)
{
	struct key key = { 0 };
	char hex[2 * KEY_BYTES + 1] = "";

	check(proof_answer_key(&node_private, input, &key) == 0);
	check(crypto_encode(CRYPTO_TEXT_HEX, key.bytes, KEY_BYTES, hex, sizeof(hex)) == 0);
	check_str(hex, wanted);
}

/* The golden values were made by another implementation, from docs/protocol.md. */
static void is_what_the_protocol_says(void)
{
	struct proof_input input = join_input();

	check_mac(&node_private, &input,
		  "e9fc61fabecf809890f577aefc98dd50c11a0e5a536ce0c3793061da323b8f74");
	check_answer_key(&input,
			 "e9d8ced0b1f2010bf5f8fc48848ef7f89f5a0f0c15746a517ee69c2bb2913541");
	input = (struct proof_input){ .method = "GET",
				      .path = "/zones",
				      .zone = "",
				      .node_public = input.node_public,
				      .tower_public = input.tower_public };
	for (size_t i = 0; i < sizeof(input.nonce); i++)
		input.nonce[i] = (uint8_t)i;
	check_mac(&node_private, &input,
		  "7fc314bcea1a83f9229d611897529a2da9892f8ac353144a15ffc5fb92bf1256");
}

static void both_sides_agree(void)
{
	for (int i = 0; i < 20; i++) {
		struct proof_input input = join_input();
		uint8_t by_node[PROOF_MAC_BYTES];
		uint8_t by_tower[PROOF_MAC_BYTES];
		struct key node;
		struct key tower;
		struct key node_key;
		struct key tower_key;

		key_generate(&node);
		key_generate(&tower);
		key_public(&node, &input.node_public);
		key_public(&tower, &input.tower_public);
		check(proof_make(&node, &input, by_node) == 0);
		check(proof_expect(&tower, &input, by_tower, &tower_key) == 0);
		check(crypto_equal(by_node, by_tower, PROOF_MAC_BYTES));
		check(proof_answer_key(&node, &input, &node_key) == 0);
		check(key_compare(&node_key, &tower_key) == 0);
		check(!crypto_equal(by_node, node_key.bytes, KEY_BYTES));
	}
}

static void every_part_changes_it(void)
{
	enum { PARTS = 9 };
	struct proof_input inputs[PARTS];
	uint8_t macs[PARTS][PROOF_MAC_BYTES];

	for (size_t i = 0; i < PARTS; i++)
		inputs[i] = join_input();
	inputs[1].method = "PUT";
	inputs[2].path = "/zones/zone-blue/peer";
	inputs[3].zone = "zone-red";
	inputs[4].body_len--;
	inputs[5].nonce[PROOF_NONCE_BYTES - 1] ^= 1;
	inputs[6].node_public.bytes[0] ^= 1;
	inputs[7].tower_public.bytes[0] ^= 1;
	inputs[8].method = "POST/"; /* the same letters, cut elsewhere */
	inputs[8].path = "zones/zone-blue/peers";
	for (size_t i = 0; i < PARTS; i++) {
		check(proof_make(&node_private, &inputs[i], macs[i]) == 0);
		for (size_t k = 0; k < i; k++)
			check(!crypto_equal(macs[i], macs[k], PROOF_MAC_BYTES));
	}
}

static void another_key_cannot_make_it(void)
{
	struct proof_input input = join_input();
	uint8_t right[PROOF_MAC_BYTES];
	uint8_t forged[PROOF_MAC_BYTES];
	struct key other;
	struct key key;
	struct key forged_key;

	key_generate(&other);
	check(proof_expect(&tower_private, &input, right, &key) == 0);
	check(proof_make(&other, &input, forged) == 0);
	check(!crypto_equal(right, forged, PROOF_MAC_BYTES));
	check(proof_answer_key(&other, &input, &forged_key) == 0);
	check(key_compare(&key, &forged_key) != 0);
}

/* Who replays an answer to a later request, or to another node, shows what does not open. */
static void each_nonce_and_each_pair_has_its_answer_key(void)
{
	enum { PARTS = 4 };
	struct proof_input inputs[PARTS];
	struct key keys[PARTS];
	uint8_t mac[PROOF_MAC_BYTES];

	for (size_t i = 0; i < PARTS; i++)
		inputs[i] = join_input();
	inputs[1].nonce[0] ^= 1;
	inputs[2].nonce[PROOF_NONCE_BYTES - 1] ^= 1;
	inputs[3].node_public = inputs[3].tower_public;
	for (size_t i = 0; i < PARTS; i++) {
		check(proof_expect(&tower_private, &inputs[i], mac, &keys[i]) == 0);
		for (size_t k = 0; k < i; k++)
			check(key_compare(&keys[i], &keys[k]) != 0);
	}
}

static void a_key_of_low_order_is_refused(void)
{
	struct proof_input input = join_input();
	uint8_t mac[PROOF_MAC_BYTES] = { 7 };
	struct key key = { { 7 } };

	input.node_public = (struct key){ { 0 } };
	check(proof_expect(&tower_private, &input, mac, &key) == -EINVAL);
	input.node_public.bytes[0] = 1;
	check(proof_expect(&tower_private, &input, mac, &key) == -EINVAL);
	check(mac[0] == 7 && key.bytes[0] == 7);
	input.tower_public = (struct key){ { 1 } };
	check(proof_answer_key(&node_private, &input, &key) == -EINVAL);
	check(key.bytes[0] == 7);
}

int main(void)
{
	if (!check(crypto_init(NULL) == 0) ||
	    !check(key_parse(node_text, &node_private, NULL) == 0) ||
	    !check(key_parse(tower_text, &tower_private, NULL) == 0))
		return 1;
	run(is_what_the_protocol_says);
	run(both_sides_agree);
	run(every_part_changes_it);
	run(another_key_cannot_make_it);
	run(each_nonce_and_each_pair_has_its_answer_key);
	run(a_key_of_low_order_is_refused);
	return check_done();
}
