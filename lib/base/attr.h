// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Compiler attributes and the few macros that every room uses.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _must_check_ __attribute__((warn_unused_result))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))
#define _packed_ __attribute__((packed)) /* of an enum: as small as its values allow */

/* Runs func(&variable) when the variable goes out of scope. */
#define _cleanup_(func) __attribute__((cleanup(func)))
#define _cleanup_free_ _cleanup_(attr_freep)
#define _cleanup_close_ _cleanup_(attr_closep)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Hands a pointer out of an owning local: the local is NULL afterwards. */
#define TAKE_PTR(ptr)                       \
	({                                  \
		typeof(ptr) taken_ = (ptr); \
		(ptr) = NULL;               \
		taken_;                     \
	})

/* Hands a struct and what it owns out of an owning local: the local is zeroed afterwards. */
#define TAKE_STRUCT(var)                    \
	({                                  \
		typeof(var) taken_ = (var); \
		(var) = (typeof(var)){ 0 }; \
		taken_;                     \
	})

/* Hands a file descriptor out of an owning local: the local is -1 afterwards. */
#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

static inline void attr_freep(void *ptr)
{
	free(*(void **)ptr);
}

static inline void attr_closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#endif
