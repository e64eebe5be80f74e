/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every allocation of the module passes here, so that a kernel built for tests
 * can let any one of them fail. The kernel's own fault injection counts what a
 * task allocates, which does not reach a worker that serves many.
 */
#ifndef _KCHAT_ALLOC_H
#define _KCHAT_ALLOC_H

#include <linux/types.h>

#ifdef CONFIG_FAULT_INJECTION
/* Counts, and says whether this one is to fail. Any context. */
bool kchat_alloc_fails(void);
#else
static inline bool kchat_alloc_fails(void)
{
	return false;
}
#endif

/* The pointer that @call gives. It is NULL, and @call is not made, where a test wants that. */
#define kchat_alloc(call) (kchat_alloc_fails() ? NULL : (call))

/* The same for one that has @gfp: what must not fail does not. */
#define kchat_alloc_gfp(gfp, call) ((gfp) & __GFP_NOFAIL ? (call) : kchat_alloc(call))

/* The same for what answers with an errno. */
#define kchat_alloc_errno(call) (kchat_alloc_fails() ? -ENOMEM : (call))

/* The same for what answers with an ERR_PTR. */
#define kchat_alloc_err_ptr(call) (kchat_alloc_fails() ? ERR_PTR(-ENOMEM) : (call))

#endif /* _KCHAT_ALLOC_H */
