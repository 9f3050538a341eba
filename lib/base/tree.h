// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Ordered, intrusive maps: the red-black trees that the BSDs carry in <sys/tree.h>. Every map
 * that a stranger can grow is one of these: no hash to be flooded, and a stable order to list.
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include "base/attr.h"

#include <bsd/sys/tree.h>

/* Defines the functions of a tree for one file; those that it does not use are no warning. */
#define TREE_GENERATE(name, type, field, compare)                          \
	RB_PROTOTYPE_INTERNAL(name, type, field, compare, static _unused_) \
	RB_GENERATE_INTERNAL(name, type, field, compare, static _unused_)

#endif
