// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * fanout PORT ZONE WATCHERS ROUNDS: opens so many event streams of the zone, then joins one peer a
 * round and takes the time until the last stream has shown it. ZONE "-" drives the bare sender
 * (bare_send) instead: its trigger is one byte on the last connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "crypto/crypto.h"
#include "mesh/key.h"
#include "tests/bench/load.h"

#define WAIT_MS 20000

struct stream {
	int fd;
	unsigned round; /* the last round that it has shown */
	char tail[64];  /* end of what was read: a mark may be cut in two */
	size_t tail_len;
};

static int epoll_fd;

/* Reads one stream; whether `needle` has come by. */
static bool shows(struct stream *stream, const char *needle)
{
	static char bytes[sizeof(stream->tail) + 262144];
	size_t keep;
	ssize_t n;
	bool found;

	memcpy(bytes, stream->tail, stream->tail_len);
	n = recv(stream->fd, bytes + stream->tail_len, 262143, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		bench_fail("a stream ended");
	n += (ssize_t)stream->tail_len;
	found = memmem(bytes, (size_t)n, needle, strlen(needle)) != NULL;
	keep = (size_t)n < sizeof(stream->tail) ? (size_t)n : sizeof(stream->tail);
	memcpy(stream->tail, bytes + n - keep, keep);
	stream->tail_len = found ? 0 : keep;
	return found;
}

static void wait_all(const char *needle, unsigned round, size_t streams_len)
{
	struct epoll_event ready[512];
	size_t seen = 0;

	while (seen < streams_len) {
		int n = epoll_wait(epoll_fd, ready, 512, WAIT_MS);

		if (n <= 0)
			bench_fail("round %u: only %zu of %zu streams showed it", round, seen,
				   streams_len);
		for (int i = 0; i < n; i++) {
			struct stream *stream = ready[i].data.ptr;

			if (stream->round < round && shows(stream, needle)) {
				stream->round = round;
				seen++;
			} else if (stream->round >= round) {
				(void)shows(stream, needle);
			}
		}
	}
}

static void open_streams(uint16_t port, const char *zone, struct stream *streams, size_t len)
{
	char request[256];

	(void)snprintf(request, sizeof(request),
		       "GET /zones/%s/events HTTP/1.1\r\nHost: localhost\r\n\r\n", zone);
	for (size_t i = 0; i < len; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &streams[i] };

		streams[i].fd = bench_connect(port);
		if (*zone != '-')
			bench_send_all(streams[i].fd, request, strlen(request));
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, streams[i].fd, &event);
		/* In slices: a tower sends a bounded number of snapshots at once. */
		if (*zone != '-' && (i + 1) % 32 == 0)
			wait_all("event: snapshot-end", 1, 32);
	}
	if (*zone != '-' && len % 32)
		wait_all("event: snapshot-end", 1, len % 32);
}

static double one_round(int fd, const char *zone, unsigned round, size_t streams_len)
{
	static struct bench_answer answer;
	struct key private_key;
	struct key public_key;
	char key_text[KEY_TEXT_BYTES];
	char body[128];
	char request[512];
	const char *ret_body;
	double started_ms;

	key_generate(&private_key);
	key_public(&private_key, &public_key);
	key_format(&public_key, key_text);
	(void)snprintf(body, sizeof(body), "{\"PublicKey\":\"%s\"}", key_text);
	(void)snprintf(request, sizeof(request),
		       "POST /zones/%s/peers HTTP/1.1\r\nHost: localhost\r\n"
		       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		       zone, strlen(body), body);
	started_ms = bench_now_ms();
	if (*zone == '-') {
		(void)snprintf(key_text, sizeof(key_text), "%s", "zzzzzzzz");
		bench_send_all(fd, "T", 1);
	} else if (bench_exchange(fd, request, strlen(request), &answer, &ret_body) != 201) {
		bench_fail("join: %s", answer.bytes);
	}
	wait_all(key_text, round, streams_len);
	return bench_now_ms() - started_ms;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct stream *streams;
	double *took_ms;
	size_t streams_len;
	size_t rounds;
	uint16_t port;
	int fd;

	if (argc != 5 || crypto_init(NULL) < 0)
		bench_fail("usage: fanout PORT ZONE WATCHERS ROUNDS");
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	streams_len = strtoul(argv[3], NULL, 10);
	rounds = strtoul(argv[4], NULL, 10);
	streams = calloc(streams_len, sizeof(*streams));
	took_ms = calloc(rounds, sizeof(*took_ms));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	open_streams(port, argv[2], streams, streams_len);
	fd = bench_connect(port);
	for (unsigned i = 0; i < rounds; i++)
		took_ms[i] = one_round(fd, argv[2], i + 2, streams_len);
	(void)printf("%.2f %.2f\n", bench_percentile(took_ms, rounds, 0.5),
		     bench_percentile(took_ms, rounds, 0.99));
	return 0;
}
