// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Listeners: a daemon of libmicrohttpd each. A daemon reads its certificate once, so a replaced
 * certificate is a further daemon on the same socket; the one before accepts nobody any more and
 * ends with its last connection.
 */
#include <errno.h>
#include <fcntl.h>

#include "tower/api/http_room.h"

#define SPARE_CONNECTIONS 64 /* above our own limit: these are told, not left hanging */

static void on_readable(uint32_t events, void *data)
{
	struct daemon *daemon = data;

	(void)events;
	(void)MHD_run(daemon->mhd);
}

static struct MHD_Daemon *start_mhd(struct daemon *daemon, const struct http_listener *listener)
{
	const struct http_limits *limits = &daemon->http->limits;
	unsigned flags =
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (daemon->is_tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_LISTEN_SOCKET, listener->fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, limits->connections + SPARE_CONNECTIONS, NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		  limits->connections_per_address + SPARE_CONNECTIONS, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_POOL_BYTES, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, limits->idle_s, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_begin, daemon },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_complete, daemon },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_notify, daemon },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)listener->cert_pem },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)listener->key_pem },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!daemon->is_tls)
		options[8].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, request_handle, daemon, MHD_OPTION_ARRAY,
				options, MHD_OPTION_END);
}

int http_listen(struct http *http, const struct http_listener *listener, struct err *err)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	_cleanup_close_ int fd = listener->fd;
	int r;

	if (!daemon)
		return err_oom(err);
	daemon->http = http;
	daemon->trust = listener->trust;
	daemon->is_tls = listener->cert_pem != NULL;
	daemon->mhd = start_mhd(daemon, listener);
	if (!daemon->mhd) {
		free(daemon);
		return err_set(err, -EIO, "the HTTP server cannot start%s",
			       listener->cert_pem ? " with this certificate and key" : "");
	}
	(void)TAKE_FD(fd); /* the daemon's now */
	r = loop_fd_new(http->loop,
			MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			EPOLLIN, on_readable, daemon, &daemon->watch, err);
	if (r < 0) {
		MHD_stop_daemon(daemon->mhd);
		free(daemon);
		return r;
	}
	LIST_INSERT_HEAD(&http->daemons, daemon, link);
	return 0;
}

static int replace_one(struct daemon *old, const char *cert_pem, const char *key_pem,
		       struct err *err)
{
	struct http_listener listener = { .cert_pem = cert_pem,
					  .key_pem = key_pem,
					  .trust = old->trust };
	int r;

	listener.fd = fcntl(MHD_get_daemon_info(old->mhd, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd,
			    F_DUPFD_CLOEXEC, 0);
	if (listener.fd < 0)
		return err_errno(err, -errno, "the listening socket");
	r = http_listen(old->http, &listener, err);
	if (r < 0)
		return r;
	(void)close(MHD_quiesce_daemon(old->mhd));
	old->retired = true;
	return 0;
}

int http_replace_certificate(struct http *http, const char *cert_pem, const char *key_pem,
			     struct err *err)
{
	struct daemon *daemon = LIST_FIRST(&http->daemons);
	int r = 0;

	for (; r == 0 && daemon; daemon = LIST_NEXT(daemon, link)) {
		/* New ones go in front, where this walk has been. */
		if (daemon->is_tls && !daemon->retired)
			r = replace_one(daemon, cert_pem, key_pem, err);
	}
	return r;
}

void daemon_stop(struct daemon *daemon)
{
	LIST_REMOVE(daemon, link);
	loop_fd_free(daemon->watch);
	MHD_stop_daemon(daemon->mhd);
	free(daemon);
}

static bool has_connections(const struct daemon *daemon)
{
	return MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
		       ->num_connections > 0;
}

void daemon_sweep(struct http *http)
{
	struct daemon *daemon = LIST_FIRST(&http->daemons);
	unsigned retired = 0;

	while (daemon) {
		struct daemon *next = LIST_NEXT(daemon, link);

		if (daemon->retired && (!has_connections(daemon) || retired == HTTP_RETIRED_MAX)) {
			http_end_requests(daemon);
			daemon_stop(daemon);
		} else if (daemon->retired) {
			retired++;
		}
		daemon = next;
	}
}
