// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Two kinds of failure are kept apart. What could be a guess (an unknown token, a wrong MAC, a text
 * that is no credential) is counted, and past the limit answered with E429-failures. What was once
 * right and is over (an old nonce, an expired ticket, a token that is used up) is not: a whole site
 * of honest nodes behind one address may come with these at once, and must hear the reason.
 */
#include "tower/auth_identify.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "tower/auth_credential.h"
#include "tower/auth_signpost.h"
#include "tower/auth_ticket.h"

#define SIGNPOST_GUESSES "aps" /* wrong ones are counted together, whatever day they say */

/* One request on its way to a subject. */
struct attempt {
	struct auth *auth;
	const struct auth_request *request;
	int64_t now_ms;
	struct refusal *refusal;
	bool has_bearer;
	struct bearer bearer;
	bool is_admin; /* by the admin token */
};

static int refuse_guess(const struct attempt *attempt, const char *credential)
{
	const struct auth_request *request = attempt->request;
	int64_t wait_ms = failures_count(attempt->auth->failures, request->client, credential,
					 attempt->now_ms);

	if (wait_ms > 0) {
		refusal_set(attempt->refusal, "E429-failures",
			    "too many wrong credentials from %s, or for this one", request->client);
		refusal_hint(
			attempt->refusal,
			"mend the credential; the next wrong one is looked at in %jd s, a right one at any time",
			(intmax_t)(wait_ms + 999) / 1000);
	}
	return -EACCES;
}

/* Says what a request without a credential lacks. */
static int refuse_bare(const struct attempt *attempt)
{
	const struct auth *auth = attempt->auth;

	if (attempt->request->route == ROUTE_JOIN) {
		refusal_set(
			attempt->refusal, "E401-proof",
			"this listener wants a proof of the key that joins, and a join token when the key is new");
		refusal_hint(
			attempt->refusal,
			"take a nonce from GET /challenge and send Apex-Proof; agents do so themselves, and send the token that they are given");
		return -EACCES;
	}
	refusal_set(
		attempt->refusal, "E401-credential",
		"this listener wants a bearer token: an admin's, a viewer's or a node's ticket");
	if (auth->admin.is_set || auth->viewer.is_set)
		refusal_hint(
			attempt->refusal,
			"send the header Authorization: Bearer <token>: what is in the file that the tower was given as --admin-token-file; an agent wants a join token instead, from POST /zones/<zone>/tokens");
	else
		refusal_hint(
			attempt->refusal,
			"start the tower with --admin-token-file=FILE and send the header Authorization: Bearer <what is in it>, or ask on the tower's machine at its --listen address (127.0.0.1:8080)");
	return -EACCES;
}

static int check_secret(struct attempt *attempt, struct auth_subject *subject)
{
	const struct auth *auth = attempt->auth;
	uint8_t hash[CRYPTO_HASH_BYTES];

	crypto_hash_of(attempt->bearer.text, strlen(attempt->bearer.text), hash);
	if (auth->admin.is_set && crypto_equal(hash, auth->admin.hash, sizeof(hash))) {
		attempt->is_admin = true;
		subject->role = ROLE_ADMIN;
		return 0;
	}
	if (auth->viewer.is_set && crypto_equal(hash, auth->viewer.hash, sizeof(hash))) {
		subject->role = ROLE_VIEWER;
		return 0;
	}
	refusal_set(attempt->refusal, "E401-credential",
		    "the bearer token is neither this tower's admin nor its viewer token");
	refusal_hint(
		attempt->refusal,
		"compare it with the one that the tower was started with; join tokens begin with apx.");
	return refuse_guess(attempt, "");
}

static int refuse_ticket(const struct attempt *attempt, const char *why)
{
	refusal_set(attempt->refusal, "E401-ticket", "the session ticket %s", why);
	refusal_hint(attempt->refusal, "join again with a proof of the key for a new one");
	return -EACCES;
}

