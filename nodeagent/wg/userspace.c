// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Talks to wireguard-go by its socket: one request a connection, for it reads ahead and would lose
 * a second one. Blocks, but never longer than ANSWER_TIMEOUT_MS.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "nodeagent/wg/backend.h"
#include "nodeagent/wg/uapi.h"
#include "nodeagent/wg/wireguard_go.h"

#define SOCKET_PATH "/var/run/wireguard/%s.sock"
#define ANSWER_TIMEOUT_MS 2000
#define ANSWER_PIECE_BYTES 65536
#define REQUEST_BYTES 65536 /* changes to peers go in requests of about this size */

static void free_reader(struct uapi_reader **reader)
{
	uapi_reader_free(*reader);
}

/* A request may hold the private key. */
static void wipe_request(struct str *request)
{
	if (request->at)
		crypto_wipe(request->at, request->len);
	str_done(request);
}

static int connect_socket(const char *interface, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_MS / 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (fd < 0)
		return err_errno(err, -errno, "open a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), SOCKET_PATH, interface);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int r = errno == ENOENT || errno == ECONNREFUSED ? -ENODEV : -errno;

		return err_set(err, r, "nobody answers on " SOCKET_PATH, interface);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int send_request(int fd, const struct str *request)
{
	size_t sent = 0;

	while (sent < request->len) {
		ssize_t n = send(fd, request->at + sent, request->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		sent += (size_t)n;
	}
	return 0;
}

static int receive_answer(int fd, int64_t deadline_ms, struct uapi_reader *reader, struct err *err)
{
	_cleanup_free_ char *piece = malloc(ANSWER_PIECE_BYTES);
	int r = piece ? 0 : err_oom(err);

	while (r == 0) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int64_t left_ms = deadline_ms - clock_mono_ms();
		ssize_t n;

		if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0)
			return err_set(err, -ETIMEDOUT, "no answer within %d s",
				       ANSWER_TIMEOUT_MS / 1000);
		n = recv(fd, piece, ANSWER_PIECE_BYTES, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			r = err_errno(err, -errno, "receive");
		else if (n == 0)
			r = err_set(err, -EPROTO, "closed before its answer was complete");
		else
			r = uapi_reader_feed(reader, piece, (size_t)n, err);
	}
	if (piece)
		crypto_wipe(piece, ANSWER_PIECE_BYTES);
	return r < 0 ? r : 0;
}

/* One request and its answer, which stays in *ret_reader (the caller's). */
static int converse(const char *interface, const struct str *request,
		    struct uapi_reader **ret_reader, struct err *err)
{
	_cleanup_(free_reader) struct uapi_reader *reader = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (request->failed || uapi_reader_new(&reader) < 0)
		return err_oom(err);
	r = connect_socket(interface, &fd, err);
	if (r < 0)
		return r;
	r = send_request(fd, request);
	if (r < 0)
		r = err_errno(err, r, "send");
	else
		r = receive_answer(fd, clock_mono_ms() + ANSWER_TIMEOUT_MS, reader, err);
	if (r < 0)
		(void)err_wrap(err, "wireguard-go on " SOCKET_PATH, interface);
	else
		*ret_reader = TAKE_PTR(reader);
	return r;
}

static int read_device(const char *interface, struct wg_device *ret_device, struct err *err)
{
	_cleanup_(free_reader) struct uapi_reader *reader = NULL;
	_cleanup_str_ struct str request = { 0 };
	int r;

	str_append(&request, UAPI_GET);
	r = converse(interface, &request, &reader, err);
	if (r < 0)
		return r;
	uapi_reader_take(reader, ret_device);
	return 0;
}

static int set_device(const char *interface, const struct key *private_key, uint16_t port,
		      struct err *err)
{
	_cleanup_(free_reader) struct uapi_reader *reader = NULL;
	_cleanup_(wipe_request) struct str request = { 0 };
	int r;

	uapi_write_begin(&request);
	uapi_write_device(&request, private_key, port);
	uapi_write_end(&request);
	r = converse(interface, &request, &reader, err);
	if (r < 0)
		(void)err_wrap(err, "set key and port");
	return r;
}

/* Sends changes until the request is large enough; how many went into it. */
static int send_changes(const char *interface, const struct wg_change *changes, size_t len,
			size_t *ret_sent, struct err *err)
{
	_cleanup_(free_reader) struct uapi_reader *reader = NULL;
	_cleanup_str_ struct str request = { 0 };
	size_t sent = 0;

	uapi_write_begin(&request);
	while (sent < len && request.len < REQUEST_BYTES)
		uapi_write_change(&request, &changes[sent++]);
	uapi_write_end(&request);
	*ret_sent = sent;
	return converse(interface, &request, &reader, err);
}

/* A request fails as a whole and does not say where: sent again one by one, the culprit shows. */
static int send_each(const char *interface, struct wg_change *changes, size_t len, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < len; i++) {
		struct err own = { 0 };
		char key[KEY_SHORT_BYTES];
		size_t sent;
		int r = send_changes(interface, &changes[i], 1, &sent, &own);

		changes[i].failed = r < 0;
		if (r == 0 || first < 0)
			continue;
		key_format_short(&changes[i].key, key);
		first = err_set(err, r, "peer %s: %s", key, own.text);
	}
	return first;
}

static int change_peers(const char *interface, struct wg_change *changes, size_t len,
			struct err *err)
{
	int first = 0;
	size_t sent;

	for (size_t i = 0; i < len; i += sent) {
		struct err own = { 0 };
		int r = send_changes(interface, changes + i, len - i, &sent, &own);

		if (r == -ETIMEDOUT || r == -ENODEV || r == -ENOMEM) {
			for (size_t j = i; j < len; j++)
				changes[j].failed = true;
			return first < 0 ? first : err_set(err, r, "%s", own.text);
		}
		if (r < 0)
			r = send_each(interface, changes + i, sent, first < 0 ? NULL : err);
		first = first < 0 ? first : r;
	}
	return first;
}

static bool is_served(const char *interface)
{
	_cleanup_close_ int fd = -1;

	return connect_socket(interface, &fd, NULL) == 0;
}

static int create(const char *interface, struct err *err)
{
	if (is_served(interface))
		return err_set(err, -EBUSY,
			       SOCKET_PATH
			       " is answered, but there is no such interface here: by a "
			       "wireguard-go that is ending, or by one of another network "
			       "namespace (then take another --interface name)",
			       interface);
	return wireguard_go_start(interface, err);
}

/* Whether whoever is at the other end of `fd` ends (and closes it) in time. */
static bool wait_for_end(int fd)
{
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	return poll(&ended, 1, ANSWER_TIMEOUT_MS) > 0;
}

static int clean_up(const char *interface, struct err *err)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	_cleanup_close_ int fd = -1;

	(void)snprintf(path, sizeof(path), SOCKET_PATH, interface);
	/* Its interface is gone, so it ends; if not by that, then for want of its socket. */
	if (connect_socket(interface, &fd, NULL) == 0 && !wait_for_end(fd)) {
		(void)unlink(path);
		if (!wait_for_end(fd))
			return err_set(err, -EBUSY,
				       "the wireguard-go of %s does not end: stop it by hand",
				       interface);
	}
	(void)unlink(path);
	return 0;
}

const struct wg_backend wg_userspace = {
	.name = "userspace",
	.link_kind = "tun",
	.is_served = is_served,
	.create = create,
	.read = read_device,
	.set_device = set_device,
	.change_peers = change_peers,
	.clean_up = clean_up,
};
