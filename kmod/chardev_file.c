// SPDX-License-Identifier: GPL-2.0-only
/* Open files of /dev/kchat; see chardev_file.h. */
#include "chardev_file.h"

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/nsproxy.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "alloc.h"
#include "chardev.h"
#include "compat.h"
#include "line.h"
#include "server.h"
#include "session.h"

int kchat_file_errno(enum kchat_error error)
{
	switch (error) {
	case KCHAT_E_NONE:
		return 0;
	case KCHAT_E_ALONE:
		return -EHOSTDOWN;
	case KCHAT_E_SESSION:
	case KCHAT_E_NOT_IN_ROOM:
	case KCHAT_E_SHUTDOWN:
		return -ENOTCONN;
	case KCHAT_E_AUTH:
	case KCHAT_E_FORBIDDEN:
	case KCHAT_E_INVITE_ONLY:
		return -EACCES;
	case KCHAT_E_ROOM_PASSWORD:
		return -ENOKEY;
	case KCHAT_E_SESSIONS:
		return -EUSERS;
	case KCHAT_E_ROOMS:
		return -EDQUOT;
	case KCHAT_E_ROOM_FULL:
		return -ENOSPC;
	case KCHAT_E_MOVED:
		return -EREMOTE;
	case KCHAT_E_NO_ROOM:
	case KCHAT_E_NO_PERSON:
		return -ENOENT;
	case KCHAT_E_TOO_LONG:
		return -EMSGSIZE;
	case KCHAT_E_UTF8:
		return -EILSEQ;
	case KCHAT_E_BUSY:
		return -ENOBUFS;
	case KCHAT_E_BAD_FRAME:
	case KCHAT_E_EMPTY:
	case KCHAT_E_ROOM_NAME:
		return -EINVAL;
	default:
		return -EPERM;
	}
}

/* ---- who it is --------------------------------------------------------- */

static void file_put(struct kchat_file *file)
{
	if (refcount_dec_and_test(&file->refs))
		kfree(file);
}

/* Counted from here on, so that a stop sees it. */
static int file_register(struct kchat_file *file, struct kchat_net *kn)
{
	int err = 0;

	spin_lock(&kn->files_lock);
	if (!kchat_net_running(kn)) {
		err = -ECONNREFUSED;
	} else if (atomic_read(&kn->nr_files) >= kchat_param(kn, KCHAT_P_files)) {
		err = -ENFILE;
	} else {
		atomic_inc(&kn->nr_files);
		list_add_tail(&file->link, &kn->files);
	}
	spin_unlock(&kn->files_lock);
	return err;
}

static void file_unregister(struct kchat_file *file, struct kchat_net *kn)
{
	spin_lock(&kn->files_lock);
	list_del(&file->link);
	spin_unlock(&kn->files_lock);
	/* Last: a stop may be waiting for this, and kn goes after it. */
	kchat_net_gone(&kn->nr_files);
}

/* Under file->lock. */
static int file_attach(struct kchat_file *file, struct kchat_net *kn)
{
	struct kchat_local who = { .uid = file->uid };
	enum kchat_error error = KCHAT_E_AUTH;
	int err = file_register(file, kn);

	if (err)
		return err;
	who.account = kchat_account_by_uid(&kn->accounts, file->uid);
	if (who.account) {
		file->session = kchat_session_begin_file(kn, &who, &error);
		kchat_account_put(who.account);
	}
	if (!file->session) {
		file_unregister(file, kn);
		return error == KCHAT_E_BUSY ? -ENOMEM : kchat_file_errno(error);
	}
	file->kn = kn;
	return 0;
}

/* Under file->lock: it is nobody any more, whoever comes first to say so. */
static void file_detach(struct kchat_file *file)
{
	struct kchat_net *kn = file->kn;

	if (!kn)
		return;
	if (file->member)
		kchat_reader_leave(file->session, file->member);
	kchat_session_close_file(file->session);
	file->member = NULL;
	file->session = NULL;
	file->kn = NULL;
	kchat_reader_wake(&file->reader);
	file_unregister(file, kn);
}

struct kchat_file *kchat_file_open(const struct file *filp)
{
	struct kchat_file *file = kchat_alloc(kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT));
	int err;

	if (!file)
		return ERR_PTR(-ENOMEM);
	refcount_set(&file->refs, 1);
	file->uid = from_kuid(&init_user_ns, filp->f_cred->euid);
	file->deaf = !(filp->f_mode & FMODE_READ);
	file->mark = get_random_u64();
	init_waitqueue_head(&file->reader.wait);
	mutex_init(&file->io);
	mutex_init(&file->lock);

	mutex_lock(&file->lock);
	err = file_attach(file, kchat_net_of(current->nsproxy->net_ns));
	mutex_unlock(&file->lock);
	if (err) {
		file_put(file);
		return ERR_PTR(err);
	}
	return file;
}

