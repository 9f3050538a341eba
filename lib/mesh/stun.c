// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "mesh/stun.h"

#include <errno.h>
#include <string.h>

#define TYPE_REQUEST 0x0001
#define TYPE_SUCCESS 0x0101
#define TYPE_ERROR 0x0111

#define ATTR_MAPPED_ADDRESS 0x0001
#define ATTR_MESSAGE_INTEGRITY 0x0008
#define ATTR_ERROR_CODE 0x0009
#define ATTR_UNKNOWN_ATTRIBUTES 0x000a
#define ATTR_MESSAGE_INTEGRITY_SHA256 0x001c
#define ATTR_XOR_MAPPED_ADDRESS 0x0020
#define ATTR_OPTIONAL 0x8000 /* from here on: may be ignored */
#define ATTR_OLD_XOR_MAPPED_ADDRESS 0x8020
#define ATTR_FINGERPRINT 0x8028

#define ATTR_HEADER_BYTES 4
#define FINGERPRINT_BYTES 8
#define FINGERPRINT_XOR 0x5354554e
#define FAMILY_V4 1
#define FAMILY_V6 2

/* Forms of the same address, the best first. */
enum form { FORM_XOR, FORM_PLAIN, FORM_OLD_XOR, FORMS };

struct attr {
	uint16_t type;
	uint16_t len;
	const uint8_t *value;
};

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)get_u16(at) << 16 | get_u16(at + 2);
}

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, (uint16_t)(value >> 16));
	put_u16(at + 2, (uint16_t)value);
}

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* CRC-32 of ITU-T V.42, as section 14.7 wants it: a packet is too short to be worth a table. */
static uint32_t fingerprint(const uint8_t *bytes, size_t len)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc ^ FINGERPRINT_XOR;
}

