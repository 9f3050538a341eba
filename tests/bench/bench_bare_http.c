// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * bare_http PORT BYTES: the yardstick of GET: libmicrohttpd on epoll, one thread, one persistent
 * answer of so many bytes to whatever is asked.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/load.h"

static enum MHD_Result answer(void *response, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	(void)url, (void)method, (void)version, (void)upload;
	/* The first call only says that headers are there: queueing now would close after it. */
	if (!*state) {
		*state = connection;
		return MHD_YES;
	}
	*upload_len = 0;
	return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct MHD_Response *response;
	struct MHD_Daemon *daemon;
	size_t len;
	char *body;

	if (argc != 3)
		bench_fail("usage: bare_http PORT BYTES");
	at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	len = strtoul(argv[2], NULL, 10);
	body = malloc(len + 1);
	memset(body, 'x', len);
	response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
				  MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_END);
	if (!daemon)
		bench_fail("cannot listen on port %s", argv[1]);
	for (;;)
		(void)pause();
}
