// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"

/* The keys and the secret of RFC 7748, section 6.1. */
static const char alice_private[] =
	"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
static const char alice_public[] =
	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
static const char bob_private[] =
	"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
static const char bob_public[] = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
static const char their_secret[] =
	"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

static void from_hex(const char *hex, uint8_t bytes[CRYPTO_KEY_BYTES])
{
	size_t len = 0;

	check(crypto_decode(CRYPTO_TEXT_HEX, hex, strlen(hex), bytes, CRYPTO_KEY_BYTES, &len) == 0);
	check(len == CRYPTO_KEY_BYTES);
}

static void check_hex(const uint8_t bytes[32], const char *hex)
{
	char text[65] = "";

	check(crypto_encode(CRYPTO_TEXT_HEX, bytes, 32, text, sizeof(text)) == 0);
	check_str(text, hex);
}

static void check_text(enum crypto_text text, const char *bytes, const char *wanted)
{
	char written[16];
	char back[8];
	size_t len = 99;

	check(crypto_encode(text, bytes, strlen(bytes), written, sizeof(written)) == 0);
	check_str(written, wanted);
	check(crypto_decode(text, written, strlen(written), back, sizeof(back), &len) == 0);
	check(len == strlen(bytes) && memcmp(back, bytes, len) == 0);
}

