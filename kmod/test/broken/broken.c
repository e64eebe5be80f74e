// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that is wrong on purpose: the test rig must notice. Each parameter
 * is one mistake, made when the module is loaded.
 */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/slab.h>

static bool warn;
module_param(warn, bool, 0);
MODULE_PARM_DESC(warn, "trip a WARN_ON");

static bool use_after_free;
module_param(use_after_free, bool, 0);
MODULE_PARM_DESC(use_after_free, "write to memory that was freed; only a kernel with KASAN sees it");

static bool crash;
module_param(crash, bool, 0);
MODULE_PARM_DESC(crash, "write through a null pointer");

static void write_after_free(void)
{
	u8 *byte = kmalloc(64, GFP_KERNEL);

	if (!byte)
		return;
	kfree(byte);
	WRITE_ONCE(*byte, 1);
}

static int __init broken_init(void)
{
	WARN_ON(warn);
	if (use_after_free)
		write_after_free();
	if (crash)
		WRITE_ONCE(*(u8 *)NULL, 1);
	return 0;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);
MODULE_DESCRIPTION("Wrong on purpose, to test the test rig");
MODULE_LICENSE("GPL");