static int check_ticket(const struct attempt *attempt, struct auth_subject *subject)
{
	const struct auth *auth = attempt->auth;
	struct ticket ticket;
	const struct peer *peer;

	if (ticket_parse(auth->ticket_secret, attempt->bearer.text, &ticket) < 0) {
		(void)refuse_ticket(attempt, "was not written by this tower");
		return refuse_guess(attempt, "");
	}
	if (attempt->now_ms >= ticket.expires_ms)
		return refuse_ticket(attempt, "has expired");
	peer = state_peer(auth->state, &ticket.key);
	if (!peer)
		return refuse_ticket(attempt, "is of a peer that was removed");
	if (!str_eq(peer->zone, ticket.zone))
		return refuse_ticket(attempt, "is of another zone than its peer is in now");
	if (peer->generation != ticket.generation)
		return refuse_ticket(attempt, "is of an instance that another one took over from");
	subject->role = ROLE_NODE;
	subject->key = ticket.key;
	subject->generation = ticket.generation;
	memcpy(subject->zone, ticket.zone, sizeof(subject->zone));
	return 0;
}

static int refuse_token(const struct attempt *attempt, const char *why)
{
	refusal_set(attempt->refusal, "E401-token", "the join token %s", why);
	refusal_hint(attempt->refusal, "ask an admin for a new one: POST /zones/%s/tokens",
		     attempt->request->zone);
	return -EACCES;
}

static int check_join_token(const struct attempt *attempt, struct auth_subject *subject)
{
	_cleanup_(join_token_wipe) struct join_token shown = { .id = "" };
	uint8_t hash[CRYPTO_HASH_BYTES];
	const struct token *token;

	if (join_token_parse(attempt->bearer.text, &shown) < 0) {
		(void)refuse_token(attempt, "is not complete: apx.<id>.<secret>");
		return refuse_guess(attempt, "");
	}
	token = state_token(attempt->auth->state, shown.id);
	crypto_hash_of(shown.secret, sizeof(shown.secret), hash);
	if (!token || !crypto_equal(hash, token->secret_hash, sizeof(hash))) {
		(void)refuse_token(attempt, "is not known here: revoked, or of another tower");
		return refuse_guess(attempt, shown.id);
	}
	if (token->expires_ms && attempt->now_ms >= token->expires_ms)
		return refuse_token(attempt, "has expired");
	if (token->uses_max && token->uses >= token->uses_max)
		return refuse_token(attempt, "is used up");
	subject->role = ROLE_JOINER;
	memcpy(subject->zone, token->zone, sizeof(subject->zone));
	memcpy(subject->token_id, token->id, sizeof(subject->token_id));
	return 0;
}

static int refuse_signpost(const struct attempt *attempt, const char *why)
{
	refusal_set(attempt->refusal, "E401-token", "the signpost's join secret %s", why);
	refusal_hint(
		attempt->refusal,
		"read the signpost anew, or ask an admin for a join token: POST /zones/%s/tokens",
		attempt->request->zone);
	return -EACCES;
}

/* It names no zone: which ones take it is decided with the join. */
static int check_signpost(const struct attempt *attempt, struct auth_subject *subject)
{
	int r = signpost_secret_check(attempt->auth->ticket_secret, attempt->bearer.text,
				      attempt->now_ms);

	if (r == -ETIME)
		return refuse_signpost(attempt, "has expired: it lasts for its day and the next");
	if (r < 0) {
		(void)refuse_signpost(attempt, "was not made by this tower");
		return refuse_guess(attempt, SIGNPOST_GUESSES);
	}
	subject->role = ROLE_JOINER;
	subject->by_signpost = true;
	memcpy(subject->zone, attempt->request->zone,
	       strnlen(attempt->request->zone, sizeof(subject->zone) - 1));
	return 0;
}

static int refuse_proof(const struct attempt *attempt, const char *why)
{
	refusal_set(attempt->refusal, "E401-proof", "%s", why);
	refusal_hint(
		attempt->refusal,
		"make it of method, path, zone and body as they are sent, with a nonce from GET /challenge");
	return -EACCES;
}

