// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Who hands a peer over to another key holds both.
 */
#include "auth.h"

#include <errno.h>

static struct tower tower;
static struct node known, newcomer;

/* The second proof of a rotation, by this node, as the header's nonce has it. */
static void prove_successor(const struct node *old, const struct node *prover,
			    const struct auth_request *request, uint8_t ret_mac[PROOF_MAC_BYTES])
{
	struct proof_input input = { .method = request->method,
				     .path = request->path,
				     .zone = "",
				     .node_public = old->key };
	const char *nonce = strstr(request->proof, "nonce=") + strlen("nonce=");
	char unused[AUTH_NONCE_TEXT_BYTES];
	struct proof_input successor;
	size_t len;

	auth_challenge(tower.auth, tower.core.now_ms, unused, &input.tower_public);
	check(crypto_decode(CRYPTO_TEXT_BASE64_URL, nonce, strcspn(nonce, ","), input.nonce,
			    sizeof(input.nonce), &len) == 0);
	successor = proof_of_successor(&input, &prover->key);
	check(proof_make(&prover->private_key, &successor, ret_mac) == 0);
}

static void another_key_is_proven_beside_the_old_one(void)
{
	struct auth_request request = { .listener = &closed_listener,
					.route = ROUTE_PEER_ROTATE,
					.method = "POST",
					.path = "/peers/known/rotate",
					.zone = "",
					.peer = &known.key,
					.body = "{}",
					.body_len = 2,
					.client = "192.0.2.77" };
	char proof[PROOF_TEXT_BYTES];
	char later[PROOF_TEXT_BYTES];
	uint8_t mac[PROOF_MAC_BYTES];
	struct auth_subject subject;
	struct refusal refusal;

	prove(&tower, &known, &request, proof);
	request.proof = proof;
	check_str(ask(&tower, &request, &subject), "ok");
	check(subject.role == ROLE_NODE && subject.proven);
	prove_successor(&known, &newcomer, &request, mac);
	check(auth_check_successor(tower.auth, &request, &newcomer.key, mac, tower.core.now_ms,
				   &refusal) == 0);
	/* Not another's key, not by the old key alone, not with another request's nonce. */
	check(auth_check_successor(tower.auth, &request, &known.key, mac, tower.core.now_ms,
				   &refusal) == -EACCES);
	check_str(refusal.code, "E401-proof");
	prove_successor(&known, &known, &request, mac);
	check(auth_check_successor(tower.auth, &request, &newcomer.key, mac, tower.core.now_ms,
				   &refusal) == -EACCES);
	prove_successor(&known, &newcomer, &request, mac);
	prove(&tower, &known, &request, later);
	request.proof = later;
	check(auth_check_successor(tower.auth, &request, &newcomer.key, mac, tower.core.now_ms,
				   &refusal) == -EACCES);
}

int main(void)
{
	tower_init(&tower);
	node_init(&known);
	node_init(&newcomer);
	node_join(&tower, &known, "blue");
	run(another_key_is_proven_beside_the_old_one);
	tower_done(&tower);
	return check_done();
}
