// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The documents and headers of a join (docs/protocol.md), written and read. No I/O.
 */
#ifndef NODEAGENT_JOIN_H
#define NODEAGENT_JOIN_H

#include "mesh/event.h"
#include "mesh/peer.h"
#include "mesh/proof.h"

#define JOIN_NONCE_TEXT_BYTES 80 /* base64url of PROOF_NONCE_BYTES */
#define JOIN_PROOF_BYTES 256
#define JOIN_TICKET_BYTES 256

/* What a node asks for; what is absent stays as the tower has it. */
struct join_wish {
	struct key public_key;
	struct endpoint endpoint;          /* ip.family IP_NONE: absent */
	struct ip address[ZONE_CIDRS_MAX]; /* both IP_NONE: absent */
	const struct prefix_vec *prefixes; /* NULL: absent */
	const char *hostname;              /* "": absent */
	bool hub_router;
	const char *instance;
	uint64_t generation; /* that this node holds, and must not take anew; 0: absent */
};

/* The body of POST /zones/{zone}/peers; the caller's to free; NULL: no memory. */
char *join_write_body(const struct join_wish *wish) _must_check_;

/* What GET /challenge answers. */
struct join_challenge {
	char nonce_text[JOIN_NONCE_TEXT_BYTES];
	uint8_t nonce[PROOF_NONCE_BYTES];
	struct key tower_key;
	char stun[ENDPOINT_TEXT_BYTES]; /* where STUN is answered; "" for nowhere */
};
int join_read_challenge(const char *text, size_t len, struct join_challenge *ret_challenge,
			struct err *err) _must_check_;

/*
 * Who answers STUN: "IP:PORT", or ":PORT" at the address of the tower that said so ("" when that is
 * not known). IP_NONE for nobody, and for what makes no sense.
 */
struct endpoint join_stun_server(const struct join_challenge *challenge, const char *tower_address);

/* The line "Apex-Proof: …" of a request. -EINVAL when the tower's key is a low-order point. */
struct join_proof {
	const struct key *private_key;
	const struct join_challenge *challenge;
	const char *method;
	const char *path;
	const char *zone;
	const char *body; /* NULL for none */
};
int join_write_proof(const struct join_proof *proof, char ret_line[static JOIN_PROOF_BYTES],
		     struct err *err) _must_check_;

/* What the tower answers to a join, as far as an agent uses it. */
struct join_answer {
	uint64_t generation;
	struct ip address[ZONE_CIDRS_MAX];
	struct event_id id;
	char ticket[JOIN_TICKET_BYTES];
	int64_t ticket_s; /* how long it is good for */
};

/*
 * `challenge` is that of the join's proof. -EPROTO when it is no such answer or not for this key;
 * -EBADMSG: the ticket is not sealed for us, or not in answer to this challenge.
 */
int join_read_answer(const char *text, size_t len, const struct join_challenge *challenge,
		     const struct key *private_key, const char *zone,
		     struct join_answer *ret_answer, struct err *err) _must_check_;

#endif