static void encodes_and_decodes_the_vectors_of_rfc_4648(void)
{
	static const struct {
		const char *bytes, *base64, *base64_url, *hex;
	} rows[] = {
		{ "", "", "", "" },
		{ "f", "Zg==", "Zg", "66" },
		{ "fo", "Zm8=", "Zm8", "666f" },
		{ "foo", "Zm9v", "Zm9v", "666f6f" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172" },
		{ "\xfb\xff", "+/8=", "-_8", "fbff" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_text(CRYPTO_TEXT_BASE64, rows[i].bytes, rows[i].base64);
		check_text(CRYPTO_TEXT_BASE64_URL, rows[i].bytes, rows[i].base64_url);
		check_text(CRYPTO_TEXT_HEX, rows[i].bytes, rows[i].hex);
	}
}

static void refuses_malformed_text(void)
{
	static const struct {
		enum crypto_text text;
		const char *from;
	} rows[] = {
		{ CRYPTO_TEXT_BASE64, "Zg" },
		{ CRYPTO_TEXT_BASE64, "Zg=" },
		{ CRYPTO_TEXT_BASE64, "Zh==" }, /* bits behind the end */
		{ CRYPTO_TEXT_BASE64, "Zm9v " },
		{ CRYPTO_TEXT_BASE64, "Zm\n9v" },
		{ CRYPTO_TEXT_BASE64, "-_8=" },
		{ CRYPTO_TEXT_BASE64, "Zm9vZm9vZm9v" },
		{ CRYPTO_TEXT_BASE64_URL, "Zg==" },
		{ CRYPTO_TEXT_BASE64_URL, "Zh" },
		{ CRYPTO_TEXT_BASE64_URL, "+/8" },
		{ CRYPTO_TEXT_HEX, "0" },
		{ CRYPTO_TEXT_HEX, "0g" },
		{ CRYPTO_TEXT_HEX, "00 11" },
		{ CRYPTO_TEXT_HEX, "001122334455667788" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char bytes[8];
		size_t len = 99;

		check(crypto_decode(rows[i].text, rows[i].from, strlen(rows[i].from), bytes,
				    sizeof(bytes), &len) == -EINVAL);
		check(len == 99);
	}
}

static void check_alphabet(enum crypto_text text, const char *letters)
{
	for (int c = 1; c < 256; c++) {
		const char word[] = { 'A', (char)c, 'A', 'A' };
		uint8_t bytes[3];
		size_t len = 0;
		int r = crypto_decode(text, word, sizeof(word), bytes, sizeof(bytes), &len);

		check(r == (strchr(letters, c) ? 0 : -EINVAL));
	}
}

static void takes_no_letter_outside_its_alphabet(void)
{
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	check_alphabet(CRYPTO_TEXT_BASE64, ALNUM "+/");
	check_alphabet(CRYPTO_TEXT_BASE64_URL, ALNUM "-_");
}

static void refuses_texts_that_do_not_fit(void)
{
	char text[8];

	check(crypto_encode(CRYPTO_TEXT_HEX, "abcd", 4, text, sizeof(text)) == -ENOSPC);
	check(crypto_encode(CRYPTO_TEXT_HEX, "abc", 3, text, sizeof(text)) == 0);
	check(crypto_encode(CRYPTO_TEXT_BASE64, "abcd", 4, text, sizeof(text)) == -ENOSPC);
	check(crypto_encode(CRYPTO_TEXT_BASE64_URL, "abcd", 4, text, sizeof(text)) == 0);
	check(crypto_encode(CRYPTO_TEXT_BASE64_URL, "abcdef", 6, text, sizeof(text)) == -ENOSPC);
	check(crypto_encode(CRYPTO_TEXT_HEX, "", 0, text, 0) == -ENOSPC);
}

static void hashes_as_blake2b_256(void)
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	crypto_hash_of("abc", 3, hash);
	check_hex(hash, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	crypto_hash_of(NULL, 0, hash);
	check_hex(hash, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

/* FIPS 180-4, its example. */
static void hashes_as_sha_256(void)
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	crypto_sha256_of("abc", 3, hash);
	check_hex(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Made by another implementation: Python's hashlib. */
static void macs_as_the_header_says(void)
{
	const struct crypto_part parts[] = { { "ab", 2 }, { NULL, 0 }, { "c", 1 } };
	uint8_t key[CRYPTO_KEY_BYTES];
	uint8_t mac[CRYPTO_MAC_BYTES];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	crypto_mac(key, "domain", parts, ARRAY_SIZE(parts), mac);
	check_hex(mac, "fa2771d5033a46acfeb17a446f4aad8a282ed8ce65fdf193b93cba95739029da");
}

static void no_two_lists_of_parts_have_one_mac(void)
{
	static const struct {
		const char *domain;
		struct crypto_part parts[2];
		size_t parts_len;
	} rows[] = {
		{ "d", { { "ab", 2 }, { "c", 1 } }, 2 },
		{ "d", { { "a", 1 }, { "bc", 2 } }, 2 },
		{ "d", { { "abc", 3 } }, 1 },
		{ "d", { { "abc", 3 }, { "", 0 } }, 2 },
		{ "d", { { "", 0 }, { "abc", 3 } }, 2 },
		{ "da", { { "b", 1 }, { "c", 1 } }, 2 },
	};
	static const uint8_t key[CRYPTO_KEY_BYTES] = { 1 };
	uint8_t macs[ARRAY_SIZE(rows)][CRYPTO_MAC_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		crypto_mac(key, rows[i].domain, rows[i].parts, rows[i].parts_len, macs[i]);
		for (size_t k = 0; k < i; k++)
			check(!crypto_equal(macs[i], macs[k], CRYPTO_MAC_BYTES));
	}
}

static void agrees_on_the_secret_of_rfc_7748(void)
{
	uint8_t private_key[CRYPTO_KEY_BYTES];
	uint8_t public_key[CRYPTO_KEY_BYTES];
	uint8_t secret[CRYPTO_KEY_BYTES];

	from_hex(alice_private, private_key);
	crypto_public_key(private_key, public_key);
	check_hex(public_key, alice_public);
	from_hex(bob_public, public_key);
	check(crypto_shared(private_key, public_key, secret) == 0);
	check_hex(secret, their_secret);
	from_hex(bob_private, private_key);
	from_hex(alice_public, public_key);
	check(crypto_shared(private_key, public_key, secret) == 0);
	check_hex(secret, their_secret);
}

static void refuses_points_of_low_order(void)
{
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t private_key[CRYPTO_KEY_BYTES];
	uint8_t public_key[CRYPTO_KEY_BYTES];
	uint8_t secret[CRYPTO_KEY_BYTES] = { 7 };

	from_hex(alice_private, private_key);
	for (size_t i = 0; i < ARRAY_SIZE(low); i++) {
		from_hex(low[i], public_key);
		check(crypto_shared(private_key, public_key, secret) == -EINVAL);
		check(secret[0] == 7);
	}
}

static void makes_private_keys_clamped_and_different(void)
{
	uint8_t a[CRYPTO_KEY_BYTES];
	uint8_t b[CRYPTO_KEY_BYTES];

	crypto_private_key(a);
	crypto_private_key(b);
	check(!crypto_equal(a, b, sizeof(a)));
	check((a[0] & 7) == 0 && (a[31] & 0xc0) == 0x40);
}

static void only_the_right_key_opens_a_sealed_box(void)
{
	static const char text[] = "apt.ticket";
	uint8_t key[CRYPTO_KEY_BYTES];
	uint8_t other_key[CRYPTO_KEY_BYTES];
	uint8_t box[sizeof(text) + CRYPTO_SEAL_EXTRA_BYTES];
	uint8_t again[sizeof(text) + CRYPTO_SEAL_EXTRA_BYTES];
	char opened[sizeof(text)] = "";

	crypto_random(key, sizeof(key));
	crypto_random(other_key, sizeof(other_key));
	crypto_seal(key, text, sizeof(text), box);
	check(crypto_open(key, box, sizeof(box), opened) == 0);
	check_str(opened, text);
	crypto_seal(key, text, sizeof(text), again);
	check(!crypto_equal(box, again, sizeof(box)));
	check(crypto_open(other_key, box, sizeof(box), opened) == -EBADMSG);
	for (size_t len = 0; len < sizeof(box); len++)
		check(crypto_open(key, box, len, opened) == -EBADMSG);
	for (size_t i = 0; i < sizeof(box); i++) {
		box[i] ^= 1;
		check(crypto_open(key, box, sizeof(box), opened) == -EBADMSG);
		box[i] ^= 1;
	}
}

/* Made by another implementation, which was checked with the vector of NaCl's own test. */
static void opens_what_another_implementation_sealed(void)
{
	static const char golden[] = "404142434445464748494a4b4c4d4e4f5051525354555657"
				     "e4a683e80436b26787289a5f793445e42b6721574e38d841a32d";
	uint8_t key[CRYPTO_KEY_BYTES];
	uint8_t box[10 + CRYPTO_SEAL_EXTRA_BYTES];
	char opened[11] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	check(crypto_decode(CRYPTO_TEXT_HEX, golden, strlen(golden), box, sizeof(box), &len) == 0);
	check(len == sizeof(box));
	check(crypto_open(key, box, len, opened) == 0);
	check_str(opened, "apt.ticket");
}

static void wipes_and_compares(void)
{
	char bytes[] = "secret";

	check(crypto_equal(bytes, "secret", 6));
	check(!crypto_equal(bytes, "secreT", 6));
	crypto_wipe(bytes, sizeof(bytes));
	check(crypto_equal(bytes, "\0\0\0\0\0\0", 7));
}

int main(void)
{
	if (!check(crypto_init(NULL) == 0))
		return 1;
	run(encodes_and_decodes_the_vectors_of_rfc_4648);
	run(refuses_malformed_text);
	run(takes_no_letter_outside_its_alphabet);
	run(refuses_texts_that_do_not_fit);
	run(hashes_as_blake2b_256);
	run(hashes_as_sha_256);
	run(macs_as_the_header_says);
	run(no_two_lists_of_parts_have_one_mac);
	run(agrees_on_the_secret_of_rfc_7748);
	run(refuses_points_of_low_order);
	run(makes_private_keys_clamped_and_different);
	run(only_the_right_key_opens_a_sealed_box);
	run(opens_what_another_implementation_sealed);
	run(wipes_and_compares);
	return check_done();
}
