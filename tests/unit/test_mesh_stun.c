// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/stun.h"

#include <errno.h>

#include "base/str.h"
#include "check.h"

#define RFC_TXID "b7e7a701bc34d686fa87dfae"
#define HEADER(type, length) type length "2112a442" RFC_TXID

/* RFC 5769: a request (2.1) and its answers over IPv4 (2.2) and IPv6 (2.3). */
static const char rfc_request[] =
	HEADER("0001", "0058") "802200105354554e207465737420636c69656e74"
			       "002400046e0001ff80290008932ff9b151263b36"
			       "000600096576746a3a68367659202020"
			       "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
			       "80280004e57a3bcf";
static const char rfc_answer_v4[] =
	HEADER("0101", "003c") "8022000b7465737420766563746f7220"
			       "002000080001a147e112a643"
			       "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
			       "80280004c07d4c96";
static const char rfc_answer_v6[] =
	HEADER("0101", "0048") "8022000b7465737420766563746f7220"
			       "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
			       "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
			       "80280004c8fb0b4c";

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++)
		bytes[i] =
			(uint8_t)(str_hex_digit(hex[2 * i]) << 4 | str_hex_digit(hex[2 * i + 1]));
	return len;
}

static int read_hex(const char *hex, struct stun_message *ret_message)
{
	uint8_t bytes[STUN_PACKET_MAX + 64];
	size_t len = bytes_of(hex, bytes);

	return stun_read(bytes, len, ret_message);
}

