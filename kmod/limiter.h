/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often somebody may fail: leaky buckets for any number of names and
 * addresses in memory of a fixed size. Also compiles in user space.
 */
#ifndef _KCHAT_LIMITER_H
#define _KCHAT_LIMITER_H

#include <linux/spinlock.h>
#include <linux/types.h>

#define KCHAT_LIMITER_BITS	7	/* sets */
#define KCHAT_LIMITER_WAYS	4	/* buckets in a set */

/**
 * struct kchat_bucket - somebody's failures
 * @key: hash of the name or address; 0: free
 * @empty_at: when all is forgiven, in ms. Each failure puts it off by a period,
 *	so the bucket holds (empty_at - now) / period failures
 */
struct kchat_bucket {
	u64 key;
	u64 empty_at;
};

/**
 * struct kchat_limiter - the table
 * @lock: protects @sets
 * @sets: buckets; when a set is full the one emptied first gives way
 */
struct kchat_limiter {
	spinlock_t lock;
	struct kchat_bucket sets[1 << KCHAT_LIMITER_BITS][KCHAT_LIMITER_WAYS];
};

void kchat_limiter_init(struct kchat_limiter *limiter);
/* 0 if @key may try at @now, else how many ms it has to wait. */
u32 kchat_limiter_wait(struct kchat_limiter *limiter, u64 key, u64 now, u32 burst, u32 period);
void kchat_limiter_fail(struct kchat_limiter *limiter, u64 key, u64 now, u32 period);
void kchat_limiter_forgive(struct kchat_limiter *limiter, u64 key);

#endif /* _KCHAT_LIMITER_H */
