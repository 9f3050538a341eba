// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * bare_send PORT BYTES FILE: the yardstick of the fan-out. Every connection is a stream; a byte
 * from any of them has 400 bytes appended to FILE and fdatasynced, as a join is durable before
 * anybody sees it; then a loop sends BYTES bytes, ended by "zzzzzzzz", to all of them but that one.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/load.h"

#define STREAMS_MAX 20000

static int streams[STREAMS_MAX];
static size_t streams_len;

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1024) < 0)
		bench_fail("cannot listen on port %u", port);
	return fd;
}

static void send_to_all(int but, const char *bytes, size_t len)
{
	for (size_t i = 0; i < streams_len; i++) {
		if (streams[i] != but)
			bench_send_all(streams[i], bytes, len);
	}
}

static void make_durable(int disk)
{
	static const char bytes[400];

	if (write(disk, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || fdatasync(disk) < 0)
		bench_fail("cannot write to the file");
}

int main(int argc, char **argv)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct rlimit files;
	static const char end[] = { 'z', 'z', 'z', 'z', 'z', 'z', 'z', 'z' };
	size_t len;
	char *bytes;
	int listener;
	int disk;

	if (argc != 4)
		bench_fail("usage: bare_send PORT BYTES FILE");
	disk = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	len = strtoul(argv[2], NULL, 10);
	if (len < sizeof(end))
		bench_fail("at least %zu bytes", sizeof(end));
	bytes = malloc(len);
	memset(bytes, 'x', len);
	memcpy(bytes + len - sizeof(end), end, sizeof(end));
	listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener,
			&(struct epoll_event){ .events = EPOLLIN, .data.fd = listener });
	for (;;) {
		struct epoll_event event;
		char byte;
		int fd;

		if (epoll_wait(epoll_fd, &event, 1, -1) != 1)
			continue;
		fd = event.data.fd;
		if (fd == listener && streams_len < STREAMS_MAX) {
			fd = accept(listener, NULL, NULL);
			streams[streams_len++] = fd;
			(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd,
					&(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
		} else if (recv(fd, &byte, 1, 0) != 1) {
			return 0; /* the client is done */
		} else {
			make_durable(disk);
			send_to_all(fd, bytes, len);
		}
	}
}
