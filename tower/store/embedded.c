// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/store/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "mesh/addr.h"

#define AREA "store"
#define END_TIMEOUT_MS 5000 /* for an orderly end, and again after SIGKILL */
#define RESTART_MIN_MS 100  /* pause before a server that died is started again */
#define RESTART_MAX_MS 5000 /* after repeated deaths */
#define STEADY_MS 10000     /* a server that lived so long is no repeated death */
#define STARTING_MS 3000    /* how long it may take until it listens */
#define LOCK_POLL_MS 10

/* Against strangers, once there is a door; our own two connections are never idle for long. */
#define DOOR_IDLE_S "60"
#define DOOR_CLIENTS "4000"
#define DOOR_MEMORY "64mb" /* of all their buffers together; then the largest goes */

struct embedded {
	struct loop *loop;
	char dir[REDIS_URL_PATH_BYTES]; /* the socket in it must fit into an address */
	struct redis_url url;
	char bind[2 * IP_TEXT_BYTES]; /* "": no TCP */
	char port[8];
	char acl_path[REDIS_URL_PATH_BYTES + 16];
	int tower_lock;
	int redis_lock;
	pid_t pid; /* 0: no child */
	int pid_fd;
	struct loop_fd *watch; /* of pid_fd, which is readable once the child has ended */
	struct loop_timer *restart;
	int64_t restart_ms;
	int64_t started_ms;
};

/*
 * Runs in the child, between fork and exec. Not posix_spawn: that can neither arm PDEATHSIG nor
 * leave the terminal's session (a Ctrl-C is for the tower, which then ends the server in order).
 */
static _Noreturn void run_child(const struct embedded *embedded, pid_t parent, int report_fd)
{
	const char *const options[][2] = {
		{ "--port", "0" },
		{ "--unixsocket", embedded->url.path },
		{ "--unixsocketperm", "700" },
		{ "--dir", embedded->dir },
		{ "--appendonly", "yes" },
		{ "--appendfsync", "always" },
		{ "--save", "" },
		{ "--maxmemory-policy", "noeviction" },
		{ "--daemonize", "no" },
		{ "--logfile", "redis.log" },
	};
	const char *const door[][2] = {
		{ "--bind", embedded->bind },        { "--port", embedded->port },
		{ "--aclfile", embedded->acl_path }, { "--timeout", DOOR_IDLE_S },
		{ "--maxclients", DOOR_CLIENTS },    { "--maxmemory-clients", DOOR_MEMORY },
	};
	const char *argv[1 + (sizeof(options) + sizeof(door)) / sizeof(char *) + 1] = {
		"redis-server"
	};
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	int error;

	memcpy(argv + 1, options, sizeof(options));
	if (*embedded->bind) /* behind the others, for the port is said twice */
		memcpy(argv + 1 + sizeof(options) / sizeof(char *), door, sizeof(door));
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1); /* the tower died before the signal was armed */
	(void)setsid();
	(void)umask(077);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* the loop blocks the tower's signals */
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(null_fd, STDOUT_FILENO);
	(void)fcntl(embedded->redis_lock, F_SETFD, 0);
	(void)execvp(argv[0], (char *const *)argv); /* exec does not write to them */
	error = errno;
	(void)!write(report_fd, &error, sizeof(error));
	_exit(127);
}

static void on_child_end(uint32_t events, void *data);

