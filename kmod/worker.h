/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O workers: one thread per CPU, shared by all namespaces. A connection
 * belongs to one worker for life, and only that thread touches its state.
 */
#ifndef _KCHAT_WORKER_H
#define _KCHAT_WORKER_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "log.h"

struct kchat_conn;

#define KCHAT_SCRATCH		(64 * 1024)
#define KCHAT_TICK_MS		250
#define KCHAT_WHEEL		64	/* ticks that a connection is left alone at most */
#define KCHAT_WALK_BYTES	(128 * 1024)

/**
 * struct kchat_slot - what one worker has of one room or stream
 * @dirty: in kchat_worker.dirty while @marked; the list then owns a reference
 *	to the owner
 * @marked: bit 0: it is (being put) on that list
 * @cursors: cursors of this worker's connections; touched by the worker alone
 * @nr: how many; changed by the worker under the owner's lock, read by whoever
 *	appends under that lock: a worker without cursors is not woken
 * @owner: the room or stream it is of
 * @walk: what the worker does with a dirty slot; drops the list's reference
 */
struct kchat_slot {
	struct llist_node dirty;
	unsigned long marked;
	struct hlist_head cursors;
	u32 nr;
	void *owner;
	void (*walk)(struct kchat_slot *slot);
};

/**
 * struct kchat_worker - a worker
 * @ready: connections that have something to do; each holds a reference
 * @dirty: slots whose log has grown; each holds a reference to its owner
 * @task: the thread
 * @index: 0 to kchat_workers() - 1; constant
 * @look_all: bit 0: the next tick looks at all connections; set by anybody
 * @wheel: its connections, struct kchat_conn.node, each in the list of the tick that is to
 *	look at it; the lists own the worker's reference to each
 * @turn: the list of the next tick is @wheel[@turn % KCHAT_WHEEL]
 * @tick: jiffies of the next tick; valid if there are connections
 * @nr_conns: how many there are
 * @scratch: KCHAT_SCRATCH bytes to receive into
 * @spare: memory for the next append
 * @appended: bytes its connections have added to logs since it last sent what is new
 * @range: what was sent last, kept for the next cursor at the same place
 * @has_range: there is one
 *
 * Everything below @look_all is touched by the thread alone.
 */
struct kchat_worker {
	struct llist_head ready;
	struct llist_head dirty;
	struct task_struct *task;
	unsigned int index;
	unsigned long look_all;

	struct list_head wheel[KCHAT_WHEEL];
	u32 turn;
	u32 nr_conns;
	unsigned long tick;
	u8 *scratch;
	struct kchat_spare spare;
	u32 appended;
	struct kchat_range range;
	bool has_range;
} ____cacheline_aligned_in_smp;

int kchat_workers_init(void);
/* All connections are gone. */
void kchat_workers_exit(void);

/* How many there are; constant after init. */
unsigned int kchat_workers(void);
/* The worker of the next connection. */
struct kchat_worker *kchat_worker_next(void);

/*
 * Marks what has grown: under the owner's lock, by whoever appended. @hold takes
 * the reference that the walk drops.
 */
void kchat_slots_mark(struct kchat_slot *slots, void (*hold)(void *owner));

/* Any context. The caller passes a reference on to the list. */
void kchat_worker_queue_conn(struct kchat_worker *worker, struct llist_node *node);

/*
 * The worker's part of a connection begins and ends, and the next tick is to look at it:
 * its worker only. A tick that has nothing to do says itself when it is to look again.
 */
void kchat_worker_add(struct kchat_conn *conn);
void kchat_worker_remove(struct kchat_conn *conn);
void kchat_worker_soon(struct kchat_conn *conn);
/* A limit has changed: the next ticks look at all connections. Any context. */
void kchat_workers_look(void);

/* The calling thread is this worker. */
static inline bool kchat_worker_here(const struct kchat_worker *worker)
{
	return worker->task == current;
}

/* Lets go of the references of worker->range: before the thread sleeps. */
void kchat_worker_range_drop(struct kchat_worker *worker);

#endif /* _KCHAT_WORKER_H */
