// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a program sees that was suspended with its machine: the clocks that go on meanwhile are
 * ahead by the seconds that the file $CLOCK_JUMP holds. For LD_PRELOAD.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long jump_s(void)
{
	const char *path = getenv("CLOCK_JUMP");
	char text[16] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	(void)close(fd);
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	long r = syscall(SYS_clock_gettime, clock, ret_time);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME))
		ret_time->tv_sec += jump_s();
	return (int)r;
}
