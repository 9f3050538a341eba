// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "auth.h"
#include "base/file.h"
#include "tower/auth_failures.h"

static struct tower tower;
static struct node known;    /* in zone blue */
static struct node newcomer; /* in no zone */

static struct auth_request join_of(const struct node *node, const char *zone)
{
	return (struct auth_request){ .listener = &closed_listener,
				      .route = ROUTE_JOIN,
				      .method = "POST",
				      .path = "/zones/Z/peers",
				      .zone = zone,
				      .peer = &node->key,
				      .body = "{\"a\":1}",
				      .body_len = 7,
				      .client = "192.0.2.1" };
}

static struct auth_request get_peer(const struct node *node)
{
	return (struct auth_request){ .listener = &closed_listener,
				      .route = ROUTE_PEER_GET,
				      .method = "GET",
				      .path = "/peers/P",
				      .zone = "",
				      .peer = &node->key,
				      .client = "192.0.2.1" };
}

/* The join with a proof, and what came of it. */
static const char *ask_to_join(const struct node *node, const struct auth_request *request,
			       struct auth_subject *ret_subject)
{
	struct auth_request proven = *request;
	char proof[PROOF_TEXT_BYTES];

	prove(&tower, node, request, proof);
	proven.proof = proof;
	return ask(&tower, &proven, ret_subject);
}

static void set_up(void)
{
	tower_init(&tower);
	node_init(&known);
	node_init(&newcomer);
	node_join(&tower, &known, "blue");
}

static void known_key_joins_with_its_proof_alone(void)
{
	struct auth_request request = join_of(&known, "blue");
	struct auth_subject subject;

	check_str(ask_to_join(&known, &request, &subject), "ok");
	check(subject.role == ROLE_NODE && subject.proven && subject.generation == 1);
	check_str(subject.zone, "blue");
	check(key_compare(&subject.key, &known.key) == 0);
}

static void token_beside_the_proof_of_a_known_key_is_not_looked_at(void)
{
	struct auth_request request = join_of(&known, "blue");
	struct auth_subject subject;

	request.authorization = "Bearer apx.0123456789abcdef.used-up-long-ago";
	check_str(ask_to_join(&known, &request, &subject), "ok");
	check(subject.role == ROLE_NODE && !subject.token_id[0]);
}

static void unknown_key_wants_a_token_of_the_zone(void)
{
	struct auth_request request = join_of(&newcomer, "blue");
	struct auth_subject subject;
	char id[PEER_TOKEN_ID_BYTES];

	check_str(ask_to_join(&newcomer, &request, &subject), "E401-token");
	request.authorization = token_of(&tower, "red", 1, id);
	check_str(ask_to_join(&newcomer, &request, &subject), "E403-zone");
	request.authorization = token_of(&tower, "blue", 1, id);
	check_str(ask_to_join(&newcomer, &request, &subject), "ok");
	check(subject.role == ROLE_JOINER && subject.proven);
	check_str(subject.token_id, id);
	check_str(subject.zone, "blue");
}

static const char *join_by_signpost(int64_t as_of_ms, struct auth_subject *ret_subject)
{
	struct auth_request request = join_of(&newcomer, "blue");

	request.authorization = signpost_of(&tower, as_of_ms);
	return ask_to_join(&newcomer, &request, ret_subject);
}

static void signpost_secret_admits_an_unknown_key_to_any_zone(void)
{
	struct auth_request request = join_of(&newcomer, "red");
	struct auth_subject subject;

	check_str(join_by_signpost(tower.core.now_ms, &subject), "ok");
	check(subject.role == ROLE_JOINER && subject.by_signpost && subject.proven);
	check_str(subject.zone, "blue");
	check_str(subject.token_id, "");
	request.authorization = signpost_of(&tower, tower.core.now_ms);
	check_str(ask(&tower, &request, &subject), "E401-proof"); /* not without a proof */
	check_str(ask_to_join(&newcomer, &request, &subject), "ok");
	check_str(subject.zone, "red");
}

