/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Media streams: one sender, those who take it, credit between them. A stream is
 * a log of chunks; a chunk's pages are received into once and sent to every taker.
 * stream_send.c is the sender's side, taker.c the takers', stream.c what both need.
 */
#ifndef _KCHAT_STREAM_H
#define _KCHAT_STREAM_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "conn.h"
#include "frame.h"
#include "log.h"
#include "worker.h"

#define KCHAT_RATE_SECONDS	10	/* over which a taker's rate is measured */
#define KCHAT_STREAM_WINDOWS	4	/* memory of the chunks of a stream, in windows */

struct kchat_net;
struct kchat_room;
struct kchat_session;

/**
 * struct kchat_stream - a stream
 * @refs: the list (until it is over), takers, dirty slots, lookups
 * @kn: its server, which waits for all streams
 * @link: in kn->streams, under kn->streams_lock
 * @listed: it is there; under kn->streams_lock
 * @id: constant
 * @room: referenced, constant
 * @session: of the sender; referenced, constant
 * @to: the only account that may take it, 0: all; constant
 * @size: of the blob, or KCHAT_SIZE_UNKNOWN; constant
 * @kind: enum kchat_stream_kind; constant
 * @memory: what its chunks may take; constant
 * @begin: its STREAM_BEGIN; the header under room->lock, constant once @announced
 * @begin_len: how long that is; constant
 * @announced: those in the room got it; under room->lock
 * @lock: protects what follows. Process context only; taken inside of no other
 *	lock, and only leaves are taken inside of it
 * @log: chunks
 * @time: of the last chunk
 * @received: offset in the blob behind the last chunk
 * @limit: what the sender may send up to; only grows
 * @said: the limit the sender was told
 * @key_pos: where in the log the newest key frame begins
 * @has_key: there was one
 * @ended: STREAM_END is in the log
 * @closed: and it can be accepted no more
 * @error: not KCHAT_E_NONE: it is cancelled
 * @takers: struct kchat_taker.by_stream
 * @takers_changed: the sender does not know how many there are
 * @nr_takers: how many
 * @progress: jiffies when somebody last sent, took or accepted something
 * @slots: one per worker
 */
struct kchat_stream {
	refcount_t refs;
	struct kchat_net *kn;
	struct list_head link;
	bool listed;
	u8 id[16];
	struct kchat_room *room;
	struct kchat_session *session;
	u64 to;
	u64 size;
	u8 kind;
	u64 memory;
	u8 *begin;
	u32 begin_len;
	bool announced;

	spinlock_t lock;
	struct kchat_log log;
	u64 time;
	u64 received;
	u64 limit;
	u64 said;
	u64 key_pos;
	bool has_key;
	bool ended;
	bool closed;
	enum kchat_error error;
	struct list_head takers;
	u32 nr_takers;
	bool takers_changed;
	unsigned long progress;
	struct kchat_slot slots[];
};

/**
 * struct kchat_taker - a connection that takes a stream
 * @cursor: where it is in the log; worker only
 * @node: in conn->takers; worker only
 * @stream: referenced, constant
 * @slot: of its worker in the stream; constant
 * @by_stream: in stream->takers, under stream->lock
 * @done: how far it has read the log; under stream->lock
 * @slow: it is to be dropped; under stream->lock
 * @mark: jiffies when its rate was last looked at; under stream->lock
 * @mark_pos: @done at that time; under stream->lock
 */
struct kchat_taker {
	struct kchat_cursor cursor;
	struct list_head node;
	struct kchat_stream *stream;
	struct kchat_slot *slot;
	struct list_head by_stream;
	u64 done;
	bool slow;
	unsigned long mark;
	u64 mark_pos;
};

/* ---- the sender: on the worker of the connection ----------------------- */

void kchat_stream_begin(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *body,
			u32 len);
/* May a chunk with this header come now? */
enum kchat_error kchat_stream_expect(struct kchat_conn *conn, const struct kchat_hdr *hdr);
/* A whole chunk, its header included; takes over the reference of @seg. */
void kchat_stream_chunk(struct kchat_conn *conn, struct kchat_seg *seg);
void kchat_stream_end(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *body,
		      u32 len);
/* The connection is at its end: its streams are, if it stands for the session, and its taking. */
void kchat_streams_leave(struct kchat_conn *conn);
/* It leaves a room. */
void kchat_streams_part(struct kchat_conn *conn, const struct kchat_room *room);

/* ---- takers: on the worker of the connection that takes ---------------- */

void kchat_taker_accept(struct kchat_conn *conn, const struct kchat_hdr *hdr, u64 offset);
/* False: this connection does not take that stream. */
bool kchat_taker_cancel(struct kchat_conn *conn, const struct kchat_hdr *hdr);
/* Who has left a room takes no more of its streams, on whichever connection. */
void kchat_takers_tick(struct kchat_conn *conn);
/* All takers of a connection, or those of one room. */
void kchat_takers_free(struct kchat_conn *conn, const struct kchat_room *room);
/* kchat_slot.walk of streams. */
void kchat_takers_walk(struct kchat_slot *slot);

/* ---- both -------------------------------------------------------------- */

/* STREAM_CANCEL from a client. False: not here, perhaps on the session's other connection. */
bool kchat_stream_cancel(struct kchat_conn *conn, const struct kchat_hdr *hdr);
struct kchat_stream *kchat_stream_get(struct kchat_net *kn, const u8 *id);
void kchat_stream_put(struct kchat_stream *stream);
/* It is over for all, with @error. No lock held. */
void kchat_stream_fail(struct kchat_stream *stream, enum kchat_error error);
/* Under stream->lock: to the workers. */
void kchat_stream_mark(struct kchat_stream *stream);
/* Nobody finds it any more; takers go on. */
void kchat_stream_unlist(struct kchat_stream *stream);
/*
 * Is there still anybody to send to? No lock held. KCHAT_E_NONE, else ALONE or MOVED,
 * or OFFLINE if the one person it is for is gone.
 */
enum kchat_error kchat_stream_audience(struct kchat_stream *stream);

static inline bool kchat_stream_is_video(const struct kchat_stream *stream)
{
	return stream->kind == KCHAT_STREAM_VIDEO;
}

/*
 * Under room->lock: adds to @frames what announces the videos that are being sent
 * there, for who joins. What there is no memory for is left out.
 */
void kchat_streams_tell(const struct kchat_room *room, const struct kchat_session *session,
			struct list_head *frames);

/* A taker has come, moved on or gone: what is read is dropped, the sender gets credit. */
void kchat_stream_moved(struct kchat_stream *stream);

/* The sender is gone: all streams of a session, or those in one room (else NULL). May sleep. */
void kchat_streams_gone(struct kchat_session *session, const struct kchat_room *room);

/* The same for all sessions that an account has in a room: it may not send there any more. */
void kchat_streams_silence(struct kchat_room *room, u64 account);
/* What time does to streams. The house work. */
void kchat_streams_tick(struct kchat_net *kn);
/* Sessions and connections are gone. */
void kchat_streams_stop(struct kchat_net *kn);

#endif /* _KCHAT_STREAM_H */