/* The answer to this request, as hex digits. */
static const char *answer_to(const char *hex, const char *from_text)
{
	static char text[2 * STUN_ANSWER_MAX + 1];
	uint8_t bytes[STUN_ANSWER_MAX];
	struct stun_message request;
	struct endpoint from;
	size_t len;

	if (!check(read_hex(hex, &request) == 0) ||
	    !check(endpoint_parse(from_text, &from, NULL) == 0))
		return "";
	len = stun_write_answer(&request, &from, bytes);
	check(len <= strlen(hex) / 2 + STUN_ANSWER_GROWTH);
	for (size_t i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static const char *mapped_in(const char *hex)
{
	static char text[ENDPOINT_TEXT_BYTES];
	struct stun_message message;

	if (!check(read_hex(hex, &message) == 0) || !check(message.kind == STUN_SUCCESS))
		return "";
	endpoint_format(&message.mapped, text);
	return text;
}

static void reads_the_answers_of_the_rfc(void)
{
	struct stun_message message;

	check_str(mapped_in(rfc_answer_v4), "192.0.2.1:32853");
	check_str(mapped_in(rfc_answer_v6), "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	check(read_hex(rfc_answer_v4, &message) == 0 && message.has_fingerprint);
}

static void writes_a_bare_request(void)
{
	static const uint8_t txid[STUN_TXID_BYTES] = { 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
						       0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };
	uint8_t wanted[STUN_REQUEST_BYTES];
	uint8_t bytes[STUN_REQUEST_BYTES];
	struct stun_message message;

	stun_write_request(txid, bytes);
	check(bytes_of(HEADER("0001", "0000"), wanted) == sizeof(bytes));
	check(memcmp(bytes, wanted, sizeof(bytes)) == 0);
	check(stun_read(bytes, sizeof(bytes), &message) == 0);
	check(message.kind == STUN_REQUEST && message.unknown_len == 0);
	check(memcmp(message.txid, txid, sizeof(txid)) == 0);
}

static void answers_with_the_address_it_came_from(void)
{
	check_str(answer_to(HEADER("0001", "0000"), "192.0.2.1:32853"),
		  HEADER("0101", "000c") "002000080001a147e112a643");
	check_str(answer_to(HEADER("0001", "0000"), "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
		  HEADER("0101", "0018") "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
}

static void answers_a_fingerprint_with_one(void)
{
	const char *answer;
	struct stun_message message;

	answer = answer_to(HEADER("0001", "0008") "80280004fdf6ae02", "192.0.2.1:32853");
	check_str(mapped_in(answer), "192.0.2.1:32853");
	check(read_hex(answer, &message) == 0 && message.has_fingerprint);
}

/* PRIORITY and USERNAME of ICE; MESSAGE-INTEGRITY is known, though nothing can check it. */
static void names_the_attributes_that_it_does_not_know(void)
{
	const char *answer = answer_to(rfc_request, "192.0.2.1:32853");
	struct stun_message message;

	check(str_starts(answer, HEADER("0111", "0018") "0009000400000414000a000400240006"));
	check(read_hex(answer, &message) == 0 && message.kind == STUN_ERROR);
	check(message.has_fingerprint);
}

static void names_so_many_unknown_attributes_at_most(void)
{
	char hex[2 * STUN_PACKET_MAX + 1] = HEADER("0001", "0100");
	struct stun_message message;

	for (unsigned i = 0; i < 64; i++)
		(void)snprintf(hex + strlen(hex), 9, "%04x0000", 0x4000 + i / 2);
	check(read_hex(hex, &message) == 0);
	check(message.unknown_len == STUN_UNKNOWN_MAX && message.unknown[7] == 0x4007);
	check(strlen(answer_to(hex, "192.0.2.1:1")) == 2 * (20 + 8 + 4 + 16));
}

static void falls_back_to_older_forms_of_the_address(void)
{
	/* MAPPED-ADDRESS alone, the old number alone, and all three: the new one counts. */
	check_str(mapped_in(HEADER("0101", "000c") "0001000800018055c0000201"), "192.0.2.1:32853");
	check_str(mapped_in(HEADER("0101", "000c") "802000080001a147e112a643"), "192.0.2.1:32853");
	check_str(mapped_in(HEADER("0101", "0024") "000100080001000109090909"
						   "8020000800010001e112a643"
						   "002000080001a147e112a643"),
		  "192.0.2.1:32853");
	check_str(mapped_in(HEADER("0101", "0018") "002000080001a147e112a643"
						   "002000080001ffffffffffff"),
		  "192.0.2.1:32853");
}

static void refuses_what_is_malformed(void)
{
	static const char *const bad[] = {
		"",
		"0001",
		"0001000021",
		HEADER("0001", "0004"),            /* longer than it is */
		HEADER("0001", "0000") "00000000", /* more behind it */
		HEADER("0001", "0003") "000000",   /* no whole word */
		"00010000deadbeef" RFC_TXID,       /* no cookie: RFC 3489 */
		HEADER("8001", "0000"),            /* the first bits */
		HEADER("4001", "0000"),
		HEADER("0001", "0004") "00060001", /* value behind the end */
		HEADER("0001", "0004") "8022ffff",
		HEADER("0001", "0008") "8028000400000000",         /* fingerprint wrong, */
		HEADER("0001", "0004") "80280000",                 /* empty, */
		HEADER("0001", "000c") "802800048efe89cd80220000", /* not the last */
		HEADER("0101", "0000"),                            /* success without an address */
		HEADER("0101", "000c") "002000080003a147e112a643", /* of no family, */
		HEADER("0101", "000c") "002000080002a147e112a643", /* of the other's length, */
		HEADER("0101", "0008") "002000040001a147",
		HEADER("0101", "0008") "0020000000200000",
		HEADER("0101", "000c") "0020000800012112e112a643", /* with port 0 */
		/* A success with an attribute that must be understood. */
		HEADER("0101", "0010") "002000080001a147e112a64300240000",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct stun_message message;

		if (!check(read_hex(bad[i], &message) == -EBADMSG))
			printf("# %s\n", bad[i]);
	}
}

static void refuses_what_is_longer_than_any_path_carries(void)
{
	uint8_t bytes[STUN_PACKET_MAX + 4] = { 0 };
	struct stun_message message;

	(void)bytes_of(HEADER("0001", "0210"), bytes);
	check(stun_read(bytes, STUN_PACKET_MAX, &message) == 0);
	(void)bytes_of(HEADER("0001", "0214"), bytes);
	check(stun_read(bytes, STUN_PACKET_MAX + 4, &message) == -EBADMSG);
}

static void knows_nothing_but_binding(void)
{
	struct stun_message message;

	check(read_hex(HEADER("0011", "0000"), &message) == -EOPNOTSUPP); /* an indication */
	check(read_hex(HEADER("0003", "0000"), &message) == -EOPNOTSUPP); /* TURN's Allocate */
	check(read_hex(HEADER("3fff", "0000"), &message) == -EOPNOTSUPP);
}

int main(void)
{
	run(reads_the_answers_of_the_rfc);
	run(writes_a_bare_request);
	run(answers_with_the_address_it_came_from);
	run(answers_a_fingerprint_with_one);
	run(names_the_attributes_that_it_does_not_know);
	run(names_so_many_unknown_attributes_at_most);
	run(falls_back_to_older_forms_of_the_address);
	run(refuses_what_is_malformed);
	run(refuses_what_is_longer_than_any_path_carries);
	run(knows_nothing_but_binding);
	return check_done();
}
