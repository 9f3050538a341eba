// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * JSON documents of zones and peers, by jansson. Written in a fixed field order (golden files in
 * tests/unit/data). Read leniently: field names in any case and with dashes ("public-key"),
 * unknown fields ignored; but a duplicate, a wrong type or an over-long value is refused by name.
 */
#ifndef MESH_DOC_H
#define MESH_DOC_H

#include <jansson.h>

#include "mesh/peer.h"

/*
 * Parses one JSON object of at most `len` bytes. Refused with -EPROTO: not UTF-8, duplicate
 * fields, nesting deeper than 16, anything behind the object. *ret_object is the caller's.
 */
int doc_load(const char *text, size_t len, json_t **ret_object, struct err *err) _must_check_;

/* Frees; made for _cleanup_(doc_unref). */
void doc_unref(json_t **object);

/*
 * The field `name` whatever its case and dashes. Absent or null: 0 and *ret_value NULL (borrowed).
 * -EPROTO when two fields of the object mean this name.
 */
int doc_field(const json_t *object, const char *name, json_t **ret_value,
	      struct err *err) _must_check_;

/*
 * Typed forms: 1 when the field was there and read, 0 when absent (the output is untouched), else
 * -EPROTO with the field's name and what it takes.
 */
int doc_text(const json_t *object, const char *name, char *to, size_t to_bytes,
	     struct err *err) _must_check_;
int doc_bool(const json_t *object, const char *name, bool *ret_value, struct err *err) _must_check_;
int doc_u64(const json_t *object, const char *name, uint64_t *ret_value,
	    struct err *err) _must_check_;
/* A whole number of seconds, or a text as in str_to_seconds. */
int doc_seconds(const json_t *object, const char *name, int64_t *ret_seconds,
		struct err *err) _must_check_;
int doc_key(const json_t *object, const char *name, struct key *ret_key,
	    struct err *err) _must_check_;
/* "" is no endpoint: family IP_NONE. */
int doc_endpoint(const json_t *object, const char *name, struct endpoint *ret_endpoint,
		 struct err *err) _must_check_;
/*
 * An array of texts, or one text with commas; at most `max`. *ret_vec must be empty; it is the
 * caller's to free, and after a failure still empty. Prefixes come out ordered, each once; whether
 * they can be routed is not asked. Endpoints keep their order, which is that of preference.
 * -ENOMEM besides.
 */
int doc_prefixes(const json_t *object, const char *name, size_t max, struct prefix_vec *ret_vec,
		 struct err *err) _must_check_;
int doc_endpoints(const json_t *object, const char *name, size_t max, struct endpoint_vec *ret_vec,
		  struct err *err) _must_check_;
/*
 * "10.1.0.4", "fd00::4" or both with a comma: at most one a family, IPv4 at [0], IPv6 at [1]; ""
 * is none. Whether they lie in a zone is not asked.
 */
int doc_addresses(const json_t *object, const char *name, struct ip ret_address[ZONE_CIDRS_MAX],
		  struct err *err) _must_check_;

/* Behind a typed form: makes "absent" (0) an -EPROTO that names the field; passes others on. */
int doc_required(int r, const char *name, struct err *err) _must_check_;

/* Behind a parser's failure: "field '<name>': " before what it said, and the code -EPROTO. */
int doc_malformed(const char *name, struct err *err);

/* As documents write them, for json_object_set_new: an array of texts; one text. NULL: no memory.
 */
json_t *doc_prefix_array(const struct prefix_vec *prefixes) _must_check_;
json_t *doc_address_text(const struct ip address[ZONE_CIDRS_MAX]) _must_check_;

/* The public documents: GET /zones, GET /peers, events. The caller's to free; NULL: no memory. */
char *doc_of_zone(const struct zone *zone) _must_check_;
char *doc_of_peer(const struct peer *peer) _must_check_;

/* The stored rows: the same with what only the tower knows. The caller's; NULL: no memory. */
json_t *doc_row_of_zone(const struct zone *zone) _must_check_;
json_t *doc_row_of_peer(const struct peer *peer) _must_check_;

/*
 * Both kinds are read by the same functions, and everything in them is checked: an agent reads what
 * a tower sent, a tower what Redis holds. What a public document lacks is zero. -EPROTO, -ENOMEM.
 * The outputs are the caller's (peer_done).
 */
int doc_read_zone(const json_t *object, struct zone *ret_zone, struct err *err) _must_check_;
int doc_read_peer(const json_t *object, struct peer *ret_peer, struct err *err) _must_check_;

#endif
