// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/join.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"

#define SEALED_TICKET_MAX (JOIN_TICKET_BYTES + CRYPTO_SEAL_EXTRA_BYTES)
#define SEALED_TEXT_BYTES (SEALED_TICKET_MAX * 4 / 3 + 8)
#define TICKET_S_MAX 86400

char *join_write_body(const struct join_wish *wish)
{
	_cleanup_(doc_unref) json_t *body = json_object();
	const struct ip *address = wish->address;
	char key[KEY_TEXT_BYTES];
	int failed = 0;

	key_format(&wish->public_key, key);
	failed |= json_object_set_new(body, "PublicKey", json_string(key));
	if (wish->endpoint.ip.family != IP_NONE) {
		char endpoint[ENDPOINT_TEXT_BYTES];

		endpoint_format(&wish->endpoint, endpoint);
		failed |= json_object_set_new(body, "EndpointIP", json_string(endpoint));
	}
	if (address[0].family != IP_NONE || address[1].family != IP_NONE)
		failed |= json_object_set_new(body, "NodeAddress", doc_address_text(address));
	if (wish->prefixes)
		failed |= json_object_set_new(body, "ChildPrefixes",
					      doc_prefix_array(wish->prefixes));
	if (*wish->hostname)
		failed |= json_object_set_new(body, "Hostname", json_string(wish->hostname));
	failed |= json_object_set_new(body, "HubRouter", json_boolean(wish->hub_router));
	failed |= json_object_set_new(body, "Instance", json_string(wish->instance));
	if (wish->generation > 0)
		failed |= json_object_set_new(body, "Generation",
					      json_integer((json_int_t)wish->generation));
	return failed ? NULL : json_dumps(body, JSON_COMPACT);
}

int join_read_challenge(const char *text, size_t len, struct join_challenge *ret_challenge,
			struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct join_challenge challenge = { 0 };
	size_t nonce_len = 0;
	int r = doc_load(text, len, &object, err);

	if (r >= 0)
		r = doc_text(object, "Nonce", challenge.nonce_text, sizeof(challenge.nonce_text),
			     err);
	if (r > 0)
		r = doc_key(object, "TowerKey", &challenge.tower_key, err);
	if (r < 0)
		return r;
	/* One that we cannot read is one that we do not ask: no reason not to join. */
	(void)!doc_text(object, "Stun", challenge.stun, sizeof(challenge.stun), NULL);
	if (r == 0 ||
	    crypto_decode(CRYPTO_TEXT_BASE64_URL, challenge.nonce_text,
			  strlen(challenge.nonce_text), challenge.nonce, sizeof(challenge.nonce),
			  &nonce_len) < 0 ||
	    nonce_len != PROOF_NONCE_BYTES)
		return err_set(err, -EPROTO, "the challenge holds no nonce and tower key");
	*ret_challenge = challenge;
	return 0;
}

int join_write_proof(const struct join_proof *proof, char ret_line[static JOIN_PROOF_BYTES],
		     struct err *err)
{
	struct proof_input input = { .method = proof->method,
				     .path = proof->path,
				     .zone = proof->zone,
				     .body = proof->body,
				     .body_len = proof->body ? strlen(proof->body) : 0,
				     .tower_public = proof->challenge->tower_key };
	char key[KEY_URL_TEXT_BYTES];
	char mac_text[KEY_URL_TEXT_BYTES]; /* a MAC is as long as a key */
	uint8_t mac[PROOF_MAC_BYTES];
	int r;

	key_public(proof->private_key, &input.node_public);
	memcpy(input.nonce, proof->challenge->nonce, sizeof(input.nonce));
	r = proof_make(proof->private_key, &input, mac);
	if (r == 0)
		r = crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), mac_text,
				  sizeof(mac_text));
	if (r < 0)
		return err_set(err, r, "no proof can be made with the tower's key");
	key_format_url(&input.node_public, key);
	(void)snprintf(ret_line, JOIN_PROOF_BYTES, "Apex-Proof: key=%s,nonce=%s,mac=%s", key,
		       proof->challenge->nonce_text, mac_text);
	return 0;
}

struct endpoint join_stun_server(const struct join_challenge *challenge, const char *tower_address)
{
	struct endpoint server = { 0 };

	if (*challenge->stun != ':') {
		(void)!endpoint_parse(challenge->stun, &server, NULL);
		return server;
	}
	if (str_to_u16(challenge->stun + 1, &server.port) < 0 || server.port == 0 ||
	    ip_parse(tower_address, &server.ip, NULL) < 0)
		return (struct endpoint){ 0 };
	return server;
}

/* Visible ASCII only: the ticket goes into a header line. */
static bool is_header_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return false;
	}
	return len > 0;
}