static int refuse_nonce(const struct attempt *attempt, const char *why)
{
	refusal_set(attempt->refusal, "E401-nonce", "the nonce of the proof %s", why);
	refusal_hint(attempt->refusal, "take a new one from GET /challenge; it is good for %d s",
		     AUTH_NONCE_MS / 1000);
	return -EACCES;
}

static int use_nonce(const struct attempt *attempt, const uint8_t nonce[PROOF_NONCE_BYTES])
{
	int r = nonce_use(&attempt->auth->nonces_used, nonce, attempt->now_ms);

	if (r == -EALREADY)
		return refuse_nonce(attempt, "was used before");
	if (r < 0) {
		refusal_set(attempt->refusal, "E503-busy",
			    "more proofs came in %d s than this tower remembers",
			    AUTH_NONCE_MS / 1000);
		refusal_hint(attempt->refusal, "try again in %d s with a new nonce",
			     AUTH_NONCE_MS / 1000);
		return -EACCES;
	}
	return 0;
}

/* The key whose possession the request proves, and the one to seal the answer's secrets under. */
static int check_proof(const struct attempt *attempt, struct key *ret_key,
		       struct key *ret_answer_key)
{
	const struct auth_request *request = attempt->request;
	struct proof_input input = { .method = request->method,
				     .path = request->path,
				     .zone = request->zone,
				     .body = request->body,
				     .body_len = request->body_len,
				     .tower_public = attempt->auth->proof_public };
	_cleanup_(key_wipe) struct key answer_key = { 0 };
	char credential[KEY_TEXT_BYTES];
	uint8_t mac[PROOF_MAC_BYTES];
	struct proof_header header;
	int r;

	if (proof_header_parse(request->proof, &header) < 0) {
		(void)refuse_proof(
			attempt,
			"Apex-Proof is not key=<base64url>,nonce=<base64url>,mac=<base64url>");
		return refuse_guess(attempt, "");
	}
	r = nonce_check(attempt->auth->nonce_secret, header.nonce, attempt->now_ms);
	if (r == -ETIME)
		return refuse_nonce(attempt, "is too old");
	if (r < 0) {
		(void)refuse_nonce(attempt, "is not of this tower");
		return refuse_guess(attempt, "");
	}
	memcpy(input.nonce, header.nonce, sizeof(input.nonce));
	input.node_public = header.key;
	if (proof_expect(&attempt->auth->proof_key, &input, mac, &answer_key) < 0 ||
	    !crypto_equal(mac, header.mac, sizeof(mac))) {
		key_format(&header.key, credential);
		(void)refuse_proof(attempt, "the proof is not one of this key and this request");
		return refuse_guess(attempt, credential);
	}
	r = use_nonce(attempt, header.nonce);
	if (r < 0)
		return r;
	*ret_key = header.key;
	*ret_answer_key = answer_key;
	return 0;
}

/* A key that is not in the path's zone wants to be. */
static int admit_key(const struct attempt *attempt, const struct peer *peer,
		     struct auth_subject *subject)
{
	if (attempt->has_bearer && attempt->bearer.kind == BEARER_JOIN_TOKEN)
		return check_join_token(attempt, subject);
	if (attempt->has_bearer && attempt->bearer.kind == BEARER_SIGNPOST)
		return check_signpost(attempt, subject);
	if (attempt->request->listener->open) {
		subject->role = ROLE_ADMIN;
		return 0;
	}
	if (peer)
		return refuse_token(
			attempt,
			"is missing: the key is in another zone, and a move wants one of the new zone");
	return refuse_token(attempt, "is missing: the key is not known yet");
}

static int check_prover(const struct attempt *attempt, struct auth_subject *subject)
{
	const struct auth_request *request = attempt->request;
	const struct peer *peer;
	int r = check_proof(attempt, &subject->key, &subject->answer_key);

	if (r < 0)
		return r;
	subject->proven = true;
	if (attempt->is_admin)
		return 0;
	peer = state_peer(attempt->auth->state, &subject->key);
	if (request->route == ROUTE_JOIN && !(peer && str_eq(peer->zone, request->zone)))
		return admit_key(attempt, peer, subject);
	if (!peer)
		return refuse_proof(attempt,
				    "the proven key is not a peer of any zone: join first");
	subject->role = ROLE_NODE;
	subject->generation = peer->generation;
	memcpy(subject->zone, peer->zone, sizeof(subject->zone));
	return 0;
}

