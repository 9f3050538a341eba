// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The texts of credentials that strangers put into headers; what parses must be written back to
 * the same text. Parsers: tower/auth_credential.c tower/auth_ticket.c tower/auth_signpost.c
 */
#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "tower/auth_credential.h"
#include "tower/auth_signpost.h"
#include "tower/auth_ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t secret[CRYPTO_KEY_BYTES];

static void try_join_token(const char *text)
{
	struct join_token token;
	char again[AUTH_TOKEN_TEXT_BYTES];

	if (join_token_parse(text, &token) < 0)
		return;
	assert(join_token_format(&token, again, sizeof(again)) == 0);
	assert(str_eq(text, again));
}

static void try_ticket(const char *text)
{
	struct ticket ticket;
	char again[AUTH_TICKET_TEXT_BYTES];

	if (ticket_parse(secret, text, &ticket) < 0)
		return;
	assert(ticket_format(secret, &ticket, again) == 0);
	assert(str_eq(text, again));
}

static void try_signpost(const char *text)
{
	const int64_t now_ms = INT64_C(1800000000000);
	char own[AUTH_SIGNPOST_TEXT_BYTES];
	int r = signpost_secret_check(secret, text, now_ms);

	signpost_secret_format(secret, now_ms, own);
	assert(!str_eq(text, own) || r == 0);
}

/* A stranger cannot make a MAC; so that what lies behind it is reached, a ticket is made of the
 * bytes. */
static void make_ticket(const uint8_t *data, size_t size)
{
	struct ticket ticket = { .zone = "z" };
	char text[AUTH_TICKET_TEXT_BYTES];

	memcpy(&ticket.key, data, MIN(size, sizeof(ticket.key)));
	memcpy(&ticket.generation, data, MIN(size, sizeof(ticket.generation)));
	if (size > 1)
		memset(ticket.zone, data[0] | 1, data[1] % (ZONE_NAME_BYTES - 1) + 1);
	assert(ticket_format(secret, &ticket, text) == 0);
	try_ticket(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct proof_header header;
	struct bearer bearer;

	if (!text)
		return 0;
	if (bearer_parse(text, &bearer) == 0) {
		try_join_token(bearer.text);
		try_ticket(bearer.text);
		try_signpost(bearer.text);
	}
	(void)!proof_header_parse(text, &header);
	make_ticket(data, size);
	return 0;
}
