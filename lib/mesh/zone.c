// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/zone.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define V4_SHORTEST_BITS 8 /* 16 million nodes */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool zone_name_is_valid(const char *name)
{
	size_t len = strnlen(name, ZONE_NAME_BYTES);

	if (len == 0 || len >= ZONE_NAME_BYTES || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_alnum(name[i]) && !strchr("._-", name[i]))
			return false;
	}
	return true;
}

static int check_cidr(const struct prefix *cidr, struct err *err)
{
	char text[PREFIX_TEXT_BYTES];
	int r = prefix_check_routable(cidr, err);
	bool is_v4 = cidr->ip.family == IP_V4;

	if (r < 0)
		return r;
	prefix_format(cidr, text);
	if (is_v4 && cidr->bits < V4_SHORTEST_BITS)
		return err_set(err, -EINVAL, "%s is larger than /%d", text, V4_SHORTEST_BITS);
	/* The first address is reserved, and for IPv4 the last. */
	if (cidr->bits > (is_v4 ? 30 : 127))
		return err_set(err, -EINVAL, "%s has no room for a node", text);
	return 0;
}

int zone_set_cidr(struct zone *zone, const char *typed, struct err *err)
{
	struct prefix cidr[ZONE_CIDRS_MAX];
	char item[PREFIX_TEXT_BYTES];
	const char *rest = typed;
	uint8_t len = 0;
	int r;

	if (strlen(typed) >= sizeof(zone->cidr_typed))
		return err_set(err, -EINVAL, "a CIDR has at most %zu characters",
			       sizeof(zone->cidr_typed) - 1);
	while ((r = str_next_item(&rest, item, sizeof(item))) > 0) {
		struct prefix prefix;

		r = prefix_parse(item, &prefix, err);
		if (r == 0)
			r = check_cidr(&prefix, err);
		if (r < 0)
			return r;
		if (len == ZONE_CIDRS_MAX || (len == 1 && cidr[0].ip.family == prefix.ip.family))
			return err_set(err, -EINVAL, "'%s': a zone has one CIDR a family", typed);
		cidr[len++] = prefix;
	}
	if (r < 0 || len == 0)
		return err_set(err, -EINVAL, "'%s' is not a CIDR such as 10.140.0.0/20", typed);
	if (len == 2 && cidr[0].ip.family == IP_V6) {
		struct prefix v6 = cidr[0];

		cidr[0] = cidr[1];
		cidr[1] = v6;
	}
	memcpy(zone->cidr, cidr, len * sizeof(cidr[0]));
	zone->cidr_len = len;
	return str_copy(zone->cidr_typed, sizeof(zone->cidr_typed), typed);
}

const struct prefix *zone_cidr(const struct zone *zone, enum ip_family family)
{
	for (size_t i = 0; i < zone->cidr_len; i++) {
		if (zone->cidr[i].ip.family == family)
			return &zone->cidr[i];
	}
	return NULL;
}

static bool same_cidr(const struct zone *a, const struct zone *b)
{
	if (a->cidr_len != b->cidr_len || !str_eq(a->cidr_typed, b->cidr_typed))
		return false;
	for (size_t i = 0; i < a->cidr_len; i++) {
		if (!prefix_equal(&a->cidr[i], &b->cidr[i]))
			return false;
	}
	return true;
}

bool zone_same(const struct zone *a, const struct zone *b)
{
	return str_eq(a->name, b->name) && str_eq(a->description, b->description) &&
	       same_cidr(a, b) && a->hub_zone == b->hub_zone && a->takeover == b->takeover &&
	       a->peer_ttl_s == b->peer_ttl_s && a->quarantine_s == b->quarantine_s &&
	       a->signpost_join == b->signpost_join && a->created_ms == b->created_ms;
}

bool zone_reserves(const struct zone *zone, const struct ip *ip)
{
	const struct prefix *cidr = zone_cidr(zone, ip->family);
	struct ip first;
	struct ip last;

	if (!cidr)
		return false;
	first = prefix_first(cidr);
	last = prefix_last(cidr);
	return ip_equal(ip, &first) || (ip->family == IP_V4 && ip_equal(ip, &last));
}

static const char *const takeover_words[] = {
	[TAKEOVER_ALWAYS] = "always",
	[TAKEOVER_IF_OFFLINE] = "if-offline",
	[TAKEOVER_NEVER] = "never",
};

int takeover_parse(const char *word, enum takeover *ret_takeover)
{
	for (size_t i = 0; i < ARRAY_SIZE(takeover_words); i++) {
		if (str_eq(word, takeover_words[i])) {
			*ret_takeover = (enum takeover)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *takeover_word(enum takeover takeover)
{
	return takeover_words[takeover];
}
