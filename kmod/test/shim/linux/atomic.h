/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests have one thread; what is atomic in the kernel is plain here. */
#ifndef _SHIM_LINUX_ATOMIC_H
#define _SHIM_LINUX_ATOMIC_H

#include <linux/types.h>

typedef struct {
	s64 counter;
} atomic64_t;

#define READ_ONCE(x)			(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)		(*(volatile __typeof__(x) *)&(x) = (value))
#define smp_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE)
#define smp_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE)

static inline void atomic64_set(atomic64_t *a, s64 value)
{
	a->counter = value;
}

static inline s64 atomic64_read(const atomic64_t *a)
{
	return a->counter;
}

static inline void atomic64_add(s64 amount, atomic64_t *a)
{
	a->counter += amount;
}

static inline void atomic64_sub(s64 amount, atomic64_t *a)
{
	a->counter -= amount;
}

#endif
