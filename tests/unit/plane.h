// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Short ways to write down what is desired, by what a tower tells of a zone, and what is observed.
 */
#ifndef UNIT_PLANE_H
#define UNIT_PLANE_H

#include <stdlib.h>

#include "base/str.h"
#include "check.h"
#include "mesh/doc.h"
#include "nodeagent/plan.h"

#define SELF 0 /* the number of this node itself */

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

/* A zone as it is told, and what a node of it desires. */
struct told {
	struct view *view;
	struct desired desired;
	uint64_t revision;
	uint64_t generation; /* of whoever is told; 0: 1 */
};

/* A peer; "" where it has none. Prefixes with a comma between them. */
struct row {
	uint8_t number; /* first byte of its key */
	const char *address;
	const char *prefixes;
	const char *endpoint;
	bool hub_router;
	uint64_t revision; /* 0: the next one */
};

static inline struct key own_private_key(void)
{
	return (struct key){ .bytes = { 0x08, 1, 2, 3, [31] = 0x40 } };
}

static inline struct key key_of(uint8_t number)
{
	struct key private_key = own_private_key();
	struct key key = { .bytes = { number } };

	if (number == SELF)
		key_public(&private_key, &key);
	return key;
}

/* An event, the last one of its change when `revision` is not 0. */
static inline void tell_event(struct view *view, enum event_kind kind, const char *doc,
			      uint64_t revision)
{
	struct event event = { .kind = kind,
			       .data = doc,
			       .data_len = strlen(doc),
			       .has_id = revision > 0,
			       .id = { .revision = revision } };

	check(view_fold(view, &event, NULL) >= 0);
}

static inline void tell_zone(struct told *told, const char *cidr, bool hub_zone)
{
	struct zone zone = { .name = "blue", .hub_zone = hub_zone };
	_cleanup_free_ char *doc = NULL;

	check(zone_set_cidr(&zone, cidr, NULL) == 0);
	doc = doc_of_zone(&zone);
	tell_event(told->view, EVENT_ZONE, doc, ++told->revision);
}

static inline void tell_row(struct told *told, const struct row *row)
{
	struct key key = key_of(row->number);
	_cleanup_str_ struct str doc = { 0 };
	char text[KEY_TEXT_BYTES];

	told->revision++;
	key_format(&key, text);
	str_printf(&doc,
		   "{\"v\":1,\"Zone\":\"blue\",\"PublicKey\":\"%s\",\"NodeAddress\":\"%s\","
		   "\"ChildPrefixes\":\"%s\",\"Endpoints\":\"%s\",\"HubRouter\":%s,"
		   "\"Generation\":%llu,\"Revision\":%llu}",
		   text, row->address, row->prefixes, row->endpoint,
		   row->hub_router ? "true" : "false", (unsigned long long)(told->generation ?: 1),
		   (unsigned long long)(row->revision ?: told->revision));
	tell_event(told->view, EVENT_PEER, doc.at, told->revision);
}

static inline void tell_removed(struct told *told, uint8_t number)
{
	struct key key = key_of(number);
	char text[KEY_TEXT_BYTES];
	char doc[128];

	key_format(&key, text);
	(void)snprintf(doc, sizeof(doc), "{\"PublicKey\":\"%s\",\"Zone\":\"blue\"}", text);
	tell_event(told->view, EVENT_PEER_REMOVED, doc, ++told->revision);
}

static inline void tell_snapshot_begin(struct told *told, bool reset)
{
	tell_event(told->view, EVENT_SNAPSHOT_BEGIN,
		   reset ? "{\"Zone\":\"blue\",\"reset\":true}" : "{\"Zone\":\"blue\"}", 0);
}

static inline void tell_snapshot_end(struct told *told)
{
	tell_event(told->view, EVENT_SNAPSHOT_END, "{\"Zone\":\"blue\"}", ++told->revision);
}

/* From the view as it is now; whether there is something to desire. */
static inline bool look(struct told *told)
{
	return desired_look(&told->desired, NULL) == 0;
}

/* Node wg0 with port 51820, MTU 1420, keepalives on; a zone without a peer and a complete view. */
static inline struct told told_zone(const char *cidr, bool hub_zone)
{
	struct desired_options options = { .interface = "wg0",
					   .private_key = own_private_key(),
					   .listen_port = 51820,
					   .mtu = 1420,
					   .keepalive = true };
	struct told told = { 0 };

	check(view_new("blue", &told.view) == 0);
	check(desired_make(told.view, &options, &told.desired, NULL) == 0);
	tell_snapshot_begin(&told, false);
	tell_zone(&told, cidr, hub_zone);
	tell_snapshot_end(&told);
	return told;
}

static inline struct told told_rows(const char *cidr, bool hub_zone, const struct row *rows,
				    size_t len)
{
	struct told told = told_zone(cidr, hub_zone);

	for (size_t i = 0; i < len; i++)
		tell_row(&told, &rows[i]);
	(void)look(&told);
	return told;
}

static inline void told_done(struct told *told)
{
	view_free(told->view);
	desired_done(&told->desired);
}

/* The routes that are wanted, each as a text, with blanks between them. */
static inline void tell_prefixes(struct str *to, const struct prefix_vec *prefixes)
{
	const char *blank = "";

	str_append(to, "[");
	vec_foreach(prefix, prefixes) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		str_printf(to, "%s%s", blank, text);
		blank = " ";
	}
	str_append(to, "]");
}

static inline struct prefix_vec wanted_routes(const struct desired *desired)
{
	struct prefix_vec routes = { 0 };
	struct prefix route;
	bool more = desired_next_route(desired, NULL, &route);

	for (; more; more = desired_next_route(desired, &route, &route))
		check(vec_push(&routes, route) == 0);
	return routes;
}

static inline size_t wanted_peers(const struct desired *desired)
{
	const struct view_peer *peer = NULL;
	size_t len = 0;

	while ((peer = desired_next_peer(desired, peer)))
		len++;
	return len;
}

static inline void add_prefix(struct prefix_vec *to, const char *text)
{
	check(vec_push(to, prefix(text)) == 0);
	prefix_vec_order(to);
}

static inline void add_address(struct prefix_vec *to, const char *ip, uint8_t bits)
{
	struct prefix prefix = { .bits = bits };

	check(ip_parse(ip, &prefix.ip, NULL) == 0 && vec_push(to, prefix) == 0);
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
