// SPDX-License-Identifier: GPL-2.0-only
/* The I/O workers; see worker.h. */
#include "worker.h"

#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "alloc.h"
#include "conn.h"
#include "kcov.h"
#include "stream.h"

static struct kchat_worker *workers;
static unsigned int nr_workers;
static atomic_t next_worker;

unsigned int kchat_workers(void)
{
	return nr_workers;
}

struct kchat_worker *kchat_worker_next(void)
{
	return &workers[(u32)atomic_inc_return(&next_worker) % nr_workers];
}

/*
 * Only who finds the list empty wakes: the worker takes the whole list at once,
 * and looks at it again between saying that it sleeps and sleeping.
 */
static void worker_push(struct kchat_worker *worker, struct llist_head *list,
			struct llist_node *node)
{
	if (llist_add(node, list) && !kchat_worker_here(worker))
		wake_up_process(worker->task);
}

void kchat_worker_queue_conn(struct kchat_worker *worker, struct llist_node *node)
{
	worker_push(worker, &worker->ready, node);
}

/* A dirty bit per (room, worker): a burst of appends is one push and one walk. */
void kchat_slots_mark(struct kchat_slot *slots, void (*hold)(void *owner))
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++) {
		struct kchat_slot *slot = &slots[i];

		if (!slot->nr || test_and_set_bit(0, &slot->marked))
			continue;
		hold(slot->owner);
		worker_push(&workers[i], &workers[i].dirty, &slot->dirty);
	}
}

void kchat_worker_range_drop(struct kchat_worker *worker)
{
	if (!worker->has_range)
		return;
	kchat_range_release(&worker->range);
	worker->has_range = false;
}

static void worker_dirty(struct kchat_worker *worker)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&worker->dirty));
	struct kchat_slot *slot, *next;

	worker->appended = 0;
	llist_for_each_entry_safe(slot, next, list, dirty) {
		clear_bit(0, &slot->marked);
		smp_mb__after_atomic(); /* before the walk reads the head */
		slot->walk(slot); /* drops the list's reference: slot may be gone */
		cond_resched();
	}
}

static void worker_ready(struct kchat_worker *worker)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&worker->ready));
	struct kchat_conn *conn, *next;

	llist_for_each_entry_safe(conn, next, list, ready) {
		/* Cleared before the turn: what happens from here on queues it anew. */
		clear_bit(KCHAT_CONN_QUEUED, &conn->flags);
		smp_mb__after_atomic(); /* before the turn's reads */
		kchat_conn_turn(conn);
		kchat_conn_put(conn);
		/*
		 * What many have said is sent in one go, but long before the log would
		 * drop what has not been sent.
		 */
		if (worker->appended >= KCHAT_WALK_BYTES)
			worker_dirty(worker);
		cond_resched();
	}
}

/* ---- time -------------------------------------------------------------- */

/*
 * A connection waits in the list of the tick that is to look at it, and is not asked when
 * its time moves on: what it has been heard to say is seen when its turn comes. So a tick
 * costs nothing for those that have nothing to fear from it.
 */
static struct list_head *worker_slot(struct kchat_worker *worker, unsigned long due)
{
	long left = due - worker->tick;
	u32 ticks = 0;

	/* After that moment, not at it. */
	if (left >= 0)
		ticks = min_t(unsigned long, left / msecs_to_jiffies(KCHAT_TICK_MS) + 1,
			      KCHAT_WHEEL - 1);
	return &worker->wheel[(worker->turn + ticks) % KCHAT_WHEEL];
}

void kchat_worker_add(struct kchat_conn *conn)
{
	struct kchat_worker *worker = conn->worker;

	if (!worker->nr_conns++)
		worker->tick = jiffies + msecs_to_jiffies(KCHAT_TICK_MS);
	list_add_tail(&conn->node, worker_slot(worker, jiffies));
}

void kchat_worker_remove(struct kchat_conn *conn)
{
	list_del_init(&conn->node);
	conn->worker->nr_conns--;
}

