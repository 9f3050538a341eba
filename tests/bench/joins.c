// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tests/bench/joins.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "crypto/crypto.h"
#include "mesh/proof.h"

#define SEALED_MAX 512

struct lane {
	int fd;
	double sent_ms;
	struct join *join;
	struct bench_answer answer;
};

static void take_challenge(int fd, struct proof_input *input)
{
	static const char request[] = "GET /challenge HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static struct bench_answer answer;
	const char *body;
	const char *nonce;
	const char *tower;
	json_t *object;
	size_t len;

	if (bench_exchange(fd, request, sizeof(request) - 1, &answer, &body) != 200)
		bench_fail("challenge: %s", answer.bytes);
	object = json_loads(body, 0, NULL);
	nonce = json_string_value(json_object_get(object, "Nonce"));
	tower = json_string_value(json_object_get(object, "TowerKey"));
	if (!nonce || !tower || key_parse(tower, &input->tower_public, NULL) < 0 ||
	    crypto_decode(CRYPTO_TEXT_BASE64_URL, nonce, strlen(nonce), input->nonce,
			  sizeof(input->nonce), &len) < 0)
		bench_fail("challenge: %s", body);
	json_decref(object);
}

/* The headers that prove the key, for the input's nonce. */
static void write_proof(const struct key *private_key, const struct proof_input *input,
			const char *token, char *to, size_t to_bytes)
{
	char key_url[KEY_URL_TEXT_BYTES];
	char nonce[128];
	char mac_text[64];
	uint8_t mac[PROOF_MAC_BYTES];

	key_format_url(&input->node_public, key_url);
	if (proof_make(private_key, input, mac) < 0 ||
	    crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), mac_text, sizeof(mac_text)) <
		    0 ||
	    crypto_encode(CRYPTO_TEXT_BASE64_URL, input->nonce, sizeof(input->nonce), nonce,
			  sizeof(nonce)) < 0)
		bench_fail("proof");
	(void)snprintf(to, to_bytes,
		       "Authorization: Bearer %s\r\nApex-Proof: key=%s,nonce=%s,mac=%s\r\n", token,
		       key_url, nonce, mac_text);
}

static void make_join(const struct joins *joins, int fd, struct join *join)
{
	char path[128];
	char body[256];
	char proof[512] = "";
	char head[1024];
	char key_text[KEY_TEXT_BYTES];
	uint8_t instance[16];
	char instance_text[33];
	struct key private_key;
	struct proof_input input = {
		.method = "POST", .path = path, .zone = joins->zone, .body = body
	};

	key_generate(&private_key);
	key_public(&private_key, &input.node_public);
	key_format(&input.node_public, key_text);
	crypto_random(instance, sizeof(instance));
	(void)!crypto_encode(CRYPTO_TEXT_HEX, instance, sizeof(instance), instance_text, 33);
	(void)snprintf(path, sizeof(path), "/zones/%s/peers", joins->zone);
	(void)snprintf(
		body, sizeof(body),
		"{\"PublicKey\":\"%s\",\"Instance\":\"%s\",\"EndpointIP\":\"192.0.2.1:51820\"}",
		key_text, instance_text);
	input.body_len = strlen(body);
	if (*joins->token != '-') {
		take_challenge(fd, &input);
		write_proof(&private_key, &input, joins->token, proof, sizeof(proof));
		if (proof_answer_key(&private_key, &input, &join->answer_key) < 0)
			bench_fail("proof");
	}
	(void)snprintf(head, sizeof(head),
		       "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		       "%sContent-Length: %zu\r\n\r\n%s",
		       path, proof, input.body_len, body);
	join->request = strdup(head);
	join->len = strlen(head);
}

void joins_make(struct joins *joins)
{
	int fd = bench_connect(joins->port);

	joins->at = calloc(joins->len, sizeof(*joins->at));
	joins->latency_ms = calloc(joins->len, sizeof(*joins->latency_ms));
	for (size_t i = 0; i < joins->len; i++)
		make_join(joins, fd, &joins->at[i]);
}

static bool send_next(struct joins *joins, size_t *next, struct lane *lane)
{
	if (*next == joins->len)
		return false;
	lane->join = &joins->at[(*next)++];
	lane->answer.len = 0;
	lane->sent_ms = bench_now_ms();
	bench_send_all(lane->fd, lane->join->request, lane->join->len);
	return true;
}

static void keep_ticket(struct join *join, const char *body)
{
	const char *ticket = strstr(body, ",\"Ticket\":\"");

	if (ticket)
		join->ticket = strndup(ticket + 11, strcspn(ticket + 11, "\""));
}

static void on_bytes(struct joins *joins, size_t *next, struct lane *lane)
{
	struct bench_answer *answer = &lane->answer;
	ssize_t n = recv(lane->fd, answer->bytes + answer->len,
			 sizeof(answer->bytes) - answer->len - 1, 0);
	const char *body;
	int status;

	if (n <= 0)
		bench_fail("the tower closed a connection after %zu joins", joins->done);
	answer->len += (size_t)n;
	answer->bytes[answer->len] = '\0';
	if (!bench_answer_whole(answer, &status, &body))
		return;
	if (status != 201 && joins->refused++ == 0)
		(void)fprintf(stderr, "first refusal: %s\n", body);
	joins->latency_ms[joins->done++] = bench_now_ms() - lane->sent_ms;
	if (joins->keep_tickets)
		keep_ticket(lane->join, body);
	(void)send_next(joins, next, lane);
}

void joins_run(struct joins *joins, size_t connections)
{
	struct lane *lanes = calloc(connections, sizeof(*lanes));
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	const double started_ms = bench_now_ms();
	size_t next = 0;

	for (size_t i = 0; i < connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &lanes[i] };

		lanes[i].fd = bench_connect(joins->port);
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, lanes[i].fd, &event);
		(void)send_next(joins, &next, &lanes[i]);
	}
	while (joins->done < joins->len) {
		struct epoll_event ready[64];
		int n = epoll_wait(epoll_fd, ready, 64, 10000);

		if (n <= 0)
			bench_fail("no answer for 10 s after %zu joins", joins->done);
		for (int i = 0; i < n; i++)
			on_bytes(joins, &next, ready[i].data.ptr);
	}
	joins->took_ms = bench_now_ms() - started_ms;
}

void joins_write_tickets(const struct joins *joins, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		bench_fail("cannot write %s", path);
	for (size_t i = 0; i < joins->len; i++) {
		const struct join *join = &joins->at[i];
		uint8_t box[SEALED_MAX];
		char ticket[SEALED_MAX] = "";
		size_t len = 0;

		if (!join->ticket ||
		    crypto_decode(CRYPTO_TEXT_BASE64, join->ticket, strlen(join->ticket), box,
				  sizeof(box), &len) < 0 ||
		    crypto_open(join->answer_key.bytes, box, len, ticket) < 0)
			bench_fail("join %zu was answered no ticket that opens", i);
		(void)fprintf(file, "%s\n", ticket);
	}
	if (fclose(file) != 0)
		bench_fail("cannot write %s", path);
}
