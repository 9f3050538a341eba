// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mesh/doc.h"
#include "tests/unit/check.h"

static json_t *load(const char *text)
{
	json_t *object = NULL;
	struct err err = { 0 };

	if (!check(doc_load(text, strlen(text), &object, &err) == 0))
		printf("# %s: %s\n", text, err.text);
	return object;
}

static void loads_one_object(void)
{
	_cleanup_(doc_unref) json_t *object = load(" {\"a\":[1,{\"b\":\"]}\\\"[\"}]} \n");

	check(json_object_size(object) == 1);
}

static void refuses_what_is_not_one_object(void)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ " ", 1 },
		{ "[]", 2 },
		{ "\"a\"", 3 },
		{ "7", 1 },
		{ "null", 4 },
		{ "{", 1 },
		{ "{}}", 3 },
		{ "{} {}", 5 },
		{ "{}\0", 3 },
		{ "{\"a\":1,}", 8 },
		{ "{'a':1}", 7 },
		{ "{\"a\":\"\xff\"}", 9 },          /* not UTF-8 */
		{ "{\"a\":\"\xed\xa0\x80\"}", 11 }, /* a surrogate */
		{ "{\"a\":\"\\u0000\"}", 14 },      /* a NUL in a text */
		{ "{\"\\u0000\":1}", 12 },          /* and in a name */
		{ "{\"a\":1,\"a\":1}", 13 },        /* twice */
		{ "{\"a\":1e999}", 11 },
		{ "{\"a\":99999999999999999999}", 26 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *object = NULL;
		struct err err = { 0 };

		check(doc_load(rows[i].text, rows[i].len, &object, &err) == -EPROTO);
		check(!object && err.code == -EPROTO && str_starts(err.text, "JSON: "));
	}
}

static void refuses_deep_nesting_at_once(void)
{
	static const struct {
		size_t depth;
		int r;
	} rows[] = { { 16, 0 }, { 17, -EPROTO }, { 10000, -EPROTO }, { 200000, -EPROTO } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *object = NULL;
		_cleanup_str_ struct str text = { 0 };

		str_append(&text, "{\"a\":");
		for (size_t k = 1; k < rows[i].depth; k++)
			str_append(&text, "[");
		for (size_t k = 1; k < rows[i].depth; k++)
			str_append(&text, "]");
		str_append(&text, "}");
		check(doc_load(text.at, text.len, &object, NULL) == rows[i].r);
	}
}

static void finds_fields_in_any_case_and_with_dashes(void)
{
	static const char *const texts[] = { "{\"PublicKey\":7}", "{\"publickey\":7}",
					     "{\"public-key\":7}", "{\"PUBLIC-KEY\":7}",
					     "{\"-public--key-\":7}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(doc_unref) json_t *object = load(texts[i]);
		json_t *value = NULL;

		check(doc_field(object, "PublicKey", &value, NULL) == 0);
		check(json_integer_value(value) == 7);
	}
}

static void absent_and_null_are_alike(void)
{
	static const char *const texts[] = { "{}", "{\"Name\":null}", "{\"Names\":1,\"Nam\":1}",
					     "{\"Na_me\":1}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(doc_unref) json_t *object = load(texts[i]);
		json_t *value = object;
		char name[8] = "kept";
		struct err err = { 0 };

		check(doc_field(object, "Name", &value, NULL) == 0 && !value);
		check(doc_text(object, "Name", name, sizeof(name), NULL) == 0);
		check_str(name, "kept");
		check(doc_required(0, "Name", &err) == -EPROTO);
		check_str(err.text, "field 'Name': missing");
	}
}

static void refuses_two_fields_of_one_meaning(void)
{
	_cleanup_(doc_unref) json_t *object = load("{\"public-key\":null,\"PublicKey\":1}");
	json_t *value = NULL;
	struct err err = { 0 };

	check(doc_field(object, "PublicKey", &value, &err) == -EPROTO && !value);
	check(strstr(err.text, "'public-key', 'PublicKey'") != NULL);
}

