// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Growing arrays. `VEC(thing_vec, struct thing)` declares `struct thing_vec {at, len, cap}`; a
 * zeroed one is empty. What the items own is the caller's business.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/attr.h"

#include <string.h>

#define VEC(name, type)     \
	struct name {       \
		type *at;   \
		size_t len; \
		size_t cap; \
	}

/* Of one item. By its type: an item may be a pointer, of which analysers doubt that it is meant. */
#define vec_item_bytes(vec) sizeof(typeof(*(vec)->at))

/* Makes room for `more` further items: 0 or -ENOMEM. */
#define vec_reserve(vec, more) \
	vec_grow((void **)&(vec)->at, &(vec)->cap, (vec)->len + (more), vec_item_bytes(vec))

/* Appends a copy of the item: 0 or -ENOMEM, then the vector is unchanged. */
#define vec_push(vec, item)                               \
	({                                                \
		int vec_r_ = vec_reserve(vec, 1);         \
		if (vec_r_ == 0)                          \
			(vec)->at[(vec)->len++] = (item); \
		vec_r_;                                   \
	})

/* Puts an item at `place`, for which there is room; the ones from there on move up. */
#define vec_insert(vec, place, item)                                     \
	({                                                               \
		memmove((vec)->at + (place) + 1, (vec)->at + (place),    \
			((vec)->len++ - (place)) * vec_item_bytes(vec)); \
		(vec)->at[place] = (item);                               \
	})

/* Takes the item at `place` out; the ones behind it move down. */
#define vec_remove(vec, place)                                \
	memmove((vec)->at + (place), (vec)->at + (place) + 1, \
		(--(vec)->len - (place)) * vec_item_bytes(vec))

/* Makes `to`, an empty vector, a copy of `from`: 0 or -ENOMEM. */
#define vec_copy(to, from)                                                             \
	({                                                                             \
		int vec_r_ = vec_reserve(to, (from)->len);                             \
		if (vec_r_ == 0 && (from)->len > 0) {                                  \
			memcpy((to)->at, (from)->at, (from)->len * sizeof(*(to)->at)); \
			(to)->len = (from)->len;                                       \
		}                                                                      \
		vec_r_;                                                                \
	})

/* An empty vector's NULL is not counted from: C knows no NULL + 0. */
#define vec_foreach(item, vec)                     \
	for (typeof(*(vec)->at) *item = (vec)->at; \
	     (vec)->len > 0 && (item) < (vec)->at + (vec)->len; (item)++)

/* Frees the array itself and empties the vector. */
#define vec_done(vec)                        \
	({                                   \
		free((vec)->at);             \
		(vec)->at = NULL;            \
		(vec)->len = (vec)->cap = 0; \
	})

int vec_grow(void **at, size_t *cap, size_t need, size_t item_bytes) _must_check_;

#endif
