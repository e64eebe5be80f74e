// SPDX-License-Identifier: GPL-2.0-only
/* Media streams, the takers' side: accept, read along, stop. */
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "stream.h"

static struct kchat_taker *cursor_taker(struct kchat_cursor *cursor)
{
	return container_of(cursor, struct kchat_taker, cursor);
}

static void taker_free(struct kchat_taker *taker)
{
	struct kchat_stream *stream = taker->stream;

	kchat_cursor_forget(&taker->cursor);
	hlist_del(&taker->cursor.node);
	list_del(&taker->node);
	spin_lock(&stream->lock);
	taker->slot->nr--;
	list_del(&taker->by_stream);
	stream->nr_takers--;
	stream->takers_changed = true;
	spin_unlock(&stream->lock);
	kfree(taker);
	/* It may have been the slowest one. */
	kchat_stream_moved(stream);
	kchat_stream_put(stream);
}

/* ---- a reader of the stream's log -------------------------------------- */

/* The end of a finished stream. */
static bool taker_stopped(struct kchat_cursor *cursor)
{
	taker_free(cursor_taker(cursor));
	return false;
}

/* Too slow for a video: on to the newest key frame, or to what comes next. */
static void taker_behind(struct kchat_cursor *cursor)
{
	struct kchat_stream *stream = cursor_taker(cursor)->stream;

	spin_lock(&stream->lock);
	if (cursor->pos < stream->log.tail) {
		bool held = stream->has_key && stream->key_pos >= stream->log.tail;

		WRITE_ONCE(cursor->pos, held ? stream->key_pos : stream->log.head);
	}
	spin_unlock(&stream->lock);
}

static void taker_moved(struct kchat_cursor *cursor)
{
	struct kchat_taker *taker = cursor_taker(cursor);
	struct kchat_stream *stream = taker->stream;

	spin_lock(&stream->lock);
	taker->done = cursor->pos;
	stream->progress = stream->ended ? stream->progress : jiffies;
	spin_unlock(&stream->lock);
	kchat_stream_moved(stream);
}

static const struct kchat_cursor_ops taker_ops = {
	.stopped = taker_stopped,
	.behind = taker_behind,
	.moved = taker_moved,
};

/* ---- the worker's walk ------------------------------------------------- */

static void taker_say_cancel(struct kchat_taker *taker, enum kchat_error error)
{
	const struct kchat_head head = { .room = taker->stream->room->number,
					 .id = taker->stream->id };
	struct kchat_conn *conn = taker->cursor.conn;
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + 8, GFP_KERNEL);

	if (!ctl) {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
		return;
	}
	ctl->len = kchat_frame_build_stream_cancel(ctl->data, ctl->size, &head, error);
	kchat_conn_reply(conn, ctl);
}

/* What the stream wants of this taker now. False: nothing more, it is gone. */
static bool taker_look(struct kchat_taker *taker)
{
	struct kchat_stream *stream = taker->stream;
	enum kchat_error error;

	spin_lock(&stream->lock);
	error = stream->error;
	if (error == KCHAT_E_NONE && taker->slow)
		error = KCHAT_E_STREAM_SLOW;
	if (stream->ended)
		taker->cursor.stop = stream->log.head;
	spin_unlock(&stream->lock);
	if (error == KCHAT_E_NONE)
		return true;
	if (error == KCHAT_E_STREAM_SLOW)
		kchat_stat_inc(stream->kn, KCHAT_C_STREAM_DROPS);
	taker_say_cancel(taker, error);
	taker_free(taker);
	return false;
}

void kchat_takers_walk(struct kchat_slot *slot)
{
	struct kchat_stream *stream = slot->owner;
	struct kchat_cursor *cursor;
	struct hlist_node *next;

	/* Both the look and the sending can end this taker, and no other one of the stream. */
	hlist_for_each_entry_safe(cursor, next, &slot->cursors, node) {
		struct kchat_conn *conn = cursor->conn;

		if (taker_look(cursor_taker(cursor)))
			kchat_cursor_wake(cursor, &conn->streams);
		kchat_conn_send(conn);
	}
	kchat_stream_put(stream);
}

/* ---- accept ------------------------------------------------------------ */

static bool conn_takes(const struct kchat_conn *conn, const struct kchat_stream *stream)
{
	const struct kchat_taker *taker;

	list_for_each_entry(taker, &conn->takers, node)
		if (taker->stream == stream)
			return true;
	return false;
}

/* Only who is in the room, and whom it is for; not the sender. */
static bool taker_allowed(const struct kchat_conn *conn, const struct kchat_stream *stream)
{
	u64 self = conn->session->account->number;
	const struct kchat_person *person;
	bool present;

	if (stream->session == conn->session || (stream->to && stream->to != self))
		return false;
	spin_lock(&stream->room->lock);
	person = kchat_room_person(stream->room, self);
	present = person && person->nr_live;
	spin_unlock(&stream->room->lock);
	return present && !conn_takes(conn, stream);
}

