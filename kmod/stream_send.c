// SPDX-License-Identifier: GPL-2.0-only
/* Media streams, the sender's side: begin, chunks, end. */
#include <linux/random.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "stream.h"

/* ---- begin ------------------------------------------------------------- */

static struct kchat_stream *stream_alloc(struct kchat_conn *conn, struct kchat_room *room,
					 const struct kchat_hdr *hdr, const u8 *body, u32 len,
					 const struct kchat_stream_begin *begin)
{
	struct kchat_net *kn = conn->kn;
	struct kchat_stream *stream;
	unsigned int i;

	stream = kchat_alloc(kzalloc(struct_size(stream, slots, kchat_workers()), GFP_KERNEL));
	if (!stream)
		return NULL;
	stream->begin_len = KCHAT_HDR_LEN + len;
	stream->begin = kchat_alloc(kmalloc(stream->begin_len, GFP_KERNEL));
	if (!stream->begin) {
		kfree(stream);
		return NULL;
	}
	memcpy(stream->begin, hdr, KCHAT_HDR_LEN);
	memcpy(stream->begin + KCHAT_HDR_LEN, body, len);
	kchat_log_init(&stream->log, &kchat_graves, &kn->nr_log_bytes, 0, get_random_u64());
	refcount_set(&stream->refs, 1);
	stream->kn = kn;
	memcpy(stream->id, hdr->id, sizeof(stream->id));
	stream->room = kchat_room_hold(room);
	stream->session = kchat_session_hold(conn->session);
	stream->to = begin->to;
	stream->size = begin->size;
	stream->kind = begin->kind;
	stream->memory = KCHAT_STREAM_WINDOWS * kchat_param(kn, KCHAT_P_window);
	spin_lock_init(&stream->lock);
	INIT_LIST_HEAD(&stream->takers);
	stream->received = begin->offset;
	stream->progress = jiffies;
	for (i = 0; i < kchat_workers(); i++) {
		INIT_HLIST_HEAD(&stream->slots[i].cursors);
		stream->slots[i].owner = stream;
		stream->slots[i].walk = kchat_takers_walk;
	}
	atomic_inc(&kn->nr_streams);
	return stream;
}

/* On the list, unless its sender has too many, or the id is in use. */
static enum kchat_error stream_list(struct kchat_stream *stream)
{
	u64 limit = kchat_param(stream->kn, KCHAT_P_streams_per_person);
	enum kchat_error error = KCHAT_E_NONE;
	const struct kchat_stream *other;
	u64 own = 0;

	spin_lock(&stream->kn->streams_lock);
	list_for_each_entry(other, &stream->kn->streams, link) {
		if (!memcmp(other->id, stream->id, sizeof(stream->id)))
			error = KCHAT_E_STREAM;
		if (other->session->account == stream->session->account &&
		    !READ_ONCE(other->ended))
			own++;
	}
	if (own >= limit ||
	    atomic_read(&stream->kn->nr_streams) > kchat_param(stream->kn, KCHAT_P_streams))
		error = KCHAT_E_STREAMS;
	if (error == KCHAT_E_NONE) {
		list_add_tail(&stream->link, &stream->kn->streams);
		stream->listed = true;
		refcount_inc(&stream->refs);
	}
	spin_unlock(&stream->kn->streams_lock);
	if (error == KCHAT_E_STREAMS)
		kchat_event_limit(stream->kn, own >= limit ? KCHAT_P_streams_per_person :
							     KCHAT_P_streams);
	return error;
}

/* Under room->lock. To whom it goes is who is there at this moment. */
static enum kchat_error stream_announce(struct kchat_member *member, struct kchat_stream *stream,
					u32 *wait_ms)
{
	enum kchat_error error;
	struct kchat_room *room = member->room;
	const struct kchat_person *self, *person;
	struct kchat_hdr *hdr = (struct kchat_hdr *)stream->begin;

	if (!member->seat)
		return KCHAT_E_NOT_IN_ROOM;
	self = member->seat->person;
	error = kchat_room_may_say(room, self, kchat_frame_rule(KCHAT_T_STREAM_BEGIN), wait_ms);
	if (error != KCHAT_E_NONE)
		return error;
	if (!kchat_room_others(room, self))
		return kchat_room_empty_error(room);
	hdr->epoch = cpu_to_le64(room->epoch);
	hdr->seq = cpu_to_le64(room->log.seq);
	hdr->time = cpu_to_le64(room->time);
	hdr->sender = cpu_to_le64(self->account->number);
	stream->time = room->time;
	if (stream->to) {
		person = kchat_room_person(room, stream->to);
		stream->announced = person && kchat_room_post(person, member->seat, stream->begin,
							      stream->begin_len);
		return stream->announced ? KCHAT_E_NONE : KCHAT_E_OFFLINE;
	}
	for (person = kchat_person_first(room); person; person = kchat_person_next(person))
		kchat_room_post(person, member->seat, stream->begin, stream->begin_len);
	stream->announced = true;
	return KCHAT_E_NONE;
}

