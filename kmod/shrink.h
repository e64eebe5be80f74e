/* SPDX-License-Identifier: GPL-2.0-only */
/* When the machine needs memory, rooms forget what they said first. */
#ifndef _KCHAT_SHRINK_H
#define _KCHAT_SHRINK_H

struct kchat_net;

int kchat_shrink_init(void);
void kchat_shrink_exit(void);

/* A server that runs is asked, from start to stop. */
void kchat_shrink_add(struct kchat_net *kn);
void kchat_shrink_del(struct kchat_net *kn);

#endif /* _KCHAT_SHRINK_H */
