/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far many people have got, in an order that is kept while they move on: what
 * DELIVERED says of a room takes no walk over its members. Pure: the caller has the lock,
 * and the memory; also compiles in user space.
 */
#ifndef _KCHAT_MARKS_H
#define _KCHAT_MARKS_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include "frame.h"

/**
 * struct kchat_mark - how far somebody has got
 * @node: in the tree, largest sequence first
 * @seq: up to where
 * @weight: how many there are from here down in the tree; 0: it is on none
 */
struct kchat_mark {
	struct rb_node node;
	u64 seq;
	u32 weight;
};

/* Puts @mark, all zeros or on the tree, where @seq belongs. */
void kchat_marks_set(struct rb_root *marks, struct kchat_mark *mark, u64 seq);
/* Takes it off, if it is on it. */
void kchat_marks_remove(struct rb_root *marks, struct kchat_mark *mark);
/* How many there are. */
u32 kchat_marks_count(const struct rb_root *marks);
/*
 * Sequences, largest first, and how many have got at least so far: KCHAT_DELIVERED_STEPS
 * at most, the last one the smallest that there is. Gives how many steps; 0 if nobody is there.
 */
u32 kchat_marks_steps(const struct rb_root *marks, struct kchat_delivered_step *steps);

#endif /* _KCHAT_MARKS_H */
