// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 60000

double bench_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void bench_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}

/* -1 and errno. */
static int try_connect(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_fail("socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		(void)close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int bench_connect(uint16_t port)
{
	int fd = try_connect(port);

	if (fd < 0)
		bench_fail("connect to port %u: %s", port, strerror(errno));
	return fd;
}

/* The status of GET path, or -1: nobody listens, or the connection was closed. */
static int try_get(uint16_t port, const char *path)
{
	static struct bench_answer answer;
	char request[256];
	const char *body;
	int fd = try_connect(port);
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
			   path);
	int status = -1;
	ssize_t n;

	if (fd < 0)
		return -1;
	answer.len = 0;
	n = send(fd, request, (size_t)len, MSG_NOSIGNAL);
	while (n > 0) {
		n = recv(fd, answer.bytes + answer.len, sizeof(answer.bytes) - answer.len - 1, 0);
		answer.len += n > 0 ? (size_t)n : 0;
		answer.bytes[answer.len] = '\0';
		if (n > 0 && bench_answer_whole(&answer, &status, &body))
			break;
	}
	(void)close(fd);
	return n > 0 ? status : -1;
}

void bench_wait_ready(uint16_t port, const char *path)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const double until_ms = bench_now_ms() + READY_MS;

	while (try_get(port, path) != 200) {
		if (bench_now_ms() > until_ms)
			bench_fail("no answer to %s on port %u", path, port);
		(void)nanosleep(&pause, NULL);
	}
}

void bench_send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			bench_fail("send: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

double bench_percentile(double *samples, size_t len, double share)
{
	qsort(samples, len, sizeof(*samples), compare_doubles);
	return len ? samples[(size_t)(share * (double)(len - 1))] : 0;
}

bool bench_answer_whole(const struct bench_answer *answer, int *ret_status, const char **ret_body)
{
	const char *end = memmem(answer->bytes, answer->len, "\r\n\r\n", 4);
	const char *length = end ? strcasestr(answer->bytes, "\r\nContent-Length:") : NULL;
	size_t body_len;

	if (!end)
		return false;
	body_len = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
	if (answer->len < (size_t)(end + 4 - answer->bytes) + body_len)
		return false;
	*ret_status = (int)strtol(answer->bytes + 9, NULL, 10);
	*ret_body = end + 4;
	return true;
}

int bench_exchange(int fd, const char *request, size_t len, struct bench_answer *answer,
		   const char **ret_body)
{
	int status = 0;

	bench_send_all(fd, request, len);
	answer->len = 0;
	do {
		ssize_t n = recv(fd, answer->bytes + answer->len,
				 sizeof(answer->bytes) - answer->len - 1, 0);

		if (n <= 0)
			bench_fail("the server closed the connection");
		answer->len += (size_t)n;
		answer->bytes[answer->len] = '\0';
	} while (!bench_answer_whole(answer, &status, ret_body));
	return status;
}

double bench_join_open(int fd, const char *zone, char ret_key_text[static KEY_TEXT_BYTES],
		       char ret_id[static BENCH_EVENT_ID_BYTES])
{
	static struct bench_answer answer;
	struct key private_key;
	struct key public_key;
	char body[128];
	char request[512];
	const char *ret_body;
	const char *revision;
	const char *mark;
	double started_ms;

	key_generate(&private_key);
	key_public(&private_key, &public_key);
	key_format(&public_key, ret_key_text);
	(void)snprintf(body, sizeof(body), "{\"PublicKey\":\"%s\"}", ret_key_text);
	(void)snprintf(request, sizeof(request),
		       "POST /zones/%s/peers HTTP/1.1\r\nHost: localhost\r\n"
		       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		       zone, strlen(body), body);
	started_ms = bench_now_ms();
	if (bench_exchange(fd, request, strlen(request), &answer, &ret_body) != 201)
		bench_fail("join: %s", answer.bytes);
	/* Behind the peer and the zone, which have a revision each: those of the whole. */
	mark = strstr(ret_body, ",\"Mark\":\"");
	revision = strstr(ret_body, "},\"Revision\":");
	if (!mark || !revision)
		bench_fail("join: %s", ret_body);
	(void)snprintf(ret_id, BENCH_EVENT_ID_BYTES, "%lu-%.16s", strtoul(revision + 13, NULL, 10),
		       mark + 9);
	return started_ms;
}

long bench_resident_kib(long pid)
{
	char path[64];
	char line[128];
	long kib = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (kib < 0 && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Rss:", 4) == 0)
			kib = strtol(line + 4, NULL, 10);
	}
	(void)fclose(file);
	return kib;
}
