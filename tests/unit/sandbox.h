// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Runs tests in a network, a mount and a process namespace of their own: what they make is gone
 * with them, be they killed. Without the rights for that it is one skipped test.
 */
#ifndef UNIT_SANDBOX_H
#define UNIT_SANDBOX_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* 0 when the command (of the shell) succeeded. */
static inline int sandbox_sh(const char *command)
{
	return system(command); // NOLINT: the tests' own words
}

static inline int sandbox_skip(const char *reason)
{
	printf("ok 1 - runs in namespaces of its own # SKIP %s\n1..1\n", reason);
	return 0;
}

/* Waits for that child, and for whatever else becomes one meanwhile; its exit status. */
static inline int sandbox_wait(pid_t child)
{
	int status = 0;
	pid_t pid = 0;

	while (child > 0 && pid != child && (pid >= 0 || errno == EINTR))
		pid = waitpid(-1, &status, 0);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Process 1 of the namespace: when it ends, everything there does. */
static inline int sandbox_init(int (*tests)(void))
{
	pid_t pid;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount("none", "/proc", "proc", 0, NULL) < 0 || sandbox_sh("ip link set lo up") != 0)
		return sandbox_skip("no folder or no network of its own");
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(tests());
	return sandbox_wait(pid);
}

/* Its children live in the new process namespace, so this process is not the caller. */
static inline int sandbox_enter(int (*tests)(void))
{
	pid_t pid;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) < 0)
		return sandbox_skip(errno == EPERM ? "needs root" : strerror(errno));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(sandbox_init(tests));
	return sandbox_wait(pid);
}

/* The exit status of `tests`. */
static inline int sandbox_run(int (*tests)(void))
{
	pid_t pid = fork();
	int status;

	if (pid != 0)
		return sandbox_wait(pid);
	status = sandbox_enter(tests);
	(void)fflush(stdout);
	_exit(status); /* the leak sanitizer could not start a thread here any more */
}

#endif
