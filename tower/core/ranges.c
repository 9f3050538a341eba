// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/ranges.h"

#include <errno.h>

/* Intervals never touch, so they have the same order by their last number as by their first. */
static int range_compare(const struct range *a, const struct range *b)
{
	return (a->last > b->last) - (a->last < b->last);
}

TREE_GENERATE(range_tree, range, node, range_compare)

void ranges_done(struct ranges *ranges)
{
	struct range *range;
	struct range *next;

	RB_FOREACH_SAFE(range, range_tree, &ranges->tree, next) {
		RB_REMOVE(range_tree, &ranges->tree, range);
		free(range);
	}
	ranges->lowest = NULL;
}

/* The first interval that ends at the number or behind it. */
static struct range *find_from(const struct ranges *ranges, ip_number number)
{
	struct range sought = { .last = number };

	if (ranges->lowest && number <= ranges->lowest->last)
		return ranges->lowest;
	/* The macros of the trees know no const. */
	return RB_NFIND(range_tree, (struct range_tree *)&ranges->tree, &sought);
}

static struct range *find_before(struct ranges *ranges, struct range *behind)
{
	return behind ? RB_PREV(range_tree, &ranges->tree, behind)
		      : RB_MAX(range_tree, &ranges->tree);
}

static int insert(struct ranges *ranges, ip_number first, ip_number last)
{
	struct range *range = calloc(1, sizeof(*range));

	if (!range)
		return -ENOMEM;
	range->first = first;
	range->last = last;
	(void)RB_INSERT(range_tree, &ranges->tree, range);
	if (!ranges->lowest || first < ranges->lowest->first)
		ranges->lowest = range;
	return 0;
}

static void drop(struct ranges *ranges, struct range *range)
{
	if (ranges->lowest == range)
		ranges->lowest = RB_NEXT(range_tree, &ranges->tree, range);
	RB_REMOVE(range_tree, &ranges->tree, range);
	free(range);
}

int ranges_add(struct ranges *ranges, ip_number number)
{
	struct range *behind = find_from(ranges, number);
	struct range *before;
	bool joins_behind;
	bool joins_before;

	if (behind && behind->first <= number)
		return -EEXIST;
	before = find_before(ranges, behind);
	joins_behind = behind && behind->first == number + 1;
	joins_before = before && before->last + 1 == number;
	if (joins_before && joins_behind) {
		behind->first = before->first;
		if (ranges->lowest == before)
			ranges->lowest = behind;
		RB_REMOVE(range_tree, &ranges->tree, before);
		free(before);
	} else if (joins_before) {
		before->last = number;
	} else if (joins_behind) {
		behind->first = number;
	} else {
		return insert(ranges, number, number);
	}
	return 0;
}

int ranges_remove(struct ranges *ranges, ip_number number)
{
	struct range *range = find_from(ranges, number);
	ip_number first;

	if (!range || range->first > number)
		return -ENOENT;
	if (range->first == range->last) {
		drop(ranges, range);
	} else if (number == range->first) {
		range->first++;
	} else if (number == range->last) {
		range->last--;
	} else {
		/* The upper part keeps the node: its place in the order stays as it was. */
		first = range->first;
		range->first = number + 1;
		if (insert(ranges, first, number - 1) < 0) {
			range->first = first;
			return -ENOMEM;
		}
	}
	return 0;
}

bool ranges_holds(const struct ranges *ranges, ip_number number)
{
	const struct range *range = find_from(ranges, number);

	return range && range->first <= number;
}

ip_number ranges_next_free(const struct ranges *ranges, ip_number from)
{
	const struct range *range = find_from(ranges, from);

	return range && range->first <= from ? range->last + 1 : from;
}

bool ranges_next_used(const struct ranges *ranges, ip_number from, ip_number *ret_number)
{
	const struct range *range = find_from(ranges, from);

	if (!range)
		return false;
	*ret_number = MAX(range->first, from);
	return true;
}

uint64_t ranges_count(const struct ranges *ranges)
{
	struct range *range;
	uint64_t count = 0;

	RB_FOREACH(range, range_tree, (struct range_tree *)&ranges->tree)
		count += (uint64_t)(range->last - range->first) + 1;
	return count;
}
