// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Addresses of a host name, looked up by the C library (getaddrinfo_a) beside the loop. One
 * resolver a process: the signal that ends a lookup (SIGRTMIN) tells just one.
 */
#ifndef IO_RESOLVER_H
#define IO_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/loop.h"

#define RESOLVER_ADDRESSES_MAX 8

struct resolver;

struct resolver_answer {
	char address[RESOLVER_ADDRESSES_MAX][INET6_ADDRSTRLEN]; /* IP literals, best first */
	size_t len;
};

/* An IP literal, or "localhost", which need no lookup. */
bool resolver_is_literal(const char *host, struct resolver_answer *ret_answer);

/* The addresses, at least one; or none, and why. */
typedef void (*resolver_fn)(const struct resolver_answer *answer, const char *why, void *data);
int resolver_new(struct loop *loop, resolver_fn fn, void *data, struct resolver **ret_resolver,
		 struct err *err) _must_check_;
void resolver_free(struct resolver *resolver);

/* Starts a lookup, one at a time: -EBUSY. The answer never comes from inside this call. */
int resolver_start(struct resolver *resolver, const char *host, struct err *err) _must_check_;

#endif
