// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>

#include "check.h"
#include "tower/core/ranges.h"

#define SLASH_8 ((ip_number)0x0a000000)

static uint64_t intervals(const struct ranges *ranges)
{
	ip_number at = 0;
	uint64_t count = 0;

	while (ranges_next_used(ranges, at, &at)) {
		at = ranges_next_free(ranges, at);
		count++;
	}
	return count;
}

static void joins_neighbours_into_one_interval(void)
{
	static const struct {
		unsigned number;
		uint64_t intervals;
	} table[] = { { 5, 1 }, { 7, 2 }, { 6, 1 }, { 4, 1 }, { 9, 2 }, { 1, 3 }, { 8, 2 } };
	struct ranges ranges = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		check(ranges_add(&ranges, table[i].number) == 0);
		check(intervals(&ranges) == table[i].intervals);
	}
	check(ranges_add(&ranges, 6) == -EEXIST);
	check(ranges_next_free(&ranges, 0) == 0 && ranges_next_free(&ranges, 1) == 2);
	check(ranges_next_free(&ranges, 4) == 10 && ranges_count(&ranges) == 7);
	ranges_done(&ranges);
	check(!ranges_holds(&ranges, 5));
}

static void splits_and_shrinks_intervals(void)
{
	static const struct {
		unsigned number;
		uint64_t intervals;
	} table[] = { { 5, 2 }, { 1, 2 }, { 9, 2 }, { 4, 2 }, { 7, 3 }, { 6, 2 }, { 8, 1 } };
	struct ranges ranges = { 0 };
	ip_number used;

	for (unsigned number = 1; number <= 9; number++)
		check(ranges_add(&ranges, number) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		check(ranges_remove(&ranges, table[i].number) == 0);
		check(ranges_remove(&ranges, table[i].number) == -ENOENT);
		check(intervals(&ranges) == table[i].intervals);
	}
	check(ranges_next_used(&ranges, 0, &used) && used == 2);
	check(ranges_next_used(&ranges, 3, &used) && used == 3);
	check(!ranges_next_used(&ranges, 4, &used) && used == 3);
	ranges_done(&ranges);
}

/* The work for each address must not grow with how many there are: a million take a moment. */
static void fills_a_slash_8_from_below(void)
{
	struct ranges ranges = { 0 };
	ip_number lowest = SLASH_8;
	bool ok = true;

	for (unsigned i = 0; i < 1000000; i++) {
		lowest = ranges_next_free(&ranges, SLASH_8);
		ok = ok && lowest == SLASH_8 + i && ranges_add(&ranges, lowest) == 0;
	}
	check(ok && intervals(&ranges) == 1 && ranges_count(&ranges) == 1000000);
	ranges_done(&ranges);
}

static void holds_every_second_address(void)
{
	struct ranges ranges = { 0 };
	bool ok = true;

	for (unsigned i = 0; i < 100000; i++)
		ok = ok && ranges_add(&ranges, SLASH_8 + 2 * i) == 0;
	check(ok && intervals(&ranges) == 100000);
	for (unsigned i = 0; i < 99999; i++)
		ok = ok && ranges_add(&ranges, ranges_next_free(&ranges, SLASH_8)) == 0;
	check(ok && intervals(&ranges) == 1);
	ranges_done(&ranges);
}

static void works_at_the_upper_end_of_ipv6(void)
{
	struct ranges ranges = { 0 };
	ip_number base = (ip_number)0xfd << 120;

	check(ranges_add(&ranges, base) == 0 && ranges_add(&ranges, base + 2) == 0);
	check(ranges_next_free(&ranges, base) == base + 1);
	check(ranges_holds(&ranges, base + 2) && !ranges_holds(&ranges, 2));
	ranges_done(&ranges);
}

/* Numbers as a plain table of flags. */
#define MODEL 97

static void check_against(const struct ranges *ranges, const bool model[MODEL], unsigned from)
{
	ip_number used = MODEL;
	unsigned next_free = from;
	unsigned next_used = from;
	bool found = ranges_next_used(ranges, from, &used);

	while (next_free < MODEL && model[next_free])
		next_free++;
	while (next_used < MODEL && !model[next_used])
		next_used++;
	check(ranges_next_free(ranges, from) == next_free);
	check(found == (next_used < MODEL) && used == next_used);
	check(ranges_holds(ranges, from) == model[from]);
}

static void agrees_with_a_table_of_flags(void)
{
	struct ranges ranges = { 0 };
	bool model[MODEL] = { 0 };
	uint32_t random = 1;

	for (unsigned i = 0; i < 200000 && check_test_ok; i++) {
		unsigned number;

		random = random * 1664525 + 1013904223;
		number = (random >> 8) % MODEL;
		if (random >> 31)
			check(ranges_add(&ranges, number) == (model[number] ? -EEXIST : 0));
		else
			check(ranges_remove(&ranges, number) == (model[number] ? 0 : -ENOENT));
		model[number] = random >> 31;
		check_against(&ranges, model, (random >> 16) % MODEL);
	}
	ranges_done(&ranges);
}

int main(void)
{
	run(joins_neighbours_into_one_interval);
	run(splits_and_shrinks_intervals);
	run(fills_a_slash_8_from_below);
	run(holds_every_second_address);
	run(works_at_the_upper_end_of_ipv6);
	run(agrees_with_a_table_of_flags);
	return check_done();
}
