// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Why a certificate was not good is said by the TLS library that libcurl was built with, in a
 * number of its own (CURLINFO_SSL_VERIFYRESULT); with yet another one the reason stays libcurl's
 * words.
 */
#include "io/http_client_trust.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define FOUND_PIN_WORDS " public key hash: "
#define NAME_WORDS "target host name" /* as both TLS back ends of libcurl name a wrong host */

/* Bits of gnutls_certificate_status_t. */
#define GNUTLS_SIGNER_NOT_FOUND (1L << 6)
#define GNUTLS_NOT_ACTIVATED (1L << 9)
#define GNUTLS_EXPIRED (1L << 10)
#define GNUTLS_UNEXPECTED_OWNER (1L << 14)

/* Numbers of OpenSSL's x509_vfy.h. */
enum openssl_verdict {
	OPENSSL_NOT_YET_VALID = 9,
	OPENSSL_HAS_EXPIRED = 10,
	OPENSSL_SELF_SIGNED = 18,
	OPENSSL_SELF_SIGNED_IN_CHAIN = 19,
	OPENSSL_NO_ISSUER_LOCALLY = 20,
	OPENSSL_NO_LEAF_SIGNATURE = 21,
	OPENSSL_HOSTNAME_MISMATCH = 62,
	OPENSSL_IP_MISMATCH = 64,
};

int http_trust_set(CURL *easy, const struct http_trust *trust)
{
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (!trust || (!trust->pin && !trust->ca_file))
		return 0;
	/* Not the system's, which take megabytes to hold. */
	(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (curl_easy_setopt(easy, CURLOPT_CAINFO, trust->pin ? NULL : trust->ca_file) != CURLE_OK)
		return -ENOMEM;
	if (!trust->pin)
		return 0;
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	if (curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, trust->pin) != CURLE_OK)
		return -ENOMEM;
	return 0;
}

bool http_trust_is_broken(CURLcode result)
{
	switch (result) {
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return true;
	default:
		return false;
	}
}

static enum http_distrust read_gnutls(long bits)
{
	if (bits & GNUTLS_EXPIRED)
		return HTTP_DISTRUST_EXPIRED;
	if (bits & GNUTLS_NOT_ACTIVATED)
		return HTTP_DISTRUST_EARLY;
	if (bits & GNUTLS_SIGNER_NOT_FOUND)
		return HTTP_DISTRUST_ISSUER;
	return bits & GNUTLS_UNEXPECTED_OWNER ? HTTP_DISTRUST_NAME : HTTP_DISTRUST_OTHER;
}

static enum http_distrust read_openssl(long verdict)
{
	switch (verdict) {
	case OPENSSL_HAS_EXPIRED:
		return HTTP_DISTRUST_EXPIRED;
	case OPENSSL_NOT_YET_VALID:
		return HTTP_DISTRUST_EARLY;
	case OPENSSL_SELF_SIGNED:
	case OPENSSL_SELF_SIGNED_IN_CHAIN:
	case OPENSSL_NO_ISSUER_LOCALLY:
	case OPENSSL_NO_LEAF_SIGNATURE:
		return HTTP_DISTRUST_ISSUER;
	case OPENSSL_HOSTNAME_MISMATCH:
	case OPENSSL_IP_MISMATCH:
		return HTTP_DISTRUST_NAME;
	default:
		return HTTP_DISTRUST_OTHER;
	}
}

enum http_distrust http_trust_why(CURL *easy, CURLcode result, const char *why)
{
	const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
	long verdict = 0;

	if (result == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return HTTP_DISTRUST_PIN;
	if (result != CURLE_PEER_FAILED_VERIFICATION)
		return HTTP_DISTRUST_OTHER;
	/* The name is compared by libcurl itself, which says so in words alone. */
	if (strstr(why, NAME_WORDS))
		return HTTP_DISTRUST_NAME;
	(void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	if (library && str_starts(library, "GnuTLS"))
		return read_gnutls(verdict);
	return library && str_starts(library, "OpenSSL") ? read_openssl(verdict)
							 : HTTP_DISTRUST_OTHER;
}

void http_trust_find_pin(const char *line, size_t len, char pin[static HTTP_PIN_BYTES])
{
	size_t skip = strlen(FOUND_PIN_WORDS);

	if (len > skip && memcmp(line, FOUND_PIN_WORDS, skip) == 0)
		(void)snprintf(pin, HTTP_PIN_BYTES, "%.*s", (int)strcspn(line + skip, "\r\n"),
			       line + skip);
}
