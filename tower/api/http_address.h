// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The addresses that a tower listens on: "127.0.0.1:8080", "[::]:8443", "unix:/path".
 */
#ifndef API_HTTP_ADDRESS_H
#define API_HTTP_ADDRESS_H

#include <stdbool.h>

#include "base/err.h"

/* Whether only this machine reaches it: loopback or a Unix socket. -EINVAL when it is no address.
 */
int http_address_is_local(const char *address, bool *ret_local, struct err *err) _must_check_;

/* A listening socket, the caller's to close; or a negative errno. */
int http_address_open(const char *address, struct err *err) _must_check_;

#endif
