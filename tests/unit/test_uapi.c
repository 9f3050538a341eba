// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The text of userspace WireGuard, against an answer of wireguard-go and a request that it takes:
 * the golden files tests/unit/data/uapi-*.txt.
 */
#include <errno.h>

#include "base/file.h"
#include "check.h"
#include "nodeagent/wg/uapi.h"

#define GET_FILE "tests/unit/data/uapi-get.txt"
#define SET_FILE "tests/unit/data/uapi-set.txt"
#define GOLDEN_MAX 65536

static struct key key_of(uint8_t first, uint8_t last)
{
	struct key key = { .bytes = { first, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				      0x88,  0x99, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
				      0x66,  0x77, 0x88, 0x99, 0x00, 0x11, 0x22, 0x33,
				      0x44,  0x55, 0x66, 0x77, 0x88, 0x99, 0x00, last } };

	return key;
}

static bool is_key(const struct key *key, uint8_t first, uint8_t last)
{
	struct key wanted = key_of(first, last);

	return key_compare(key, &wanted) == 0;
}

static bool is_prefix(const struct prefix *prefix, const char *wanted)
{
	char text[PREFIX_TEXT_BYTES];

	prefix_format(prefix, text);
	return strcmp(text, wanted) == 0;
}

/* Feeds an answer in pieces of that size: what the last piece was answered with. */
static int feed(const char *text, size_t len, size_t piece, struct wg_device *ret_device)
{
	struct uapi_reader *reader = NULL;
	int r = uapi_reader_new(&reader);

	for (size_t at = 0; r == 0 && at < len; at += piece)
		r = uapi_reader_feed(reader, text + at, MIN(piece, len - at), NULL);
	if (r == 1)
		uapi_reader_take(reader, ret_device);
	uapi_reader_free(reader);
	return r;
}

static void check_device(const struct wg_device *device)
{
	const struct wg_peer *first = device->peers.at;
	const struct wg_peer *second = first + 1;
	char text[ENDPOINT_TEXT_BYTES];

	check(is_key(&device->private_key, 0x00, 0x51) && device->listen_port == 51820);
	if (!check(device->peers.len == 2))
		return;
	check(is_key(&first->key, 0x09, 0x11) && first->handshake_s == 0);
	endpoint_format(&first->endpoint, text);
	check_str(text, "192.0.2.1:51820");
	check(first->allowed.len == 1 && is_prefix(&first->allowed.at[0], "10.0.0.1/32"));
	check(is_key(&second->key, 0x19, 0x11) && second->handshake_s == 1700000000);
	check(second->keepalive_s == 25 && second->tx_bytes == 1234);
	check(second->rx_bytes == UINT64_MAX);
	endpoint_format(&second->endpoint, text);
	check_str(text, "[fe80::1]:7");
	check(second->allowed.len == 2 && is_prefix(&second->allowed.at[0], "10.0.0.2/32") &&
	      is_prefix(&second->allowed.at[1], "fd00::1/128"));
}

static void reads_a_device_in_pieces_of_any_size(void)
{
	static const size_t pieces[] = { 1, 2, 7, 100, GOLDEN_MAX };
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (!check(file_read(GET_FILE, GOLDEN_MAX, &text, &len, NULL) == 0))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct wg_device device = { 0 };

		check(feed(text, len, pieces[i], &device) == 1);
		check_device(&device);
		wg_device_done(&device);
	}
}

static void an_answer_that_ends_early_is_incomplete(void)
{
	_cleanup_free_ char *text = NULL;
	struct wg_device device = { 0 };
	size_t len;

	if (!check(file_read(GET_FILE, GOLDEN_MAX, &text, &len, NULL) == 0))
		return;
	/* Cut anywhere: never a device with fewer peers. */
	for (size_t cut = 0; cut < len; cut++)
		check(feed(text, cut, GOLDEN_MAX, &device) == 0);
}

#define HEX_KEY "0911223344556677889900112233445566778899001122334455667788990011"

