// SPDX-License-Identifier: GPL-2.0-only
/* Lets one allocation fail. Only for kernels with fault injection, which none but tests run. */
#include "alloc.h"

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

static atomic_long_t allocations; /* since fail_nth was last set */
static unsigned long fail_nth; /* 0: none */

bool kchat_alloc_fails(void)
{
	return atomic_long_inc_return(&allocations) == READ_ONCE(fail_nth);
}

static int fail_nth_set(const char *text, const struct kernel_param *param)
{
	unsigned long nth;
	int err = kstrtoul(text, 0, &nth);

	if (err)
		return err;
	WRITE_ONCE(fail_nth, 0);
	atomic_long_set(&allocations, 0);
	WRITE_ONCE(fail_nth, nth);
	return 0;
}

static const struct kernel_param_ops fail_nth_ops = {
	.set = fail_nth_set,
};

module_param_cb(fail_nth, &fail_nth_ops, NULL, 0200);
MODULE_PARM_DESC(fail_nth, "the allocation from now on that fails; 0: none");

static int allocations_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%ld\n", atomic_long_read(&allocations));
}

static const struct kernel_param_ops allocations_ops = {
	.get = allocations_get,
};

module_param_cb(allocations, &allocations_ops, NULL, 0400);
MODULE_PARM_DESC(allocations, "how many were made since fail_nth was set");
