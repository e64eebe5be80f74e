/* SPDX-License-Identifier: GPL-2.0-only */
/* Search trees that keep a sum in each node; without balance, see rbtree.h. */
#ifndef _SHIM_LINUX_RBTREE_AUGMENTED_H
#define _SHIM_LINUX_RBTREE_AUGMENTED_H

#include <linux/rbtree.h>

struct rb_augment_callbacks {
	void (*compute)(struct rb_node *node);
};

#define RB_DECLARE_CALLBACKS(scope, name, type, member, sum, weigh)			\
static void name##_compute(struct rb_node *node)					\
{											\
	weigh(rb_entry(node, type, member), false);					\
}											\
scope const struct rb_augment_callbacks name = { name##_compute };

static inline void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
				       const struct rb_augment_callbacks *callbacks)
{
}

/* What was below @node at @link takes its place. */
static inline void rb_shim_replace(struct rb_root *root, struct rb_node *node,
				   struct rb_node *child)
{
	if (!node->rb_parent)
		root->rb_node = child;
	else if (node->rb_parent->rb_left == node)
		node->rb_parent->rb_left = child;
	else
		node->rb_parent->rb_right = child;
	if (child)
		child->rb_parent = node->rb_parent;
}

static inline void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
				      const struct rb_augment_callbacks *callbacks)
{
	struct rb_node *changed = node->rb_parent, *next = node->rb_right;

	if (!node->rb_left || !node->rb_right) {
		rb_shim_replace(root, node, node->rb_left ? node->rb_left : node->rb_right);
	} else {
		while (next->rb_left)
			next = next->rb_left;
		changed = next->rb_parent == node ? next : next->rb_parent;
		rb_shim_replace(root, next, next->rb_right);
		*next = (struct rb_node){ node->rb_parent, node->rb_left, node->rb_right };
		rb_shim_replace(root, node, next);
		next->rb_left->rb_parent = next;
		if (next->rb_right)
			next->rb_right->rb_parent = next;
	}
	for (; changed; changed = changed->rb_parent)
		callbacks->compute(changed);
}

#endif
