// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection receives. Bytes come into the worker's scratch, whole frames
 * are handled there, and only what is left over is kept with the connection:
 * part of a frame whose header has been found good, so that its length is bounded.
 * Data of streams and long talk go straight into the pages that are sent on.
 */
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "alloc.h"
#include "compat.h"
#include "conn.h"
#include "proxy.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "stream.h"
#include "worker.h"

/* With so much waiting for a peer that does not read, its input is not read either. */
#define KCHAT_STOP_INPUT(conn)	(kchat_param((conn)->kn, KCHAT_P_control_bytes) / 4)

/* ---- the socket -------------------------------------------------------- */

/* Bytes received, or 0: nothing now, or never again (KCHAT_CONN_BROKEN). */
static u32 input_result(struct kchat_conn *conn, int got)
{
	if (got == -EAGAIN || got == -EINTR || got == -ERESTARTSYS)
		return 0;
	if (got <= 0) {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
		return 0;
	}
	kchat_stat_add(conn->kn, KCHAT_C_BYTES_IN, got);
	WRITE_ONCE(conn->bytes_in, conn->bytes_in + got);
	conn->heard = jiffies;
	return got;
}

static u32 input(struct kchat_conn *conn, void *buf, u32 len)
{
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

	return input_result(conn, kernel_recvmsg(conn->sock, &msg, &vec, 1, len, msg.msg_flags));
}

static u32 input_pages(struct kchat_conn *conn, struct kchat_seg *seg, u32 off, u32 len)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct bio_vec vecs[KCHAT_SEG_PAGES];
	u32 count = kchat_seg_vecs(seg, off, len, vecs);

	iov_iter_bvec(&msg.msg_iter, ITER_DEST, vecs, count, len);
	return input_result(conn, sock_recvmsg(conn->sock, &msg, msg.msg_flags));
}

/* The peer has ended its side: the next read says so, and no event will any more. */
static bool input_ended(const struct kchat_conn *conn)
{
	const struct sock *sk = conn->sock->sk;

	return READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN || READ_ONCE(sk->sk_err);
}

/* ---- the header of a proxy ---------------------------------------------- */

/*
 * It is looked at where it is until it is whole, so that nothing has to be kept
 * and not a byte of the frames behind it is taken.
 */
static void proxy_take(struct kchat_conn *conn)
{
	struct kvec vec = { .iov_base = conn->worker->scratch, .iov_len = KCHAT_PROXY_MAX };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_PEEK };
	bool ended = input_ended(conn);
	struct kchat_proxy proxy;
	u32 need;
	int got;

	got = kernel_recvmsg(conn->sock, &msg, &vec, 1, vec.iov_len, msg.msg_flags);
	if (got <= 0) {
		input_result(conn, got);
		return;
	}
	need = kchat_proxy_parse(conn->worker->scratch, got, &proxy);
	if (!need) {
		kchat_conn_close(conn, KCHAT_E_BAD_FRAME, 0, NULL);
	} else if (need <= got) {
		input(conn, conn->worker->scratch, need);
		kchat_conn_proxied(conn, &proxy);
	} else if (ended) {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
	}
}

/* ---- frames ------------------------------------------------------------ */

static bool input_stops(struct kchat_conn *conn)
{
	if (conn->phase != KCHAT_PHASE_LIVE || test_bit(KCHAT_CONN_BROKEN, &conn->flags))
		return true;
	if (conn->ctl_bytes > KCHAT_STOP_INPUT(conn))
		conn->stopped = true;
	return conn->stopped;
}

/* A sign of life from somebody whom the others believe to be gone. */
static void frame_heard(struct kchat_conn *conn)
{
	kchat_stat_inc(conn->kn, KCHAT_C_FRAMES_IN);
	if (likely(!conn->silent))
		return;
	conn->silent = false;
	kchat_session_silence(conn, false);
}

/* ---- frames that are received into pages ------------------------------- */

/* Counted at the module's cap while it is being received, and then by a log. */
static struct kchat_seg *body_take(struct kchat_conn *conn)
{
	struct kchat_seg *seg = conn->body_seg;

	conn->body_seg = NULL;
	if (seg)
		atomic64_sub(kchat_seg_cost(seg), &kchat_graves.bytes);
	return seg;
}

static void body_done(struct kchat_conn *conn)
{
	struct kchat_seg *seg = body_take(conn);
	struct kchat_hdr hdr;

	kchat_seg_read(seg, 0, &hdr, sizeof(hdr));
	frame_heard(conn);
	if (le16_to_cpu(hdr.type) == KCHAT_T_STREAM_CHUNK)
		kchat_stream_chunk(conn, seg);
	else
		kchat_dispatch_long(conn, seg);
}

