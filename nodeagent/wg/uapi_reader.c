// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * An answer is lines of "name=value", then "errno=<number>" and an empty line. Lines are put
 * together here one at a time, so that an answer of any size takes no buffer of its size.
 */
#include "nodeagent/wg/uapi.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "crypto/crypto.h"

struct uapi_reader {
	char line[UAPI_LINE_BYTES];
	size_t line_len;
	bool has_errno;
	bool is_complete;
	int error;
	size_t prefixes;
	struct wg_device device;
};

int uapi_reader_new(struct uapi_reader **ret_reader)
{
	struct uapi_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	*ret_reader = reader;
	return 0;
}

void uapi_reader_free(struct uapi_reader *reader)
{
	if (!reader)
		return;
	wg_device_done(&reader->device);
	crypto_wipe(reader->line, sizeof(reader->line));
	free(reader);
}

static int read_key(const char *value, struct key *ret_key)
{
	size_t len = 0;
	struct key key;

	if (strlen(value) != 2 * KEY_BYTES ||
	    crypto_decode(CRYPTO_TEXT_HEX, value, 2 * KEY_BYTES, key.bytes, KEY_BYTES, &len) < 0)
		return -EPROTO;
	*ret_key = key;
	key_wipe(&key);
	return 0;
}

static int read_private_key(struct uapi_reader *reader, const char *value)
{
	return read_key(value, &reader->device.private_key);
}

static int read_listen_port(struct uapi_reader *reader, const char *value)
{
	return str_to_u16(value, &reader->device.listen_port);
}

static int read_public_key(struct uapi_reader *reader, const char *value)
{
	struct wg_peer peer = { 0 };
	int r = read_key(value, &peer.key);

	if (r == 0 && reader->device.peers.len >= UAPI_PEERS_MAX)
		r = -EPROTO;
	return r == 0 ? vec_push(&reader->device.peers, peer) : r;
}

static struct wg_peer *last_peer(struct uapi_reader *reader)
{
	return &reader->device.peers.at[reader->device.peers.len - 1];
}

/* An IPv6 link-local endpoint is shown with its interface, "[fe80::1%eth0]:51820": dropped. */
static int read_endpoint(struct uapi_reader *reader, const char *value)
{
	char text[UAPI_LINE_BYTES];
	char *zone;

	if (str_copy(text, sizeof(text), value) < 0)
		return -EPROTO;
	zone = strchr(text, '%');
	if (zone) {
		const char *bracket = strchr(zone, ']');

		if (!bracket)
			return -EPROTO;
		memmove(zone, bracket, strlen(bracket) + 1);
	}
	return endpoint_parse(text, &last_peer(reader)->endpoint, NULL);
}

static int read_keepalive(struct uapi_reader *reader, const char *value)
{
	return str_to_u16(value, &last_peer(reader)->keepalive_s);
}

static int read_handshake(struct uapi_reader *reader, const char *value)
{
	uint64_t seconds;
	int r = str_to_u64(value, 0, INT64_MAX, &seconds);

	if (r == 0)
		last_peer(reader)->handshake_s = (int64_t)seconds;
	return r;
}

static int read_rx(struct uapi_reader *reader, const char *value)
{
	return str_to_u64(value, 0, UINT64_MAX, &last_peer(reader)->rx_bytes);
}

static int read_tx(struct uapi_reader *reader, const char *value)
{
	return str_to_u64(value, 0, UINT64_MAX, &last_peer(reader)->tx_bytes);
}

static int read_allowed(struct uapi_reader *reader, const char *value)
{
	struct prefix prefix;
	int r = prefix_parse(value, &prefix, NULL);

	if (r == 0 && ++reader->prefixes > UAPI_PREFIXES_MAX)
		r = -EPROTO;
	return r == 0 ? vec_push(&last_peer(reader)->allowed, prefix) : r;
}

/* Other names (preshared_key, fwmark, …) are nothing that we set or look at. */
static const struct field {
	const char *name;
	bool of_peer;
	int (*read)(struct uapi_reader *reader, const char *value);
} fields[] = {
	{ "private_key", false, read_private_key },
	{ "listen_port", false, read_listen_port },
	{ "public_key", false, read_public_key },
	{ "endpoint", true, read_endpoint },
	{ "allowed_ip", true, read_allowed },
	{ "persistent_keepalive_interval", true, read_keepalive },
	{ "last_handshake_time_sec", true, read_handshake },
	{ "rx_bytes", true, read_rx },
	{ "tx_bytes", true, read_tx },
};

/* 0, or the number of the failure; implementations differ in its sign. */
static int read_errno(struct uapi_reader *reader, const char *value)
{
	uint64_t number;

	if (str_to_u64(*value == '-' ? value + 1 : value, 0, INT_MAX, &number) < 0)
		return -EPROTO;
	reader->error = (int)number;
	reader->has_errno = true;
	return 0;
}

static int read_field(struct uapi_reader *reader, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		int r;

		if (!str_eq(name, fields[i].name))
			continue;
		if (fields[i].of_peer && reader->device.peers.len == 0)
			return -EPROTO;
		r = fields[i].read(reader, value);
		return r == 0 || r == -ENOMEM ? r : -EPROTO;
	}
	return 0;
}

static int read_line(struct uapi_reader *reader, struct err *err)
{
	char *equals = strchr(reader->line, '=');
	int r;

	if (reader->line_len == 0 && reader->has_errno) {
		reader->is_complete = true;
		return 0;
	}
	if (!equals || reader->has_errno || strlen(reader->line) != reader->line_len)
		return err_set(err, -EPROTO, "a line of the answer is no 'name=value'");
	*equals = '\0';
	if (str_eq(reader->line, "errno"))
		r = read_errno(reader, equals + 1);
	else
		r = read_field(reader, reader->line, equals + 1);
	if (r == -ENOMEM)
		return err_oom(err);
	/* Never the value: it may be a private key. */
	return r < 0 ? err_set(err, r, "the answer's '%s' cannot be read", reader->line) : 0;
}

static int finish(struct uapi_reader *reader, struct err *err)
{
	int r;

	if (reader->error != 0)
		return err_errno(err, -reader->error, "WireGuard refused the request");
	r = wg_device_order(&reader->device, err);
	return r < 0 ? r : 1;
}

int uapi_reader_feed(struct uapi_reader *reader, const char *bytes, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		int r;

		if (reader->is_complete)
			return err_set(err, -EPROTO, "something stands behind the answer");
		if (bytes[i] != '\n') {
			if (reader->line_len + 1 >= sizeof(reader->line))
				return err_set(err, -EPROTO, "a line of the answer is too long");
			reader->line[reader->line_len++] = bytes[i];
			continue;
		}
		reader->line[reader->line_len] = '\0';
		r = read_line(reader, err);
		if (r < 0)
			return r;
		reader->line_len = 0;
	}
	return reader->is_complete ? finish(reader, err) : 0;
}

void uapi_reader_take(struct uapi_reader *reader, struct wg_device *ret_device)
{
	*ret_device = reader->device;
	reader->device = (struct wg_device){ 0 };
}
