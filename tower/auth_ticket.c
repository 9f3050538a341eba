// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/auth_ticket.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"

#define PREFIX "apt."
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define DOMAIN "apex ticket v1"
#define VERSION_BYTE 1

/* What is encoded: the zone's name is at the end, so that all before it has its place. */
struct ticket_body {
	uint8_t mac[CRYPTO_MAC_BYTES]; /* over all that follows */
	uint8_t version;
	uint8_t key[KEY_BYTES];
	uint8_t generation[8]; /* big-endian, as is the next */
	uint8_t expires_ms[8];
	char zone[ZONE_NAME_BYTES - 1]; /* without a NUL */
};

#define FIXED_BYTES offsetof(struct ticket_body, zone)
#define SIGNED_FROM offsetof(struct ticket_body, version)

_Static_assert(sizeof(struct ticket_body) == FIXED_BYTES + ZONE_NAME_BYTES - 1, "no padding");
_Static_assert(PREFIX_LEN + (sizeof(struct ticket_body) * 4 + 2) / 3 < AUTH_TICKET_TEXT_BYTES,
	       "the longest ticket fits");

static void make_mac(const uint8_t secret[CRYPTO_KEY_BYTES], const struct ticket_body *body,
		     size_t len, uint8_t ret_mac[CRYPTO_MAC_BYTES])
{
	const struct crypto_part part = { &body->version, len - SIGNED_FROM };

	crypto_mac(secret, DOMAIN, &part, 1, ret_mac);
}

int ticket_format(const uint8_t secret[CRYPTO_KEY_BYTES], const struct ticket *ticket,
		  char ret_text[static AUTH_TICKET_TEXT_BYTES])
{
	const uint64_t generation = htobe64(ticket->generation);
	const uint64_t expires_ms = htobe64((uint64_t)ticket->expires_ms);
	const size_t zone_len = strlen(ticket->zone);
	struct ticket_body body = { .version = VERSION_BYTE };

	memcpy(body.key, ticket->key.bytes, sizeof(body.key));
	memcpy(body.generation, &generation, sizeof(body.generation));
	memcpy(body.expires_ms, &expires_ms, sizeof(body.expires_ms));
	memcpy(body.zone, ticket->zone, zone_len);
	make_mac(secret, &body, FIXED_BYTES + zone_len, body.mac);
	memcpy(ret_text, PREFIX, PREFIX_LEN);
	return crypto_encode(CRYPTO_TEXT_BASE64_URL, &body, FIXED_BYTES + zone_len,
			     ret_text + PREFIX_LEN, AUTH_TICKET_TEXT_BYTES - PREFIX_LEN);
}

int ticket_parse(const uint8_t secret[CRYPTO_KEY_BYTES], const char *text,
		 struct ticket *ret_ticket)
{
	struct ticket ticket = { .zone = "" };
	struct ticket_body body;
	uint8_t mac[CRYPTO_MAC_BYTES];
	uint64_t number;
	size_t len = 0;

	if (!str_starts(text, PREFIX))
		return -EINVAL;
	text += PREFIX_LEN;
	if (crypto_decode(CRYPTO_TEXT_BASE64_URL, text, strlen(text), &body, sizeof(body), &len) <
		    0 ||
	    len <= FIXED_BYTES || body.version != VERSION_BYTE)
		return -EINVAL;
	make_mac(secret, &body, len, mac);
	if (!crypto_equal(mac, body.mac, sizeof(mac)))
		return -EBADMSG;
	memcpy(ticket.key.bytes, body.key, sizeof(body.key));
	memcpy(ticket.zone, body.zone, len - FIXED_BYTES);
	memcpy(&number, body.generation, sizeof(number));
	ticket.generation = be64toh(number);
	memcpy(&number, body.expires_ms, sizeof(number));
	ticket.expires_ms = (int64_t)be64toh(number);
	*ret_ticket = ticket;
	return 0;
}