void kchat_file_close(struct kchat_file *file)
{
	mutex_lock(&file->lock);
	file_detach(file);
	mutex_unlock(&file->lock);
	kchat_ctl_free(file->line);
	file_put(file);
}

void kchat_files_init(struct kchat_net *kn)
{
	INIT_LIST_HEAD(&kn->files);
	spin_lock_init(&kn->files_lock);
}

/* One that is still somebody, with a reference; it goes to the list's end. */
static struct kchat_file *file_next(struct kchat_net *kn)
{
	struct kchat_file *file, *found = NULL;

	spin_lock(&kn->files_lock);
	list_for_each_entry(file, &kn->files, link) {
		/* One is on the list before its program has it, and until it has given it up. */
		refcount_inc(&file->refs);
		found = file;
		break;
	}
	spin_unlock(&kn->files_lock);
	return found;
}

void kchat_files_stop(struct kchat_net *kn)
{
	struct kchat_file *file;

	while ((file = file_next(kn))) {
		mutex_lock(&file->lock);
		file_detach(file);
		mutex_unlock(&file->lock);
		file_put(file);
	}
}

/* ---- where it is ------------------------------------------------------- */

/* Under file->lock: its program is awake. */
static void file_heard(struct kchat_file *file)
{
	WRITE_ONCE(file->reader.reads, file->reader.reads + 1);
	if (file->kn && file->member)
		kchat_reader_heard(file->session, file->member);
}

/* Under file->lock. */
static int file_go(struct kchat_file *file, const u8 *name, u32 len, bool backlog)
{
	struct kchat_entry entry = { .backlog = backlog, .deaf = file->deaf };
	u8 body[24 + KCHAT_ROOM_NAME_MAX] = {};
	struct kchat_member *member;
	enum kchat_error error;

	if (!file->kn)
		return -ENOTCONN;
	/* As on the wire, so that a name is checked in one place. */
	put_unaligned_le16(len, body + 22);
	memcpy(body + 24, name, len);
	error = kchat_frame_parse_join(body, 24 + len, &entry.join);
	if (error != KCHAT_E_NONE)
		return kchat_file_errno(error);
	member = kchat_reader_join(file->session, &file->reader, &entry, &error);
	if (!member)
		return error == KCHAT_E_IN_ROOM ? 0 : kchat_file_errno(error);
	if (file->member)
		kchat_reader_leave(file->session, file->member);
	file->member = member;
	file->missed = 0;
	file_heard(file);
	/* Who waits for the old room's news looks at the new one. */
	kchat_reader_wake(&file->reader);
	return 0;
}

/* Under file->lock: who has not said where is in the room of this name. */
static int file_enter(struct kchat_file *file)
{
	if (!file->kn)
		return -ENOTCONN;
	if (file->member)
		return 0;
	return file_go(file, (const u8 *)KCHAT_IOC_ROOM, strlen(KCHAT_IOC_ROOM), false);
}

int kchat_file_join(struct kchat_file *file, const u8 *name, u32 len, bool backlog)
{
	int err;

	mutex_lock(&file->lock);
	err = file_go(file, name, len, backlog);
	mutex_unlock(&file->lock);
	return err;
}

int kchat_file_company(struct kchat_file *file, bool *company)
{
	struct kchat_piece piece = {};
	int err;

	mutex_lock(&file->lock);
	err = file_enter(file);
	if (!err)
		kchat_reader_look(file->member, &piece);
	file->missed += piece.missed;
	mutex_unlock(&file->lock);
	if (piece.seg)
		kchat_seg_put(piece.seg);
	*company = piece.company;
	return piece.gone ? -ENOTCONN : err;
}

int kchat_file_login(struct kchat_file *file, struct kchat_ioc_login *login)
{
	struct kchat_local who = { .uid = file->uid };
	enum kchat_error error = KCHAT_E_SESSION;
	struct kchat_ident *ident;

	mutex_lock(&file->lock);
	if (file->kn) {
		who.account = file->session->account;
		get_random_bytes(login->key, sizeof(login->key));
		login->account = who.account->number;
		login->session = kchat_session_begin_ticket(file->kn, &who, login->key, &error);
		login->port = file->kn->cfg.port;
		ident = kchat_account_ident(who.account);
		memcpy(login->login, ident->login, ident->login_len);
		kchat_ident_put(ident);
		memcpy(login->addr, &file->kn->cfg.addr, sizeof(login->addr));
	}
	mutex_unlock(&file->lock);
	return login->session ? 0 : kchat_file_errno(error);
}

/* ---- what is said ------------------------------------------------------ */

int kchat_file_tell(struct kchat_file *file, const struct kchat_ctl *message)
{
	struct kchat_hdr hdr = {
		.length = cpu_to_le32(KCHAT_LENGTH_MIN + message->len),
		.type = cpu_to_le16(KCHAT_T_MSG),
	};
	int err;

	mutex_lock(&file->lock);
	put_unaligned_le64(file->mark, hdr.id);
	put_unaligned_le64(++file->said, hdr.id + 8);
	err = file_enter(file);
	if (!err)
		err = kchat_file_errno(kchat_reader_tell(file->member, &hdr, message->data,
							 message->len));
	mutex_unlock(&file->lock);
	return err;
}

