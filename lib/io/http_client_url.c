// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "mesh/addr.h"
#include "mesh/key.h"

#define PIN_PREFIX "sha256//"

static void curl_text_freep(char **text)
{
	curl_free(*text);
}

static void curl_url_freep(CURLU **url)
{
	curl_url_cleanup(*url);
}

static int bad_url(const char *text, const char *why, struct err *err)
{
	return err_set(err, -EINVAL, "'%.64s' is no URL of a server: %s", text, why);
}

/* Whether the URL has this part, other than as "nothing". */
static bool has_part(CURLU *url, CURLUPart part, const char *nothing)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && !str_eq(text, nothing);

	curl_free(text);
	return has;
}

static bool is_loopback(const char *host)
{
	struct ip ip;

	if (ip_parse(host, &ip, NULL) < 0)
		return strcasecmp(host, "localhost") == 0;
	if (ip.family == IP_V4)
		return ip.bytes[0] == 127;
	return ip_to_number(&ip) == 1;
}

static int take_parts(CURLU *url, const char *text, struct http_url *ret_url, struct err *err)
{
	_cleanup_(curl_text_freep) char *scheme = NULL;
	_cleanup_(curl_text_freep) char *host = NULL;
	_cleanup_(curl_text_freep) char *port = NULL;
	struct http_url parsed = { 0 };
	size_t len;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return bad_url(text, "it wants a scheme and a host", err);
	parsed.is_tls = str_eq(scheme, "https");
	if (!parsed.is_tls && !str_eq(scheme, "http"))
		return bad_url(text, "it must begin with https:// or http://", err);
	len = strlen(host);
	if (len >= sizeof(parsed.host))
		return bad_url(text, "its host is too long", err);
	(void)snprintf(parsed.base, sizeof(parsed.base), "%s://%s:%s", scheme, host, port);
	if (host[0] == '[')
		(void)snprintf(parsed.host, sizeof(parsed.host), "%.*s", (int)len - 2, host + 1);
	else
		memcpy(parsed.host, host, len + 1);
	parsed.is_loopback = is_loopback(parsed.host);
	*ret_url = parsed;
	return 0;
}

int http_url_parse(const char *text, struct http_url *ret_url, struct err *err)
{
	_cleanup_(curl_url_freep) CURLU *url = curl_url();

	if (!url)
		return err_oom(err);
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return bad_url(text, "it cannot be read; write https://host:port", err);
	if (has_part(url, CURLUPART_USER, "") || has_part(url, CURLUPART_PASSWORD, ""))
		return err_set(err, -EINVAL, "a URL must not carry a user or a password");
	if (has_part(url, CURLUPART_PATH, "/") || has_part(url, CURLUPART_QUERY, "") ||
	    has_part(url, CURLUPART_FRAGMENT, ""))
		return bad_url(text, "nothing may stand behind the port", err);
	return take_parts(url, text, ret_url, err);
}

int http_pin_parse(const char *text, char ret_pin[static HTTP_PIN_BYTES], struct err *err)
{
	const char *base64 = str_starts(text, PIN_PREFIX) ? text + strlen(PIN_PREFIX) : text;
	struct key hash; /* as long as a key, and written alike */

	if (key_parse(base64, &hash, NULL) < 0 || strlen(base64) != KEY_TEXT_BYTES - 1)
		return err_set(err, -EINVAL,
			       "'%.64s' is no pin: write sha256//, then 44 characters of base64",
			       text);
	(void)snprintf(ret_pin, HTTP_PIN_BYTES, PIN_PREFIX "%s", base64);
	return 0;
}
