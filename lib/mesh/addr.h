// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * IP addresses, prefixes and endpoints of both families as plain values.
 */
#ifndef MESH_ADDR_H
#define MESH_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

#define IP_TEXT_BYTES 46       /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_BYTES 50   /* address, slash, three digits */
#define ENDPOINT_TEXT_BYTES 54 /* bracketed IPv6, colon, port */

/* One byte: a node holds some ten addresses a peer. */
enum _packed_ ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* An address as a number, so that ranges are arithmetic: IPv4 uses the low 32 bits. */
typedef unsigned __int128 ip_number;

struct ip {
	enum ip_family family; /* IP_NONE: no address */
	uint8_t bytes[16];     /* network order; IPv4 in the first four, the rest zero */
};

struct prefix {
	struct ip ip; /* host bits are zero, except where a function says otherwise */
	uint8_t bits; /* 0..32 or 0..128 */
};

struct endpoint {
	struct ip ip;
	uint16_t port;
};

VEC(prefix_vec, struct prefix);
VEC(endpoint_vec, struct endpoint);

/* IPv4 in four decimal parts, or IPv6 as in RFC 4291; no zone index, no port. */
int ip_parse(const char *text, struct ip *ret_ip, struct err *err) _must_check_;
void ip_format(const struct ip *ip, char ret_text[static IP_TEXT_BYTES]);
int ip_compare(const struct ip *a, const struct ip *b); /* family first, then value */
bool ip_equal(const struct ip *a, const struct ip *b);
ip_number ip_to_number(const struct ip *ip);
struct ip ip_from_number(enum ip_family family, ip_number number);
uint8_t ip_family_bits(enum ip_family family); /* 32 or 128 */

/* Loopback, link-local, multicast, unspecified, limited broadcast: never a unicast we route. */
bool ip_is_special(const struct ip *ip);

/* RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193: not reachable from the internet. */
bool ip_is_private(const struct ip *ip);

/*
 * "10.200.1.0/20" or "fd00::/64"; host bits are cleared (RFC 4632). An address without a slash is
 * refused.
 */
int prefix_parse(const char *text, struct prefix *ret_prefix, struct err *err) _must_check_;
void prefix_format(const struct prefix *prefix, char ret_text[static PREFIX_TEXT_BYTES]);
struct prefix prefix_of(const struct ip *ip, uint8_t bits);         /* clears the host bits */
struct prefix prefix_host(const struct ip *ip);                     /* its /32 or /128 */
int prefix_compare(const struct prefix *a, const struct prefix *b); /* address, then bits */
bool prefix_equal(const struct prefix *a, const struct prefix *b);
void prefix_vec_order(struct prefix_vec *prefixes); /* by prefix_compare, each kept once */
bool prefix_contains(const struct prefix *prefix, const struct ip *ip);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
struct ip prefix_first(const struct prefix *prefix);
struct ip prefix_last(const struct prefix *prefix);

/*
 * Whether the prefix can be routed to a peer: never a default route, nor one that touches
 * loopback, link-local, multicast or unspecified addresses. -EINVAL says which.
 */
int prefix_check_routable(const struct prefix *prefix, struct err *err) _must_check_;

/* "192.0.2.1:51820" or "[2001:db8::1]:51820"; port 0 is refused. */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint, struct err *err) _must_check_;
void endpoint_format(const struct endpoint *endpoint, char ret_text[static ENDPOINT_TEXT_BYTES]);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

#endif
