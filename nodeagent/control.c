// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/control.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/str.h"
#include "mesh/doc.h"

#define SOCKET_NAME "agent.sock"
#define LARGE_BYTES 65536 /* an answer: the report of a large zone is more than all else here */

struct client {
	struct control *control;
	TAILQ_ENTRY(client) link;
	uint64_t id;
	int fd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	bool is_asked; /* the request was handed on: nothing more is read */
	size_t in_len;
	char in[CONTROL_REQUEST_MAX + 1];
	struct str out;
	size_t out_sent;
};

struct control {
	struct loop *loop;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;
	struct loop_fd *watch;
	control_fn fn;
	void *data;
	uint64_t last_id;
	size_t clients_len;
	TAILQ_HEAD(, client) clients;
};

static int socket_path(const char *run_dir, struct sockaddr_un *ret_address, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int len =
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run_dir, SOCKET_NAME);

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG, "--run-dir: too long for a socket's path (%zu)",
			       sizeof(address.sun_path) - strlen(SOCKET_NAME) - 2);
	*ret_address = address;
	return 0;
}

int control_check_dir(const char *run_dir, struct err *err)
{
	struct sockaddr_un address;

	return socket_path(run_dir, &address, err);
}

static void client_free(struct client *client)
{
	bool is_large;

	if (!client)
		return;
	is_large = client->out.cap >= LARGE_BYTES;
	TAILQ_REMOVE(&client->control->clients, client, link);
	client->control->clients_len--;
	loop_fd_free(client->watch);
	loop_timer_free(client->timer);
	(void)close(client->fd);
	str_done(&client->out);
	free(client);
	if (is_large)
		(void)malloc_trim(0);
}

static void on_overstayed(void *data)
{
	client_free(data);
}

