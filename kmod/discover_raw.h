/* SPDX-License-Identifier: GPL-2.0-only */
/* Discovery by Ethernet frames of their own type, for cables on which nothing has an address. */
#ifndef _KCHAT_DISCOVER_RAW_H
#define _KCHAT_DISCOVER_RAW_H

#include <linux/if.h>
#include <linux/types.h>

struct kchat_net;

#define KCHAT_RAW_DEVICES	16	/* interfaces on which one server answers */

/* Nothing is answered until kchat_discover_raw_set(). Under kn->control. */
int kchat_discover_raw_start(struct kchat_net *kn);
/* Nothing is answered any more when it returns. Under kn->control. */
void kchat_discover_raw_stop(struct kchat_net *kn);

/*
 * Answers on the interface called @name from now on, or no more. It need not
 * be there: it is followed when it comes, goes, or gets the name. -ESRCH: the
 * server does not run; -ENOSPC: KCHAT_RAW_DEVICES have been named; -EEXIST and
 * -ENOENT: it is on, or off, already. Takes kn->control.
 */
int kchat_discover_raw_set(struct kchat_net *kn, const char *name, bool on);

/*
 * The interface in place @index of the list: its name, and its number, 0 if there is no such
 * interface now. False: the list ends before. Takes kn->control.
 */
bool kchat_discover_raw_get(struct kchat_net *kn, unsigned int index, char name[IFNAMSIZ],
			    int *ifindex);

#endif /* _KCHAT_DISCOVER_RAW_H */
