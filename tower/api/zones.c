// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Zones: list, show, make, change, remove.
 */
#include <errno.h>
#include <string.h>

#include "tower/api/call.h"

static void answer_zone(struct api_call *call, const char *name, int status)
{
	const struct zone *zone = state_zone(call->api->c.state, name);

	if (zone)
		call_answer_doc(call, status, state_zone_doc(call->api->c.state, name),
				zone->revision);
	else
		call_refuse_zone(call);
}

void zones_list(struct api_call *call)
{
	const struct state *state = call->api->c.state;
	const struct zone *zone;
	struct list_page page;
	struct str list = { 0 };
	const char *last = NULL;
	uint64_t n = 0;

	if (!call_page(call, &page))
		return;
	list_begin(&list);
	for (zone = state_next_zone(state, page.after); zone && n < page.limit;
	     zone = state_next_zone(state, zone->name), n++) {
		list_add(&list, state_zone_doc(state, zone->name));
		last = zone->name;
	}
	call_answer_list(call, &list, &page, zone ? last : NULL);
}

void zone_get(struct api_call *call)
{
	answer_zone(call, call->path.zone, 200);
}

static void on_created(struct api_call *call, const struct commit_answer *answer)
{
	(void)answer;
	(void)http_add_header(call->http, "Location", "/zones/%s", call->path.zone);
	answer_zone(call, call->path.zone, 201);
}

/* The options that creating and changing have in common. 0, or -EPROTO. */
static int read_options(const json_t *body, struct zone_patch *patch, struct err *err)
{
	struct zone *zone = &patch->values;
	char word[16];
	int takeover = doc_text(body, "AddressTakeover", word, sizeof(word), err);
	int description =
		doc_text(body, "Description", zone->description, sizeof(zone->description), err);
	int hub = doc_bool(body, "HubZone", &zone->hub_zone, err);
	int ttl = doc_seconds(body, "PeerTTL", &zone->peer_ttl_s, err);
	int quarantine = doc_seconds(body, "Quarantine", &zone->quarantine_s, err);
	int signpost = doc_bool(body, "SignpostJoin", &zone->signpost_join, err);

	if (takeover < 0 || description < 0 || hub < 0 || ttl < 0 || quarantine < 0 || signpost < 0)
		return -EPROTO;
	if (takeover > 0 && takeover_parse(word, &zone->takeover) < 0)
		return err_set(err, -EPROTO,
			       "field 'AddressTakeover': always, if-offline or never is wanted, "
			       "not '%s'",
			       word);
	patch->has_takeover = takeover > 0;
	patch->has_description = description > 0;
	patch->has_hub_zone = hub > 0;
	patch->has_peer_ttl = ttl > 0;
	patch->has_quarantine = quarantine > 0;
	patch->has_signpost_join = signpost > 0;
	return 0;
}

/* Name and CIDR. The code of the refusal, or NULL. */
static const char *read_identity(const json_t *body, struct zone *zone, struct err *err)
{
	char cidr[ZONE_CIDR_TEXT_BYTES];

	if (doc_required(doc_text(body, "Name", zone->name, sizeof(zone->name), err), "Name", err) <
		    0 ||
	    doc_required(doc_text(body, "CIDR", cidr, sizeof(cidr), err), "CIDR", err) < 0)
		return "E400-field";
	if (!zone_name_is_valid(zone->name)) {
		(void)err_set(err, -EINVAL,
			      "'%s' is no zone name: letters and digits, then also . _ - are "
			      "wanted, %d at most",
			      zone->name, ZONE_NAME_BYTES - 1);
		return "E400-name";
	}
	if (zone_set_cidr(zone, cidr, err) < 0) {
		(void)err_wrap(err, "field 'CIDR'");
		return "E400-cidr";
	}
	return NULL;
}

void zone_create(struct api_call *call)
{
	struct request request = { .kind = REQUEST_ZONE_CREATE };
	struct zone_patch options = { 0 };
	_cleanup_(doc_unref) json_t *body = call_body(call);
	const char *code;
	struct err err;

	if (!body)
		return;
	decide_zone_defaults(&options.values);
	if (read_options(body, &options, &err) < 0) {
		call_refuse_err(call, "E400-field", &err);
		return;
	}
	request.zone = options.values;
	code = read_identity(body, &request.zone, &err);
	if (code) {
		call_refuse_err(call, code, &err);
		return;
	}
	memcpy(call->path.zone, request.zone.name, sizeof(call->path.zone));
	call_submit(call, &request, on_created);
}

static void on_patched(struct api_call *call, const struct commit_answer *answer)
{
	(void)answer;
	answer_zone(call, call->path.zone, 200);
}

void zone_patch(struct api_call *call)
{
	struct request request = { .kind = REQUEST_ZONE_PATCH };
	_cleanup_(doc_unref) json_t *body = call_body(call);
	json_t *cidr = NULL;
	struct err err;

	if (!body)
		return;
	if (read_options(body, &request.zone_patch, &err) < 0 ||
	    doc_field(body, "CIDR", &cidr, &err) < 0) {
		call_refuse_err(call, "E400-field", &err);
		return;
	}
	if (cidr) {
		(void)err_set(&err, -EINVAL, "the CIDR of a zone cannot change: make a new zone");
		call_refuse_err(call, "E400-cidr", &err);
		return;
	}
	memcpy(request.zone_patch.values.name, call->path.zone, sizeof(call->path.zone));
	if (call_if_match(call, &request))
		call_submit(call, &request, on_patched);
}

static void on_deleted(struct api_call *call, const struct commit_answer *answer)
{
	(void)answer;
	http_answer_empty(call->http, 204);
}

void zone_delete(struct api_call *call)
{
	struct request request = { .kind = REQUEST_ZONE_DELETE };
	const char *force = http_query(call->http, "force");
	struct err err;

	if (force && str_to_bool(force, &request.zone_delete.force) < 0) {
		(void)err_set(&err, -EINVAL, "force=%.32s: true or false is wanted", force);
		call_refuse_err(call, "E400-query", &err);
		return;
	}
	memcpy(request.zone_delete.name, call->path.zone, sizeof(call->path.zone));
	if (call_if_match(call, &request))
		call_submit(call, &request, on_deleted);
}
