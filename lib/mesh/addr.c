// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static int inet_family(enum ip_family family)
{
	return family == IP_V4 ? AF_INET : AF_INET6;
}

uint8_t ip_family_bits(enum ip_family family)
{
	switch (family) {
	case IP_V4:
		return 32;
	case IP_V6:
		return 128;
	case IP_NONE:
		break;
	}
	return 0;
}

int ip_parse(const char *text, struct ip *ret_ip, struct err *err)
{
	struct ip ip = { .family = strchr(text, ':') ? IP_V6 : IP_V4 };

	if (inet_pton(inet_family(ip.family), text, ip.bytes) != 1)
		return err_set(err, -EINVAL, "'%.64s' is not an IP address", text);
	*ret_ip = ip;
	return 0;
}

void ip_format(const struct ip *ip, char ret_text[static IP_TEXT_BYTES])
{
	ret_text[0] = '\0';
	if (ip->family != IP_NONE)
		(void)inet_ntop(inet_family(ip->family), ip->bytes, ret_text, IP_TEXT_BYTES);
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return ip_compare(a, b) == 0;
}

ip_number ip_to_number(const struct ip *ip)
{
	ip_number number = 0;

	for (size_t i = 0; i < ip_family_bits(ip->family) / 8; i++)
		number = number << 8 | ip->bytes[i];
	return number;
}

struct ip ip_from_number(enum ip_family family, ip_number number)
{
	struct ip ip = { .family = family };

	for (size_t i = ip_family_bits(family) / 8; i > 0; i--, number >>= 8)
		ip.bytes[i - 1] = (uint8_t)number;
	return ip;
}

/* Never routed to a peer, nor the address of one. */
static const struct {
	const char *what;
	struct prefix prefix;
} special[] = {
	{ "\"this network\"", { { IP_V4, { 0 } }, 8 } },
	{ "loopback", { { IP_V4, { 127 } }, 8 } },
	{ "link-local", { { IP_V4, { 169, 254 } }, 16 } },
	{ "multicast", { { IP_V4, { 224 } }, 4 } },
	{ "limited broadcast", { { IP_V4, { 255, 255, 255, 255 } }, 32 } },
	{ "unspecified", { { IP_V6, { 0 } }, 128 } },
	{ "loopback", { { IP_V6, { [15] = 1 } }, 128 } },
	{ "IPv4-mapped", { { IP_V6, { [10] = 0xff, 0xff } }, 96 } },
	{ "link-local", { { IP_V6, { 0xfe, 0x80 } }, 10 } },
	{ "multicast", { { IP_V6, { 0xff } }, 8 } },
};

static const struct prefix private_prefixes[] = {
	{ { IP_V4, { 10 } }, 8 },        { { IP_V4, { 172, 16 } }, 12 },
	{ { IP_V4, { 192, 168 } }, 16 }, { { IP_V4, { 100, 64 } }, 10 },
	{ { IP_V6, { 0xfc } }, 7 },
};

bool ip_is_special(const struct ip *ip)
{
	for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
		if (prefix_contains(&special[i].prefix, ip))
			return true;
	}
	return false;
}

bool ip_is_private(const struct ip *ip)
{
	for (size_t i = 0; i < ARRAY_SIZE(private_prefixes); i++) {
		if (prefix_contains(&private_prefixes[i], ip))
			return true;
	}
	return false;
}

int prefix_parse(const char *text, struct prefix *ret_prefix, struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[IP_TEXT_BYTES];
	struct ip ip = { 0 };
	uint64_t bits;
	int r;

	if (!slash)
		return err_set(err, -EINVAL, "'%.64s' is not a prefix: it has no /length", text);
	if ((size_t)(slash - text) >= sizeof(address))
		return err_set(err, -EINVAL, "'%.64s' is not a prefix", text);
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	r = ip_parse(address, &ip, err);
	if (r < 0)
		return r;
	if (str_to_u64(slash + 1, 0, ip_family_bits(ip.family), &bits) < 0)
		return err_set(err, -EINVAL, "'%.64s' is not a prefix: its length goes to %d", text,
			       ip_family_bits(ip.family));
	*ret_prefix = prefix_of(&ip, (uint8_t)bits);
	return 0;
}

void prefix_format(const struct prefix *prefix, char ret_text[static PREFIX_TEXT_BYTES])
{
	char address[IP_TEXT_BYTES];

	ip_format(&prefix->ip, address);
	(void)snprintf(ret_text, PREFIX_TEXT_BYTES, "%s/%u", address, prefix->bits);
}

