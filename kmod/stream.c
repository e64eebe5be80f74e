// SPDX-License-Identifier: GPL-2.0-only
/* Media streams: who holds them, credit, and what time and leaving do to them. */
#include "stream.h"

#include <linux/slab.h>

#include "account.h"
#include "room.h"
#include "server.h"
#include "session.h"

/* ---- references -------------------------------------------------------- */

struct kchat_stream *kchat_stream_get(struct kchat_net *kn, const u8 *id)
{
	struct kchat_stream *stream, *found = NULL;

	spin_lock(&kn->streams_lock);
	list_for_each_entry(stream, &kn->streams, link) {
		if (!memcmp(stream->id, id, sizeof(stream->id))) {
			refcount_inc(&stream->refs);
			found = stream;
			break;
		}
	}
	spin_unlock(&kn->streams_lock);
	return found;
}

void kchat_stream_put(struct kchat_stream *stream)
{
	struct kchat_net *kn = stream->kn;

	if (!refcount_dec_and_test(&stream->refs))
		return;
	kchat_log_destroy(&stream->log);
	kfree(stream->begin);
	kchat_session_put(stream->session);
	kchat_room_put(stream->room);
	kfree(stream);
	kchat_net_gone(&kn->nr_streams);
}

static void stream_hold_owner(void *owner)
{
	struct kchat_stream *stream = owner;

	refcount_inc(&stream->refs);
}

void kchat_stream_mark(struct kchat_stream *stream)
{
	lockdep_assert_held(&stream->lock);
	kchat_slots_mark(stream->slots, stream_hold_owner);
}

void kchat_stream_unlist(struct kchat_stream *stream)
{
	struct kchat_net *kn = stream->kn;
	bool listed;

	spin_lock(&kn->streams_lock);
	listed = stream->listed;
	stream->listed = false;
	if (listed)
		list_del(&stream->link);
	spin_unlock(&kn->streams_lock);
	if (listed)
		kchat_stream_put(stream);
}

/* ---- words to who joins ------------------------------------------------ */

static bool stream_told_to(const struct kchat_stream *stream, const struct kchat_session *session)
{
	return stream->announced && kchat_stream_is_video(stream) && stream->session != session &&
	       !READ_ONCE(stream->ended) &&
	       (!stream->to || stream->to == session->account->number);
}

void kchat_streams_tell(const struct kchat_room *room, const struct kchat_session *session,
			struct list_head *frames)
{
	struct kchat_net *kn = room->kn;
	const struct kchat_stream *stream;

	lockdep_assert_held(&room->lock);
	spin_lock(&kn->streams_lock);
	list_for_each_entry(stream, &kn->streams, link) {
		struct kchat_ctl *ctl;

		if (stream->room != room || !stream_told_to(stream, session))
			continue;
		ctl = kchat_ctl_alloc(stream->begin_len, GFP_ATOMIC);
		if (!ctl)
			break;
		memcpy(ctl->data, stream->begin, stream->begin_len);
		ctl->len = stream->begin_len;
		list_add_tail(&ctl->node, frames);
	}
	spin_unlock(&kn->streams_lock);
}

/* ---- words to the sender ----------------------------------------------- */

static bool stream_tell(struct kchat_stream *stream, struct kchat_ctl *ctl)
{
	return ctl && kchat_session_post(stream->session, ctl);
}

static struct kchat_head stream_head(const struct kchat_stream *stream)
{
	return (struct kchat_head){ .room = stream->room->number, .id = stream->id };
}

static struct kchat_ctl *stream_credit_frame(const struct kchat_stream *stream, u64 limit,
					     u32 takers)
{
	const struct kchat_head head = stream_head(stream);
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + 16, GFP_KERNEL);

	if (ctl)
		ctl->len = kchat_frame_build_stream_credit(ctl->data, ctl->size, &head, limit,
							   takers);
	return ctl;
}

static void stream_tell_cancel(struct kchat_stream *stream, enum kchat_error error)
{
	const struct kchat_head head = stream_head(stream);
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + 8, GFP_KERNEL);

	if (!ctl)
		return;
	ctl->len = kchat_frame_build_stream_cancel(ctl->data, ctl->size, &head, error);
	stream_tell(stream, ctl);
}

void kchat_stream_fail(struct kchat_stream *stream, enum kchat_error error)
{
	bool first = false;

	spin_lock(&stream->lock);
	if (stream->error == KCHAT_E_NONE && !stream->ended) {
		stream->error = error;
		kchat_stream_mark(stream); /* each worker tells its takers */
		first = true;
	}
	spin_unlock(&stream->lock);
	if (first)
		stream_tell_cancel(stream, error);
	kchat_stream_unlist(stream);
}

