// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * joins PORT ZONE TOKEN COUNT CONNECTIONS: so many new keys join with token and proof, one request
 * in flight a connection. Keys, nonces and proofs are made before the clock starts.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "crypto/crypto.h"
#include "mesh/proof.h"
#include "tests/bench/load.h"

struct join {
	char *request;
	size_t len;
};

struct lane {
	int fd;
	double sent_ms;
	struct bench_answer answer;
};

struct run {
	struct join *joins;
	size_t count;
	size_t next;
	size_t done;
	size_t refused;
	double *latency_ms;
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

static void make_join(int fd, const char *zone, const char *token, struct join *join)
{
	char path[128];
	char body[256];
	char head[1024];
	char key_text[KEY_TEXT_BYTES];
	char key_url[KEY_URL_TEXT_BYTES];
	char nonce[128];
	char mac_text[64];
	uint8_t mac[PROOF_MAC_BYTES];
	uint8_t instance[16];
	char instance_text[33];
	struct key private_key;
	struct proof_input input = { .method = "POST", .path = path, .zone = zone, .body = body };

	key_generate(&private_key);
	key_public(&private_key, &input.node_public);
	key_format(&input.node_public, key_text);
	key_format_url(&input.node_public, key_url);
	crypto_random(instance, sizeof(instance));
	(void)!crypto_encode(CRYPTO_TEXT_HEX, instance, sizeof(instance), instance_text, 33);
	(void)snprintf(path, sizeof(path), "/zones/%s/peers", zone);
	(void)snprintf(
		body, sizeof(body),
		"{\"PublicKey\":\"%s\",\"Instance\":\"%s\",\"EndpointIP\":\"192.0.2.1:51820\"}",
		key_text, instance_text);
	input.body_len = strlen(body);
	take_challenge(fd, &input);
	if (proof_make(&private_key, &input, mac) < 0)
		bench_fail("proof");
	(void)!crypto_encode(CRYPTO_TEXT_BASE64_URL, mac, sizeof(mac), mac_text, sizeof(mac_text));
	(void)!crypto_encode(CRYPTO_TEXT_BASE64_URL, input.nonce, sizeof(input.nonce), nonce,
			     sizeof(nonce));
	(void)snprintf(head, sizeof(head),
		       "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		       "Authorization: Bearer %s\r\nApex-Proof: key=%s,nonce=%s,mac=%s\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       path, token, key_url, nonce, mac_text, input.body_len, body);
	join->request = strdup(head);
	join->len = strlen(head);
}

static bool send_next(struct run *run, struct lane *lane)
{
	struct join *join = &run->joins[run->next];

	if (run->next == run->count)
		return false;
	run->next++;
	lane->answer.len = 0;
	lane->sent_ms = bench_now_ms();
	bench_send_all(lane->fd, join->request, join->len);
	return true;
}

static void on_bytes(struct run *run, struct lane *lane)
{
	struct bench_answer *answer = &lane->answer;
	ssize_t n = recv(lane->fd, answer->bytes + answer->len,
			 sizeof(answer->bytes) - answer->len - 1, 0);
	const char *body;
	int status;

	if (n <= 0)
		bench_fail("the tower closed a connection after %zu joins", run->done);
	answer->len += (size_t)n;
	answer->bytes[answer->len] = '\0';
	if (!bench_answer_whole(answer, &status, &body))
		return;
	if (status != 201 && run->refused++ == 0)
		(void)fprintf(stderr, "first refusal: %s\n", body);
	run->latency_ms[run->done++] = bench_now_ms() - lane->sent_ms;
	(void)send_next(run, lane);
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	struct lane *lanes;
	size_t lanes_len;
	uint16_t port;
	double started_ms;
	double took_s;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int fd;

	if (argc != 6 || crypto_init(NULL) < 0)
		bench_fail("usage: joins PORT ZONE TOKEN COUNT CONNECTIONS");
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	run.count = strtoul(argv[4], NULL, 10);
	lanes_len = strtoul(argv[5], NULL, 10);
	run.joins = calloc(run.count, sizeof(*run.joins));
	run.latency_ms = calloc(run.count, sizeof(*run.latency_ms));
	lanes = calloc(lanes_len, sizeof(*lanes));
	fd = bench_connect(port);
	for (size_t i = 0; i < run.count; i++)
		make_join(fd, argv[2], argv[3], &run.joins[i]);
	started_ms = bench_now_ms();
	for (size_t i = 0; i < lanes_len; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &lanes[i] };

		lanes[i].fd = bench_connect(port);
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, lanes[i].fd, &event);
		(void)send_next(&run, &lanes[i]);
	}
	while (run.done < run.count) {
		struct epoll_event ready[64];
		int n = epoll_wait(epoll_fd, ready, 64, 10000);

		if (n <= 0)
			bench_fail("no answer for 10 s after %zu joins", run.done);
		for (int i = 0; i < n; i++)
			on_bytes(&run, ready[i].data.ptr);
	}
	took_s = (bench_now_ms() - started_ms) / 1e3;
	(void)printf("%.0f %.3f %.3f %zu\n", (double)run.count / took_s,
		     bench_percentile(run.latency_ms, run.count, 0.5),
		     bench_percentile(run.latency_ms, run.count, 0.99), run.refused);
	return run.refused ? 1 : 0;
}
