// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that is wrong on purpose: the test rig must notice. The parameter
 * names one mistake, which is made when the module is loaded. Each is one that
 * a certain detector of the kernel exists for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>

static char *mistake = "";
module_param(mistake, charp, 0);
MODULE_PARM_DESC(mistake, "what to do wrong; nothing if empty");

/* Longer than a second, the shortest time after which the watchdog of tasks speaks when told to. */
#define TOO_LONG_MS 6000

/*
 * Longer than the shortest time of the watchdog of processors, two seconds, and of RCU:
 * three, and five more with PROVE_RCU (kernel/rcu/tree_stall.h), from when somebody waits.
 */
#define LOCKED_UP_MS 15000

/* Enough that a pointer left on the stack or in a register does not hide them all. */
#define LOST 8

static void warn(void)
{
	WARN_ON(true);
}

static void crash(void)
{
	WRITE_ONCE(*(u8 *)NULL, 1);
}

/* ---- memory ------------------------------------------------------------ */

static void use_after_free(void)
{
	u8 *byte = kmalloc(64, GFP_KERNEL);

	if (!byte)
		return;
	kfree(byte);
	OPTIMIZER_HIDE_VAR(byte);
	WRITE_ONCE(*byte, 1);
}

static void out_of_bounds(void)
{
	size_t len = 60; /* not a size of its own, so the allocator leaves room behind it */
	u8 *bytes = kmalloc(len, GFP_KERNEL);

	if (!bytes)
		return;
	OPTIMIZER_HIDE_VAR(len);
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(bytes[len], 1);
	kfree(bytes);
}

static void double_free(void)
{
	void *bytes = kmalloc(64, GFP_KERNEL);

	kfree(bytes);
	OPTIMIZER_HIDE_VAR(bytes);
	kfree(bytes);
}

static void leak(void)
{
	unsigned int i;

	for (i = 0; i < LOST; i++) {
		void *lost = kmalloc(96, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

/* Found only once the module's own data is gone. */
static void *kept[LOST];

static void leak_at_unload(void)
{
	unsigned int i;

	for (i = 0; i < LOST; i++)
		kept[i] = kmalloc(96, GFP_KERNEL);
}

static void objects_left(void)
{
	struct kmem_cache *cache = kmem_cache_create("broken", 96, 0, 0, NULL);

	if (!cache)
		return;
	if (!kmem_cache_alloc(cache, GFP_KERNEL))
		pr_err("no memory for the object to leave\n");
	kmem_cache_destroy(cache);
}

/* ---- locks, and who may sleep ------------------------------------------ */

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static DEFINE_SPINLOCK(shared_lock);

static void softirq_lock(struct timer_list *unused)
{
	spin_lock(&shared_lock);
	spin_unlock(&shared_lock);
}

static DEFINE_TIMER(softirq_timer, softirq_lock);

static void softirq_deadlock(void)
{
	spin_lock(&shared_lock); /* a softirq on this processor would wait for ever */
	spin_unlock(&shared_lock);
	mod_timer(&softirq_timer, jiffies + 1);
	msleep(200);
	timer_delete_sync(&softirq_timer);
}

static void sleep_in_atomic(void)
{
	spin_lock(&shared_lock);
	kfree(kmalloc(64, GFP_KERNEL));
	spin_unlock(&shared_lock);
}

static void __rcu *protected;

static void rcu_misuse(void)
{
	void *p = rcu_dereference(protected);

	OPTIMIZER_HIDE_VAR(p);
}

static unsigned long raced;

static int race_runner(void *unused)
{
	while (!kthread_should_stop()) {
		raced++;
		cond_resched();
	}
	return 0;
}

static void race(void)
{
	struct task_struct *one = kthread_create(race_runner, NULL, "broken/0");
	struct task_struct *two = kthread_create(race_runner, NULL, "broken/1");

	if (!IS_ERR(one)) {
		kthread_bind(one, 0);
		wake_up_process(one);
	}
	if (!IS_ERR(two)) {
		kthread_bind(two, 1);
		wake_up_process(two);
	}
	msleep(TOO_LONG_MS);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(two))
		kthread_stop(two);
}

/* ---- the lives of objects ---------------------------------------------- */

static void never(struct timer_list *unused)
{
}

static void active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, never, 0);
	mod_timer(timer, jiffies + 60 * HZ);
	kfree(timer);
}

static void refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void list_deleted_twice(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	list_del(&entry);
	list_del(&entry);
}

/* ---- what C leaves undefined ------------------------------------------- */

static int sink;

static void shift(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	WRITE_ONCE(sink, 1 << by);
}

static void array_index(void)
{
	static struct {
		int table[4];
		int behind[4];
	} numbers;
	int at = 5;

	OPTIMIZER_HIDE_VAR(at);
	WRITE_ONCE(sink, numbers.table[at]);
}

/* ---- time -------------------------------------------------------------- */

static void hung_task(void)
{
	schedule_timeout_uninterruptible(msecs_to_jiffies(TOO_LONG_MS));
}

static void grace_period_over(struct rcu_head *head)
{
}

/*
 * Seen by the watchdog of the processor, and by RCU, which has to wait for it, if that
 * is told to be quicker. By the clock: how long mdelay() is was measured while an
 * emulated processor booted, which a busy host makes too short.
 */
static void lockup(void)
{
	u64 end = ktime_get_mono_fast_ns() + LOCKED_UP_MS * NSEC_PER_MSEC;
	static struct rcu_head waits;

	preempt_disable();
	call_rcu(&waits, grace_period_over);
	while (ktime_get_mono_fast_ns() < end)
		cpu_relax();
	preempt_enable();
	rcu_barrier();
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
#define MISTAKE(name) { #name, name }
	MISTAKE(warn),
	MISTAKE(crash),
	MISTAKE(use_after_free),
	MISTAKE(out_of_bounds),
	MISTAKE(double_free),
	MISTAKE(leak),
	MISTAKE(leak_at_unload),
	MISTAKE(objects_left),
	MISTAKE(lock_inversion),
	MISTAKE(softirq_deadlock),
	MISTAKE(sleep_in_atomic),
	MISTAKE(rcu_misuse),
	MISTAKE(race),
	MISTAKE(active_timer),
	MISTAKE(refcount),
	MISTAKE(list_deleted_twice),
	MISTAKE(shift),
	MISTAKE(array_index),
	MISTAKE(hung_task),
	MISTAKE(lockup),
#undef MISTAKE
};

static int __init broken_init(void)
{
	unsigned int i;

	if (!*mistake)
		return 0;
	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!strcmp(mistakes[i].name, mistake)) {
			/* Divides the log: what follows is of this mistake. */
			pr_warn("mistake %s\n", mistake);
			mistakes[i].make();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);
MODULE_DESCRIPTION("Wrong on purpose, to test the test rig");
MODULE_LICENSE("GPL");