/* Under stream->lock: where in the log to begin. *offset is asked for, and then given. */
static u64 taker_start(const struct kchat_stream *stream, u64 *offset)
{
	const struct kchat_seg *seg;
	u64 pos = stream->log.head, at = stream->received;
	__le64 seq;

	list_for_each_entry_reverse(seg, &stream->log.segs, node) {
		/* A video begins at its newest key frame, all else where it was asked. */
		if (stream->kind == KCHAT_STREAM_VIDEO && stream->has_key &&
		    seg->start < stream->key_pos)
			break;
		pos = seg->start;
		kchat_seg_read(seg, offsetof(struct kchat_hdr, seq), &seq, sizeof(seq));
		at = le64_to_cpu(seq);
		if (stream->kind != KCHAT_STREAM_VIDEO && at <= *offset)
			break;
	}
	*offset = at;
	return pos;
}

static enum kchat_error taker_add(struct kchat_taker *taker, u64 *offset)
{
	struct kchat_stream *stream = taker->stream;
	enum kchat_error error = KCHAT_E_NONE;

	spin_lock(&stream->lock);
	if (stream->error != KCHAT_E_NONE || stream->closed) {
		error = KCHAT_E_STREAM;
	} else if (stream->nr_takers >= kchat_param(stream->kn, KCHAT_P_takers)) {
		error = KCHAT_E_BUSY;
	} else {
		taker->cursor.pos = taker_start(stream, offset);
		taker->cursor.stop = stream->ended ? stream->log.head : U64_MAX;
		taker->done = taker->cursor.pos;
		taker->mark = jiffies;
		taker->mark_pos = taker->done;
		list_add_tail(&taker->by_stream, &stream->takers);
		stream->nr_takers++;
		stream->takers_changed = true;
		if (!stream->ended)
			stream->progress = jiffies;
		taker->slot->nr++;
	}
	spin_unlock(&stream->lock);
	return error;
}

static struct kchat_taker *taker_alloc(struct kchat_conn *conn, struct kchat_stream *stream)
{
	struct kchat_taker *taker = kchat_alloc(kzalloc(sizeof(*taker), GFP_KERNEL));

	if (!taker)
		return NULL;
	taker->stream = stream;
	taker->slot = &stream->slots[conn->worker->index];
	taker->cursor.conn = conn;
	taker->cursor.log = &stream->log;
	taker->cursor.cut = U64_MAX;
	taker->cursor.lock = &stream->lock;
	taker->cursor.ops = &taker_ops;
	INIT_LIST_HEAD(&taker->cursor.pending);
	return taker;
}

/* Takes over the reference to @stream on KCHAT_E_NONE. */
static enum kchat_error taker_begin(struct kchat_conn *conn, const struct kchat_hdr *hdr,
				    struct kchat_stream *stream, u64 offset)
{
	struct kchat_taker *taker;
	enum kchat_error error;
	struct kchat_head head;
	struct kchat_ctl *ctl;

	if (!taker_allowed(conn, stream))
		return KCHAT_E_STREAM;
	taker = taker_alloc(conn, stream);
	if (!taker)
		return KCHAT_E_BUSY;
	error = taker_add(taker, &offset);
	if (error != KCHAT_E_NONE) {
		kfree(taker);
		return error;
	}
	list_add_tail(&taker->node, &conn->takers);
	hlist_add_head(&taker->cursor.node, &taker->slot->cursors);
	kchat_worker_soon(conn);
	ctl = kchat_conn_answer(conn, hdr, 8, &head);
	if (ctl) {
		head.room = stream->room->number; /* whatever the request says */
		ctl->len = kchat_frame_build_u64(ctl->data, ctl->size, KCHAT_T_STREAM_START, &head,
						 offset);
		kchat_conn_reply(conn, ctl);
	}
	kchat_cursor_wake(&taker->cursor, &conn->streams);
	kchat_stream_moved(stream);
	return KCHAT_E_NONE;
}

void kchat_taker_accept(struct kchat_conn *conn, const struct kchat_hdr *hdr, u64 offset)
{
	struct kchat_stream *stream = kchat_stream_get(conn->kn, hdr->id);
	enum kchat_error error = KCHAT_E_STREAM;

	if (stream)
		error = taker_begin(conn, hdr, stream, offset);
	if (error == KCHAT_E_NONE)
		return;
	if (stream)
		kchat_stream_put(stream);
	kchat_conn_reply_error(conn, hdr, error, 0);
}

bool kchat_taker_cancel(struct kchat_conn *conn, const struct kchat_hdr *hdr)
{
	struct kchat_taker *taker;

	list_for_each_entry(taker, &conn->takers, node) {
		if (memcmp(taker->stream->id, hdr->id, sizeof(hdr->id)))
			continue;
		taker_free(taker);
		return true;
	}
	return false;
}

/* Is this taker's person still on the roster of the room? */
static bool taker_in_room(const struct kchat_taker *taker)
{
	struct kchat_room *room = taker->stream->room;
	bool there;

	spin_lock(&room->lock);
	there = kchat_room_person(room, taker->cursor.conn->session->account->number);
	spin_unlock(&room->lock);
	return there;
}

void kchat_takers_tick(struct kchat_conn *conn)
{
	struct kchat_taker *taker, *next;

	list_for_each_entry_safe(taker, next, &conn->takers, node) {
		if (taker_in_room(taker))
			continue;
		taker_say_cancel(taker, KCHAT_E_NOT_IN_ROOM);
		taker_free(taker);
	}
}

void kchat_takers_free(struct kchat_conn *conn, const struct kchat_room *room)
{
	struct kchat_taker *taker, *next;

	list_for_each_entry_safe(taker, next, &conn->takers, node)
		if (!room || taker->stream->room == room)
			taker_free(taker);
}