static void signpost_secret_lasts_for_its_day_and_the_next(void)
{
	const int64_t day_ms = INT64_C(86400000);
	const int64_t kept_ms = tower.core.now_ms;
	const int64_t begin_ms = kept_ms / day_ms * day_ms;
	struct auth_subject subject;

	/* From its own day's first moment to the next day's last. */
	tower.core.now_ms = begin_ms;
	check_str(join_by_signpost(begin_ms, &subject), "ok");
	tower.core.now_ms = begin_ms + 2 * day_ms - 1;
	check_str(join_by_signpost(begin_ms, &subject), "ok");
	tower.core.now_ms++;
	check_str(join_by_signpost(begin_ms + day_ms - 1, &subject), "E401-token");
	check(strstr(tower.core.refusal.detail, "expired") != NULL);
	check_str(join_by_signpost(begin_ms + day_ms, &subject), "ok");
	/* A tower whose clock is a moment ahead shows tomorrow's. */
	check_str(join_by_signpost(begin_ms + 3 * day_ms, &subject), "ok");
	check_str(join_by_signpost(begin_ms + 4 * day_ms, &subject), "E401-token");
	tower.core.now_ms = kept_ms;
}

static void wrong_signpost_secret_is_a_guess(void)
{
	struct auth_request request = join_of(&newcomer, "blue");
	struct auth_subject subject;
	char wrong[AUTH_SIGNPOST_TEXT_BYTES + 8];
	const char *answer = "";

	request.client = "192.0.2.77";
	for (size_t i = 0; i <= FAILURES_CREDENTIAL_BURST; i++) {
		(void)snprintf(wrong, sizeof(wrong), "%s", signpost_of(&tower, tower.core.now_ms));
		wrong[strlen(wrong) - 2 - i] = wrong[strlen(wrong) - 2 - i] == 'A' ? 'B' : 'A';
		request.authorization = wrong;
		answer = ask_to_join(&newcomer, &request, &subject);
		if (i < FAILURES_CREDENTIAL_BURST)
			check_str(answer, "E401-token");
	}
	check_str(answer, "E429-failures");
	request.authorization = signpost_of(&tower, tower.core.now_ms);
	check_str(ask_to_join(&newcomer, &request, &subject), "ok");
}

static void move_wants_a_token_of_the_new_zone(void)
{
	struct auth_request request = join_of(&known, "red");
	struct auth_subject subject;
	char id[PEER_TOKEN_ID_BYTES];

	check_str(ask_to_join(&known, &request, &subject), "E401-token");
	check(strstr(tower.core.refusal.detail, "another zone") != NULL);
	request.authorization = token_of(&tower, "red", 1, id);
	check_str(ask_to_join(&known, &request, &subject), "ok");
	check(subject.role == ROLE_JOINER);
	check_str(subject.zone, "red");
}

static void token_alone_or_ticket_alone_joins_nobody(void)
{
	const struct auth_listener *const listeners[] = { &closed_listener, &open_listener };
	struct auth_request request = join_of(&known, "blue");
	struct auth_subject subject;
	char id[PEER_TOKEN_ID_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(listeners); i++) {
		request.listener = listeners[i];
		request.authorization = token_of(&tower, "blue", 1, id);
		check_str(ask(&tower, &request, &subject), "E401-proof");
		request.authorization = ticket_of(&tower, &known);
		check_str(ask(&tower, &request, &subject), "E401-proof");
	}
}

static void tokens_are_refused_by_the_reason(void)
{
	struct auth_request request = join_of(&newcomer, "blue");
	struct auth_subject subject;
	char id[PEER_TOKEN_ID_BYTES];
	char header[AUTH_TOKEN_TEXT_BYTES + 8];
	struct request join = join_request(0, "blue");
	struct node other;

	(void)snprintf(header, sizeof(header), "%s", token_of(&tower, "blue", 1, id));
	request.authorization = header;
	tower.core.now_ms += 3600000;
	check_str(ask_to_join(&newcomer, &request, &subject), "E401-token");
	check(strstr(tower.core.refusal.detail, "expired") != NULL);
	tower.core.now_ms -= 3600000;
	check_str(ask_to_join(&newcomer, &request, &subject), "ok");
	node_init(&other);
	join.wish.key = other.key;
	with_token(&join, id);
	check_str(core_say(&tower.core, &join), "OK");
	check_str(ask_to_join(&newcomer, &request, &subject), "E401-token");
	check(strstr(tower.core.refusal.detail, "used up") != NULL);
	header[strlen(header) - 2] = header[strlen(header) - 2] == 'A' ? 'B' : 'A';
	check_str(ask_to_join(&newcomer, &request, &subject), "E401-token");
	check(strstr(tower.core.refusal.detail, "not known") != NULL);
	request.authorization = "Bearer apx.0123";
	check_str(ask_to_join(&newcomer, &request, &subject), "E401-token");
	check(strstr(tower.core.refusal.detail, "not complete") != NULL);
}