void kchat_worker_soon(struct kchat_conn *conn)
{
	list_move_tail(&conn->node, &conn->worker->wheel[conn->worker->turn % KCHAT_WHEEL]);
}

void kchat_workers_look(void)
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		set_bit(0, &workers[i].look_all);
}

static void worker_tick(struct kchat_worker *worker)
{
	u32 lists = test_and_clear_bit(0, &worker->look_all) ? KCHAT_WHEEL : 1;
	struct kchat_conn *conn;
	LIST_HEAD(now);

	while (lists--)
		list_splice_tail_init(&worker->wheel[(worker->turn + lists) % KCHAT_WHEEL], &now);
	worker->turn++;
	worker->tick += msecs_to_jiffies(KCHAT_TICK_MS);

	/* A tick can close its own connection, and no other; its end comes in a turn. */
	while (!list_empty(&now)) {
		conn = list_first_entry(&now, struct kchat_conn, node);
		kchat_takers_tick(conn);
		list_move_tail(&conn->node, worker_slot(worker, kchat_conn_tick(conn)));
		cond_resched();
	}
}

static bool worker_idle(const struct kchat_worker *worker)
{
	return llist_empty(&worker->ready) && llist_empty(&worker->dirty);
}

/* The time to the next tick; without connections there is none. */
static long worker_sleep(const struct kchat_worker *worker)
{
	if (!worker->nr_conns)
		return MAX_SCHEDULE_TIMEOUT;
	return max_t(long, worker->tick - jiffies, 0);
}

static int worker_run(void *data)
{
	struct kchat_worker *worker = data;

	while (!kthread_should_stop()) {
		kchat_kcov_start();
		worker_ready(worker);
		worker_dirty(worker);
		if (worker->nr_conns && time_after_eq(jiffies, worker->tick))
			worker_tick(worker);
		kchat_worker_range_drop(worker);
		kchat_kcov_stop();

		/* State first, then the question: a push in between wakes us. */
		set_current_state(TASK_IDLE);
		if (worker_idle(worker) && !kthread_should_stop())
			schedule_timeout(worker_sleep(worker));
		__set_current_state(TASK_RUNNING);
		cond_resched();
	}
	return 0;
}

static int worker_start(struct kchat_worker *worker, unsigned int index, unsigned int cpu)
{
	struct task_struct *task;
	unsigned int i;

	init_llist_head(&worker->ready);
	init_llist_head(&worker->dirty);
	for (i = 0; i < KCHAT_WHEEL; i++)
		INIT_LIST_HEAD(&worker->wheel[i]);
	worker->index = index;
	worker->scratch = kchat_alloc(kvmalloc(KCHAT_SCRATCH, GFP_KERNEL));
	if (!worker->scratch)
		return -ENOMEM;
	task = kchat_alloc_err_ptr(kthread_create_on_node(worker_run, worker, cpu_to_node(cpu),
							  "kchat/%u", index));
	if (IS_ERR(task)) {
		kvfree(worker->scratch);
		return PTR_ERR(task);
	}
	/* Near its CPU, but where the scheduler wants it if that one goes offline. */
	set_cpus_allowed_ptr(task, cpumask_of(cpu));
	worker->task = task;
	wake_up_process(task);
	return 0;
}

static void worker_stop(struct kchat_worker *worker)
{
	kthread_stop(worker->task);
	WARN_ON_ONCE(!worker_idle(worker) || worker->nr_conns);
	kchat_spare_release(&worker->spare);
	kvfree(worker->scratch);
}

int kchat_workers_init(void)
{
	unsigned int cpu, wanted = num_online_cpus();
	int err;

	workers = kchat_alloc(kcalloc(wanted, sizeof(*workers), GFP_KERNEL));
	if (!workers)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		if (nr_workers == wanted)
			break;
		err = worker_start(&workers[nr_workers], nr_workers, cpu);
		if (err) {
			kchat_workers_exit();
			return err;
		}
		nr_workers++;
	}
	return 0;
}

void kchat_workers_exit(void)
{
	while (nr_workers)
		worker_stop(&workers[--nr_workers]);
	kfree(workers);
}
