// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * bare_fdatasync FILE COUNT: the yardstick of durable writes: appends 400 bytes and fdatasyncs, one
 * after the other; prints how many a second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/load.h"

int main(int argc, char **argv)
{
	static const char bytes[400];
	unsigned long count;
	double started_ms;
	int fd;

	if (argc != 3)
		bench_fail("usage: bare_fdatasync FILE COUNT");
	count = strtoul(argv[2], NULL, 10);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		bench_fail("%s", argv[1]);
	started_ms = bench_now_ms();
	for (unsigned long i = 0; i < count; i++) {
		if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || fdatasync(fd) < 0)
			bench_fail("%s: write", argv[1]);
	}
	(void)printf("%.0f\n", (double)count / ((bench_now_ms() - started_ms) / 1e3));
	return 0;
}
