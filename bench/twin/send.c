// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection sends. At most one frame is in progress, and nothing else is written
 * before it ends; then answers, then rooms in turn.
 */
#include <errno.h>
#include <linux/string.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "twin.h"

/* ---- the socket -------------------------------------------------------- */

/* Bytes sent. 0: the socket is full, or of no use. */
static u32 output_result(struct twin_conn *conn, ssize_t sent)
{
	if (sent > 0) {
		conn->stalled = twin.now;
		return sent;
	}
	if (errno == EAGAIN || errno == EINTR) {
		if (!conn->blocked)
			conn->stalled = twin.now;
		conn->blocked = true;
	} else {
		twin_conn_kill(conn);
	}
	return 0;
}

static u32 output(struct twin_conn *conn, const void *data, u32 len)
{
	return output_result(conn, send(conn->fd, data, len, MSG_NOSIGNAL));
}

static u32 output_range(struct twin_conn *conn, const struct twin_range *range)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)range->vecs, .msg_iovlen = range->nr };

	if (range->nr == 1)
		return output(conn, range->vecs[0].iov_base, range->vecs[0].iov_len);
	return output_result(conn, sendmsg(conn->fd, &msg, MSG_NOSIGNAL));
}

/* ---- answers ----------------------------------------------------------- */

u8 *twin_reply_begin(struct twin_conn *conn, u32 size)
{
	u32 need = conn->out_len + size;
	u8 *out;

	if (conn->dead)
		return NULL;
	if (need > conn->out_size) {
		out = realloc(conn->out, max(need, 2 * conn->out_size));
		if (!out) {
			twin_conn_kill(conn);
			return NULL;
		}
		conn->out = out;
		conn->out_size = max(need, 2 * conn->out_size);
	}
	return conn->out + conn->out_len;
}

void twin_reply_end(struct twin_conn *conn, u32 len)
{
	conn->out_len += len;
}

void twin_reply(struct twin_conn *conn, u16 type, const struct kchat_head *head,
		const void *body, u32 len)
{
	u8 *frame = twin_reply_begin(conn, KCHAT_HDR_LEN + len);

	if (frame)
		twin_reply_end(conn, kchat_frame_build(frame, KCHAT_HDR_LEN + len, type, head,
						       body, len));
}

void twin_answer(struct twin_conn *conn, const struct kchat_hdr *hdr, u16 type,
		 const void *body, u32 len)
{
	const struct kchat_head head = { .room = le32_to_cpu(hdr->room), .id = hdr->id };

	twin_reply(conn, type, &head, body, len);
}

void twin_answer_error(struct twin_conn *conn, const struct kchat_hdr *hdr,
		       enum kchat_error error, u32 wait_ms)
{
	const struct kchat_head head = { .room = le32_to_cpu(hdr->room), .id = hdr->id };
	u8 *frame = twin_reply_begin(conn, KCHAT_HDR_LEN + 80);

	if (frame)
		twin_reply_end(conn, kchat_frame_build_error(frame, KCHAT_HDR_LEN + 80, &head,
							     error, le16_to_cpu(hdr->type),
							     wait_ms));
}

static void send_answers(struct twin_conn *conn)
{
	conn->out_off += output(conn, conn->out + conn->out_off, conn->out_len - conn->out_off);
	if (conn->out_off < conn->out_len)
		return;
	/* Who has nothing to wait for holds nothing. */
	free(conn->out);
	conn->out = NULL;
	conn->out_off = 0;
	conn->out_len = 0;
	conn->out_size = 0;
}

/* ---- rooms ------------------------------------------------------------- */

void twin_member_set_stop(struct twin_member *member)
{
	member->stop = U64_MAX;
	if (member->parting)
		member->stop = member->part_at;
	if (!member->live)
		member->stop = min(member->stop, member->live_at);
}

void twin_member_free(struct twin_member *member)
{
	if (member->seat)
		member->seat->member = NULL;
	list_del(&member->by_room);
	list_del(&member->by_conn);
	member->conn->nr_members--;
	free(member);
}

void twin_member_live(struct twin_member *member)
{
	const struct kchat_head head = { .room = member->room->number,
					 .epoch = member->room->epoch };

	if (member->live || member->pos < member->live_at)
		return;
	twin_reply(member->conn, KCHAT_T_LIVE, &head, NULL, 0);
	member->live = true;
	twin_member_set_stop(member);
}

