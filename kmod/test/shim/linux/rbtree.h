/* SPDX-License-Identifier: GPL-2.0-only */
/* Search trees with the kernel's names, and without its balance: in the order of their nodes they are the same. */
#ifndef _SHIM_LINUX_RBTREE_H
#define _SHIM_LINUX_RBTREE_H

#include <linux/kernel.h>

struct rb_node {
	struct rb_node *rb_parent, *rb_left, *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT			(struct rb_root){ NULL }
#define rb_entry(p, t, m)	container_of(p, t, m)
#define rb_entry_safe(p, t, m)	({ __typeof__(p) _p = (p); _p ? rb_entry(_p, t, m) : NULL; })

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent };
	*link = node;
}

#endif