/* Starts the server; learns by the pipe, which exec closes, whether that went well. */
static int start(struct embedded *embedded, struct err *err)
{
	_cleanup_close_ int report_fd = -1;
	int pipe_fds[2];
	pid_t parent = getpid();
	pid_t pid;
	int error = 0;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, -errno, "pipe");
	report_fd = pipe_fds[0];
	pid = fork();
	if (pid == 0)
		run_child(embedded, parent, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	if (pid < 0)
		return err_errno(err, -errno, "start redis-server");
	if (read(report_fd, &error, sizeof(error)) == (ssize_t)sizeof(error)) {
		(void)waitpid(pid, NULL, 0);
		if (error == ENOENT)
			return err_set(
				err, -ENOENT,
				"redis-server is not in the PATH: apt-get install redis-server, or give --redis");
		return err_errno(err, -error, "start redis-server");
	}
	embedded->pid = pid;
	embedded->started_ms = clock_mono_ms();
	embedded->pid_fd = pidfd_open(pid, 0);
	if (embedded->pid_fd < 0)
		return err_errno(err, -errno, "watch redis-server");
	return loop_fd_new(embedded->loop, embedded->pid_fd, EPOLLIN, on_child_end, embedded,
			   &embedded->watch, err);
}

static void forget_child(struct embedded *embedded)
{
	loop_fd_free(TAKE_PTR(embedded->watch));
	if (embedded->pid_fd >= 0)
		(void)close(TAKE_FD(embedded->pid_fd));
	embedded->pid = 0;
}

static void start_later(struct embedded *embedded)
{
	loop_timer_set(embedded->restart, embedded->restart_ms);
	embedded->restart_ms = MIN(embedded->restart_ms * 2, RESTART_MAX_MS);
}

static void on_child_end(uint32_t events, void *data)
{
	struct embedded *embedded = data;
	int status = 0;

	(void)events;
	(void)waitpid(embedded->pid, &status, 0);
	if (clock_mono_ms() - embedded->started_ms > STEADY_MS)
		embedded->restart_ms = RESTART_MIN_MS;
	log_warn(AREA,
		 "redis-server ended (%s %d); it starts again in %jd ms, its log is %s/redis.log",
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		 (intmax_t)embedded->restart_ms, embedded->dir);
	forget_child(embedded);
	start_later(embedded);
}

static void on_restart(void *data)
{
	struct embedded *embedded = data;
	struct err err;

	if (start(embedded, &err) == 0)
		return;
	log_error(AREA, "%s", err.text);
	if (embedded->pid == 0)
		start_later(embedded);
}

/* Whether the process behind the descriptor has ended in time. */
static bool wait_end(int pid_fd, int timeout_ms)
{
	struct pollfd ended = { .fd = pid_fd, .events = POLLIN };

	return poll(&ended, 1, timeout_ms) == 1;
}

static void end_child(struct embedded *embedded)
{
	if (embedded->pid == 0)
		return;
	(void)kill(embedded->pid, SIGTERM);
	if (embedded->pid_fd >= 0 && !wait_end(embedded->pid_fd, END_TIMEOUT_MS)) {
		log_warn(AREA,
			 "redis-server does not end: killing it (what it acknowledged is on disk)");
		(void)kill(embedded->pid, SIGKILL);
	}
	(void)waitpid(embedded->pid, NULL, 0);
	forget_child(embedded);
}

void embedded_free(struct embedded *embedded)
{
	if (!embedded)
		return;
	end_child(embedded);
	loop_timer_free(embedded->restart);
	if (embedded->redis_lock >= 0)
		(void)close(embedded->redis_lock);
	if (embedded->tower_lock >= 0)
		(void)close(embedded->tower_lock);
	free(embedded);
}

static void freep(struct embedded **embedded)
{
	embedded_free(*embedded);
}

const struct redis_url *embedded_url(const struct embedded *embedded)
{
	return &embedded->url;
}

bool embedded_is_starting(const struct embedded *embedded)
{
	return clock_mono_ms() - embedded->started_ms < STARTING_MS;
}

