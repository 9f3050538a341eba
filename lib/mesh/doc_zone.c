// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/doc.h"

#include <errno.h>
#include <string.h>

static json_t *cidr_text(const struct zone *zone)
{
	char text[ZONE_CIDRS_MAX * PREFIX_TEXT_BYTES];
	char *to = text;

	*to = '\0';
	for (size_t i = 0; i < zone->cidr_len; i++) {
		if (i > 0)
			*to++ = ',';
		prefix_format(&zone->cidr[i], to);
		to += strlen(to);
	}
	return json_string(text);
}

static json_t *public_of(const struct zone *zone)
{
	_cleanup_(doc_unref) json_t *doc = json_object();
	int r = 0;

	r |= json_object_set_new(doc, "Name", json_string(zone->name));
	r |= json_object_set_new(doc, "Description", json_string(zone->description));
	r |= json_object_set_new(doc, "IpCidr", json_string(zone->cidr_typed));
	r |= json_object_set_new(doc, "CIDR", cidr_text(zone));
	r |= json_object_set_new(doc, "HubZone", json_boolean(zone->hub_zone));
	r |= json_object_set_new(doc, "PeerTTL", json_integer(zone->peer_ttl_s));
	r |= json_object_set_new(doc, "AddressTakeover",
				 json_string(takeover_word(zone->takeover)));
	r |= json_object_set_new(doc, "Quarantine", json_integer(zone->quarantine_s));
	r |= json_object_set_new(doc, "SignpostJoin", json_boolean(zone->signpost_join));
	r |= json_object_set_new(doc, "Revision", json_integer((json_int_t)zone->revision));
	return r == 0 ? TAKE_PTR(doc) : NULL;
}

char *doc_of_zone(const struct zone *zone)
{
	_cleanup_(doc_unref) json_t *doc = public_of(zone);

	return doc ? json_dumps(doc, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
}

json_t *doc_row_of_zone(const struct zone *zone)
{
	_cleanup_(doc_unref) json_t *row = public_of(zone);

	if (!row || json_object_set_new(row, "Created", json_integer(zone->created_ms)) < 0)
		return NULL;
	return TAKE_PTR(row);
}

static int read_name(const json_t *object, struct zone *zone, struct err *err)
{
	int r = doc_text(object, "Name", zone->name, sizeof(zone->name), err);

	r = doc_required(r, "Name", err);
	if (r > 0 && !zone_name_is_valid(zone->name))
		return err_set(err, -EPROTO, "field 'Name': '%s' is not a zone's name", zone->name);
	return r;
}

/* What was typed says all; the canonical form is made of it again. */
static int read_cidr(const json_t *object, struct zone *zone, struct err *err)
{
	char typed[ZONE_CIDR_TEXT_BYTES];
	int r = doc_text(object, "IpCidr", typed, sizeof(typed), err);

	if (r == 0)
		r = doc_text(object, "CIDR", typed, sizeof(typed), err);
	r = doc_required(r, "CIDR", err);
	if (r < 0)
		return r;
	if (zone_set_cidr(zone, typed, err) < 0)
		return doc_malformed("CIDR", err);
	return 1;
}

static int read_takeover(const json_t *object, struct zone *zone, struct err *err)
{
	char word[16];
	int r = doc_text(object, "AddressTakeover", word, sizeof(word), err);

	if (r > 0 && takeover_parse(word, &zone->takeover) < 0)
		return err_set(err, -EPROTO,
			       "field 'AddressTakeover': takes always, if-offline or never");
	return r;
}

int doc_read_zone(const json_t *object, struct zone *ret_zone, struct err *err)
{
	struct zone zone = { 0 };
	uint64_t created_ms = 0;
	int r = read_name(object, &zone, err);

	if (r >= 0)
		r = read_cidr(object, &zone, err);
	if (r >= 0)
		r = doc_text(object, "Description", zone.description, sizeof(zone.description),
			     err);
	if (r >= 0)
		r = doc_bool(object, "HubZone", &zone.hub_zone, err);
	if (r >= 0)
		r = doc_seconds(object, "PeerTTL", &zone.peer_ttl_s, err);
	if (r >= 0)
		r = read_takeover(object, &zone, err);
	if (r >= 0)
		r = doc_seconds(object, "Quarantine", &zone.quarantine_s, err);
	if (r >= 0)
		r = doc_bool(object, "SignpostJoin", &zone.signpost_join, err);
	if (r >= 0)
		r = doc_u64(object, "Revision", &zone.revision, err);
	if (r >= 0)
		r = doc_u64(object, "Created", &created_ms, err);
	if (r < 0)
		return r;
	zone.created_ms = (int64_t)created_ms;
	*ret_zone = zone;
	return 0;
}
