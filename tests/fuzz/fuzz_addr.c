// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Texts of addresses, prefixes, endpoints and a zone's CIDR: what is read is written in a form
 * that is read as the same, and is never longer than its header says.
 * Parsers: lib/mesh/addr.c
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(int r, const struct err *err)
{
	assert(r == err->code && *err->text && str_is_clean(err->text));
}

static void check_ip(const char *text)
{
	char written[IP_TEXT_BYTES];
	struct err err = { 0 };
	struct ip back;
	struct ip ip;
	int r = ip_parse(text, &ip, &err);

	if (r < 0) {
		check_refusal(r, &err);
		return;
	}
	ip_format(&ip, written);
	assert(strlen(written) < IP_TEXT_BYTES);
	assert(ip_parse(written, &back, NULL) == 0 && ip_equal(&ip, &back));
	back = ip_from_number(ip.family, ip_to_number(&ip));
	assert(ip_equal(&ip, &back));
	assert(!ip_is_special(&ip) || !ip_is_private(&ip));
}

static void check_prefix(const char *text)
{
	char written[PREFIX_TEXT_BYTES];
	struct err err = { 0 };
	struct prefix prefix;
	struct prefix back;
	struct ip first;
	struct ip last;
	int r = prefix_parse(text, &prefix, &err);

	if (r < 0) {
		check_refusal(r, &err);
		return;
	}
	prefix_format(&prefix, written);
	assert(strlen(written) < PREFIX_TEXT_BYTES);
	assert(prefix_parse(written, &back, NULL) == 0 && prefix_equal(&prefix, &back));
	first = prefix_first(&prefix);
	last = prefix_last(&prefix);
	assert(ip_equal(&first, &prefix.ip) && ip_compare(&first, &last) <= 0);
	assert(prefix_contains(&prefix, &last) && prefix_overlaps(&prefix, &back));
	r = prefix_check_routable(&prefix, &err);
	if (r < 0)
		check_refusal(r, &err);
	else
		assert(!ip_is_special(&first) && !ip_is_special(&last));
}

static void check_endpoint(const char *text)
{
	char written[ENDPOINT_TEXT_BYTES];
	struct err err = { 0 };
	struct endpoint endpoint;
	struct endpoint back;
	int r = endpoint_parse(text, &endpoint, &err);

	if (r < 0) {
		check_refusal(r, &err);
		return;
	}
	endpoint_format(&endpoint, written);
	assert(strlen(written) < ENDPOINT_TEXT_BYTES && endpoint.port != 0);
	assert(endpoint_parse(written, &back, NULL) == 0 && endpoint_equal(&endpoint, &back));
}

static void check_cidr(const char *text)
{
	struct zone zone = { 0 };
	struct zone back = { 0 };
	struct err err = { 0 };
	int r = zone_set_cidr(&zone, text, &err);

	if (r < 0) {
		check_refusal(r, &err);
		return;
	}
	assert(zone.cidr_len >= 1 && zone.cidr_len <= ZONE_CIDRS_MAX);
	assert(str_eq(zone.cidr_typed, text));
	assert(zone_set_cidr(&back, zone.cidr_typed, NULL) == 0 && zone_same(&zone, &back));
	for (size_t i = 0; i < zone.cidr_len; i++) {
		struct ip first = prefix_first(&zone.cidr[i]);
		struct ip second = ip_from_number(first.family, ip_to_number(&first) + 1);

		assert(zone_reserves(&zone, &first) && !zone_reserves(&zone, &second));
		assert(zone_cidr(&zone, first.family) == &zone.cidr[i]);
		assert(prefix_contains(&zone.cidr[i], &second));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	check_ip(text);
	check_prefix(text);
	check_endpoint(text);
	check_cidr(text);
	return 0;
}