/* The ones of all bits behind the first `bits`. */
static ip_number host_mask(enum ip_family family, uint8_t bits)
{
	unsigned host_bits = (unsigned)ip_family_bits(family) - bits;

	return host_bits == 128 ? ~(ip_number)0 : ((ip_number)1 << host_bits) - 1;
}

struct prefix prefix_of(const struct ip *ip, uint8_t bits)
{
	ip_number network = ip_to_number(ip) & ~host_mask(ip->family, bits);

	return (struct prefix){ .ip = ip_from_number(ip->family, network), .bits = bits };
}

struct prefix prefix_host(const struct ip *ip)
{
	return (struct prefix){ .ip = *ip, .bits = ip_family_bits(ip->family) };
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int r = ip_compare(&a->ip, &b->ip);

	return r != 0 ? r : (int)a->bits - (int)b->bits;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return prefix_compare(a, b) == 0;
}

static int compare_items(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

void prefix_vec_order(struct prefix_vec *prefixes)
{
	size_t kept = 0;

	if (prefixes->len == 0)
		return;
	qsort(prefixes->at, prefixes->len, sizeof(*prefixes->at), compare_items);
	vec_foreach(prefix, prefixes) {
		if (kept == 0 || !prefix_equal(&prefixes->at[kept - 1], prefix))
			prefixes->at[kept++] = *prefix;
	}
	prefixes->len = kept;
}

bool prefix_contains(const struct prefix *prefix, const struct ip *ip)
{
	struct prefix around;

	if (ip->family == IP_NONE || ip->family != prefix->ip.family)
		return false;
	around = prefix_of(ip, prefix->bits);
	return ip_equal(&around.ip, &prefix->ip);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return a->bits <= b->bits ? prefix_contains(a, &b->ip) : prefix_contains(b, &a->ip);
}

struct ip prefix_first(const struct prefix *prefix)
{
	return prefix_of(&prefix->ip, prefix->bits).ip;
}

struct ip prefix_last(const struct prefix *prefix)
{
	ip_number hosts = host_mask(prefix->ip.family, prefix->bits);

	return ip_from_number(prefix->ip.family, ip_to_number(&prefix->ip) | hosts);
}

int prefix_check_routable(const struct prefix *prefix, struct err *err)
{
	char text[PREFIX_TEXT_BYTES];

	prefix_format(prefix, text);
	if (prefix->bits == 0)
		return err_set(err, -EINVAL, "%s is a default route", text);
	for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
		char range[PREFIX_TEXT_BYTES];

		if (!prefix_overlaps(prefix, &special[i].prefix))
			continue;
		prefix_format(&special[i].prefix, range);
		return err_set(err, -EINVAL, "%s touches %s, which is %s", text, range,
			       special[i].what);
	}
	return 0;
}

/* Splits "192.0.2.1:51820" and "[2001:db8::1]:51820" into address and port. */
static int split_endpoint(const char *text, char to[static IP_TEXT_BYTES], const char **ret_port)
{
	bool bracketed = text[0] == '[';
	const char *from = text + bracketed;
	const char *end = strchr(from, bracketed ? ']' : ':');
	size_t len;

	if (!end || end[bracketed] != ':')
		return -EINVAL;
	len = (size_t)(end - from);
	if (len >= IP_TEXT_BYTES)
		return -EINVAL;
	memcpy(to, from, len);
	to[len] = '\0';
	*ret_port = end + bracketed + 1;
	return bracketed == (strchr(to, ':') != NULL) ? 0 : -EINVAL;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint, struct err *err)
{
	char address[IP_TEXT_BYTES];
	struct endpoint endpoint;
	const char *port;

	if (split_endpoint(text, address, &port) < 0 || ip_parse(address, &endpoint.ip, NULL) < 0)
		return err_set(err, -EINVAL,
			       "'%.64s' is not an endpoint such as 192.0.2.1:51820 or "
			       "[2001:db8::1]:51820",
			       text);
	if (str_to_u16(port, &endpoint.port) < 0 || endpoint.port == 0)
		return err_set(err, -EINVAL, "'%.64s' is not an endpoint: its port is not 1..65535",
			       text);
	*ret_endpoint = endpoint;
	return 0;
}

void endpoint_format(const struct endpoint *endpoint, char ret_text[static ENDPOINT_TEXT_BYTES])
{
	char address[IP_TEXT_BYTES];

	ret_text[0] = '\0';
	if (endpoint->ip.family == IP_NONE)
		return;
	ip_format(&endpoint->ip, address);
	(void)snprintf(ret_text, ENDPOINT_TEXT_BYTES,
		       endpoint->ip.family == IP_V4 ? "%s:%u" : "[%s]:%u", address, endpoint->port);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return ip_equal(&a->ip, &b->ip) && a->port == b->port;
}