/* Whatever is changed behind the proof's back makes it wrong. */
static void proof_binds_the_whole_request(void)
{
	struct auth_request request = join_of(&known, "blue");
	struct auth_request changed;
	struct auth_subject subject;
	char proof[PROOF_TEXT_BYTES];

	prove(&tower, &known, &request, proof);
	request.proof = proof;
	changed = request;
	changed.method = "PUT";
	check_str(ask(&tower, &changed, &subject), "E401-proof");
	changed = request;
	changed.path = "/zones/Z/peerz";
	check_str(ask(&tower, &changed, &subject), "E401-proof");
	changed = request;
	changed.zone = "red";
	check_str(ask(&tower, &changed, &subject), "E401-proof");
	changed = request;
	changed.body = "{\"a\":2}";
	check_str(ask(&tower, &changed, &subject), "E401-proof");
	changed = request;
	changed.body_len = 0;
	check_str(ask(&tower, &changed, &subject), "E401-proof");
	check_str(ask(&tower, &request, &subject), "ok");
}

static void proof_of_another_key_is_refused(void)
{
	struct auth_request request = join_of(&known, "blue");
	struct auth_subject subject;
	const struct node liar = { .private_key = newcomer.private_key, .key = known.key };

	check_str(ask_to_join(&liar, &request, &subject), "E401-proof");
	request.peer = &newcomer.key; /* the body says another key than the proof */
	check_str(ask_to_join(&known, &request, &subject), "E403-peer");
}

/* Whoever shows a key of low order knows the secret without any private key: it is all zero. */
static void low_order_key_proves_nothing(void)
{
	const uint8_t no_secret[CRYPTO_KEY_BYTES] = { 0 };
	const struct key low_order = { .bytes = { 0 } };
	struct auth_request request = join_of(&known, "blue");
	char nonce[AUTH_NONCE_TEXT_BYTES];
	char proof[PROOF_TEXT_BYTES];
	char text[2][KEY_URL_TEXT_BYTES];
	uint8_t nonce_bytes[PROOF_NONCE_BYTES];
	uint8_t key[CRYPTO_MAC_BYTES];
	uint8_t body_hash[CRYPTO_HASH_BYTES];
	struct key tower_public;
	struct key mac;
	struct auth_subject subject;
	size_t len;

	request.peer = &low_order;
	auth_challenge(tower.auth, tower.core.now_ms, nonce, &tower_public);
	check(crypto_decode(CRYPTO_TEXT_BASE64_URL, nonce, strlen(nonce), nonce_bytes,
			    sizeof(nonce_bytes), &len) == 0);
	crypto_mac(no_secret, "apex proof key v1", NULL, 0, key);
	crypto_hash_of(request.body, request.body_len, body_hash);
	crypto_mac(key, "apex proof v1",
		   (const struct crypto_part[]){ { request.method, strlen(request.method) },
						 { request.path, strlen(request.path) },
						 { request.zone, strlen(request.zone) },
						 { body_hash, sizeof(body_hash) },
						 { nonce_bytes, sizeof(nonce_bytes) },
						 { low_order.bytes, KEY_BYTES },
						 { tower_public.bytes, KEY_BYTES } },
		   7, mac.bytes);
	key_format_url(&low_order, text[0]);
	key_format_url(&mac, text[1]);
	(void)snprintf(proof, sizeof(proof), "key=%s,nonce=%s,mac=%s", text[0], nonce, text[1]);
	request.proof = proof;
	check_str(ask(&tower, &request, &subject), "E401-proof");
	check(strstr(tower.core.refusal.detail, "not one of this key") != NULL);
}