/* What was written here is not read here, but everywhere else. */
static bool file_wants(const struct kchat_file *file, const struct kchat_hdr *hdr)
{
	if (hdr->type != cpu_to_le16(KCHAT_T_MSG))
		return false;
	return le64_to_cpu(hdr->sender) != file->session->account->number ||
	       get_unaligned_le64(hdr->id) != file->mark;
}

static u32 file_name(struct kchat_net *kn, u64 number, char name[KCHAT_NAME_MAX])
{
	struct kchat_account *account = kchat_account_get(&kn->accounts, number);
	struct kchat_ident *ident;
	u32 len;

	if (!account) /* deleted since then */
		return scnprintf(name, KCHAT_NAME_MAX, "#%llu", number);
	ident = kchat_account_ident(account);
	len = ident->name_len;
	memcpy(name, ident->name, len);
	kchat_ident_put(ident);
	kchat_account_put(account);
	return len;
}

/* The message of this header at @off of the piece becomes the line. */
static int file_take(struct kchat_file *file, const struct kchat_piece *piece, u32 off,
		     const struct kchat_hdr *hdr)
{
	u32 body = le32_to_cpu(hdr->length) - KCHAT_LENGTH_MIN, size;
	char data[KCHAT_NAME_MAX];
	const struct kchat_text name = {
		data, file_name(file->kn, le64_to_cpu(hdr->sender), data)
	};
	struct kchat_ctl *line;

	size = kchat_line_room(name.len, body);
	line = kchat_ctl_alloc(size, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	kchat_seg_read(piece->seg, off + KCHAT_HDR_LEN, line->data + size - body, body);
	line->len = kchat_line_build(line->data, size, &name, body);
	file->line = line;
	file->line_off = 0;
	file->line_seq = le64_to_cpu(hdr->seq);
	return 0;
}

/* Walks the frames of a piece to the first one that becomes a line. -EAGAIN: there is none. */
static int file_walk(struct kchat_file *file, const struct kchat_piece *piece)
{
	struct kchat_cursor *cursor = &file->member->cursor;
	struct kchat_hdr hdr;
	int err = -EAGAIN;
	u64 pos;

	for (pos = piece->pos; pos < piece->end && err == -EAGAIN;) {
		u32 off = pos - piece->seg->start;

		kchat_seg_read(piece->seg, off, &hdr, sizeof(hdr));
		if (file_wants(file, &hdr))
			err = file_take(file, piece, off, &hdr);
		if (err && err != -EAGAIN)
			return err;
		pos += le32_to_cpu(hdr.length) + sizeof(hdr.length);
		WRITE_ONCE(cursor->seq, le64_to_cpu(hdr.seq));
		WRITE_ONCE(cursor->pos, pos);
	}
	return err;
}

static int file_note_missed(struct kchat_file *file)
{
	struct kchat_ctl *line = kchat_ctl_alloc(64, GFP_KERNEL);

	if (!line)
		return -ENOMEM;
	line->len = scnprintf(line->data, line->size, "* %llu missed\n", file->missed);
	file->missed = 0;
	file->line = line;
	file->line_off = 0;
	file->line_seq = 0;
	return 0;
}

/* Under file->lock, in a room. */
static int file_look(struct kchat_file *file)
{
	struct kchat_piece piece;
	int err = -EAGAIN;

	while (err == -EAGAIN) {
		kchat_reader_look(file->member, &piece);
		file->missed += piece.missed;
		if (file->missed)
			err = file_note_missed(file);
		else if (piece.seg)
			err = file_walk(file, &piece);
		else
			return piece.gone ? -ENOTCONN : -EAGAIN;
		if (piece.seg)
			kchat_seg_put(piece.seg);
		cond_resched();
	}
	return err;
}

int kchat_file_fetch(struct kchat_file *file)
{
	int err;

	mutex_lock(&file->lock);
	err = file_enter(file);
	if (!err)
		err = file_look(file);
	WRITE_ONCE(file->reader.line, file->line);
	mutex_unlock(&file->lock);
	return err;
}

void kchat_file_consumed(struct kchat_file *file)
{
	kchat_ctl_free(file->line);
	file->line = NULL;
	mutex_lock(&file->lock);
	if (file->member && file->line_seq)
		kchat_reader_stored(file->member, file->line_seq);
	mutex_unlock(&file->lock);
}

void kchat_file_heard(struct kchat_file *file)
{
	mutex_lock(&file->lock);
	WRITE_ONCE(file->reader.line, file->line);
	file_heard(file);
	mutex_unlock(&file->lock);
}
