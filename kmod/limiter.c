// SPDX-License-Identifier: GPL-2.0-only
#include "limiter.h"

#include <linux/kernel.h>
#include <linux/string.h>

void kchat_limiter_init(struct kchat_limiter *limiter)
{
	spin_lock_init(&limiter->lock);
	memset(limiter->sets, 0, sizeof(limiter->sets));
}

static struct kchat_bucket *set_of(struct kchat_limiter *limiter, u64 key)
{
	return limiter->sets[key & ((1 << KCHAT_LIMITER_BITS) - 1)];
}

/* The bucket of a key, or NULL; under the lock. */
static struct kchat_bucket *find(struct kchat_limiter *limiter, u64 key)
{
	struct kchat_bucket *set = set_of(limiter, key);
	int i;

	for (i = 0; i < KCHAT_LIMITER_WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/**
 * kchat_limiter_wait - may somebody try now
 * @limiter: the table
 * @key: hash of who; 0 counts as 1
 * @now: ms
 * @burst: failures that are let pass at once, at least 1
 * @period: ms after which one failure is forgiven
 *
 * Return: 0, or ms to wait
 */
u32 kchat_limiter_wait(struct kchat_limiter *limiter, u64 key, u64 now, u32 burst, u32 period)
{
	struct kchat_bucket *bucket;
	u64 free_at, wait = 0;

	spin_lock(&limiter->lock);
	bucket = find(limiter, key ? key : 1);
	if (bucket && bucket->empty_at > now) {
		/* With burst failures in it, the bucket takes one more when one is forgiven. */
		free_at = now + (u64)(burst - 1) * period;
		if (bucket->empty_at > free_at)
			wait = bucket->empty_at - free_at;
	}
	spin_unlock(&limiter->lock);
	return min_t(u64, wait, U32_MAX);
}

/**
 * kchat_limiter_fail - somebody failed
 * @limiter: the table
 * @key: hash of who; 0 counts as 1
 * @now: ms
 * @period: ms after which one failure is forgiven
 */
void kchat_limiter_fail(struct kchat_limiter *limiter, u64 key, u64 now, u32 period)
{
	struct kchat_bucket *bucket, *set;
	int i;

	key = key ? key : 1;
	spin_lock(&limiter->lock);
	bucket = find(limiter, key);
	if (!bucket) {
		set = set_of(limiter, key);
		bucket = set;
		for (i = 1; i < KCHAT_LIMITER_WAYS; i++)
			if (set[i].empty_at < bucket->empty_at)
				bucket = &set[i];
		bucket->key = key;
		bucket->empty_at = 0;
	}
	bucket->empty_at = max(bucket->empty_at, now) + period;
	spin_unlock(&limiter->lock);
}

/**
 * kchat_limiter_forgive - somebody has shown who they are
 * @limiter: the table
 * @key: hash of who; 0 counts as 1
 */
void kchat_limiter_forgive(struct kchat_limiter *limiter, u64 key)
{
	struct kchat_bucket *bucket;

	spin_lock(&limiter->lock);
	bucket = find(limiter, key ? key : 1);
	if (bucket) {
		bucket->key = 0;
		bucket->empty_at = 0;
	}
	spin_unlock(&limiter->lock);
}
