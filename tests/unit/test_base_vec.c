// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>

#include "base/vec.h"
#include "tests/unit/check.h"

VEC(int_vec, int);

static int sum_of(const struct int_vec *vec)
{
	int sum = 0;

	vec_foreach(item, vec)
		sum += *item;
	return sum;
}

static void holds_what_was_pushed_in_order(void)
{
	struct int_vec vec = { 0 };

	for (int i = 0; i < 1000; i++)
		check(vec_push(&vec, i) == 0);
	check(vec.len == 1000 && vec.cap >= 1000);
	check(vec.at[0] == 0 && vec.at[999] == 999);
	check(sum_of(&vec) == 499500);
	vec_done(&vec);
	check(!vec.at && vec.len == 0 && vec.cap == 0);
}

static void an_empty_one_is_walked_and_freed(void)
{
	struct int_vec vec = { 0 };

	check(sum_of(&vec) == 0);
	vec_done(&vec);
	vec_done(&vec);
}

static void copies_are_independent(void)
{
	struct int_vec from = { 0 };
	struct int_vec to = { 0 };

	check(vec_copy(&to, &from) == 0 && to.len == 0);
	check(vec_push(&from, 1) == 0 && vec_push(&from, 2) == 0);
	check(vec_copy(&to, &from) == 0);
	from.at[0] = 9;
	check(to.len == 2 && to.at[0] == 1 && to.at[1] == 2);
	vec_done(&from);
	vec_done(&to);
}

static void reserving_makes_no_items(void)
{
	struct int_vec vec = { 0 };

	check(vec_reserve(&vec, 100) == 0);
	check(vec.len == 0 && vec.cap >= 100);
	vec_done(&vec);
}

static void refuses_what_no_memory_can_hold(void)
{
	struct int_vec vec = { 0 };

	check(vec_push(&vec, 5) == 0);
	check(vec_reserve(&vec, SIZE_MAX / 2) == -ENOMEM);
	check(vec_reserve(&vec, SIZE_MAX - 1) == -ENOMEM);
	check(vec.len == 1 && vec.at[0] == 5);
	vec_done(&vec);
}

int main(void)
{
	run(holds_what_was_pushed_in_order);
	run(an_empty_one_is_walked_and_freed);
	run(copies_are_independent);
	run(reserving_makes_no_items);
	run(refuses_what_no_memory_can_hold);
	return check_done();
}