/* False: it is no member any more. */
static bool member_stopped(struct twin_member *member)
{
	struct kchat_head head = { .room = member->room->number };

	twin_member_live(member);
	if (member->parting && member->pos >= member->part_at) {
		const u8 none[2] = {};

		head.id = member->part_id;
		twin_reply(member->conn, KCHAT_T_PARTED, &head, none, sizeof(none));
		twin_member_free(member);
		return false;
	}
	twin_member_set_stop(member);
	return true;
}

/* Too slow: what has been dropped is said to be missing, and the log goes on from its tail. */
static void member_behind(struct twin_member *member)
{
	struct twin_log *log = &member->room->log;
	const struct kchat_head head = { .room = member->room->number,
					 .epoch = member->room->epoch, .seq = log->seq };
	u8 *frame;

	member->pos = log->tail;
	if (log->first_seq - 1 <= member->seq)
		return;
	frame = twin_reply_begin(member->conn, KCHAT_HDR_LEN + 16);
	if (frame)
		twin_reply_end(member->conn, kchat_frame_build_gap(frame, KCHAT_HDR_LEN + 16,
								   &head, member->seq,
								   log->first_seq - 1));
	member->seq = log->first_seq - 1;
}

/* What @member lacks goes out; members are mostly at the same place, so @range stays. */
static void member_output(struct twin_member *member, struct twin_range *range, u64 end)
{
	const struct twin_log *log = &member->room->log;
	struct twin_conn *conn = member->conn;
	u32 sent;

	if (range->log != log || range->start != member->pos || range->end > end)
		twin_log_range(log, member->pos, end, range);
	sent = output_range(conn, range);
	if (!sent)
		return;
	member->pos = range->start + sent;
	member->seq = range->seq;
	if (member->pos == range->end)
		return;
	conn->seg_off = member->pos;
	conn->seg = twin_log_split(log, member->pos, &conn->seg_end);
	if (conn->seg)
		member->pos = conn->seg_end;
	member->seq = twin_log_seq(log, member->pos);
}

/* False: answers go first, or nothing more goes now. */
static bool member_send(struct twin_member *member, struct twin_range *range)
{
	struct twin_conn *conn = member->conn;
	u64 end;

	while (!conn->blocked && !conn->dead && !conn->seg && !conn->out_len) {
		const struct twin_log *log = &member->room->log;

		if (member->pos >= member->stop) {
			if (!member_stopped(member))
				return false;
			continue;
		}
		end = min(log->head, member->stop);
		if (member->pos >= end)
			return true;
		if (member->pos < log->tail)
			member_behind(member);
		else
			member_output(member, range, end);
	}
	return false;
}

static void send_seg(struct twin_conn *conn)
{
	conn->seg_off += output(conn, conn->seg->data + (conn->seg_off - conn->seg->start),
				conn->seg_end - conn->seg_off);
	if (conn->seg_off < conn->seg_end)
		return;
	twin_seg_put(conn->seg);
	conn->seg = NULL;
}

/* The next thing that is to be sent; false: there is none. */
static bool send_next(struct twin_conn *conn)
{
	struct twin_range range = {};
	struct twin_member *member;

	if (conn->seg) {
		send_seg(conn);
		return true;
	}
	if (conn->out_len) {
		send_answers(conn);
		return true;
	}
	list_for_each_entry(member, &conn->members, by_conn)
		if (!member_send(member, &range))
			return true;
	return false;
}

void twin_conn_send(struct twin_conn *conn)
{
	while (!conn->blocked && !conn->dead && !conn->shut && send_next(conn))
		;
	if (conn->stopped && !conn->again && conn->out_len - conn->out_off <=
	    twin_param(control_bytes) / 8 && !conn->dead) {
		conn->again = true;
		list_add_tail(&conn->queue, &twin.again);
	}
	if (conn->closing && !conn->shut && !conn->seg && !conn->out_len && !conn->dead) {
		shutdown(conn->fd, SHUT_WR);
		conn->shut = true;
	}
}

static void room_send(struct twin_room *room)
{
	struct twin_member *member, *next;
	struct twin_range range = {};

	/* Sending can end this member, but no other one of this room. */
	list_for_each_entry_safe(member, next, &room->members, by_room) {
		struct twin_conn *conn = member->conn;

		if (!conn->blocked && !member_send(member, &range))
			twin_conn_send(conn);
	}
}

void twin_rooms_send(void)
{
	twin.appended = 0;
	while (!list_empty(&twin.dirty)) {
		struct twin_room *room = list_first_entry(&twin.dirty, struct twin_room, dirty);

		list_del(&room->dirty);
		room->is_dirty = false;
		room_send(room);
	}
}
