// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/wg/wireguard_go.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#define TUN_PATH "/dev/net/tun"
#define START_TIMEOUT_MS 5000 /* it takes some 20 ms */
#define WORDS_BYTES 4096

struct spawn {
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t actions;
	bool has_attr, has_actions;
};

static void done_spawn(struct spawn *spawn)
{
	if (spawn->has_attr)
		(void)posix_spawnattr_destroy(&spawn->attr);
	if (spawn->has_actions)
		(void)posix_spawn_file_actions_destroy(&spawn->actions);
}

/* A session of its own, no signal blocked or ignored, no folder held, nothing but `words` open. */
static int prepare_spawn(struct spawn *spawn, int words)
{
	posix_spawn_file_actions_t *actions = &spawn->actions;
	sigset_t none;
	sigset_t all;
	int r = posix_spawnattr_init(&spawn->attr);

	spawn->has_attr = r == 0;
	if (r == 0)
		r = posix_spawn_file_actions_init(actions);
	spawn->has_actions = r == 0;
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (r == 0)
		r = posix_spawnattr_setflags(&spawn->attr, POSIX_SPAWN_SETSID |
								   POSIX_SPAWN_SETSIGMASK |
								   POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&spawn->attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&spawn->attr, &all);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, words, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, words, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addchdir_np(actions, "/");
	return -r;
}

static int spawn_program(const char *interface, int words, pid_t *ret_pid)
{
	_cleanup_(done_spawn) struct spawn spawn = { 0 };
	char path[1024];
	char program[] = "wireguard-go";
	char name[32];
	char *argv[] = { program, name, NULL };
	/* Ours may hold a private key or a token, and it would keep them for ever. */
	char *envp[] = { path, NULL };
	int r = prepare_spawn(&spawn, words);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "PATH=%s",
		       getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin");
	(void)snprintf(name, sizeof(name), "%s", interface);
	return -posix_spawnp(ret_pid, program, &spawn.actions, &spawn.attr, argv, envp);
}

/* Its exit status; it starts a daemon and ends. */
static int wait_for_exit(pid_t pid, int *ret_status, struct err *err)
{
	_cleanup_close_ int fd = pidfd_open(pid, 0);
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	bool late = fd >= 0 && poll(&ended, 1, START_TIMEOUT_MS) == 0;

	if (late)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, -errno, "wait for wireguard-go");
	}
	if (late)
		return err_set(err, -ETIMEDOUT, "wireguard-go did not start within %d s",
			       START_TIMEOUT_MS / 1000);
	return 0;
}

/* The last line that it wrote; the first ones are a banner. */
static void read_last_words(int words, char ret_line[static WORDS_BYTES])
{
	off_t end = lseek(words, 0, SEEK_END);
	off_t from = end > WORDS_BYTES - 1 ? end - (WORDS_BYTES - 1) : 0;
	ssize_t n = pread(words, ret_line, WORDS_BYTES - 1, from);
	char *newline;

	while (n > 0 && ret_line[n - 1] == '\n')
		n--;
	ret_line[n > 0 ? n : 0] = '\0';
	newline = strrchr(ret_line, '\n');
	if (newline)
		memmove(ret_line, newline + 1, strlen(newline));
}

int wireguard_go_start(const char *interface, struct err *err)
{
	_cleanup_close_ int words = memfd_create("wireguard-go", MFD_CLOEXEC);
	char line[WORDS_BYTES];
	int status = 0;
	pid_t pid;
	int r;

	if (words < 0)
		return err_errno(err, -errno, "memfd");
	if (access(TUN_PATH, F_OK) < 0)
		return err_set(err, -ENODEV,
			       TUN_PATH " is missing, and wireguard-go needs it: modprobe tun; "
					"give a container --device=" TUN_PATH);
	r = spawn_program(interface, words, &pid);
	if (r == -ENOENT)
		return err_set(err, r,
			       "wireguard-go is not installed: apt-get install wireguard-go");
	if (r < 0)
		return err_errno(err, r, "start wireguard-go");
	r = wait_for_exit(pid, &status, err);
	if (r < 0)
		return r;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	read_last_words(words, line);
	return err_set(err, -EIO, "wireguard-go %s: %s", interface,
		       *line ? line : "it failed without a word");
}