static int open_ticket(const char *sealed, const struct key *answer_key,
		       char ret_ticket[static JOIN_TICKET_BYTES], struct err *err)
{
	uint8_t box[SEALED_TICKET_MAX];
	char ticket[JOIN_TICKET_BYTES] = "";
	size_t box_len = 0;
	size_t len;

	if (crypto_decode(CRYPTO_TEXT_BASE64, sealed, strlen(sealed), box, sizeof(box), &box_len) <
		    0 ||
	    box_len <= CRYPTO_SEAL_EXTRA_BYTES ||
	    box_len >= CRYPTO_SEAL_EXTRA_BYTES + JOIN_TICKET_BYTES)
		return err_set(err, -EPROTO, "Ticket: is no sealed ticket");
	len = box_len - CRYPTO_SEAL_EXTRA_BYTES;
	if (crypto_open(answer_key->bytes, box, box_len, ticket) < 0)
		return err_set(err, -EBADMSG,
			       "Ticket: is not sealed for this node's request by that tower's key");
	if (!is_header_value(ticket, len))
		return err_set(err, -EPROTO, "Ticket: holds characters that no ticket has");
	memcpy(ret_ticket, ticket, sizeof(ticket));
	crypto_wipe(ticket, sizeof(ticket));
	return 0;
}

static int read_mark(const json_t *object, struct event_id *ret_id, struct err *err)
{
	char mark[17] = "";
	char text[EVENT_ID_BYTES];
	uint64_t revision = 0;
	int r = doc_u64(object, "Revision", &revision, err);

	if (r > 0)
		r = doc_text(object, "Mark", mark, sizeof(mark), err);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%" PRIu64 "-%s", revision, mark);
	if (r == 0 || event_id_parse(text, ret_id) < 0)
		return err_set(err, -EPROTO, "Revision and Mark: missing or malformed");
	return 0;
}

/* What the tower sealed the ticket under: it follows from both keys and the challenge's nonce. */
static int answer_key_of(const struct join_challenge *challenge, const struct key *private_key,
			 struct key *ret_key, struct err *err)
{
	struct proof_input input = { .tower_public = challenge->tower_key };

	memcpy(input.nonce, challenge->nonce, sizeof(input.nonce));
	key_public(private_key, &input.node_public);
	if (proof_answer_key(private_key, &input, ret_key) < 0)
		return err_set(err, -EBADMSG, "Ticket: nothing can be sealed by the tower's key");
	return 0;
}

static int read_peer(const json_t *object, const struct key *private_key, const char *zone,
		     struct join_answer *answer, struct err *err)
{
	_cleanup_(peer_done) struct peer peer = { 0 };
	struct key public_key;
	json_t *document = NULL;
	int r = doc_field(object, "Peer", &document, err);

	if (r < 0)
		return r;
	if (!document)
		return err_set(err, -EPROTO, "Peer: missing");
	r = doc_read_peer(document, &peer, err);
	if (r < 0)
		return r;
	key_public(private_key, &public_key);
	if (key_compare(&peer.key, &public_key) != 0 || !str_eq(peer.zone, zone))
		return err_set(err, -EPROTO, "Peer: is another peer than the one that joined");
	answer->generation = peer.generation;
	memcpy(answer->address, peer.address, sizeof(answer->address));
	return 0;
}

int join_read_answer(const char *text, size_t len, const struct join_challenge *challenge,
		     const struct key *private_key, const char *zone,
		     struct join_answer *ret_answer, struct err *err)
{
	_cleanup_(key_wipe) struct key answer_key = { 0 };
	_cleanup_(doc_unref) json_t *object = NULL;
	struct join_answer answer = { 0 };
	char sealed[SEALED_TEXT_BYTES] = "";
	int r = doc_load(text, len, &object, err);

	if (r >= 0)
		r = read_peer(object, private_key, zone, &answer, err);
	if (r >= 0)
		r = read_mark(object, &answer.id, err);
	if (r >= 0)
		r = doc_text(object, "Ticket", sealed, sizeof(sealed), err);
	if (r >= 0)
		r = doc_seconds(object, "TicketExpiresIn", &answer.ticket_s, err);
	if (r >= 0 && (answer.ticket_s <= 0 || answer.ticket_s > TICKET_S_MAX))
		r = err_set(err, -EPROTO, "TicketExpiresIn: takes 1 to %d seconds", TICKET_S_MAX);
	if (r >= 0)
		r = answer_key_of(challenge, private_key, &answer_key, err);
	if (r >= 0)
		r = open_ticket(sealed, &answer_key, answer.ticket, err);
	if (r < 0)
		return r;
	*ret_answer = answer;
	return 0;
}
