/* SPDX-License-Identifier: GPL-2.0-only */
/* References that abort on what the kernel warns of: coming back from 0, going below it. */
#ifndef _SHIM_LINUX_REFCOUNT_H
#define _SHIM_LINUX_REFCOUNT_H

#include <stdbool.h>
#include <stdlib.h>

typedef struct {
	unsigned int refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, unsigned int n)
{
	r->refs = n;
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return r->refs;
}

static inline void refcount_inc(refcount_t *r)
{
	if (!r->refs++)
		abort();
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	if (!r->refs)
		abort();
	return !--r->refs;
}

#endif