static int read_bearer(struct attempt *attempt)
{
	if (!attempt->request->authorization)
		return 0;
	attempt->has_bearer = true;
	if (bearer_parse(attempt->request->authorization, &attempt->bearer) == 0)
		return 0;
	refusal_set(attempt->refusal, "E401-credential",
		    "the Authorization header is not: Bearer <token>");
	refusal_hint(attempt->refusal,
		     "a token has at most %d letters, digits and -._~+/=", CREDENTIAL_TEXT_MAX);
	return refuse_guess(attempt, "");
}

/* A join token is good for a join, beside a proof, and for nothing else. */
static int refuse_lone_token(const struct attempt *attempt)
{
	if (attempt->request->route == ROUTE_JOIN)
		return refuse_proof(attempt, "a join token is taken with a proof of the key only");
	refusal_set(attempt->refusal, "E401-credential", "a join token is good for joins alone");
	refusal_hint(attempt->refusal, "join, and use the ticket that the join answers");
	return -EACCES;
}

int auth_identify(struct auth *auth, const struct auth_request *request, int64_t now_ms,
		  struct auth_subject *ret_subject, struct refusal *ret_refusal)
{
	struct attempt attempt = {
		.auth = auth, .request = request, .now_ms = now_ms, .refusal = ret_refusal
	};
	struct auth_subject subject = { .role = ROLE_NONE };
	int r = read_bearer(&attempt);

	if (r == 0 && attempt.has_bearer && attempt.bearer.kind == BEARER_SECRET)
		r = check_secret(&attempt, &subject);
	if (r < 0)
		return r;
	if (request->proof)
		r = check_prover(&attempt, &subject);
	else if (!attempt.has_bearer && request->listener->open)
		subject.role = ROLE_ADMIN;
	else if (!attempt.has_bearer)
		r = refuse_bare(&attempt);
	else if (attempt.bearer.kind == BEARER_TICKET && request->route == ROUTE_JOIN)
		r = refuse_proof(&attempt, "a join wants a proof of the key; a ticket is none");
	else if (attempt.bearer.kind == BEARER_TICKET && request->route == ROUTE_PEER_ROTATE)
		r = refuse_proof(&attempt, "another key wants a proof of both; a ticket is none");
	else if (attempt.bearer.kind == BEARER_TICKET)
		r = check_ticket(&attempt, &subject);
	else if (attempt.bearer.kind == BEARER_JOIN_TOKEN || attempt.bearer.kind == BEARER_SIGNPOST)
		r = refuse_lone_token(&attempt);
	if (r == 0)
		*ret_subject = subject;
	return r;
}

int auth_check_successor(struct auth *auth, const struct auth_request *request,
			 const struct key *new_public, const uint8_t mac[PROOF_MAC_BYTES],
			 int64_t now_ms, struct refusal *ret_refusal)
{
	const struct attempt attempt = {
		.auth = auth, .request = request, .now_ms = now_ms, .refusal = ret_refusal
	};
	struct proof_input input = { .method = request->method,
				     .path = request->path,
				     .zone = request->zone,
				     .tower_public = auth->proof_public };
	struct proof_input successor;
	struct proof_header header;
	uint8_t expected[PROOF_MAC_BYTES];
	char credential[KEY_TEXT_BYTES];

	if (!request->proof || proof_header_parse(request->proof, &header) < 0)
		return refuse_proof(&attempt, "another key wants a proof of both");
	memcpy(input.nonce, header.nonce, sizeof(input.nonce));
	input.node_public = header.key;
	successor = proof_of_successor(&input, new_public);
	if (proof_expect(&auth->proof_key, &successor, expected, NULL) == 0 &&
	    crypto_equal(expected, mac, sizeof(expected)))
		return 0;
	key_format(new_public, credential);
	(void)refuse_proof(&attempt, "field 'Proof' is not the new key's of this request");
	return refuse_guess(&attempt, credential);
}