/* Sends what it can; false when the client is gone. */
static bool send_out(struct client *client)
{
	while (client->out_sent < client->out.len) {
		ssize_t n = send(client->fd, client->out.at + client->out_sent,
				 client->out.len - client->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			return false;
		client->out_sent += (size_t)n;
	}
	loop_fd_set(client->watch, client->out_sent < client->out.len ? EPOLLOUT : EPOLLIN);
	return true;
}

static void take_request(struct client *client)
{
	_cleanup_(doc_unref) json_t *request = NULL;
	struct control *control = client->control;
	uint64_t id = client->id;
	struct err err = { 0 };

	client->is_asked = true;
	if (doc_load(client->in, client->in_len, &request, &err) < 0)
		control_answer(control, id, json_pack("{s:s}", "Error", err.text));
	else
		control->fn(id, request, control->data);
}

static void on_client(uint32_t events, void *data)
{
	struct client *client = data;
	ssize_t n;

	if (events & EPOLLOUT) {
		if (!send_out(client))
			client_free(client);
		return;
	}
	n = recv(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A request that is longer than any, or a second one, ends the connection like an end. */
	if (n <= 0 || client->is_asked || client->in_len + (size_t)n > CONTROL_REQUEST_MAX) {
		client_free(client);
		return;
	}
	client->in_len += (size_t)n;
	if (client->in[client->in_len - 1] == '\n')
		take_request(client);
}

static int client_new(struct control *control, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->control = control;
	client->fd = fd;
	client->id = ++control->last_id;
	r = loop_timer_new(control->loop, on_overstayed, client, &client->timer, NULL);
	if (r == 0)
		r = loop_fd_new(control->loop, fd, EPOLLIN, on_client, client, &client->watch,
				NULL);
	if (r < 0) {
		loop_timer_free(client->timer);
		free(client);
		return r;
	}
	loop_timer_set(client->timer, CONTROL_CLIENT_MS);
	TAILQ_INSERT_TAIL(&control->clients, client, link);
	control->clients_len++;
	return 0;
}

static void on_listener(uint32_t events, void *data)
{
	struct control *control = data;
	_cleanup_close_ int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0 || control->clients_len >= CONTROL_CLIENTS_MAX)
		return;
	if (client_new(control, fd) == 0)
		(void)TAKE_FD(fd);
}

static int open_socket(struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? err_errno(err, -errno, "socket") : fd;
}

static bool is_alive(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = open_socket(NULL);

	return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

static int listen_at(const struct sockaddr_un *address, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (is_alive(address))
		return err_set(err, -EADDRINUSE,
			       "another aircrew listens on %s; a second one needs a --run-dir, "
			       "--state-dir and --interface of its own",
			       address->sun_path);
	(void)unlink(address->sun_path);
	fd = open_socket(err);
	if (fd < 0)
		return fd;
	/* On Linux a socket's file gets the mode of its descriptor: never open, not for a moment.
	 */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, CONTROL_CLIENTS_MAX) < 0)
		return err_errno(err, -errno, "%s", address->sun_path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int control_new(struct loop *loop, const char *run_dir, control_fn fn, void *data,
		struct control **ret_control, struct err *err)
{
	_cleanup_free_ struct control *control = calloc(1, sizeof(*control));
	struct sockaddr_un address;
	int r;

	if (!control)
		return err_oom(err);
	r = socket_path(run_dir, &address, err);
	if (r >= 0)
		r = file_make_dir(run_dir, 0755, err);
	if (r >= 0)
		r = listen_at(&address, &control->fd, err);
	if (r < 0)
		return r;
	control->loop = loop;
	control->fn = fn;
	control->data = data;
	memcpy(control->path, address.sun_path, sizeof(control->path));
	TAILQ_INIT(&control->clients);
	r = loop_fd_new(loop, control->fd, EPOLLIN, on_listener, control, &control->watch, err);
	if (r < 0) {
		(void)close(control->fd);
		return r;
	}
	*ret_control = TAKE_PTR(control);
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	while (!TAILQ_EMPTY(&control->clients))
		client_free(TAILQ_FIRST(&control->clients));
	loop_fd_free(control->watch);
	(void)close(control->fd);
	(void)unlink(control->path);
	free(control);
}

void control_answer(struct control *control, uint64_t id, json_t *answer)
{
	_cleanup_(doc_unref) json_t *owned = answer;
	_cleanup_free_ char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	struct client *client;

	TAILQ_FOREACH(client, &control->clients, link) {
		if (client->id == id)
			break;
	}
	if (!client)
		return;
	str_append(&client->out, text ? text : "{\"Error\":\"out of memory\"}");
	str_append(&client->out, "\n");
	if (client->out.failed || !send_out(client))
		client_free(client);
}

static int set_patience(int fd)
{
	struct timeval most = { .tv_sec = CONTROL_WAIT_MS / 1000 };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
}

static int send_request(int fd, json_t *request, struct err *err)
{
	_cleanup_free_ char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return err_oom(err);
	text[len] = '\n'; /* in place of the NUL: the line goes out in one piece */
	if (send(fd, text, len + 1, MSG_NOSIGNAL) != (ssize_t)len + 1)
		return err_errno(err, -errno, "the agent's socket");
	return 0;
}

static int receive_line(int fd, struct str *line, struct err *err)
{
	char piece[16384];

	while (line->len == 0 || line->at[line->len - 1] != '\n') {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return err_set(err, -ETIMEDOUT, "the agent did not answer in %d s",
				       CONTROL_WAIT_MS / 1000);
		if (n <= 0 || line->len > CONTROL_ANSWER_MAX)
			return err_set(err, -EPROTO, "the agent ended before its answer was whole");
		str_append_bytes(line, piece, (size_t)n);
		if (line->failed)
			return err_oom(err);
	}
	return 0;
}

int control_ask(const char *run_dir, json_t *request, json_t **ret_answer, int *ret_fd,
		struct err *err)
{
	_cleanup_(doc_unref) json_t *owned = request;
	_cleanup_close_ int fd = -1;
	_cleanup_str_ struct str line = { 0 };
	struct sockaddr_un address;
	int r = socket_path(run_dir, &address, err);

	if (r < 0)
		return r;
	fd = open_socket(err);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EACCES || errno == EPERM)
			return err_errno(err, -errno, "%s", address.sun_path);
		return err_set(err, -ENOTCONN, "no aircrew runs here (%s: %s)", address.sun_path,
			       strerror(errno));
	}
	if (set_patience(fd) < 0)
		return err_errno(err, -errno, "%s", address.sun_path);
	r = send_request(fd, request, err);
	if (r >= 0)
		r = receive_line(fd, &line, err);
	if (r >= 0)
		r = doc_load(line.at, line.len, ret_answer, err);
	if (r >= 0 && ret_fd)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int control_wait_end(int fd, struct err *err)
{
	char byte;
	ssize_t n;

	do
		n = recv(fd, &byte, 1, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 && errno == EAGAIN)
		return err_set(err, -ETIMEDOUT, "the agent did not end in %d s",
			       CONTROL_WAIT_MS / 1000);
	return 0;
}