void kchat_stream_begin(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *body,
			u32 len)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(hdr->room));
	struct kchat_stream_begin begin;
	struct kchat_stream *stream;
	enum kchat_error error;
	u32 wait_ms = 0;

	error = kchat_frame_parse_stream_begin(body, len, &begin);
	if (error == KCHAT_E_NONE && !member)
		error = KCHAT_E_NOT_IN_ROOM;
	if (error != KCHAT_E_NONE)
		goto refused;
	stream = stream_alloc(conn, member->room, hdr, body, len, &begin);
	error = KCHAT_E_BUSY;
	if (!stream)
		goto refused;
	error = stream_list(stream);
	if (error == KCHAT_E_NONE) {
		spin_lock(&member->room->lock);
		error = stream_announce(member, stream, &wait_ms);
		spin_unlock(&member->room->lock);
		if (error != KCHAT_E_NONE)
			kchat_stream_unlist(stream);
		else
			kchat_stream_moved(stream); /* the first credit */
	}
	kchat_stream_put(stream);
	if (error == KCHAT_E_NONE)
		return;
refused:
	if (error == KCHAT_E_ALONE)
		kchat_stat_inc(conn->kn, KCHAT_C_ALONE);
	kchat_conn_reply_error(conn, hdr, error, wait_ms);
}

/* ---- chunks ------------------------------------------------------------ */

/* The stream of this id, if it is this session's to send; with a reference. */
static struct kchat_stream *stream_of(struct kchat_conn *conn, const u8 *id)
{
	struct kchat_stream *stream = kchat_stream_get(conn->kn, id);

	if (!stream)
		return NULL;
	if (stream->session == conn->session && !READ_ONCE(stream->ended))
		return stream;
	kchat_stream_put(stream);
	return NULL;
}

enum kchat_error kchat_stream_expect(struct kchat_conn *conn, const struct kchat_hdr *hdr)
{
	struct kchat_stream *stream = stream_of(conn, hdr->id);

	if (!stream)
		return KCHAT_E_STREAM;
	kchat_stream_put(stream);
	return KCHAT_E_NONE;
}

/* Under stream->lock: the frame that fills @seg; takes over the reference. */
static void stream_put_frame(struct kchat_stream *stream, struct kchat_seg *seg,
			     const struct kchat_hdr *from)
{
	struct kchat_hdr hdr = *from;

	hdr.room = cpu_to_le32(stream->room->number);
	hdr.epoch = cpu_to_le64(stream->room->epoch);
	hdr.seq = cpu_to_le64(stream->received);
	stream->time = max_t(u64, stream->time, ktime_to_us(ktime_get_real()));
	hdr.time = cpu_to_le64(stream->time);
	hdr.sender = cpu_to_le64(stream->session->account->number);
	kchat_seg_write(seg, 0, &hdr, sizeof(hdr));
	if (le16_to_cpu(hdr.flags) & KCHAT_F_KEYFRAME) {
		stream->key_pos = stream->log.head;
		stream->has_key = true;
	}
	kchat_log_append_seg(&stream->log, seg);
	stream->progress = jiffies;
	if (kchat_stream_is_video(stream))
		kchat_log_trim(&stream->log, kchat_param(stream->kn, KCHAT_P_window), NULL);
	kchat_stream_mark(stream);
}

/* Under stream->lock. Takes over @seg only on KCHAT_E_NONE. */
static enum kchat_error stream_append(struct kchat_stream *stream, struct kchat_seg *seg,
				      const struct kchat_hdr *hdr)
{
	u64 size = min_t(u64, stream->size, KCHAT_SIZE_MAX);
	u32 len = seg->used - KCHAT_HDR_LEN;

	if (stream->error != KCHAT_E_NONE || stream->ended)
		return KCHAT_E_STREAM;
	if (len > size - stream->received)
		return KCHAT_E_STREAM_SIZE;
	if (stream->received + len > stream->limit)
		return KCHAT_E_STREAM_CREDIT;
	/* Chunks of a few bytes take a page each: credit alone does not bound what they hold. */
	if (!kchat_stream_is_video(stream) &&
	    stream->log.bytes + kchat_seg_cost(seg) > stream->memory)
		return KCHAT_E_STREAM_CREDIT;
	stream_put_frame(stream, seg, hdr);
	stream->received += len;
	return KCHAT_E_NONE;
}

