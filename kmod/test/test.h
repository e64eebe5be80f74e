/* SPDX-License-Identifier: GPL-2.0-only */
/* The little that the tests share: a check that says where and what, and a list of tests. */
#ifndef _TEST_H
#define _TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__,	\
			__func__, #condition);					\
		exit(1);							\
	}									\
} while (0)

#define CHECK_EQ(got, want) do {						\
	unsigned long long _got = (got), _want = (want);			\
	if (_got != _want) {							\
		fprintf(stderr, "%s:%d: %s: %s is %llu (0x%llx), not %llu (0x%llx)\n", \
			__FILE__, __LINE__, __func__, #got, _got, _got, _want, _want); \
		exit(1);							\
	}									\
} while (0)

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(function)	{ #function, function }

static inline int run_tests(const char *file, const struct test *tests, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		tests[i].run();
	printf("%s: %zu tests passed\n", file, count);
	return 0;
}

#define RUN_TESTS(tests)	run_tests(__FILE__, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
