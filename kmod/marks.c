// SPDX-License-Identifier: GPL-2.0-only
#include "marks.h"

#include <linux/kernel.h>
#include <linux/rbtree_augmented.h>

static struct kchat_mark *mark_of(const struct rb_node *node)
{
	return rb_entry_safe(node, struct kchat_mark, node);
}

static u32 weight_of(const struct rb_node *node)
{
	return node ? mark_of(node)->weight : 0;
}

static bool mark_weigh(struct kchat_mark *mark, bool stop)
{
	u32 weight = 1 + weight_of(mark->node.rb_left) + weight_of(mark->node.rb_right);

	if (stop && mark->weight == weight)
		return true;
	mark->weight = weight;
	return false;
}

RB_DECLARE_CALLBACKS(static, mark_callbacks, struct kchat_mark, node, weight, mark_weigh)

void kchat_marks_remove(struct rb_root *marks, struct kchat_mark *mark)
{
	if (!mark->weight)
		return;
	rb_erase_augmented(&mark->node, marks, &mark_callbacks);
	mark->weight = 0;
}

void kchat_marks_set(struct rb_root *marks, struct kchat_mark *mark, u64 seq)
{
	struct rb_node **link = &marks->rb_node, *parent = NULL;

	kchat_marks_remove(marks, mark);
	mark->seq = seq;
	while (*link) {
		parent = *link;
		mark_of(parent)->weight++;
		link = seq > mark_of(parent)->seq ? &parent->rb_left : &parent->rb_right;
	}
	mark->weight = 1;
	rb_link_node(&mark->node, parent, link);
	rb_insert_augmented(&mark->node, marks, &mark_callbacks);
}

u32 kchat_marks_count(const struct rb_root *marks)
{
	return weight_of(marks->rb_node);
}

/* The one that has got furthest of those that are not at @seq yet, or NULL. */
static const struct kchat_mark *marks_below(const struct rb_root *marks, u64 seq)
{
	const struct rb_node *node = marks->rb_node;
	const struct kchat_mark *found = NULL;

	while (node) {
		if (mark_of(node)->seq < seq)
			found = mark_of(node);
		node = mark_of(node)->seq < seq ? node->rb_left : node->rb_right;
	}
	return found;
}

/* How many have got to @seq or beyond. */
static u32 marks_from(const struct rb_root *marks, u64 seq)
{
	const struct rb_node *node = marks->rb_node;
	u32 count = 0;

	while (node) {
		if (mark_of(node)->seq < seq) {
			node = node->rb_left;
		} else {
			count += 1 + weight_of(node->rb_left);
			node = node->rb_right;
		}
	}
	return count;
}

/* The one that has @before others before it; there are more than that. */
static const struct kchat_mark *marks_at(const struct rb_root *marks, u32 before)
{
	const struct rb_node *node = marks->rb_node;
	u32 left;

	while ((left = weight_of(node->rb_left)) != before) {
		if (before < left) {
			node = node->rb_left;
		} else {
			before -= left + 1;
			node = node->rb_right;
		}
	}
	return mark_of(node);
}

static void step_to(const struct rb_root *marks, u64 seq, struct kchat_delivered_step *step)
{
	step->seq = seq;
	step->people = marks_from(marks, seq);
}

/* Evenly over the people, the first and the last one among them. */
static u32 steps_chosen(const struct rb_root *marks, struct kchat_delivered_step *steps)
{
	u32 last = kchat_marks_count(marks) - 1, nr = 0, i;

	for (i = 0; i < KCHAT_DELIVERED_STEPS; i++) {
		u32 before = last * i / (KCHAT_DELIVERED_STEPS - 1);
		u64 seq = marks_at(marks, before)->seq;

		if (!nr || seq < steps[nr - 1].seq)
			step_to(marks, seq, &steps[nr++]);
	}
	return nr;
}

u32 kchat_marks_steps(const struct rb_root *marks, struct kchat_delivered_step *steps)
{
	const struct kchat_mark *mark = marks_below(marks, U64_MAX);
	u32 nr = 0;

	/* Each one, as long as there are so few. */
	while (mark && nr < KCHAT_DELIVERED_STEPS) {
		step_to(marks, mark->seq, &steps[nr++]);
		mark = marks_below(marks, mark->seq);
	}
	return mark ? steps_chosen(marks, steps) : nr;
}