static void nonce_is_good_once_and_for_half_a_minute(void)
{
	struct auth_request request = join_of(&known, "blue");
	struct auth_subject subject;
	char proof[PROOF_TEXT_BYTES];

	prove(&tower, &known, &request, proof);
	request.proof = proof;
	tower.core.now_ms += AUTH_NONCE_MS + 1;
	check_str(ask(&tower, &request, &subject), "E401-nonce");
	check(strstr(tower.core.refusal.detail, "too old") != NULL);
	tower.core.now_ms -= 1;
	check_str(ask(&tower, &request, &subject), "ok");
	check_str(ask(&tower, &request, &subject), "E401-nonce");
	check(strstr(tower.core.refusal.detail, "used before") != NULL);
}

/* Two requests may share a nonce as long as none of them was right. */
static void wrong_proof_does_not_burn_the_nonce(void)
{
	struct auth_request request = join_of(&known, "blue");
	struct auth_subject subject;
	char proof[PROOF_TEXT_BYTES];

	prove(&tower, &known, &request, proof);
	request.proof = proof;
	request.body_len = 3;
	check_str(ask(&tower, &request, &subject), "E401-proof");
	request.body_len = 7;
	check_str(ask(&tower, &request, &subject), "ok");
}

static void ticket_lasts_an_hour(void)
{
	struct auth_request request = get_peer(&known);
	struct auth_subject subject;

	request.authorization = ticket_of(&tower, &known);
	tower.core.now_ms += AUTH_TICKET_S * 1000 - 1;
	check_str(ask(&tower, &request, &subject), "ok");
	check(subject.role == ROLE_NODE && !subject.proven);
	tower.core.now_ms += 1;
	check_str(ask(&tower, &request, &subject), "E401-ticket");
	tower.core.now_ms -= AUTH_TICKET_S * 1000;
}

static void ticket_ends_with_its_peer(void)
{
	struct auth_request request;
	struct request removal = { .kind = REQUEST_PEER_DELETE };
	struct auth_subject subject;
	struct node node;

	node_init(&node);
	node_join(&tower, &node, "blue");
	request = get_peer(&node);
	request.authorization = ticket_of(&tower, &node);
	check_str(ask(&tower, &request, &subject), "ok");
	removal.peer_delete.key = node.key;
	check_str(core_say(&tower.core, &removal), "OK");
	check_str(ask(&tower, &request, &subject), "E401-ticket");
	check(strstr(tower.core.refusal.detail, "removed") != NULL);
}

static void ticket_ends_with_a_move_and_a_new_instance(void)
{
	struct auth_request request;
	struct request again = join_request(0, "blue");
	struct auth_subject subject;
	struct node node;
	char old_ticket[AUTH_TICKET_TEXT_BYTES + 8];

	node_init(&node);
	again.wish.key = node.key;
	with_instance(&again, "aa");
	check_str(core_say(&tower.core, &again), "OK");
	(void)snprintf(old_ticket, sizeof(old_ticket), "%s", ticket_of(&tower, &node));
	request = get_peer(&node);
	request.authorization = old_ticket;
	check_str(ask(&tower, &request, &subject), "ok");
	with_instance(&again, "bb");
	check_str(core_say(&tower.core, &again), "OK");
	check_str(ask(&tower, &request, &subject), "E401-ticket");
	check(strstr(tower.core.refusal.detail, "instance") != NULL);
	(void)snprintf(old_ticket, sizeof(old_ticket), "%s", ticket_of(&tower, &node));
	check_str(ask(&tower, &request, &subject), "ok");
	node_join(&tower, &node, "red");
	check_str(ask(&tower, &request, &subject), "E401-ticket");
	check(strstr(tower.core.refusal.detail, "another zone") != NULL);
}

static void open_listener_makes_admins_of_the_bare_and_nodes_of_the_others(void)
{
	struct auth_request request = get_peer(&newcomer);
	struct auth_subject subject;

	request.listener = &open_listener;
	check_str(ask(&tower, &request, &subject), "ok");
	check(subject.role == ROLE_ADMIN && !subject.proven);
	request.authorization = ticket_of(&tower, &known);
	check_str(ask(&tower, &request, &subject), "E403-peer");
	request.authorization = "Bearer nonsense";
	check_str(ask(&tower, &request, &subject), "E401-credential");
	request.authorization = "Bearer " VIEWER_TOKEN;
	check_str(ask(&tower, &request, &subject), "ok");
	check(subject.role == ROLE_VIEWER);
}