static void refuses_what_is_no_answer(void)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ "errno=0\n\n", 1 },
		{ "fwmark=7\nnewfield=x\nerrno=0\n\n", 1 },
		{ "errno=-22\n\n", -EINVAL },
		{ "errno=98\n\n", -EADDRINUSE },
		{ "errno=\n\n", -EPROTO },
		{ "errno=99999999999\n\n", -EPROTO },
		{ "errno=0\nerrno=0\n\n", -EPROTO },
		{ "errno=0\n\nmore", -EPROTO },
		{ "\n", -EPROTO },
		{ "nonsense\n", -EPROTO },
		{ "listen_port=65536\n", -EPROTO },
		{ "listen_port=-1\n", -EPROTO },
		{ "private_key=00\n", -EPROTO },
		{ "public_key=" HEX_KEY "0\n", -EPROTO },
		{ "public_key=x911223344556677889900112233445566778899001122334455667788990011\n",
		  -EPROTO },
		{ "endpoint=192.0.2.1:1\n", -EPROTO },
		{ "allowed_ip=10.0.0.0/8\n", -EPROTO },
		{ "public_key=" HEX_KEY "\nallowed_ip=10.0.0.0\n", -EPROTO },
		{ "public_key=" HEX_KEY "\nallowed_ip=10.0.0.0/33\n", -EPROTO },
		{ "public_key=" HEX_KEY "\nendpoint=[fe80::1%eth0\n", -EPROTO },
		{ "public_key=" HEX_KEY "\nrx_bytes=18446744073709551616\n", -EPROTO },
		{ "public_key=" HEX_KEY "\nlast_handshake_time_sec=9223372036854775808\n",
		  -EPROTO },
		{ "public_key=" HEX_KEY "\npublic_key=" HEX_KEY "\nerrno=0\n\n", -EPROTO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wg_device device = { 0 };

		if (!check(feed(cases[i].text, strlen(cases[i].text), GOLDEN_MAX, &device) ==
			   cases[i].r))
			printf("# %s", cases[i].text);
		wg_device_done(&device);
	}
}

static void refuses_a_nul_and_a_line_without_end(void)
{
	struct wg_device device = { 0 };
	char line[UAPI_LINE_BYTES + 1];

	memset(line, 'a', sizeof(line));
	check(feed(line, sizeof(line), sizeof(line), &device) == -EPROTO);
	check(feed("fwmark=\0007\n", 10, 10, &device) == -EPROTO);
}

static void never_tells_a_value(void)
{
	const char *text = "private_key=secret\n";
	struct uapi_reader *reader = NULL;
	struct err err = { 0 };

	check(uapi_reader_new(&reader) == 0);
	check(uapi_reader_feed(reader, text, strlen(text), &err) == -EPROTO);
	check(strstr(err.text, "private_key") && !strstr(err.text, "secret"));
	uapi_reader_free(reader);
}

static void add(struct wg_peer *peer, const char *text)
{
	struct prefix prefix;

	check(prefix_parse(text, &prefix, NULL) == 0 && vec_push(&peer->allowed, prefix) == 0);
}

static void writes_only_what_changes(void)
{
	struct key private_key = key_of(0x00, 0x51);
	struct wg_peer whole = { .key = key_of(0x09, 0x11), .keepalive_s = 25 };
	struct wg_peer fewer = { .key = key_of(0x19, 0x11), .keepalive_s = 25 };
	struct wg_change changes[] = {
		{ .key = whole.key,
		  .want = &whole,
		  .endpoint = true,
		  .keepalive = true,
		  .allowed = true },
		{ .key = fewer.key, .want = &fewer, .allowed = true, .replace_allowed = true },
		{ .key = key_of(0x29, 0x11), .remove = true },
	};
	_cleanup_free_ char *golden = NULL;
	_cleanup_str_ struct str text = { 0 };

	check(endpoint_parse("[2001:db8::1]:51820", &whole.endpoint, NULL) == 0);
	add(&whole, "10.0.0.1/32");
	add(&whole, "fd00::1/128");
	add(&fewer, "10.0.0.2/32");
	uapi_write_begin(&text);
	uapi_write_device(&text, &private_key, 51820);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		uapi_write_change(&text, &changes[i]);
	uapi_write_end(&text);
	check(file_read(SET_FILE, GOLDEN_MAX, &golden, NULL, NULL) == 0);
	check_str(text.at, golden ?: "");
	wg_peer_done(&whole);
	wg_peer_done(&fewer);
}

static void leaves_out_what_stays_of_the_device(void)
{
	_cleanup_str_ struct str text = { 0 };

	uapi_write_begin(&text);
	uapi_write_device(&text, NULL, 0);
	uapi_write_end(&text);
	check_str(text.at, "set=1\n\n");
}

int main(void)
{
	run(reads_a_device_in_pieces_of_any_size);
	run(an_answer_that_ends_early_is_incomplete);
	run(refuses_what_is_no_answer);
	run(refuses_a_nul_and_a_line_without_end);
	run(never_tells_a_value);
	run(writes_only_what_changes);
	run(leaves_out_what_stays_of_the_device);
	return check_done();
}
