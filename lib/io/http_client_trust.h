// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What vouches for a server, in libcurl's terms: for http_client.c alone.
 */
#ifndef IO_HTTP_CLIENT_TRUST_H
#define IO_HTTP_CLIENT_TRUST_H

#include <curl/curl.h>

#include "io/http_client.h"

/* NULL: the system's certificates. -ENOMEM. */
int http_trust_set(CURL *easy, const struct http_trust *trust) _must_check_;

/* Whether a transfer ended so because the server is not trusted. */
bool http_trust_is_broken(CURLcode result);

/* What is wrong; `why` is what libcurl said of it. */
enum http_distrust http_trust_why(CURL *easy, CURLcode result, const char *why);

/*
 * libcurl compares the pin but names the one it found in its diagnostics only: takes it from such
 * a line, and leaves `pin` alone when it is another one. Where those lines should read otherwise
 * the found pin stays unknown; the comparison does not depend on them.
 */
void http_trust_find_pin(const char *line, size_t len, char pin[static HTTP_PIN_BYTES]);

#endif