/* Takes over @seg, for a frame of @total bytes of which @have are here. */
static void body_begin(struct kchat_conn *conn, struct kchat_seg *seg, const u8 *data, u32 have,
		       u32 total)
{
	kchat_seg_write(seg, 0, data, have);
	seg->used = total;
	conn->body_seg = seg;
	conn->body_have = have;
	atomic64_add(kchat_seg_cost(seg), &kchat_graves.bytes);
	if (have == total)
		body_done(conn);
}

/*
 * A chunk, of which @have bytes are here. Refused before anything is allocated if
 * it belongs to no stream of this connection.
 */
static bool chunk_begin(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *data,
			u32 have, u32 total)
{
	enum kchat_error error = kchat_stream_expect(conn, hdr);
	struct kchat_seg *seg = NULL;

	if (error == KCHAT_E_NONE) {
		seg = kchat_seg_alloc(total, 0, GFP_KERNEL);
		if (!seg)
			error = KCHAT_E_BUSY;
	}
	if (error != KCHAT_E_NONE) {
		kchat_conn_reply_error(conn, hdr, error, 0);
		return false;
	}
	body_begin(conn, seg, data, have, total);
	return true;
}

/* Long talk, of which @have bytes are here; it is looked at when it is whole. */
static bool talk_begin(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *data,
		       u32 have, u32 total)
{
	struct kchat_seg *seg = kchat_spare_take(&conn->worker->spare, GFP_KERNEL);

	if (!seg) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_BUSY, KCHAT_BUSY_MS);
		return false;
	}
	body_begin(conn, seg, data, have, total);
	return true;
}

/* The frame that begins at @data: how many bytes of it are done with; 0: more are needed. */
static u32 frame_take(struct kchat_conn *conn, const u8 *data, u32 len)
{
	struct kchat_verdict verdict;
	struct kchat_hdr hdr;
	bool chunk, talk;
	u32 total, have;

	memcpy(&hdr, data, sizeof(hdr));
	kchat_frame_check(&hdr, conn->state, &verdict);
	if (verdict.fatal) {
		const struct kchat_head head = { .room = le32_to_cpu(hdr.room), .id = hdr.id };

		kchat_conn_close(conn, verdict.error, le16_to_cpu(hdr.type), &head);
		return len;
	}
	total = KCHAT_HDR_LEN + verdict.body_len;
	have = min(len, total);
	if (verdict.error != KCHAT_E_NONE || !verdict.rule) {
		frame_heard(conn);
		if (verdict.error != KCHAT_E_NONE)
			kchat_conn_reply_error(conn, &hdr, verdict.error, 0);
		conn->skip = total - have;
		return have;
	}
	chunk = verdict.rule->type == KCHAT_T_STREAM_CHUNK;
	talk = verdict.rule->kind & KCHAT_RULE_LASTING && total > KCHAT_SPARE_WHOLE;
	conn->direct = chunk ? KCHAT_DIRECT_CHUNK : talk ? KCHAT_DIRECT_TALK : KCHAT_DIRECT_NOT;
	if (chunk || (talk && have < total)) {
		if (!(chunk ? chunk_begin : talk_begin)(conn, &hdr, data, have, total))
			conn->skip = total - have;
		return have;
	}
	if (have < total)
		return 0;
	frame_heard(conn);
	kchat_dispatch(conn, verdict.rule, &hdr, data + KCHAT_HDR_LEN, verdict.body_len);
	return total;
}

/* Handles frames until they end or must wait; how many bytes are done with. */
static u32 frames_take(struct kchat_conn *conn, const u8 *data, u32 len)
{
	u32 off = 0;

	while (len - off >= KCHAT_HDR_LEN && !input_stops(conn)) {
		u32 done = frame_take(conn, data + off, len - off);

		if (!done)
			break;
		off += done;
	}
	return off;
}

/* ---- what is left over ------------------------------------------------- */

/* The size of a buffer for what begins at @data: a header, a frame, or what waits. */
static u32 hold_size(const struct kchat_conn *conn, const u8 *data, u32 len)
{
	__le32 length;

	if (conn->stopped)
		return len;
	if (len < KCHAT_HDR_LEN)
		return KCHAT_HDR_LEN;
	memcpy(&length, data, sizeof(length));
	return le32_to_cpu(length) + sizeof(length);
}

