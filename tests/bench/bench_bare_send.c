// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * bare_send PORT STREAM-PORT BYTES FILE [CERT KEY]: the yardstick of the fan-out. Every connection
 * to STREAM-PORT is a stream, of TLS when there is a certificate; a byte on PORT has 400 bytes
 * appended to FILE and fdatasynced, as a join is durable before anybody sees it; then a loop sends
 * BYTES bytes, ended by "zzzzzzzz", to every stream. Each is greeted by
 * the same bytes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/streams.h"

#define STREAMS_MAX 20000

static struct {
	int fd;
	gnutls_session_t tls;
} to[STREAMS_MAX];
static size_t to_len;
static gnutls_certificate_credentials_t certificate;

static int listen_on(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1024) < 0)
		bench_fail("cannot listen on port %s", port);
	return fd;
}

/* The handshake blocks: only sending is measured here. */
static void take_stream(int listener)
{
	gnutls_session_t tls = NULL;
	int fd = accept(listener, NULL, NULL);
	int r;

	if (fd < 0 || to_len == STREAMS_MAX)
		bench_fail("no room for a stream");
	to[to_len].fd = fd;
	if (certificate) {
		if (gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) < 0 ||
		    gnutls_set_default_priority(tls) < 0 ||
		    gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, certificate) < 0)
			bench_fail("no TLS server can be made");
		gnutls_transport_set_int(tls, fd);
		do
			r = gnutls_handshake(tls);
		while (r < 0 && !gnutls_error_is_fatal(r));
		if (r < 0)
			bench_fail("handshake: %s", gnutls_strerror(r));
	}
	to[to_len++].tls = tls;
}

static void send_to(size_t i, const char *bytes, size_t len)
{
	if (!to[i].tls)
		bench_send_all(to[i].fd, bytes, len);
	else if (gnutls_record_send(to[i].tls, bytes, len) != (ssize_t)len)
		bench_fail("stream %zu takes no more", i);
}

static void make_durable(int disk)
{
	static const char bytes[400];

	if (write(disk, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || fdatasync(disk) < 0)
		bench_fail("cannot write to the file");
}

static void watch(int epoll_fd, int fd)
{
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd,
			&(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
}

int main(int argc, char **argv)
{
	static const char end[] = { 'z', 'z', 'z', 'z', 'z', 'z', 'z', 'z' };
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int listener;
	int triggers;
	int disk;
	size_t len;
	char *bytes;

	if (argc != 5 && argc != 7)
		bench_fail("usage: bare_send PORT STREAM-PORT BYTES FILE [CERT KEY]");
	if (argc == 7 && (gnutls_certificate_allocate_credentials(&certificate) < 0 ||
			  gnutls_certificate_set_x509_key_file(certificate, argv[5], argv[6],
							       GNUTLS_X509_FMT_PEM) < 0))
		bench_fail("%s, %s: no certificate with its key", argv[5], argv[6]);
	streams_raise_limit();
	disk = open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	len = strtoul(argv[3], NULL, 10);
	if (len < sizeof(end))
		bench_fail("at least %zu bytes", sizeof(end));
	bytes = malloc(len);
	memset(bytes, 'x', len);
	memcpy(bytes + len - sizeof(end), end, sizeof(end));
	listener = listen_on(argv[2]);
	triggers = listen_on(argv[1]);
	watch(epoll_fd, listener);
	watch(epoll_fd, triggers);
	for (;;) {
		struct epoll_event event;
		char byte;

		if (epoll_wait(epoll_fd, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == listener) {
			take_stream(listener);
			send_to(to_len - 1, bytes, len); /* it is here */
		} else if (event.data.fd == triggers) {
			watch(epoll_fd, accept(triggers, NULL, NULL));
		} else if (recv(event.data.fd, &byte, 1, 0) != 1) {
			return 0; /* the client is done */
		} else {
			make_durable(disk);
			for (size_t i = 0; i < to_len; i++)
				send_to(i, bytes, len);
		}
	}
}