/* ---- credit ------------------------------------------------------------ */

/* Where the slowest taker is, in the log; what nobody has read yet counts as unread. */
static u64 stream_slowest(const struct kchat_stream *stream)
{
	const struct kchat_taker *taker;
	u64 slowest = stream->log.head;

	if (list_empty(&stream->takers))
		return stream->log.tail;
	list_for_each_entry(taker, &stream->takers, by_stream)
		slowest = min(slowest, taker->done);
	return slowest;
}

/* The offset in the blob of what stands at a chunk's boundary @pos of the log. */
static u64 stream_offset_at(const struct kchat_stream *stream, u64 pos)
{
	const struct kchat_seg *seg;
	__le64 seq;

	list_for_each_entry(seg, &stream->log.segs, node) {
		if (seg->start < pos)
			continue;
		kchat_seg_read(seg, offsetof(struct kchat_hdr, seq), &seq, sizeof(seq));
		return le64_to_cpu(seq);
	}
	return stream->received;
}

/* Under stream->lock. True: the sender is to be told. */
static bool stream_grant(struct kchat_stream *stream)
{
	u64 window = kchat_param(stream->kn, KCHAT_P_window), limit;

	if (kchat_stream_is_video(stream))
		limit = stream->received + window; /* takers do not hold it up: they jump */
	else
		limit = stream_offset_at(stream, stream_slowest(stream)) + window;
	stream->limit = max(stream->limit, limit);
	return stream->limit - stream->said >= window / 4;
}

void kchat_stream_moved(struct kchat_stream *stream)
{
	struct kchat_ctl *ctl;
	bool tell;
	u64 limit;
	u32 takers;

	spin_lock(&stream->lock);
	/* What is read stays while there is room for it, for those who come later. */
	kchat_log_drop(&stream->log, stream_slowest(stream),
		       kchat_param(stream->kn, KCHAT_P_window));
	tell = stream_grant(stream) || stream->takers_changed;
	stream->takers_changed = false;
	limit = stream->limit;
	takers = stream->nr_takers;
	if (tell)
		stream->said = limit;
	tell = tell && stream->error == KCHAT_E_NONE && !stream->ended;
	spin_unlock(&stream->lock);

	if (!tell)
		return;
	ctl = stream_credit_frame(stream, limit, takers);
	if (stream_tell(stream, ctl))
		return;
	/* Too much waits for the sender already: said again with the next move, or tick. */
	spin_lock(&stream->lock);
	stream->takers_changed = true;
	spin_unlock(&stream->lock);
}

/* ---- the end of what a stream needs ------------------------------------ */

enum kchat_error kchat_stream_audience(struct kchat_stream *stream)
{
	struct kchat_room *room = stream->room;
	const struct kchat_person *self, *only;
	enum kchat_error error = KCHAT_E_NONE;

	spin_lock(&room->lock);
	self = kchat_room_person(room, stream->session->account->number);
	only = stream->to ? kchat_room_person(room, stream->to) : NULL;
	if (!self || !kchat_room_others(room, self))
		error = kchat_room_empty_error(room);
	else if (stream->to && !(only && only->nr_live))
		error = KCHAT_E_OFFLINE;
	spin_unlock(&room->lock);
	return error;
}

/* Whose streams, and where: a session in a room or in any (NULL), or an account in a room. */
struct sender {
	const struct kchat_session *session;
	const struct kchat_room *room;
	u64 account;
};

static bool sent_by(const struct kchat_stream *stream, const struct sender *sender)
{
	if (sender->room && stream->room != sender->room)
		return false;
	if (sender->session)
		return stream->session == sender->session;
	return stream->session->account->number == sender->account;
}

/* The next stream of a sender; with a reference. */
static struct kchat_stream *stream_of_sender(struct kchat_net *kn, const struct sender *sender)
{
	struct kchat_stream *stream, *found = NULL;

	if (!atomic_read(&kn->nr_streams))
		return NULL;
	spin_lock(&kn->streams_lock);
	list_for_each_entry(stream, &kn->streams, link) {
		if (!sent_by(stream, sender) || READ_ONCE(stream->ended))
			continue;
		refcount_inc(&stream->refs);
		found = stream;
		break;
	}
	spin_unlock(&kn->streams_lock);
	return found;
}