static void open_listener_admits_an_unknown_key_that_is_proven(void)
{
	struct auth_request request = join_of(&newcomer, "blue");
	struct auth_subject subject;

	request.listener = &open_listener;
	check_str(ask_to_join(&newcomer, &request, &subject), "ok");
	check(subject.role == ROLE_ADMIN && subject.proven);
	check(key_compare(&subject.key, &newcomer.key) == 0);
	request.authorization = "Bearer apx.0123456789abcdef.wrong";
	check_str(ask_to_join(&newcomer, &request, &subject), "E401-token");
	request.authorization = NULL;
	request.proof = "key=,nonce=,mac=";
	check_str(ask(&tower, &request, &subject), "E401-proof");
}

static void admin_joins_any_key_with_or_without_a_proof_of_it(void)
{
	struct auth_request request = join_of(&newcomer, "blue");
	struct auth_subject subject;

	request.authorization = "bearer " ADMIN_TOKEN;
	check_str(ask(&tower, &request, &subject), "ok");
	check(subject.role == ROLE_ADMIN && !subject.proven);
	check_str(ask_to_join(&newcomer, &request, &subject), "ok");
	check(subject.role == ROLE_ADMIN && subject.proven);
	request.peer = &known.key;
	check_str(ask_to_join(&newcomer, &request, &subject), "E403-peer");
}

static void refusal_says_what_the_listener_wants(void)
{
	struct auth_request request = get_peer(&known);
	struct auth_subject subject;

	check_str(ask(&tower, &request, &subject), "E401-credential");
	check(strstr(tower.core.refusal.detail, "wants a bearer token") != NULL);
	check(strstr(tower.core.refusal.hint, "Authorization: Bearer") != NULL);
	auth_free(tower.auth);
	tower.auth = NULL;
	check(tower_start(&tower, NULL, NULL) == 0);
	check_str(ask(&tower, &request, &subject), "E401-credential");
	check(strstr(tower.core.refusal.hint, "--admin-token-file") != NULL);
	request.authorization = "Bearer " ADMIN_TOKEN;
	check_str(ask(&tower, &request, &subject), "E401-credential");
	auth_free(tower.auth);
	tower.auth = NULL;
	check(tower_start(&tower, ADMIN_TOKEN, VIEWER_TOKEN) == 0);
}

static void guesses_are_limited_and_honest_requests_never(void)
{
	struct auth_request guess = get_peer(&known);
	struct auth_request honest = get_peer(&known);
	struct auth_request bare = get_peer(&known);
	struct auth_request stale = get_peer(&known);
	char ticket[AUTH_TICKET_TEXT_BYTES + 8];
	struct auth_subject subject;

	tower.core.now_ms += 3600000; /* what others failed at is forgotten */
	(void)snprintf(ticket, sizeof(ticket), "%s", ticket_of(&tower, &known));
	stale.authorization = ticket;
	tower.core.now_ms += AUTH_TICKET_S * 1000;
	guess.authorization = "Bearer guess";
	honest.authorization = "Bearer " VIEWER_TOKEN;
	for (int i = 0; i < FAILURES_ADDRESS_BURST; i++)
		check_str(ask(&tower, &guess, &subject), "E401-credential");
	check_str(ask(&tower, &guess, &subject), "E429-failures");
	check(strstr(tower.core.refusal.hint, " in 1 s") != NULL);
	check_str(ask(&tower, &honest, &subject), "ok");
	check_str(ask(&tower, &bare, &subject), "E401-credential");
	check_str(ask(&tower, &stale, &subject), "E401-ticket");
	guess.client = "192.0.2.2";
	check_str(ask(&tower, &guess, &subject), "E401-credential");
	guess.client = "192.0.2.1";
	tower.core.now_ms += FAILURES_ADDRESS_MS;
	check_str(ask(&tower, &guess, &subject), "E401-credential");
	check_str(ask(&tower, &guess, &subject), "E429-failures");
}

