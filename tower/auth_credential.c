// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/auth_credential.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "mesh/signpost.h"

#define SCHEME "Bearer "
#define JOIN_TOKEN_PREFIX "apx."
#define TICKET_PREFIX "apt."
#define ID_LEN (PEER_TOKEN_ID_BYTES - 1)
#define BASE64_URL_LEN(bytes) (((bytes)*4 + 2) / 3) /* without padding */

bool bearer_is_valid(const char *text)
{
	size_t len = strspn(
		text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

	return len > 0 && len <= CREDENTIAL_TEXT_MAX && text[len] == '\0';
}

int bearer_parse(const char *header, struct bearer *ret_bearer)
{
	struct bearer bearer = { .kind = BEARER_SECRET };

	if (strncasecmp(header, SCHEME, sizeof(SCHEME) - 1) != 0)
		return -EINVAL;
	bearer.text = header + sizeof(SCHEME) - 1;
	if (!bearer_is_valid(bearer.text))
		return -EINVAL;
	if (str_starts(bearer.text, JOIN_TOKEN_PREFIX))
		bearer.kind = BEARER_JOIN_TOKEN;
	if (str_starts(bearer.text, TICKET_PREFIX))
		bearer.kind = BEARER_TICKET;
	if (str_starts(bearer.text, SIGNPOST_JOIN_PREFIX))
		bearer.kind = BEARER_SIGNPOST;
	*ret_bearer = bearer;
	return 0;
}

/* Takes `word` off the front. */
static bool take_word(const char **text, const char *word)
{
	if (!str_starts(*text, word))
		return false;
	*text += strlen(word);
	return true;
}

/* Takes the base64url of exactly `len` bytes off the front. */
static bool take_bytes(const char **text, void *to, size_t len)
{
	size_t text_len = BASE64_URL_LEN(len);
	size_t got = 0;

	if (strnlen(*text, text_len) < text_len)
		return false;
	if (crypto_decode(CRYPTO_TEXT_BASE64_URL, *text, text_len, to, len, &got) < 0 || got != len)
		return false;
	*text += text_len;
	return true;
}

int join_token_parse(const char *text, struct join_token *ret_token)
{
	_cleanup_(join_token_wipe) struct join_token token = { 0 };

	if (!take_word(&text, JOIN_TOKEN_PREFIX) || strspn(text, "0123456789abcdef") != ID_LEN)
		return -EINVAL;
	memcpy(token.id, text, ID_LEN);
	text += ID_LEN;
	if (!take_word(&text, ".") || !take_bytes(&text, token.secret, sizeof(token.secret)) ||
	    *text)
		return -EINVAL;
	*ret_token = token;
	return 0;
}

int join_token_format(const struct join_token *token, char *to, size_t to_bytes)
{
	int len = snprintf(to, to_bytes, JOIN_TOKEN_PREFIX "%s.", token->id);

	if (len < 0 || (size_t)len >= to_bytes)
		return -ENOSPC;
	return crypto_encode(CRYPTO_TEXT_BASE64_URL, token->secret, sizeof(token->secret), to + len,
			     to_bytes - (size_t)len);
}

void join_token_wipe(struct join_token *token)
{
	crypto_wipe(token, sizeof(*token));
}

int proof_header_parse(const char *text, struct proof_header *ret_header)
{
	struct proof_header header = { 0 };

	if (!take_word(&text, "key=") || !take_bytes(&text, header.key.bytes, KEY_BYTES) ||
	    !take_word(&text, ",nonce=") || !take_bytes(&text, header.nonce, PROOF_NONCE_BYTES) ||
	    !take_word(&text, ",mac=") || !take_bytes(&text, header.mac, PROOF_MAC_BYTES) || *text)
		return -EINVAL;
	*ret_header = header;
	return 0;
}
