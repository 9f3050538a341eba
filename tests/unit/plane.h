// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Short ways to write down what is desired and observed.
 */
#ifndef UNIT_PLANE_H
#define UNIT_PLANE_H

#include <stdlib.h>

#include "check.h"
#include "nodeagent/plan.h"

static inline struct prefix prefix(const char *text)
{
	struct prefix prefix = { 0 };

	check(prefix_parse(text, &prefix, NULL) == 0);
	return prefix;
}

/* "": none */
static inline struct endpoint endpoint(const char *text)
{
	struct endpoint endpoint = { 0 };

	check(*text == '\0' || endpoint_parse(text, &endpoint, NULL) == 0);
	return endpoint;
}

static inline int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static inline void add_prefix(struct prefix_vec *to, const char *text)
{
	check(vec_push(to, prefix(text)) == 0);
	qsort(to->at, to->len, sizeof(*to->at), compare_prefixes);
}

static inline void add_address(struct prefix_vec *to, const char *ip, uint8_t bits)
{
	struct prefix prefix = { .bits = bits };

	check(ip_parse(ip, &prefix.ip, NULL) == 0 && vec_push(to, prefix) == 0);
}

/* A peer whose key begins with the number; to be added in their order. */
static inline struct wg_peer *add_peer(struct wg_peer_vec *to, uint8_t number, const char *via)
{
	struct wg_peer peer = { .key.bytes = { number }, .endpoint = endpoint(via) };

	check(vec_push(to, peer) == 0);
	return &to->at[to->len - 1];
}

static inline void add_foreign(struct observed *observed, const char *to, uint32_t link,
			       uint32_t metric, bool is_connected)
{
	struct foreign_route route = {
		.to = prefix(to), .link_index = link, .metric = metric, .is_connected = is_connected
	};

	check(vec_push(&observed->foreign, route) == 0);
}

static inline void add_link(struct observed *observed, uint32_t index, const char *name,
			    uint32_t mtu)
{
	struct observed_link link = { .index = index, .mtu = mtu };

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	link.is_loopback = strcmp(name, "lo") == 0;
	check(vec_push(&observed->links, link) == 0);
}

static inline bool same_prefixes(const struct prefix_vec *a, const struct prefix_vec *b)
{
	bool same = a->len == b->len;

	for (size_t i = 0; same && i < a->len; i++)
		same = prefix_equal(&a->at[i], &b->at[i]);
	return same;
}

#endif
