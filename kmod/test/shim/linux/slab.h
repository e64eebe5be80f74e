/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory from malloc, which the sanitizers watch, and which can be made to fail. */
#ifndef _SHIM_LINUX_SLAB_H
#define _SHIM_LINUX_SLAB_H

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>

typedef unsigned int gfp_t;

#define GFP_KERNEL	1u
#define __GFP_NOWARN	2u
#define __GFP_ZERO	4u
#define __GFP_COMP	8u
#define __GFP_NORETRY	16u
#define __GFP_NOFAIL	32u

/* The allocation that fails: 1 is the next one, 0 none. */
extern unsigned int shim_fail_at;

static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	if (shim_fail_at && !--shim_fail_at)
		return NULL;
	return calloc(n ? n : 1, size ? size : 1);
}

#define kcalloc(n, size, gfp)	kmalloc_array(n, size, gfp)
#define kvcalloc(n, size, gfp)	kmalloc_array(n, size, gfp)
#define kzalloc(size, gfp)	kmalloc_array(1, size, gfp)
#define kmalloc(size, gfp)	kmalloc_array(1, size, gfp)
#define kfree(p)		free((void *)(p))
#define kvfree(p)		free((void *)(p))

#endif
