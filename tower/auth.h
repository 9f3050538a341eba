// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Who is asking, and may they: one authenticate(), one table route x role. Holds the tower's
 * secrets (ticket secret, nonce secret, proof key); never logs one.
 */
#ifndef TOWER_AUTH_H
#define TOWER_AUTH_H

#include "mesh/proof.h"
#include "mesh/refusal.h"
#include "tower/core/state.h"

#define AUTH_TICKET_S 3600
#define AUTH_NONCE_MS 30000
#define AUTH_TICKET_TEXT_BYTES 256
#define AUTH_NONCE_TEXT_BYTES 80 /* base64url of PROOF_NONCE_BYTES */

enum auth_role { ROLE_NONE, ROLE_NODE, ROLE_JOINER, ROLE_VIEWER, ROLE_ADMIN };

/* Every route of the REST interface, for the table of who may use it. */
enum auth_route {
	ROUTE_HEALTH, /* healthz, readyz */
	ROUTE_CHALLENGE,
	ROUTE_ZONES_LIST,
	ROUTE_ZONE_GET,
	ROUTE_ZONE_CREATE,
	ROUTE_ZONE_PATCH,
	ROUTE_ZONE_DELETE,
	ROUTE_PEERS_LIST, /* of all zones */
	ROUTE_ZONE_PEERS_LIST,
	ROUTE_PEER_GET,
	ROUTE_PEER_STATUS,
	ROUTE_PEER_PATCH,
	ROUTE_PEER_DELETE,
	ROUTE_JOIN,
	ROUTE_EVENTS,
	ROUTE_LEASES,
	ROUTE_TOKENS_LIST,
	ROUTE_TOKEN_CREATE,
	ROUTE_TOKEN_DELETE,
	ROUTES_LEN,
};

/* Where a request came in. */
struct auth_listener {
	bool open; /* protected mode let it be: whoever reaches it is admin */
	bool is_tls;
};

struct auth_request {
	const struct auth_listener *listener;
	enum auth_route route;
	const char *method;
	const char *path;          /* without the query */
	const char *zone;          /* that the path names; "" for none */
	const struct key *peer;    /* that the path or the join's body names; NULL for none */
	const char *authorization; /* header "Authorization", NULL when absent */
	const char *proof;         /* header "Apex-Proof", NULL when absent */
	const void *body;
	size_t body_len;
	const char *client; /* address as text, for the limit on failures */
};

struct auth_subject {
	enum auth_role role;
	struct key key;             /* ROLE_NODE, ROLE_JOINER: proven */
	char zone[ZONE_NAME_BYTES]; /* ROLE_NODE: the peer's zone; ROLE_JOINER: the token's */
	char token_id[PEER_TOKEN_ID_BYTES]; /* ROLE_JOINER with a token */
	uint64_t generation;
	bool proven; /* by a proof in this very request */
};

struct auth;

struct auth_config {
	const char *secret_dir;  /* made 0700 at first start */
	const char *admin_token; /* NULL: none */
	const char *viewer_token;
	const struct state *state;
};

int auth_new(const struct auth_config *config, struct auth **ret_auth,
	     struct err *err) _must_check_;
void auth_free(struct auth *auth);

/*
 * 0 and the subject, or -EACCES and the refusal (E401-…, E403-…, E429-…). `now_ms` is the time
 * that decisions use.
 */
int auth_check(struct auth *auth, const struct auth_request *request, int64_t now_ms,
	       struct auth_subject *ret_subject, struct refusal *ret_refusal) _must_check_;

/* GET /challenge: a nonce good for AUTH_NONCE_MS, and the tower's public proof key. */
void auth_challenge(struct auth *auth, int64_t now_ms, char ret_nonce[static AUTH_NONCE_TEXT_BYTES],
		    struct key *ret_tower_public);

/* A session ticket for a peer, sealed to its key, as base64: what a join answers. */
int auth_ticket(struct auth *auth, const struct peer *peer, int64_t now_ms, char *to,
		size_t to_bytes) _must_check_;

/* A new join token: fills id and hash; the text to show once. */
int auth_new_token(struct token *token, char *to, size_t to_bytes) _must_check_;

/* 64 bits that tell the towers of one Redis whether they share their secrets. */
uint64_t auth_fingerprint(const struct auth *auth);

#endif
