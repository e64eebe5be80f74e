/* SPDX-License-Identifier: GPL-2.0-only */
/* Doubly linked lists with the kernel's names. */
#ifndef _SHIM_LINUX_LIST_H
#define _SHIM_LINUX_LIST_H

#include <linux/kernel.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = NULL;
	node->prev = NULL;
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head->next);
}

#define list_entry(p, type, member)		container_of(p, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_next_entry(pos, member)		list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)		list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each_entry_from(pos, head, member)				\
	for (; &(pos)->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry(pos, head, member)					\
	for (pos = list_first_entry(head, __typeof__(*(pos)), member);		\
	     &(pos)->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)				\
	for (pos = list_last_entry(head, __typeof__(*(pos)), member);		\
	     &(pos)->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, following, head, member)			\
	for (pos = list_first_entry(head, __typeof__(*(pos)), member),		\
	     following = list_next_entry(pos, member);				\
	     &(pos)->member != (head);						\
	     pos = following, following = list_next_entry(pos, member))

#endif
