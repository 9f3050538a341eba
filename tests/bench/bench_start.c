// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * start PORT PATH COMMAND…: runs the command until GET PATH on PORT answers 200; prints how many ms
 * that took, then ends the command.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/load.h"

int main(int argc, char **argv)
{
	const double started_ms = bench_now_ms();
	uint16_t port;
	pid_t child;

	if (argc < 4)
		bench_fail("usage: start PORT PATH COMMAND…");
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	child = fork();
	if (child == 0) {
		(void)execv(argv[3], argv + 3);
		_exit(127);
	}
	bench_wait_ready(port, argv[2]);
	(void)printf("%.1f\n", bench_now_ms() - started_ms);
	(void)kill(child, SIGTERM);
	(void)waitpid(child, NULL, 0);
	return 0;
}