/* The process that listens on the socket; 0 when nobody does. */
static pid_t find_listener(const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (fd < 0 || str_copy(address.sun_path, sizeof(address.sun_path), path) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return 0;
	return peer.pid;
}

/* Takes the lock that every server on this folder holds, ending the one that was left behind. */
static int take_over(struct embedded *embedded, const char *lock_path, struct err *err)
{
	int64_t begun_ms = clock_mono_ms();
	bool asked = false;
	bool killed = false;

	for (;;) {
		int r = file_lock(lock_path, &embedded->redis_lock, err);
		int64_t waited_ms = clock_mono_ms() - begun_ms;
		pid_t pid = 0;

		if (r != -EWOULDBLOCK)
			return r;
		if (!asked || (!killed && waited_ms > END_TIMEOUT_MS))
			pid = find_listener(embedded->url.path);
		if (pid > 0) {
			killed = asked;
			log_info(AREA, "ending redis-server %d, which an earlier tower left behind",
				 (int)pid);
			(void)kill(pid, asked ? SIGKILL : SIGTERM);
			asked = true;
		}
		if (waited_ms > 2 * END_TIMEOUT_MS)
			return err_set(
				err, -EWOULDBLOCK,
				"a redis-server that an earlier tower left behind in %s does not end: end it by hand",
				embedded->dir);
		(void)poll(NULL, 0, LOCK_POLL_MS);
	}
}

static int take_folder(struct embedded *embedded, const char *state_dir, struct err *err)
{
	_cleanup_free_ char *dir = NULL;
	char path[sizeof(embedded->dir) + 16];
	int r;

	r = file_make_dir(state_dir, 0700, err);
	if (r < 0)
		return r;
	dir = realpath(state_dir, NULL);
	if (!dir)
		return err_errno(err, -errno, "%s", state_dir);
	if (snprintf(embedded->url.path, sizeof(embedded->url.path), "%s/redis.sock", dir) >=
	    (int)sizeof(embedded->url.path))
		return err_set(
			err, -ENAMETOOLONG,
			"the state dir's path is longer than %zu bytes: a Unix socket would not fit in it",
			sizeof(embedded->url.path) - sizeof("/redis.sock"));
	(void)snprintf(embedded->dir, sizeof(embedded->dir), "%s", dir);
	(void)snprintf(path, sizeof(path), "%s/tower.lock", embedded->dir);
	r = file_lock(path, &embedded->tower_lock, err);
	if (r == -EWOULDBLOCK)
		return err_set(
			err, r,
			"another tower runs in %s: stop it, or give this one its own --state-dir",
			embedded->dir);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/redis.lock", embedded->dir);
	return take_over(embedded, path, err);
}

/* The folder is ours by now. */
static int make_door(struct embedded *embedded, const struct embedded_door *door, struct err *err)
{
	struct endpoint endpoint;
	int r = endpoint_parse(door->listen, &endpoint, err);

	if (r < 0)
		return r;
	(void)snprintf(embedded->acl_path, sizeof(embedded->acl_path), "%s/users.acl",
		       embedded->dir);
	r = file_write_atomic(embedded->acl_path, door->acl, strlen(door->acl), 0600, err);
	if (r < 0)
		return r;
	(void)snprintf(embedded->port, sizeof(embedded->port), "%u", endpoint.port);
	ip_format(&endpoint.ip, embedded->bind);
	if (endpoint.ip.family == IP_V6 && ip_to_number(&endpoint.ip) == 0)
		(void)snprintf(embedded->bind, sizeof(embedded->bind), "* -::*");
	return 0;
}

int embedded_new(struct loop *loop, const char *state_dir, const struct embedded_door *door,
		 struct embedded **ret_embedded, struct err *err)
{
	_cleanup_(freep) struct embedded *embedded = calloc(1, sizeof(*embedded));
	int r;

	if (!embedded)
		return err_oom(err);
	embedded->loop = loop;
	embedded->restart_ms = RESTART_MIN_MS;
	embedded->tower_lock = embedded->redis_lock = embedded->pid_fd = -1;
	r = take_folder(embedded, state_dir, err);
	if (r == 0 && door)
		r = make_door(embedded, door, err);
	if (r < 0)
		return r;
	r = loop_timer_new(loop, on_restart, embedded, &embedded->restart, err);
	if (r < 0)
		return r;
	r = start(embedded, err);
	if (r < 0)
		return r;
	*ret_embedded = TAKE_PTR(embedded);
	return 0;
}
