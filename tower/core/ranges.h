// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A set of address numbers, kept as maximal intervals in a tree: it costs memory by the gap, not
 * by the address or the size of the space, so that a /8 that is filled from below is one interval.
 * Knows no address family, and no room but base.
 */
#ifndef CORE_RANGES_H
#define CORE_RANGES_H

#include "base/tree.h"
#include "mesh/addr.h"

struct range {
	RB_ENTRY(range) node;
	ip_number first;
	ip_number last;
};

RB_HEAD(range_tree, range);

/* A zeroed one is empty. */
struct ranges {
	struct range_tree tree;
	struct range *lowest; /* the first interval: found without walking down */
};

void ranges_done(struct ranges *ranges);

/* Adds one number. -EEXIST when it is there already, -ENOMEM. */
int ranges_add(struct ranges *ranges, ip_number number) _must_check_;

/* Takes one number out. -ENOENT when it is not there; -ENOMEM when an interval cannot be split. */
int ranges_remove(struct ranges *ranges, ip_number number) _must_check_;

bool ranges_holds(const struct ranges *ranges, ip_number number);

/* The lowest number from `from` on that is not in the set. */
ip_number ranges_next_free(const struct ranges *ranges, ip_number from);

/* The lowest number from `from` on that is in the set; false when there is none. */
bool ranges_next_used(const struct ranges *ranges, ip_number from, ip_number *ret_number);

/* How many numbers there are in the set. */
uint64_t ranges_count(const struct ranges *ranges);

#endif