static void streams_end(struct kchat_net *kn, const struct sender *sender)
{
	struct kchat_stream *stream;

	while ((stream = stream_of_sender(kn, sender))) {
		kchat_stream_fail(stream, KCHAT_E_STREAM_GONE);
		kchat_stream_put(stream);
	}
}

void kchat_streams_gone(struct kchat_session *session, const struct kchat_room *room)
{
	const struct sender sender = { .session = session, .room = room };

	streams_end(session->kn, &sender);
}

void kchat_streams_silence(struct kchat_room *room, u64 account)
{
	const struct sender sender = { .room = room, .account = account };

	streams_end(room->kn, &sender);
}

void kchat_streams_leave(struct kchat_conn *conn)
{
	struct kchat_session *session = conn->session;

	/* One that has been replaced does not speak for the session any more. */
	if (session && READ_ONCE(session->main) == conn)
		kchat_streams_gone(session, NULL);
	kchat_takers_free(conn, NULL);
}

void kchat_streams_part(struct kchat_conn *conn, const struct kchat_room *room)
{
	kchat_streams_gone(conn->session, room);
	kchat_takers_free(conn, room);
}

/* Under stream->lock: those who have read too little in a while are dropped by their workers. */
static bool stream_find_slow(struct kchat_stream *stream)
{
	u64 floor = kchat_param(stream->kn, KCHAT_P_stream_floor);
	struct kchat_taker *taker;
	bool found = false;

	list_for_each_entry(taker, &stream->takers, by_stream) {
		u64 got = taker->done - taker->mark_pos;

		if (taker->done == stream->log.head) {
			/* It has all there is. */
			taker->mark = jiffies;
			taker->mark_pos = taker->done;
		}
		if (time_before(jiffies, taker->mark + KCHAT_RATE_SECONDS * HZ))
			continue;
		if (got < floor * KCHAT_RATE_SECONDS) {
			taker->slow = true;
			found = true;
		}
		taker->mark = jiffies;
		taker->mark_pos = taker->done;
	}
	return found;
}

static void stream_tick(struct kchat_stream *stream)
{
	enum kchat_error error = KCHAT_E_NONE;
	bool over;

	if (!READ_ONCE(stream->ended))
		error = kchat_stream_audience(stream);
	spin_lock(&stream->lock);
	if (stream->ended && time_after(jiffies, stream->progress +
					kchat_param_jiffies(stream->kn, KCHAT_P_stream_linger_ms)))
		stream->closed = true;
	/* Those who still read it are seen to until they have it all, or are too slow. */
	over = stream->closed && !stream->nr_takers;
	if (!stream->ended &&
	    time_after(jiffies, stream->progress +
				kchat_param_jiffies(stream->kn, KCHAT_P_stream_idle_ms)))
		error = KCHAT_E_CANCELLED;
	if ((!kchat_stream_is_video(stream) || stream->ended) && stream_find_slow(stream))
		kchat_stream_mark(stream);
	spin_unlock(&stream->lock);
	if (error != KCHAT_E_NONE)
		kchat_stream_fail(stream, error);
	else if (over)
		kchat_stream_unlist(stream);
	else if (READ_ONCE(stream->takers_changed))
		kchat_stream_moved(stream);
}

/* The stream after @last on the list, with a reference; that of @last is dropped. */
static struct kchat_stream *stream_walk(struct kchat_net *kn, struct kchat_stream *last)
{
	struct kchat_stream *next = NULL;

	spin_lock(&kn->streams_lock);
	if (!last)
		next = list_first_entry_or_null(&kn->streams, struct kchat_stream, link);
	else if (last->listed && !list_is_last(&last->link, &kn->streams))
		next = list_next_entry(last, link);
	if (next)
		refcount_inc(&next->refs);
	spin_unlock(&kn->streams_lock);
	if (last)
		kchat_stream_put(last);
	return next;
}

void kchat_streams_tick(struct kchat_net *kn)
{
	struct kchat_stream *stream = NULL, *next;

	/* One that has been taken off the list ends the walk: the rest has the next tick. */
	for (next = stream_walk(kn, NULL); next; next = stream_walk(kn, stream)) {
		stream = next;
		stream_tick(stream);
	}
}

void kchat_streams_stop(struct kchat_net *kn)
{
	struct kchat_stream *stream;

	while ((stream = stream_walk(kn, NULL))) {
		kchat_stream_fail(stream, KCHAT_E_SHUTDOWN);
		kchat_stream_unlist(stream);
		kchat_stream_put(stream);
	}
}