static void hold_keep(struct kchat_conn *conn, const u8 *data, u32 len)
{
	u32 size;

	/*
	 * Of a broken connection frames may be left that nobody has looked at, and
	 * more than one of them; the bit never goes away again.
	 */
	if (!len || conn->phase != KCHAT_PHASE_LIVE ||
	    test_bit(KCHAT_CONN_BROKEN, &conn->flags))
		return;
	size = hold_size(conn, data, len);
	conn->hold = kchat_alloc(kvmalloc(size, GFP_KERNEL));
	if (!conn->hold) {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
		return;
	}
	atomic64_add(size, &kchat_graves.bytes);
	memcpy(conn->hold, data, len);
	conn->hold_len = len;
	conn->hold_size = size;
}

static void hold_free(u8 *hold, u32 size)
{
	if (!hold)
		return;
	atomic64_sub(size, &kchat_graves.bytes);
	kvfree(hold);
}

/* The buffer is full: it holds a header, a frame, or frames that had to wait. */
static void hold_take(struct kchat_conn *conn)
{
	u8 *hold = conn->hold;
	u32 len = conn->hold_len, size = conn->hold_size, done;

	conn->hold = NULL;
	done = frames_take(conn, hold, len);
	hold_keep(conn, hold + done, len - done);
	hold_free(hold, size);
}

void kchat_conn_receive_free(struct kchat_conn *conn)
{
	struct kchat_seg *seg;

	hold_free(conn->hold, conn->hold_size);
	conn->hold = NULL;
	seg = body_take(conn);
	if (seg)
		kchat_seg_put(seg);
}

/* ---- a turn ------------------------------------------------------------ */

/* One read to where the next bytes belong. Gives what came; *wanted: what could have. */
static u32 receive_once(struct kchat_conn *conn, u32 *wanted)
{
	u8 *scratch = conn->worker->scratch;
	u32 got, done;

	if (conn->skip) {
		*wanted = min_t(u32, conn->skip, KCHAT_SCRATCH);
		got = input(conn, scratch, *wanted);
		conn->skip -= got;
	} else if (conn->body_seg) {
		*wanted = conn->body_seg->used - conn->body_have;
		got = input_pages(conn, conn->body_seg, conn->body_have, *wanted);
		conn->body_have += got;
		if (conn->body_have == conn->body_seg->used)
			body_done(conn);
	} else if (conn->hold) {
		*wanted = conn->hold_size - conn->hold_len;
		got = input(conn, conn->hold + conn->hold_len, *wanted);
		conn->hold_len += got;
		if (conn->hold_len == conn->hold_size)
			hold_take(conn);
	} else {
		*wanted = conn->direct ? KCHAT_HDR_LEN : KCHAT_SCRATCH;
		got = input(conn, scratch, *wanted);
		done = frames_take(conn, scratch, got);
		hold_keep(conn, scratch + done, got - done);
	}
	return got;
}

/* Closing: what still comes is of no interest, but its end is. */
static void receive_discard(struct kchat_conn *conn)
{
	u32 budget = 4;

	while (budget-- && input(conn, conn->worker->scratch, KCHAT_SCRATCH))
		;
	if (test_bit(KCHAT_CONN_BROKEN, &conn->flags))
		return;
	set_bit(KCHAT_CONN_READABLE, &conn->flags);
}

void kchat_conn_receive(struct kchat_conn *conn)
{
	u32 budget = KCHAT_WALK_BYTES, wanted, got, used;

	if (conn->phase == KCHAT_PHASE_CLOSING) {
		receive_discard(conn);
		return;
	}
	if (conn->stopped) {
		/* Until the answers are read; send.c says when. */
		if (conn->ctl_bytes > KCHAT_STOP_INPUT(conn) / 2) {
			set_bit(KCHAT_CONN_READABLE, &conn->flags);
			return;
		}
		conn->stopped = false;
		if (conn->hold)
			hold_take(conn);
	}
	if (unlikely(conn->proxy)) {
		proxy_take(conn);
		if (conn->proxy && conn->phase == KCHAT_PHASE_LIVE)
			return; /* the rest is an event's to bring */
	}
	while (!input_stops(conn)) {
		got = receive_once(conn, &wanted);
		/* What was held back in the middle of it is no event's to bring. */
		if (got < wanted && !conn->stopped && !input_ended(conn))
			return;
		/* Media have half a turn: others' words wait behind it. */
		used = conn->direct == KCHAT_DIRECT_CHUNK ? 2 * got : got;
		if (used >= budget)
			break;
		budget -= used;
	}
	/* There may be more: after the others' turn, or when the answers are read. */
	set_bit(KCHAT_CONN_READABLE, &conn->flags);
	if (!conn->stopped)
		kchat_conn_kick(conn);
}
