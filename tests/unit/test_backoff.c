// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/backoff.h"

#include "check.h"

static void doubles_up_to_the_cap(void)
{
	static const int64_t most[] = { 100, 200, 400, 800, 1500, 1500, 1500 };
	struct backoff backoff = { .first_ms = 100, .cap_ms = 1500 };

	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		struct backoff copy = backoff;
		int64_t half = most[i] / 2;

		check(backoff_next_ms(&copy, 0) == half);
		check(backoff_next_ms(&backoff, (uint64_t)(most[i] - half)) == most[i]);
	}
}

static void stays_within_its_bounds(void)
{
	struct backoff backoff = { .first_ms = 100, .cap_ms = 15000 };

	for (uint64_t i = 0; i < 100000; i++) {
		int64_t delay_ms = backoff_next_ms(&backoff, i * 0x9e3779b97f4a7c15U);

		check(delay_ms >= 50 && delay_ms <= 15000);
	}
}

static void begins_anew_after_a_success(void)
{
	struct backoff backoff = { .first_ms = 1000, .cap_ms = 60000 };

	for (int i = 0; i < 10; i++)
		(void)backoff_next_ms(&backoff, 0);
	check(backoff_next_ms(&backoff, 0) == 30000);
	backoff_reset(&backoff);
	check(backoff_next_ms(&backoff, 0) == 500);
}

int main(void)
{
	run(doubles_up_to_the_cap);
	run(stays_within_its_bounds);
	run(begins_anew_after_a_success);
	return check_done();
}
