// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * TAP for plain C programs: run() a function named by the behaviour it shows; check() inside it.
 * `return check_done();` ends main.
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int check_tests;
static int check_failed_tests;
static bool check_test_ok;

#define check(condition)                                                         \
	({                                                                       \
		bool check_ok_ = (condition);                                    \
		if (!check_ok_) {                                                \
			check_test_ok = false;                                   \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                \
		check_ok_;                                                       \
	})

#define check_str(actual, expected)                                                             \
	({                                                                                      \
		const char *check_a_ = (actual);                                                \
		const char *check_e_ = (expected);                                              \
		bool check_same_ = check_a_ && strcmp(check_a_, check_e_) == 0;                 \
		if (!check_same_) {                                                             \
			check_test_ok = false;                                                  \
			printf("# %s:%d: %s\n#   is     \"%s\"\n#   wanted \"%s\"\n", __FILE__, \
			       __LINE__, #actual, check_a_ ? check_a_ : "(null)", check_e_);    \
		}                                                                               \
		check_same_;                                                                    \
	})

#define run(test)                                                                          \
	do {                                                                               \
		check_test_ok = true;                                                      \
		test();                                                                    \
		check_tests++;                                                             \
		check_failed_tests += !check_test_ok;                                      \
		printf("%sok %d - %s\n", check_test_ok ? "" : "not ", check_tests, #test); \
		(void)fflush(stdout);                                                      \
	} while (0)

static inline int check_done(void)
{
	printf("1..%d\n", check_tests);
	return check_failed_tests ? 1 : 0;
}

#endif
