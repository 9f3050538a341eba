// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/wg/uapi.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"

#define KEY_HEX_BYTES (2 * KEY_BYTES + 1)

static void write_key(struct str *to, const char *name, const struct key *key)
{
	char hex[KEY_HEX_BYTES];

	/* Cannot fail: the lengths are fixed. */
	(void)!crypto_encode(CRYPTO_TEXT_HEX, key->bytes, KEY_BYTES, hex, sizeof(hex));
	str_append(to, name);
	str_append_bytes(to, "=", 1);
	str_append(to, hex);
	str_append_bytes(to, "\n", 1);
	crypto_wipe(hex, sizeof(hex));
}

void uapi_write_begin(struct str *to)
{
	str_append(to, "set=1\n");
}

void uapi_write_device(struct str *to, const struct key *private_key, uint16_t listen_port)
{
	if (private_key)
		write_key(to, "private_key", private_key);
	if (listen_port != 0)
		str_printf(to, "listen_port=%u\n", listen_port);
}

static void write_allowed(struct str *to, const struct prefix_vec *allowed)
{
	vec_foreach(prefix, allowed) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		str_append(to, "allowed_ip=");
		str_append(to, text);
		str_append_bytes(to, "\n", 1);
	}
}

static void write_keepalive(struct str *to, uint16_t keepalive_s)
{
	str_printf(to, "persistent_keepalive_interval=%u\n", keepalive_s);
}

/* A keepalive goes out at once when they are turned on, as long as they are at the section's end.
 */
static void write_greeting(struct str *to, const struct wg_change *change)
{
	write_keepalive(to, 0);
	write_keepalive(to, change->want->keepalive_s ?: KEEPALIVE_S);
	if (change->want->keepalive_s > 0)
		return;
	write_key(to, "public_key", &change->key);
	write_keepalive(to, 0);
}

void uapi_write_change(struct str *to, const struct wg_change *change)
{
	write_key(to, "public_key", &change->key);
	if (change->remove) {
		str_append(to, "remove=true\n");
		return;
	}
	if (change->endpoint) {
		char text[ENDPOINT_TEXT_BYTES];

		endpoint_format(&change->want->endpoint, text);
		str_printf(to, "endpoint=%s\n", text);
	}
	if (change->greet)
		write_greeting(to, change);
	else if (change->keepalive)
		write_keepalive(to, change->want->keepalive_s);
	if (change->replace_allowed)
		str_append(to, "replace_allowed_ips=true\n");
	if (change->allowed)
		write_allowed(to, &change->want->allowed);
}

void uapi_write_end(struct str *to)
{
	str_append(to, "\n");
}
