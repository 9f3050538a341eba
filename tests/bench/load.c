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

int bench_connect(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		bench_fail("connect to port %u: %s", port, strerror(errno));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
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
