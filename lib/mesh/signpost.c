// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/signpost.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/addr.h"
#include "mesh/doc.h"

#define FIELD_PREFIX "tower:"
#define FIELD_DIGITS 16
#define SCHEME "https://"
#define PIN_PREFIX "sha256//"
#define PIN_HASH_BYTES 32

/* --- fields --- */

void signpost_field_format(uint64_t id, char ret_field[static SIGNPOST_FIELD_BYTES])
{
	(void)snprintf(ret_field, SIGNPOST_FIELD_BYTES, FIELD_PREFIX "%016" PRIx64, id);
}

int signpost_field_parse(const char *field, size_t len, uint64_t *ret_id)
{
	const size_t prefix_len = sizeof(FIELD_PREFIX) - 1;
	uint64_t id = 0;

	if (len != prefix_len + FIELD_DIGITS || memcmp(field, FIELD_PREFIX, prefix_len) != 0)
		return -EINVAL;
	for (size_t i = prefix_len; i < len; i++) {
		int digit = str_hex_digit(field[i]);

		if (digit < 0 || (field[i] >= 'A' && field[i] <= 'F'))
			return -EINVAL;
		id = id << 4 | (unsigned)digit;
	}
	*ret_id = id;
	return 0;
}

/* --- places --- */

static int bad_place(const char *text, const char *what, struct err *err)
{
	return err_set(err, -EINVAL, "'%.64s' is not %s", text, what);
}

static bool is_host(const char *host)
{
	return *host == '\0' || ip_parse(host, &(struct ip){ 0 }, NULL) == 0 ||
	       (*host != '.' && host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
						  "tuvwxyz0123456789-._")] == '\0');
}

/* Host and port, without a scheme. */
static int read_place(const char *from, struct signpost_place *ret_place)
{
	bool bracketed = *from == '[';
	const char *host = from + bracketed;
	size_t host_len = strcspn(host, bracketed ? "]" : ":");
	const char *rest = host + host_len;
	struct signpost_place place = { .host = "" };

	if (host_len >= sizeof(place.host) || (bracketed && (*rest != ']' || host_len == 0)))
		return -EINVAL;
	memcpy(place.host, host, host_len);
	rest += bracketed;
	/* Colons stand in brackets, and nothing but an address with colons does. */
	if (*rest != ':' || bracketed != (strchr(place.host, ':') != NULL) ||
	    !is_host(place.host) || str_to_u16(rest + 1, &place.port) < 0 || place.port == 0)
		return -EINVAL;
	*ret_place = place;
	return 0;
}

int signpost_place_parse(const char *text, struct signpost_place *ret_place, struct err *err)
{
	if (!*text) {
		*ret_place = (struct signpost_place){ 0 };
		return 0;
	}
	if (read_place(text, ret_place) < 0)
		return bad_place(text, "host:port or :port", err);
	return 0;
}

int signpost_url_parse(const char *text, struct signpost_place *ret_place, struct err *err)
{
	if (!str_starts(text, SCHEME) || read_place(text + strlen(SCHEME), ret_place) < 0)
		return bad_place(text, "https://host:port or https://:port", err);
	return 0;
}

void signpost_place_format(const struct signpost_place *place, const char *here,
			   char ret_text[static SIGNPOST_PLACE_BYTES])
{
	const char *host = *place->host ? place->host : here;
	bool bracketed = strchr(host, ':') != NULL;

	ret_text[0] = '\0';
	if (place->port != 0)
		(void)snprintf(ret_text, SIGNPOST_PLACE_BYTES, "%s%.253s%s:%u",
			       bracketed ? "[" : "", host, bracketed ? "]" : "", place->port);
}

void signpost_url_format(const struct signpost_place *place, const char *here,
			 char ret_url[static SIGNPOST_URL_BYTES])
{
	char text[SIGNPOST_PLACE_BYTES];

	signpost_place_format(place, here, text);
	(void)snprintf(ret_url, SIGNPOST_URL_BYTES, SCHEME "%s", text);
}

/* --- entries --- */

static bool is_pin(const char *pin)
{
	const size_t prefix_len = sizeof(PIN_PREFIX) - 1;
	uint8_t hash[PIN_HASH_BYTES];
	size_t len = 0;

	return str_starts(pin, PIN_PREFIX) && strlen(pin) == SIGNPOST_PIN_BYTES - 1 &&
	       crypto_decode(CRYPTO_TEXT_BASE64, pin + prefix_len, strlen(pin + prefix_len), hash,
			     sizeof(hash), &len) == 0 &&
	       len == sizeof(hash);
}

