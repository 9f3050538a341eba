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
#define AUTH_SEALED_TEXT_BYTES 400  /* base64 of the longest ticket, sealed */
#define AUTH_NONCE_TEXT_BYTES 80    /* base64url of PROOF_NONCE_BYTES */
#define AUTH_TOKEN_TEXT_BYTES 72    /* "apx.<id>.<secret>" */
#define AUTH_SIGNPOST_TEXT_BYTES 64 /* "aps.<day>.<mac>" */

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
	ROUTE_PEER_CONFIG,
	ROUTE_PEER_PATCH,
	ROUTE_PEER_DELETE,
	ROUTE_PEER_ROTATE,
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
	struct key key;             /* ROLE_NODE, ROLE_JOINER, and whoever is `proven` */
	char zone[ZONE_NAME_BYTES]; /* ROLE_NODE: the peer's zone; ROLE_JOINER: the token's */
	char token_id[PEER_TOKEN_ID_BYTES]; /* ROLE_JOINER; "" for one that is `by_signpost` */
	bool by_signpost;    /* ROLE_JOINER: any zone that takes the signpost's join secret */
	uint64_t generation; /* ROLE_NODE */
	bool proven; /* `key`, by a proof in this very request: a join then answers a ticket */
	struct key answer_key; /* `proven`: what the ticket is sealed under (proof.h); a secret */
};

struct auth;

struct auth_config {
	const char *secret_dir;  /* made 0700 at first start */
	const char *admin_token; /* NULL: none */
	const char *viewer_token;
	const struct state *state;
};

/*
 * Loads or makes the secrets (secret_load names what can fail); -EINVAL: a token that no header can
 * carry, or one token for two roles. The config's texts are not needed afterwards, its state is.
 */
int auth_new(const struct auth_config *config, struct auth **ret_auth,
	     struct err *err) _must_check_;
void auth_free(struct auth *auth); /* wipes; NULL is allowed */

/*
 * Says who asks, and whether the table lets them: 0 and the subject, or -EACCES and the refusal:
 *
 *   E401-credential  none, or one that is not known here
 *   E401-proof, E401-nonce, E401-ticket, E401-token  that part is missing, wrong or over
 *   E403-role, E403-zone, E403-peer  known, but this is not theirs
 *   E429-failures    wrong credentials too often; one that is right is never held up by others
 *   E503-busy        more proofs in half a minute than are remembered
 *
 * Only to be asked once the state is loaded. `now_ms` is the time that decisions use. In a join:
 *
 *   ROLE_NODE    a key that is in the path's zone, and a proof of it (a token beside it is not
 *                looked at)
 *   ROLE_JOINER  another key, with a proof and a token of that zone, or the signpost's secret
 *   ROLE_ADMIN   with the admin token, or on an open listener; `proven` when a proof came along
 *
 * On an open listener a ticket, a proof or a token is checked as everywhere else: one that is wrong
 * is refused, one that is right makes the subject a node.
 */
int auth_check(struct auth *auth, const struct auth_request *request, int64_t now_ms,
	       struct auth_subject *ret_subject, struct refusal *ret_refusal) _must_check_;

/*
 * Whether who sent the request, which auth_check let pass for its proof, holds `new_public`, too:
 * `mac` is the proof of the successor (proof.h). 0, or -EACCES and E401-proof or E429-failures.
 */
int auth_check_successor(struct auth *auth, const struct auth_request *request,
			 const struct key *new_public, const uint8_t mac[PROOF_MAC_BYTES],
			 int64_t now_ms, struct refusal *ret_refusal) _must_check_;

/* GET /challenge: a nonce good for AUTH_NONCE_MS, and the tower's public proof key. */
void auth_challenge(const struct auth *auth, int64_t now_ms,
		    char ret_nonce[static AUTH_NONCE_TEXT_BYTES], struct key *ret_tower_public);

/*
 * A session ticket for a peer, good for AUTH_TICKET_S, sealed under the `answer_key` of the request
 * that proved the peer's key, as base64: what a join answers.
 */
int auth_ticket(const struct auth *auth, const struct peer *peer, const struct key *answer_key,
		int64_t now_ms, char ret_text[static AUTH_SEALED_TEXT_BYTES]) _must_check_;

/* A new join token: fills in id and hash; the text to show once, the caller's to wipe. */
int auth_new_token(struct token *token, char ret_text[static AUTH_TOKEN_TEXT_BYTES]) _must_check_;

/* The join secret that the signpost shows at this time. The caller's to wipe. */
void auth_signpost_secret(const struct auth *auth, int64_t now_ms,
			  char ret_text[static AUTH_SIGNPOST_TEXT_BYTES]);

/*
 * 64 bits of `name` under the towers' secret: a name for a tower that is the same after a restart
 * and tells strangers nothing.
 */
uint64_t auth_tower_id(const struct auth *auth, const char *name);

/* 64 bits that tell the towers of one Redis whether they share their secrets. */
uint64_t auth_fingerprint(const struct auth *auth);

#endif