void kchat_stream_chunk(struct kchat_conn *conn, struct kchat_seg *seg)
{
	struct kchat_stream *stream;
	enum kchat_error error;
	struct kchat_hdr hdr;

	kchat_seg_read(seg, 0, &hdr, sizeof(hdr));
	stream = stream_of(conn, hdr.id);
	if (!stream || le32_to_cpu(hdr.room) != stream->room->number) {
		kchat_conn_reply_error(conn, &hdr, KCHAT_E_STREAM, 0);
		goto out;
	}
	kchat_stat_add(conn->kn, KCHAT_C_STREAM_BYTES, seg->used - KCHAT_HDR_LEN);
	error = kchat_stream_audience(stream);
	if (error == KCHAT_E_NONE && !kchat_net_memory(conn->kn, kchat_seg_cost(seg)))
		error = KCHAT_E_BUSY;
	if (error == KCHAT_E_NONE) {
		spin_lock(&stream->lock);
		error = stream_append(stream, seg, &hdr);
		spin_unlock(&stream->lock);
		if (error == KCHAT_E_NONE)
			seg = NULL;
	}
	if (error != KCHAT_E_NONE)
		kchat_stream_fail(stream, error);
	else if (kchat_stream_is_video(stream))
		kchat_stream_moved(stream);
out:
	if (seg)
		kchat_seg_put(seg);
	if (stream)
		kchat_stream_put(stream);
}

/* ---- end --------------------------------------------------------------- */

static enum kchat_error stream_finish(struct kchat_stream *stream, struct kchat_seg *seg,
				      const struct kchat_hdr *hdr, u64 size)
{
	enum kchat_error error = KCHAT_E_NONE;

	spin_lock(&stream->lock);
	if (stream->error != KCHAT_E_NONE || stream->ended)
		error = KCHAT_E_STREAM;
	else if (size != stream->received ||
		 (stream->size != KCHAT_SIZE_UNKNOWN && size != stream->size))
		error = KCHAT_E_STREAM_SIZE;
	if (error == KCHAT_E_NONE) {
		/* It is no chunk: it takes no credit and adds nothing to the blob. */
		stream_put_frame(stream, seg, hdr);
		WRITE_ONCE(stream->ended, true);
	}
	spin_unlock(&stream->lock);
	return error;
}

void kchat_stream_end(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *body,
		      u32 len)
{
	struct kchat_stream *stream = stream_of(conn, hdr->id);
	struct kchat_stream_end end;
	enum kchat_error error;
	struct kchat_seg *seg;

	error = kchat_frame_parse_stream_end(body, len, &end);
	if (error == KCHAT_E_NONE && !stream)
		error = KCHAT_E_STREAM;
	if (error != KCHAT_E_NONE) {
		kchat_conn_reply_error(conn, hdr, error, 0);
		goto out;
	}
	seg = kchat_seg_alloc(KCHAT_HDR_LEN + len, 0, GFP_KERNEL);
	if (!seg) {
		kchat_stream_fail(stream, KCHAT_E_BUSY);
		goto out;
	}
	kchat_seg_write(seg, KCHAT_HDR_LEN, body, len);
	seg->used = KCHAT_HDR_LEN + len;
	error = kchat_stream_audience(stream);
	if (error == KCHAT_E_NONE)
		error = stream_finish(stream, seg, hdr, end.size);
	if (error != KCHAT_E_NONE) {
		kchat_seg_put(seg);
		kchat_stream_fail(stream, error);
	}
out:
	if (stream)
		kchat_stream_put(stream);
}

bool kchat_stream_cancel(struct kchat_conn *conn, const struct kchat_hdr *hdr)
{
	struct kchat_stream *stream = stream_of(conn, hdr->id);

	if (!stream)
		return kchat_taker_cancel(conn, hdr);
	kchat_stream_fail(stream, KCHAT_E_CANCELLED);
	kchat_stream_put(stream);
	return true;
}