static int read_kind(uint16_t type, enum stun_kind *ret_kind)
{
	switch (type) {
	case TYPE_REQUEST:
		*ret_kind = STUN_REQUEST;
		return 0;
	case TYPE_SUCCESS:
		*ret_kind = STUN_SUCCESS;
		return 0;
	case TYPE_ERROR:
		*ret_kind = STUN_ERROR;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Cookie and transaction id, which follow each other in the header, hide an address (14.2). */
static void apply_xor(struct endpoint *endpoint, const uint8_t *header)
{
	endpoint->port ^= STUN_COOKIE >> 16;
	for (size_t i = 0; i < ip_family_bits(endpoint->ip.family) / 8; i++)
		endpoint->ip.bytes[i] ^= header[4 + i];
}

static int read_address(const struct attr *attr, const uint8_t *header, bool is_xored,
			struct endpoint *ret_endpoint)
{
	struct endpoint endpoint = { 0 };

	if (attr->len == 8 && attr->value[1] == FAMILY_V4)
		endpoint.ip.family = IP_V4;
	else if (attr->len == 20 && attr->value[1] == FAMILY_V6)
		endpoint.ip.family = IP_V6;
	else
		return -EBADMSG;
	endpoint.port = get_u16(attr->value + 2);
	memcpy(endpoint.ip.bytes, attr->value + 4, attr->len - 4U);
	if (is_xored)
		apply_xor(&endpoint, header);
	*ret_endpoint = endpoint;
	return 0;
}

/* A list that says no attribute twice. */
static void note_unknown(struct stun_message *message, uint16_t type)
{
	for (size_t i = 0; i < message->unknown_len; i++) {
		if (message->unknown[i] == type)
			return;
	}
	if (message->unknown_len < STUN_UNKNOWN_MAX)
		message->unknown[message->unknown_len++] = type;
}

/* Of an attribute that comes twice the first counts (section 14). */
static int keep_address(struct endpoint found[static FORMS], enum form form,
			const struct attr *attr, const uint8_t *header)
{
	if (found[form].ip.family != IP_NONE)
		return 0;
	return read_address(attr, header, form != FORM_PLAIN, &found[form]);
}

static int read_fingerprint(const struct attr *attr, const uint8_t *bytes, size_t len,
			    struct stun_message *message)
{
	size_t covered = (size_t)(attr->value - bytes) - ATTR_HEADER_BYTES;

	if (attr->len != 4 || covered + FINGERPRINT_BYTES != len ||
	    get_u32(attr->value) != fingerprint(bytes, covered))
		return -EBADMSG;
	message->has_fingerprint = true;
	return 0;
}

static int read_attr(const struct attr *attr, const uint8_t *bytes, size_t len,
		     struct endpoint found[static FORMS], struct stun_message *message)
{
	bool is_success = message->kind == STUN_SUCCESS;

	switch (attr->type) {
	case ATTR_XOR_MAPPED_ADDRESS:
		return is_success ? keep_address(found, FORM_XOR, attr, bytes) : 0;
	case ATTR_MAPPED_ADDRESS:
		return is_success ? keep_address(found, FORM_PLAIN, attr, bytes) : 0;
	case ATTR_OLD_XOR_MAPPED_ADDRESS:
		return is_success ? keep_address(found, FORM_OLD_XOR, attr, bytes) : 0;
	case ATTR_FINGERPRINT:
		return read_fingerprint(attr, bytes, len, message);
	case ATTR_MESSAGE_INTEGRITY: /* nothing to check it with: we share no secret */
	case ATTR_MESSAGE_INTEGRITY_SHA256:
	case ATTR_ERROR_CODE:
	case ATTR_UNKNOWN_ATTRIBUTES:
		return 0;
	default:
		if (attr->type < ATTR_OPTIONAL)
			note_unknown(message, attr->type);
		return 0;
	}
}

static int read_attrs(const uint8_t *bytes, size_t len, struct endpoint found[static FORMS],
		      struct stun_message *message)
{
	int r = 0;

	for (size_t at = STUN_HEADER_BYTES; r == 0 && at < len;) {
		struct attr attr = { .type = get_u16(bytes + at),
				     .len = get_u16(bytes + at + 2),
				     .value = bytes + at + ATTR_HEADER_BYTES };

		at += ATTR_HEADER_BYTES + padded(attr.len);
		r = at > len ? -EBADMSG : read_attr(&attr, bytes, len, found, message);
	}
	return r;
}

int stun_read(const uint8_t *bytes, size_t len, struct stun_message *ret_message)
{
	struct stun_message message = { 0 };
	struct endpoint found[FORMS] = { 0 };
	int r;

	/* The first two bits are zero; the length counts words, and what comes is whole. */
	if (len < STUN_HEADER_BYTES || len > STUN_PACKET_MAX || bytes[0] & 0xc0 || len % 4 != 0 ||
	    get_u16(bytes + 2) != len - STUN_HEADER_BYTES || get_u32(bytes + 4) != STUN_COOKIE)
		return -EBADMSG;
	r = read_kind(get_u16(bytes), &message.kind);
	if (r == 0)
		r = read_attrs(bytes, len, found, &message);
	if (r < 0)
		return r;
	for (size_t i = FORMS; i > 0; i--) {
		if (found[i - 1].ip.family != IP_NONE)
			message.mapped = found[i - 1];
	}
	if (message.kind == STUN_SUCCESS && (message.unknown_len > 0 || message.mapped.port == 0))
		return -EBADMSG;
	memcpy(message.txid, bytes + 8, STUN_TXID_BYTES);
	*ret_message = message;
	return 0;
}

static void write_header(uint16_t type, size_t len, const uint8_t txid[static STUN_TXID_BYTES],
			 uint8_t *bytes)
{
	put_u16(bytes, type);
	put_u16(bytes + 2, (uint16_t)(len - STUN_HEADER_BYTES));
	put_u32(bytes + 4, STUN_COOKIE);
	memcpy(bytes + 8, txid, STUN_TXID_BYTES);
}

void stun_write_request(const uint8_t txid[static STUN_TXID_BYTES],
			uint8_t ret_bytes[static STUN_REQUEST_BYTES])
{
	write_header(TYPE_REQUEST, STUN_REQUEST_BYTES, txid, ret_bytes);
}

static uint8_t *write_attr(uint8_t *at, uint16_t type, size_t len)
{
	put_u16(at, type);
	put_u16(at + 2, (uint16_t)len);
	return at + ATTR_HEADER_BYTES;
}

/* Behind the header, which must be there; the end of what was written. */
static uint8_t *write_address(uint8_t *bytes, const struct endpoint *from)
{
	size_t address_len = ip_family_bits(from->ip.family) / 8;
	struct endpoint hidden = *from;
	uint8_t *at =
		write_attr(bytes + STUN_HEADER_BYTES, ATTR_XOR_MAPPED_ADDRESS, 4 + address_len);

	apply_xor(&hidden, bytes);
	put_u16(at, from->ip.family == IP_V4 ? FAMILY_V4 : FAMILY_V6);
	put_u16(at + 2, hidden.port);
	memcpy(at + 4, hidden.ip.bytes, address_len);
	return at + 4 + address_len;
}

/* 420 without a reason phrase: the number says it, and the answer stays short. */
static uint8_t *write_unknown(uint8_t *bytes, const struct stun_message *request)
{
	uint8_t *at = write_attr(bytes + STUN_HEADER_BYTES, ATTR_ERROR_CODE, 4);

	put_u32(at, 4 << 8 | 20); /* class and number */
	at = write_attr(at + 4, ATTR_UNKNOWN_ATTRIBUTES, 2 * request->unknown_len);
	for (size_t i = 0; i < request->unknown_len; i++)
		put_u16(at + 2 * i, request->unknown[i]);
	return at + padded(2 * request->unknown_len);
}

size_t stun_write_answer(const struct stun_message *request, const struct endpoint *from,
			 uint8_t ret_bytes[static STUN_ANSWER_MAX])
{
	uint16_t type = request->unknown_len > 0 ? TYPE_ERROR : TYPE_SUCCESS;
	size_t len;
	uint8_t *end;

	memset(ret_bytes, 0, STUN_ANSWER_MAX);
	write_header(type, STUN_HEADER_BYTES, request->txid, ret_bytes);
	end = type == TYPE_ERROR ? write_unknown(ret_bytes, request)
				 : write_address(ret_bytes, from);
	len = (size_t)(end - ret_bytes) + (request->has_fingerprint ? FINGERPRINT_BYTES : 0);
	/* The fingerprint covers the length, its own attribute included. */
	write_header(type, len, request->txid, ret_bytes);
	if (request->has_fingerprint)
		put_u32(write_attr(end, ATTR_FINGERPRINT, 4),
			fingerprint(ret_bytes, len - FINGERPRINT_BYTES));
	return len;
}
