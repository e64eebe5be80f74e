// SPDX-License-Identifier: GPL-2.0-only
/* Connections in rooms: they listen from somewhere, and part. */
#include <linux/slab.h>

#include "account.h"
#include "peer.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "stream.h"
#include "trace.h"

/* ---- a reader of the room's log ---------------------------------------- */

static struct kchat_member *cursor_member(struct kchat_cursor *cursor)
{
	return container_of(cursor, struct kchat_member, cursor);
}

void kchat_member_set_stop(struct kchat_member *member)
{
	member->cursor.stop = U64_MAX;
	if (member->parting)
		member->cursor.stop = member->part_at;
	if (!member->live)
		member->cursor.stop = min(member->cursor.stop, member->live_at);
}

static void member_free(struct kchat_member *member)
{
	struct kchat_room *room = member->room;

	kchat_cursor_forget(&member->cursor);
	hlist_del(&member->cursor.node);
	list_del(&member->node);
	member->cursor.conn->nr_members--;
	spin_lock(&room->lock);
	member->slot->nr--;
	spin_unlock(&room->lock);
	kchat_room_put(room);
	kfree(member);
}

/* LIVE and PARTED: the header names the room. */
static struct kchat_ctl *member_frame(struct kchat_member *member, u32 body)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + body, GFP_KERNEL);

	if (!ctl)
		set_bit(KCHAT_CONN_BROKEN, &member->cursor.conn->flags);
	return ctl;
}

static void member_say_live(struct kchat_member *member)
{
	const struct kchat_head head = { .room = member->room->number,
					 .epoch = member->room->epoch };
	struct kchat_ctl *ctl = member_frame(member, 0);

	if (!ctl)
		return;
	ctl->len = kchat_frame_build(ctl->data, ctl->size, KCHAT_T_LIVE, &head, NULL, 0);
	kchat_conn_reply(member->cursor.conn, ctl);
}

static void member_say_parted(struct kchat_member *member)
{
	const struct kchat_head head = { .room = member->room->number, .id = member->part_id };
	struct kchat_ctl *ctl = member_frame(member, 2);

	if (!ctl)
		return;
	ctl->len = kchat_frame_build_parted(ctl->data, ctl->size, &head, member->part_error);
	kchat_conn_reply(member->cursor.conn, ctl);
}

/* Where the room is from now on. */
static void member_say_moved(struct kchat_member *member)
{
	const struct kchat_head head = { .room = member->room->number };
	const struct kchat_place *place = member->room->moved;
	struct kchat_ctl *ctl = member_frame(member, KCHAT_MOVED_BODY);
	const struct kchat_moved moved = {
		.server_uuid = place->uuid,
		.port = place->port,
		.host = { place->host, place->host_len },
		.room = kchat_room_name(member->room),
	};

	if (!ctl)
		return;
	ctl->len = kchat_frame_build_moved(ctl->data, ctl->size, &head, &moved);
	kchat_conn_reply(member->cursor.conn, ctl);
}

/* All that was said before it came has been sent, if that is so. */
static void member_live(struct kchat_member *member)
{
	if (member->live || member->cursor.pos < member->live_at)
		return;
	member_say_live(member);
	member->live = true;
}

void kchat_member_listen(struct kchat_member *member)
{
	struct kchat_conn *conn = member->cursor.conn;

	INIT_LIST_HEAD(&member->cursor.pending);
	hlist_add_head(&member->cursor.node, &member->slot->cursors);
	list_add(&member->node, &conn->members);
	conn->nr_members++;
	/* With nothing to be told of before it, LIVE goes out with the answer. */
	member_live(member);
	kchat_member_set_stop(member);
	kchat_cursor_wake(&member->cursor, &conn->pending);
}

static bool member_stopped(struct kchat_cursor *cursor)
{
	struct kchat_member *member = cursor_member(cursor);

	member_live(member);
	/* With the release in kchat_person_cut(): cut_error is there. */
	if (cursor->pos >= smp_load_acquire(&cursor->cut)) {
		member->part_error = member->cut_error;
		kchat_takers_tick(cursor->conn);
		member_say_parted(member);
		if (member->part_error == KCHAT_E_MOVED)
			member_say_moved(member);
		member_free(member);
		return false;
	}
	if (member->parting && cursor->pos >= member->part_at) {
		member_say_parted(member);
		member_free(member);
		return false;
	}
	kchat_member_set_stop(member);
	return true;
}

/* Too slow: what has been dropped is said to be missing, and the log goes on from its tail. */
static void member_behind(struct kchat_cursor *cursor)
{
	struct kchat_member *member = cursor_member(cursor);
	struct kchat_room *room = member->room;
	struct kchat_head head = { .room = room->number, .epoch = room->epoch };
	struct kchat_ctl *ctl;
	u64 to, bytes;

	spin_lock(&room->lock);
	if (cursor->pos >= room->log.tail) {
		/* Only memory for the range was short; cannot happen, but must not loop. */
		spin_unlock(&room->lock);
		return;
	}
	bytes = room->log.tail - cursor->pos;
	WRITE_ONCE(cursor->pos, room->log.tail);
	to = room->log.first_seq - 1;
	head.seq = room->log.seq;
	spin_unlock(&room->lock);

	if (to > cursor->seq) {
		kchat_stat_inc(room->kn, KCHAT_C_GAPS);
		trace_kchat_lag(cursor->conn, room, cursor->seq, to, bytes);
		ctl = member_frame(member, 16);
		if (!ctl)
			return;
		ctl->len = kchat_frame_build_gap(ctl->data, ctl->size, &head, cursor->seq, to);
		kchat_conn_reply(cursor->conn, ctl);
		cursor->seq = to;
	}
}

const struct kchat_cursor_ops kchat_member_ops = {
	.stopped = member_stopped,
	.behind = member_behind,
};

struct kchat_member *kchat_member_find(struct kchat_conn *conn, u32 room)
{
	struct kchat_member *member;

	list_for_each_entry(member, &conn->members, node) {
		if (member->room->number != room || member->parting)
			continue;
		/* Who talks in a room goes on talking there. */
		list_move(&member->node, &conn->members);
		return member;
	}
	return NULL;
}

void kchat_members_free(struct kchat_conn *conn)
{
	struct kchat_member *member, *next;

	/* Their seats have let go of them: nobody else knows them any more. */
	list_for_each_entry_safe(member, next, &conn->members, node)
		member_free(member);
}

/* ---- part -------------------------------------------------------------- */

struct kchat_seat *kchat_session_seat(struct kchat_session *session,
				      const struct kchat_room *room)
{
	struct kchat_seat *seat;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(seat, &session->seats, by_session)
		if (seat->room == room)
			return seat;
	return NULL;
}

void kchat_member_part(struct kchat_conn *conn, const struct kchat_hdr *hdr)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(hdr->room));
	struct kchat_session *session = conn->session;
	struct kchat_seat *seat;

	if (!member) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	member->parting = true;
	member->part_at = kchat_log_head(&member->room->log);
	memcpy(member->part_id, hdr->id, sizeof(member->part_id));
	kchat_streams_part(conn, member->room);

	mutex_lock(&session->lock);
	seat = kchat_session_seat(session, member->room);
	/* Unless another connection took the session over. */
	if (seat && seat->member == member)
		member->part_at = kchat_seat_leave(seat, KCHAT_PERSON_LEFT,
						   &conn->worker->spare);
	mutex_unlock(&session->lock);

	kchat_member_set_stop(member);
	kchat_cursor_wake(&member->cursor, &conn->pending);
}
