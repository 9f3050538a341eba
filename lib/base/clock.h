// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The two clocks, in milliseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Since some start; never goes back; stands still while the machine is suspended. */
int64_t clock_mono_ms(void);

/* What this process took of the processors' time: other programs do not lengthen it. */
int64_t clock_cpu_ms(void);

/* Since some start; never goes back; goes on while the machine is suspended. */
int64_t clock_boot_ms(void);

/* Since 1970 UTC; may jump. */
int64_t clock_real_ms(void);

/* "2026-01-31T12:00:00Z" (RFC 3339) for milliseconds since 1970; "" for 0: never. */
#define CLOCK_TEXT_BYTES 32
void clock_format(int64_t at_ms, char ret_text[static CLOCK_TEXT_BYTES]);

#endif
