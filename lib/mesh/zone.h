// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A zone: an isolated mesh with its own address space. Zones may overlap.
 */
#ifndef MESH_ZONE_H
#define MESH_ZONE_H

#include "mesh/addr.h"

#define ZONE_NAME_BYTES 64
#define ZONE_DESCRIPTION_BYTES 257
#define ZONE_CIDR_TEXT_BYTES 104
#define ZONE_CIDRS_MAX 2

/* What --request-ip of a leased address does. */
enum takeover { TAKEOVER_ALWAYS, TAKEOVER_IF_OFFLINE, TAKEOVER_NEVER };

struct zone {
	char name[ZONE_NAME_BYTES];
	char description[ZONE_DESCRIPTION_BYTES];
	char cidr_typed[ZONE_CIDR_TEXT_BYTES]; /* as the request wrote it */
	struct prefix cidr[ZONE_CIDRS_MAX];    /* one, or one of each family, IPv4 first */
	uint8_t cidr_len;
	bool hub_zone;
	enum takeover takeover;
	int64_t peer_ttl_s;   /* 0: never reaped */
	int64_t quarantine_s; /* how long a freed address rests */
	bool signpost_join;
	int64_t created_ms;
	uint64_t revision; /* of its last change */
};

/* [A-Za-z0-9][A-Za-z0-9._-]{0,62} */
bool zone_name_is_valid(const char *name);

/*
 * Reads "10.140.0.0/20" or "10.140.0.0/20,fd00:1::/64" into the two cidr fields. Refused: two of
 * one family, a prefix that cannot be routed, one without room for a node (IPv4 /31 and /32, IPv6
 * /128), IPv4 shorter than /8.
 */
int zone_set_cidr(struct zone *zone, const char *typed, struct err *err) _must_check_;

/* The zone's prefix of that family; NULL when it has none. */
const struct prefix *zone_cidr(const struct zone *zone, enum ip_family family);

/* Equal in everything but revision. */
bool zone_same(const struct zone *a, const struct zone *b);

/* The first address, and for IPv4 the last: never leased. */
bool zone_reserves(const struct zone *zone, const struct ip *ip);

/* "always", "if-offline", "never" */
int takeover_parse(const char *word, enum takeover *ret_takeover) _must_check_;
const char *takeover_word(enum takeover takeover);

#endif