static void reads_values_of_every_type(void)
{
	_cleanup_(doc_unref) json_t *object =
		load("{\"text\":\"z\xc3\xbcrich\",\"yes\":true,\"no\":false,\"number\":42,"
		     "\"seconds\":90,\"time\":\"15m\",\"none\":\"\",\"endpoint\":\"[fd00::1]:9\","
		     "\"key\":\"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\"}");
	struct endpoint endpoint = { .port = 1 };
	struct key key = { 0 };
	char text[8] = "";
	uint64_t number = 0;
	int64_t seconds = 0;
	bool flag = false;

	check(doc_text(object, "text", text, sizeof(text), NULL) == 1);
	check_str(text, "z\xc3\xbcrich");
	check(doc_bool(object, "yes", &flag, NULL) == 1 && flag);
	check(doc_bool(object, "no", &flag, NULL) == 1 && !flag);
	check(doc_u64(object, "number", &number, NULL) == 1 && number == 42);
	check(doc_seconds(object, "seconds", &seconds, NULL) == 1 && seconds == 90);
	check(doc_seconds(object, "time", &seconds, NULL) == 1 && seconds == 900);
	check(doc_endpoint(object, "none", &endpoint, NULL) == 1 && endpoint.port == 0);
	check(doc_endpoint(object, "endpoint", &endpoint, NULL) == 1 && endpoint.port == 9);
	check(doc_key(object, "key", &key, NULL) == 1 && key.bytes[0] == 0x85);
}

static int read_text(const json_t *object, struct err *err)
{
	char text[4];

	return doc_text(object, "F", text, sizeof(text), err);
}

static int read_bool(const json_t *object, struct err *err)
{
	bool value;

	return doc_bool(object, "F", &value, err);
}

static int read_u64(const json_t *object, struct err *err)
{
	uint64_t value;

	return doc_u64(object, "F", &value, err);
}

static int read_seconds(const json_t *object, struct err *err)
{
	int64_t value;

	return doc_seconds(object, "F", &value, err);
}

static int read_key(const json_t *object, struct err *err)
{
	struct key key;

	return doc_key(object, "F", &key, err);
}

static int read_endpoint(const json_t *object, struct err *err)
{
	struct endpoint endpoint;

	return doc_endpoint(object, "F", &endpoint, err);
}

static int read_addresses(const json_t *object, struct err *err)
{
	struct ip address[ZONE_CIDRS_MAX];

	return doc_addresses(object, "F", address, err);
}

static int read_prefixes(const json_t *object, struct err *err)
{
	struct prefix_vec vec = { 0 };
	int r = doc_prefixes(object, "F", 2, &vec, err);

	check(r >= 0 || (!vec.at && vec.len == 0));
	vec_done(&vec);
	return r;
}

static int read_endpoints(const json_t *object, struct err *err)
{
	struct endpoint_vec vec = { 0 };
	int r = doc_endpoints(object, "F", 2, &vec, err);

	check(r >= 0 || (!vec.at && vec.len == 0));
	vec_done(&vec);
	return r;
}

