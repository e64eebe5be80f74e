/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file of /dev/kchat: whose it is, and where. */
#ifndef _KCHAT_CHARDEV_FILE_H
#define _KCHAT_CHARDEV_FILE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "conn.h"
#include "room.h"
#include "uapi/kchat.h"
#include "uapi/kchat_device.h"

struct file;
struct kchat_net;
struct kchat_session;

/**
 * struct kchat_file - an open file
 * @refs: the program's, and a stop that looks at it
 * @uid: of who opened it, in the initial user namespace; constant
 * @deaf: opened for writing alone; constant
 * @mark: random: the first half of the ids of its messages; constant
 * @reader: what wakes it
 * @io: one read at a time; may be held while user memory is slow, so no stop ever
 *	waits for it. Taken before @lock
 * @line: what is being read, or NULL; under @io
 * @line_off: bytes of it that were read; under @io
 * @line_seq: the message that it is, 0: a note; under @io
 * @lock: who and where; taken before session->lock, never held while user memory is
 *	touched
 * @kn: the server at which it is somebody, NULL: nobody any more; under @lock
 * @link: in kn->files, under kn->files_lock
 * @session: the person; the file owns a reference; under @lock, valid if @kn
 * @member: the room, or NULL before the first read, write, poll or join; under @lock
 * @missed: messages it was too slow for, and has not been told of; under @lock
 * @said: counts its messages: the second half of their ids; under @lock
 */
struct kchat_file {
	refcount_t refs;
	u32 uid;
	bool deaf;
	u64 mark;
	struct kchat_reader reader;

	struct mutex io;
	struct kchat_ctl *line;
	u32 line_off;
	u64 line_seq;

	struct mutex lock;
	struct kchat_net *kn;
	struct list_head link;
	struct kchat_session *session;
	struct kchat_member *member;
	u64 missed;
	u64 said;
};

/* What a program is told; docs/local.md has the table. */
int kchat_file_errno(enum kchat_error error);

/*
 * ERR_PTR: -ECONNREFUSED (no server runs in this network namespace), -EACCES (no
 * account has this uid), -ENFILE, -EUSERS, -ENOMEM.
 */
struct kchat_file *kchat_file_open(const struct file *filp);
/* Leaves the room. */
void kchat_file_close(struct kchat_file *file);

/*
 * Under file->io, without a line: gets the next one. 0, -EAGAIN (there is none yet),
 * -ENOTCONN (there will be none), or what stood in the way.
 */
int kchat_file_fetch(struct kchat_file *file);
/* Under file->io: the line was read to its end. */
void kchat_file_consumed(struct kchat_file *file);
/* Under file->io: something was read. */
void kchat_file_heard(struct kchat_file *file);

/* Says the body of a MSG, in the file's room. */
int kchat_file_tell(struct kchat_file *file, const struct kchat_ctl *message);
/* Is somebody else there? -ENOTCONN: nobody will be. */
int kchat_file_company(struct kchat_file *file, bool *company);
/* Into another room. */
int kchat_file_join(struct kchat_file *file, const u8 *name, u32 len, bool backlog);
/* A session for TCP. */
int kchat_file_login(struct kchat_file *file, struct kchat_ioc_login *login);

#endif /* _KCHAT_CHARDEV_FILE_H */
