// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tests/bench/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 30000
#define READ_BYTES 262144

enum step { STEP_HANDSHAKE, STEP_OPEN, STEP_ENDED };

static gnutls_certificate_credentials_t anybody;

void streams_raise_limit(void)
{
	struct rlimit files;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

char **streams_read_lines(const char *path, size_t len)
{
	char **lines = calloc(len, sizeof(*lines));
	FILE *file = fopen(path, "re");
	size_t room = 0;

	if (!lines || !file)
		bench_fail("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < len; i++) {
		if (getline(&lines[i], &room, file) < 0)
			bench_fail("%s: only %zu lines", path, i);
		lines[i][strcspn(lines[i], "\n")] = '\0';
		room = 0;
	}
	(void)fclose(file);
	return lines;
}

static void ask(struct streams *streams, struct stream *stream)
{
	const char *ticket = streams->tickets ? streams->tickets[stream - streams->at] : "";
	char request[1024];
	int len;

	stream->step = STEP_OPEN;
	if (*streams->zone == '-')
		return;
	len = snprintf(request, sizeof(request),
		       "GET /zones/%s/events HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s%s%s\r\n",
		       streams->zone, *ticket ? "Authorization: Bearer " : "", ticket,
		       *ticket ? "\r\n" : "", streams->last_id ? "Last-Event-ID: " : "",
		       streams->last_id ? streams->last_id : "", streams->last_id ? "\r\n" : "");
	if (!stream->tls)
		bench_send_all(stream->fd, request, (size_t)len);
	else if (gnutls_record_send(stream->tls, request, (size_t)len) != len)
		bench_fail("a request of %d bytes does not fit into a fresh connection", len);
}

static void shake_hands(struct streams *streams, struct stream *stream)
{
	int r = gnutls_handshake(stream->tls);

	if (r == GNUTLS_E_SUCCESS)
		ask(streams, stream);
	else if (gnutls_error_is_fatal(r))
		bench_fail("handshake: %s", gnutls_strerror(r));
}

static void begin(struct streams *streams, struct stream *stream)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = stream };

	*stream = (struct stream){ .fd = bench_connect(streams->port), .step = STEP_HANDSHAKE };
	(void)epoll_ctl(streams->epoll_fd, EPOLL_CTL_ADD, stream->fd, &event);
	if (!streams->tls) {
		ask(streams, stream);
		return;
	}
	if (!anybody && gnutls_certificate_allocate_credentials(&anybody) < 0)
		bench_fail("out of memory");
	if (gnutls_init(&stream->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
	    gnutls_set_default_priority(stream->tls) < 0 ||
	    gnutls_credentials_set(stream->tls, GNUTLS_CRD_CERTIFICATE, anybody) < 0)
		bench_fail("no TLS client can be made");
	(void)fcntl(stream->fd, F_SETFL, O_NONBLOCK);
	gnutls_transport_set_int(stream->tls, stream->fd);
	gnutls_handshake_set_timeout(stream->tls, GNUTLS_INDEFINITE_TIMEOUT);
	shake_hands(streams, stream);
}

static void end(struct stream *stream)
{
	if (stream->tls)
		gnutls_deinit(stream->tls);
	stream->tls = NULL;
	(void)close(stream->fd);
	stream->fd = -1;
	stream->step = STEP_ENDED;
}

/* Up to READ_BYTES; 0: nothing for now; -1: over. */
static ssize_t take(struct stream *stream, char *to)
{
	ssize_t n;

	if (!stream->tls) {
		n = recv(stream->fd, to, READ_BYTES, MSG_DONTWAIT);
		return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
	}
	n = gnutls_record_recv(stream->tls, to, READ_BYTES);
	return n > 0 ? n : n < 0 && !gnutls_error_is_fatal((int)n) ? 0 : -1;
}

/* How often the needle stands in what is new, the end of what came before included. */
static size_t count(struct stream *stream, const char *needle, const char *bytes, size_t len)
{
	const size_t needle_len = strlen(needle);
	const char *found = bytes;
	size_t n = 0;

	while ((found = memmem(found, len - (size_t)(found - bytes), needle, needle_len))) {
		found += needle_len;
		n++;
	}
	stream->tail_len = len < needle_len ? len : needle_len - 1;
	memcpy(stream->tail, bytes + len - stream->tail_len, stream->tail_len);
	return n;
}

/* Reads all that is there; false when the stream is over. */
static bool read_stream(struct stream *stream, const char *needle)
{
	static char bytes[STREAMS_TAIL_BYTES + READ_BYTES];

	for (;;) {
		ssize_t n;

		memcpy(bytes, stream->tail, stream->tail_len);
		n = take(stream, bytes + stream->tail_len);
		if (n <= 0)
			return n == 0;
		if (stream->bytes == 0 && memcmp(bytes, "HTTP/1.1 ", 9) == 0 &&
		    memcmp(bytes + 9, "200", 3) != 0)
			bench_fail("refused: %.*s", (int)n, bytes);
		stream->bytes += (size_t)n;
		stream->seen += count(stream, needle, bytes, (size_t)n + stream->tail_len);
		if (!stream->tls && n < READ_BYTES)
			return true;
	}
}

static int await(struct streams *streams, struct epoll_event *ready, int ready_len)
{
	int n = epoll_wait(streams->epoll_fd, ready, ready_len, WAIT_MS);

	if (n <= 0)
		bench_fail("nothing came for %d s", WAIT_MS / 1000);
	return n;
}

/* Whether it has shown the needle so often for the first time. */
static bool step(struct streams *streams, struct stream *stream, const char *needle, size_t times)
{
	const size_t before = stream->seen;

	if (stream->step == STEP_HANDSHAKE)
		shake_hands(streams, stream);
	if (stream->step == STEP_OPEN && !read_stream(stream, needle))
		bench_fail("a stream ended after %zu bytes", stream->bytes);
	return before < times && stream->seen >= times;
}

void streams_open(struct streams *streams, const char *needle, size_t window)
{
	struct epoll_event ready[256];
	size_t begun = 0;
	size_t opened = 0;

	if (!streams->at) {
		streams->at = calloc(streams->len, sizeof(*streams->at));
		streams->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	}
	while (opened < streams->len) {
		int n;

		while (begun < streams->len && begun - opened < window)
			begin(streams, &streams->at[begun++]);
		n = await(streams, ready, 256);
		for (int i = 0; i < n; i++)
			opened += step(streams, ready[i].data.ptr, needle, 1);
	}
	for (size_t i = 0; i < streams->len; i++) {
		streams->at[i].seen = 0;
		streams->at[i].tail_len = 0;
	}
}

void streams_wait(struct streams *streams, const char *needle, size_t times)
{
	struct epoll_event ready[256];
	size_t left = 0;

	for (size_t i = 0; i < streams->len; i++)
		left += streams->at[i].seen < times;
	while (left > 0) {
		int n = await(streams, ready, 256);

		for (int i = 0; i < n; i++)
			left -= step(streams, ready[i].data.ptr, needle, times);
	}
	for (size_t i = 0; i < streams->len; i++)
		streams->at[i].seen -= times;
}

void streams_wait_end(struct streams *streams)
{
	struct epoll_event ready[256];
	size_t left = streams->len;

	while (left > 0) {
		int n = await(streams, ready, 256);

		for (int i = 0; i < n; i++) {
			struct stream *stream = ready[i].data.ptr;

			if (stream->step == STEP_OPEN && !read_stream(stream, "x")) {
				end(stream);
				left--;
			}
		}
	}
}
