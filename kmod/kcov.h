/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module runs for others in threads and work of its own, shown to fuzzers on
 * kernels that are built for them: KCOV's remote coverage, by a handle that is common to
 * all of it (Documentation/dev-tools/kcov.rst). On other kernels this is nothing.
 */
#ifndef _KCHAT_KCOV_H
#define _KCHAT_KCOV_H

#include <linux/kcov.h>

#define KCHAT_KCOV	0x6b63

/* Both in task context, in pairs, and not one pair within another. */
static inline void kchat_kcov_start(void)
{
	kcov_remote_start_common(KCHAT_KCOV);
}

static inline void kchat_kcov_stop(void)
{
	kcov_remote_stop();
}

#endif /* _KCHAT_KCOV_H */