char *signpost_entry_format(const struct signpost_tower *tower)
{
	_cleanup_(doc_unref) json_t *entry = json_object();
	char url[SIGNPOST_URL_BYTES];
	char stun[SIGNPOST_PLACE_BYTES];
	int r = 0;

	signpost_url_format(&tower->https, "", url);
	signpost_place_format(&tower->stun, "", stun);
	r |= json_object_set_new(entry, "url", json_string(url));
	r |= json_object_set_new(entry, "pin", json_string(tower->pin));
	r |= json_object_set_new(entry, "stun", json_string(stun));
	r |= json_object_set_new(entry, "until", json_integer(tower->until_ms));
	return r == 0 ? json_dumps(entry, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
}

/* Of a text: -EPROTO with the field's name when it is missing or not of this kind. */
static int read_text(const json_t *entry, const char *name, char *to, size_t to_bytes,
		     struct err *err)
{
	return doc_required(doc_text(entry, name, to, to_bytes, err), name, err);
}

static int read_places(const json_t *entry, struct signpost_tower *tower, struct err *err)
{
	char stun[SIGNPOST_PLACE_BYTES];
	char url[SIGNPOST_URL_BYTES];
	int r = read_text(entry, "url", url, sizeof(url), err);

	if (r < 0)
		return r;
	if (signpost_url_parse(url, &tower->https, err) < 0)
		return doc_malformed("url", err);
	r = read_text(entry, "stun", stun, sizeof(stun), err);
	if (r < 0)
		return r;
	if (signpost_place_parse(stun, &tower->stun, err) < 0)
		return doc_malformed("stun", err);
	return 0;
}

int signpost_entry_parse(const char *text, size_t len, struct signpost_tower *ret_tower,
			 struct err *err)
{
	_cleanup_(doc_unref) json_t *entry = NULL;
	struct signpost_tower tower = { .id = ret_tower->id };
	uint64_t until_ms = 0;
	int r;

	if (len > SIGNPOST_ENTRY_MAX)
		return err_set(err, -EPROTO, "longer than %d bytes", SIGNPOST_ENTRY_MAX);
	r = doc_load(text, len, &entry, err);
	if (r == 0)
		r = read_places(entry, &tower, err);
	if (r >= 0)
		r = read_text(entry, "pin", tower.pin, sizeof(tower.pin), err);
	if (r >= 0)
		r = doc_required(doc_u64(entry, "until", &until_ms, err), "until", err);
	if (r < 0)
		return r;
	if (*tower.pin && !is_pin(tower.pin))
		return err_set(err, -EPROTO,
			       "field 'pin': takes sha256//, then 44 characters of base64");
	tower.until_ms = (int64_t)until_ms;
	*ret_tower = tower;
	return 0;
}

/* --- the hash --- */

static int take_tower(struct signpost *signpost, uint64_t id, const char *value, size_t value_len,
		      struct err *err)
{
	struct signpost_tower tower = { .id = id };
	size_t at = 0;
	int r = signpost_entry_parse(value, value_len, &tower, err);

	if (r < 0) {
		(void)err_wrap(err, "signpost: " FIELD_PREFIX "%016" PRIx64, id);
		return r;
	}
	while (at < signpost->towers_len && signpost->towers[at].id < id)
		at++;
	if (at == signpost->towers_len || signpost->towers[at].id != id) {
		if (signpost->towers_len == SIGNPOST_TOWERS_MAX)
			return 0;
		memmove(&signpost->towers[at + 1], &signpost->towers[at],
			(signpost->towers_len - at) * sizeof(tower));
		signpost->towers_len++;
	}
	signpost->towers[at] = tower;
	return 1;
}

static int take_join(struct signpost *signpost, const char *value, size_t len, struct err *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	const size_t prefix_len = sizeof(SIGNPOST_JOIN_PREFIX) - 1;
	bool good = len > prefix_len && len < sizeof(signpost->join) &&
		    memcmp(value, SIGNPOST_JOIN_PREFIX, prefix_len) == 0;

	for (size_t i = 0; good && i < len; i++)
		good = value[i] && strchr(allowed, value[i]);
	if (!good)
		return err_set(err, -EPROTO, "signpost: join: not a join secret (aps.…)");
	memcpy(signpost->join, value, len);
	signpost->join[len] = '\0';
	return 1;
}

int signpost_take(struct signpost *signpost, const char *field, size_t field_len, const char *value,
		  size_t value_len, struct err *err)
{
	uint64_t id;

	if (signpost_field_parse(field, field_len, &id) == 0)
		return take_tower(signpost, id, value, value_len, err);
	if (field_len == sizeof(SIGNPOST_JOIN) - 1 && memcmp(field, SIGNPOST_JOIN, field_len) == 0)
		return take_join(signpost, value, value_len, err);
	return 0;
}

void signpost_done(struct signpost *signpost)
{
	crypto_wipe(signpost->join, sizeof(signpost->join));
	signpost->towers_len = 0;
}