static void secrets_outlive_a_restart(void)
{
	struct auth_request request = get_peer(&known);
	uint64_t fingerprint = auth_fingerprint(tower.auth);
	char ticket[AUTH_TICKET_TEXT_BYTES + 8];
	struct auth_subject subject;

	(void)snprintf(ticket, sizeof(ticket), "%s", ticket_of(&tower, &known));
	request.authorization = ticket;
	auth_free(tower.auth);
	tower.auth = NULL;
	check(tower_start(&tower, ADMIN_TOKEN, VIEWER_TOKEN) == 0);
	check(fingerprint != 0 && auth_fingerprint(tower.auth) == fingerprint);
	check_str(ask(&tower, &request, &subject), "ok");
}

static void other_secrets_have_another_fingerprint_and_take_no_ticket(void)
{
	struct auth_request request = get_peer(&known);
	uint64_t fingerprint = auth_fingerprint(tower.auth);
	char ticket[AUTH_TICKET_TEXT_BYTES + 8];
	char path[64];
	struct auth_subject subject;

	(void)snprintf(ticket, sizeof(ticket), "%s", ticket_of(&tower, &known));
	request.authorization = ticket;
	auth_free(tower.auth);
	tower.auth = NULL;
	(void)snprintf(path, sizeof(path), "%s/ticket.secret", tower.dir);
	check(unlink(path) == 0);
	check(tower_start(&tower, ADMIN_TOKEN, VIEWER_TOKEN) == 0);
	check(auth_fingerprint(tower.auth) != fingerprint);
	check_str(ask(&tower, &request, &subject), "E401-ticket");
}

static void damaged_secret_is_refused_with_its_name(void)
{
	static const char *const bad[] = { "", "c2hvcnQ=\n",
					   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" };
	struct auth_config config = { .secret_dir = tower.dir, .state = tower.core.state };
	struct auth *auth = NULL;
	struct err err;
	char path[64];
	_cleanup_free_ char *good = NULL;

	(void)snprintf(path, sizeof(path), "%s/proof.key", tower.dir);
	check(file_read(path, 100, &good, NULL, NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		check(file_write_atomic(path, bad[i], strlen(bad[i]), 0600, NULL) == 0);
		check(auth_new(&config, &auth, &err) == -EINVAL && !auth);
		check(strstr(err.text, "proof.key") != NULL);
	}
	check(file_write_atomic(path, good, strlen(good), 0600, NULL) == 0);
}

static void impossible_tokens_are_refused_at_start(void)
{
	static const char *const bad[] = { "", "two words", "new\nline", "umläut" };
	struct auth_config config = { .secret_dir = tower.dir, .state = tower.core.state };
	struct auth *auth = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		config.admin_token = bad[i];
		check(auth_new(&config, &auth, NULL) == -EINVAL && !auth);
	}
	config.admin_token = "same";
	config.viewer_token = "same";
	check(auth_new(&config, &auth, NULL) == -EINVAL && !auth);
}

int main(void)
{
	set_up();
	run(known_key_joins_with_its_proof_alone);
	run(token_beside_the_proof_of_a_known_key_is_not_looked_at);
	run(unknown_key_wants_a_token_of_the_zone);
	run(signpost_secret_admits_an_unknown_key_to_any_zone);
	run(signpost_secret_lasts_for_its_day_and_the_next);
	run(wrong_signpost_secret_is_a_guess);
	run(move_wants_a_token_of_the_new_zone);
	run(token_alone_or_ticket_alone_joins_nobody);
	run(tokens_are_refused_by_the_reason);
	run(proof_binds_the_whole_request);
	run(proof_of_another_key_is_refused);
	run(low_order_key_proves_nothing);
	run(nonce_is_good_once_and_for_half_a_minute);
	run(wrong_proof_does_not_burn_the_nonce);
	run(ticket_lasts_an_hour);
	run(ticket_ends_with_its_peer);
	run(ticket_ends_with_a_move_and_a_new_instance);
	run(open_listener_makes_admins_of_the_bare_and_nodes_of_the_others);
	run(open_listener_admits_an_unknown_key_that_is_proven);
	run(admin_joins_any_key_with_or_without_a_proof_of_it);
	run(refusal_says_what_the_listener_wants);
	run(guesses_are_limited_and_honest_requests_never);
	run(secrets_outlive_a_restart);
	run(other_secrets_have_another_fingerprint_and_take_no_ticket);
	run(damaged_secret_is_refused_with_its_name);
	run(impossible_tokens_are_refused_at_start);
	tower_done(&tower);
	return check_done();
}