static void refuses_wrong_values_and_says_what_it_takes(void)
{
	static const struct {
		int (*read)(const json_t *object, struct err *err);
		const char *value, *says;
	} rows[] = {
		{ read_text, "7", "a text" },
		{ read_text, "\"four\"", "longer than 3 bytes" },
		{ read_text, "\"a\\nb\"", "control characters" },
		{ read_bool, "\"true\"", "true or false" },
		{ read_bool, "1", "true or false" },
		{ read_u64, "-1", "whole number" },
		{ read_u64, "1.0", "whole number" },
		{ read_u64, "\"1\"", "whole number" },
		{ read_seconds, "-1", "seconds" },
		{ read_seconds, "4611686018427387904", "seconds" },
		{ read_seconds, "\"soon\"", "15m" },
		{ read_seconds, "true", "15m" },
		{ read_key, "\"abc\"", "not a key" },
		{ read_key, "{}", "a key" },
		{ read_endpoint, "\"192.0.2.1\"", "not an endpoint" },
		{ read_endpoint, "[]", "an endpoint" },
		{ read_addresses, "\"10.0.0.1,10.0.0.2\"", "one address a family" },
		{ read_addresses, "\"10.0.0\"", "not an IP address" },
		{ read_addresses, "\"10.0.0.1000000000000000000000000000000000000000\"", "one a" },
		{ read_addresses, "[\"10.0.0.1\"]", "an address" },
		{ read_prefixes, "\"10.0.0.0\"", "no /length" },
		{ read_prefixes, "[\"10.0.0.0/8\",7]", "takes texts" },
		{ read_prefixes, "[\"1.0.0.0/8\",\"2.0.0.0/8\",\"3.0.0.0/8\"]", "more than 2" },
		{ read_prefixes, "\"1.0.0.0/8,2.0.0.0/8,3.0.0.0/8\"", "more than 2" },
		{ read_prefixes, "[\"1.0.0.0/8\",\"\"]", "not a prefix" },
		{ read_prefixes, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
		  "over-long" },
		{ read_prefixes, "{}", "an array of texts" },
		{ read_endpoints, "\"192.0.2.1:0\"", "port" },
		{ read_endpoints, "[\"192.0.2.1:1\",[]]", "takes texts" },
		{ read_endpoints, "false", "an array of texts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *object = NULL;
		char text[256];
		struct err err = { 0 };

		(void)snprintf(text, sizeof(text), "{\"f\":%s}", rows[i].value);
		object = load(text);
		check(rows[i].read(object, &err) == -EPROTO && err.code == -EPROTO);
		check(str_starts(err.text, "field 'F': "));
		if (!check(strstr(err.text, rows[i].says) != NULL))
			printf("# %s said: %s\n", text, err.text);
		check(rows[i].read(object, NULL) == -EPROTO);
	}
}

static void orders_prefixes_and_drops_repeated_ones(void)
{
	static const char *const texts[] = {
		"{\"P\":[\"172.24.1.0/24\",\"fd00::/64\",\"172.24.0.7/24\",\"172.24.1.9/24\"]}",
		"{\"P\":\"fd00::/64, 172.24.0.0/24 ,172.24.1.0/24,fd00::/64,\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(doc_unref) json_t *object = load(texts[i]);
		_cleanup_(doc_unref) json_t *array = NULL;
		_cleanup_free_ char *written = NULL;
		struct prefix_vec vec = { 0 };

		check(doc_prefixes(object, "P", 4, &vec, NULL) == 1);
		array = doc_prefix_array(&vec);
		written = json_dumps(array, JSON_COMPACT);
		check_str(written, "[\"172.24.0.0/24\",\"172.24.1.0/24\",\"fd00::/64\"]");
		vec_done(&vec);
	}
}

static void an_empty_list_is_there(void)
{
	static const char *const texts[] = { "{\"P\":[]}", "{\"P\":\"\"}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(doc_unref) json_t *object = load(texts[i]);
		struct prefix_vec vec = { 0 };

		check(doc_prefixes(object, "P", 4, &vec, NULL) == 1 && vec.len == 0);
		check(doc_prefixes(object, "Q", 4, &vec, NULL) == 0);
	}
}

static void keeps_endpoints_in_order_of_preference(void)
{
	_cleanup_(doc_unref) json_t *object =
		load("{\"E\":\"192.0.2.9:1,192.0.2.1:1,[fd00::1]:1,192.0.2.9:1\"}");
	struct endpoint_vec vec = { 0 };

	check(doc_endpoints(object, "E", 4, &vec, NULL) == 1 && vec.len == 3);
	check(vec.len == 3 && vec.at[0].ip.bytes[3] == 9 && vec.at[1].ip.bytes[3] == 1);
	vec_done(&vec);
}

static void addresses_have_their_places(void)
{
	static const struct {
		const char *text, *written;
		enum ip_family families[ZONE_CIDRS_MAX];
	} rows[] = {
		{ "{\"A\":\"10.1.0.4\"}", "10.1.0.4", { IP_V4, IP_NONE } },
		{ "{\"A\":\"fd00::4\"}", "fd00::4", { IP_NONE, IP_V6 } },
		{ "{\"A\":\"fd00::4, 10.1.0.4\"}", "10.1.0.4,fd00::4", { IP_V4, IP_V6 } },
		{ "{\"A\":\"\"}", "", { IP_NONE, IP_NONE } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *object = load(rows[i].text);
		_cleanup_(doc_unref) json_t *written = NULL;
		struct ip address[ZONE_CIDRS_MAX] = { { .family = IP_V6 } };

		check(doc_addresses(object, "A", address, NULL) == 1);
		check(address[0].family == rows[i].families[0]);
		check(address[1].family == rows[i].families[1]);
		written = doc_address_text(address);
		check_str(json_string_value(written), rows[i].written);
	}
}

int main(void)
{
	run(loads_one_object);
	run(refuses_what_is_not_one_object);
	run(refuses_deep_nesting_at_once);
	run(finds_fields_in_any_case_and_with_dashes);
	run(absent_and_null_are_alike);
	run(refuses_two_fields_of_one_meaning);
	run(reads_values_of_every_type);
	run(refuses_wrong_values_and_says_what_it_takes);
	run(orders_prefixes_and_drops_repeated_ones);
	run(an_empty_list_is_there);
	run(keeps_endpoints_in_order_of_preference);
	run(addresses_have_their_places);
	return check_done();
}
