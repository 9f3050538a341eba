// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_cpu_ms(void)
{
	return read_ms(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_real_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

void clock_format(int64_t at_ms, char ret_text[static CLOCK_TEXT_BYTES])
{
	time_t at_s = (time_t)(at_ms / 1000);
	struct tm parts;

	ret_text[0] = '\0';
	if (at_ms > 0 && gmtime_r(&at_s, &parts))
		(void)strftime(ret_text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
}
