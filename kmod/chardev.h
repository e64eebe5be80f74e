/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/kchat: a local program opens it, and is the person whose account has its
 * uid. What it reads are the lines of a room, what it writes is said there.
 */
#ifndef _KCHAT_CHARDEV_H
#define _KCHAT_CHARDEV_H

struct kchat_net;

int kchat_device_init(void);
/* No file is open. */
void kchat_device_exit(void);

void kchat_files_init(struct kchat_net *kn);
/* Open files are nobody any more; they are when kn->nr_files is 0. */
void kchat_files_stop(struct kchat_net *kn);

#endif /* _KCHAT_CHARDEV_H */
