// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection sends. At most one frame is in progress, and nothing else
 * is written before it ends; then control frames, then rooms in turn, and
 * streams when nothing else waits.
 */
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "conn.h"
#include "server.h"
#include "stats.h"
#include "worker.h"

#define KCHAT_SEND_BUDGET	(256 * 1024)
#define KCHAT_CTL_VECS		16
#define KCHAT_BURST		32	/* deliveries in a row with softirqs off */

/* ---- the socket -------------------------------------------------------- */

/* Bytes sent. 0: the socket is full (blocked), or of no use (KCHAT_CONN_BROKEN). */
static u32 output_result(struct kchat_conn *conn, int sent)
{
	if (sent > 0) {
		kchat_stat_add(conn->kn, KCHAT_C_BYTES_OUT, sent);
		WRITE_ONCE(conn->bytes_out, conn->bytes_out + sent);
		conn->stalled = jiffies;
		return sent;
	}
	if (sent == -EAGAIN) {
		if (!conn->blocked) {
			conn->stalled = jiffies;
			kchat_worker_soon(conn);
		}
		conn->blocked = true;
	} else {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
	}
	return 0;
}

/*
 * By page reference. The pages are never written again below the log's head, so
 * that it does not matter that the socket holds them until they are acknowledged.
 */
static u32 output_pages(struct kchat_conn *conn, const struct bio_vec *vecs, u32 count, u32 len)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | KCHAT_MSG_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, vecs, count, len);
	return output_result(conn, sock_sendmsg(conn->sock, &msg));
}

/* ---- the frame in progress --------------------------------------------- */

static void frame_finished(struct kchat_conn *conn)
{
	struct kchat_cursor *cursor = conn->seg_cursor;

	kchat_seg_put(conn->seg);
	conn->seg = NULL;
	conn->seg_cursor = NULL;
	kchat_stat_inc(conn->kn, KCHAT_C_FRAMES_OUT);
	if (cursor && cursor->ops->moved)
		cursor->ops->moved(cursor);
}

static u32 send_frame(struct kchat_conn *conn)
{
	u32 len = conn->seg_end - conn->seg_off, count, sent;
	struct bio_vec vecs[KCHAT_SEG_PAGES];

	count = kchat_seg_vecs(conn->seg, conn->seg_off - conn->seg->start, len, vecs);
	sent = output_pages(conn, vecs, count, len);
	conn->seg_off += sent;
	if (conn->seg_cursor)
		WRITE_ONCE(conn->seg_cursor->pos, conn->seg_off);
	if (conn->seg_off == conn->seg_end)
		frame_finished(conn);
	return sent;
}

/* ---- control frames ---------------------------------------------------- */

static void ctl_sent(struct kchat_conn *conn, u32 sent)
{
	struct kchat_ctl *ctl;

	conn->ctl_bytes -= sent;
	conn->ctl_off += sent;
	while (!list_empty(&conn->ctl)) {
		ctl = list_first_entry(&conn->ctl, struct kchat_ctl, node);
		if (conn->ctl_off < ctl->len)
			return;
		conn->ctl_off -= ctl->len;
		conn->reoffers -= ctl->reoffer;
		list_del(&ctl->node);
		kchat_ctl_free(ctl);
		kchat_stat_inc(conn->kn, KCHAT_C_FRAMES_OUT);
	}
}

static u32 send_ctl(struct kchat_conn *conn)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	u32 count = 0, len = 0, off = conn->ctl_off, sent;
	struct kvec vecs[KCHAT_CTL_VECS];
	struct kchat_ctl *ctl;

	list_for_each_entry(ctl, &conn->ctl, node) {
		if (count == KCHAT_CTL_VECS)
			break;
		vecs[count].iov_base = ctl->data + off;
		vecs[count].iov_len = ctl->len - off;
		len += vecs[count++].iov_len;
		off = 0;
	}
	sent = output_result(conn, kernel_sendmsg(conn->sock, &msg, vecs, count, len));
	ctl_sent(conn, sent);
	return sent;
}

/* ---- logs -------------------------------------------------------------- */

/*
 * The piece of the log that @cursor lacks. Members of a room are mostly at the
 * same place, so the worker keeps the last piece: one walk under the lock serves
 * all of them. NULL: the log has gone on without this cursor.
 */
static const struct kchat_range *cursor_range(struct kchat_cursor *cursor, u64 end)
{
	struct kchat_worker *worker = cursor->conn->worker;
	struct kchat_range *range = &worker->range;
	struct kchat_seg *split;
	bool held;

	if (worker->has_range && range->key == cursor->log->key && range->start == cursor->pos &&
	    range->end <= end)
		return range;
	kchat_worker_range_drop(worker);

	/* References are taken under the lock; what they hold is sent without it. */
	spin_lock(cursor->lock);
	held = cursor->pos >= cursor->log->tail &&
	       kchat_log_range(cursor->log, cursor->pos, end, range);
	spin_unlock(cursor->lock);
	if (!held)
		return NULL;
	worker->has_range = true;
	/* Reckoned once, for all who are sent the whole of it. */
	range->nr_frames = kchat_range_frames(range, range->end, &range->seq);
	split = kchat_range_split(range, range->end, &end);
	range->whole = !split;
	if (split)
		kchat_seg_put(split);
	return range;
}

/* How many frames that has brought to their end. */
static u32 cursor_sent(struct kchat_cursor *cursor, const struct kchat_range *range, u32 sent)
{
	struct kchat_conn *conn = cursor->conn;
	u64 pos = cursor->pos + sent;
	u32 frames = range->nr_frames;

	WRITE_ONCE(cursor->pos, pos);
	if (pos == range->end)
		cursor->seq = range->seq;
	else
		frames = kchat_range_frames(range, pos, &cursor->seq);
	if (pos != range->end || !range->whole)
		conn->seg = kchat_range_split(range, pos, &conn->seg_end);
	if (conn->seg) {
		conn->seg_off = pos;
		conn->seg_cursor = cursor;
	} else if (cursor->ops->moved) {
		cursor->ops->moved(cursor);
	}
	return frames;
}

/* Gives what was sent; *more: go on, there was something to do. */
static u32 send_cursor(struct kchat_cursor *cursor, struct list_head *list, bool *more)
{
	struct kchat_conn *conn = cursor->conn;
	const struct kchat_range *range;
	u64 end, stop;
	u32 sent;

	*more = true;
	/* The head first: who sees what follows a cut sees the cut. */
	end = kchat_log_head(cursor->log);
	stop = min(cursor->stop, READ_ONCE(cursor->cut));
	if (cursor->pos >= stop) {
		/* A control frame belongs here, and goes out before the log goes on. */
		cursor->ops->stopped(cursor);
		return 0;
	}
	end = min(end, stop);
	if (cursor->pos >= end) {
		list_del_init(&cursor->pending);
		return 0;
	}
	range = cursor_range(cursor, end);
	if (!range) {
		cursor->ops->behind(cursor);
		return 0;
	}
	sent = output_pages(conn, range->vecs, range->nr_vecs, range->end - range->start);
	if (!sent) {
		*more = false;
		return 0;
	}
	/* The next room's turn. */
	list_move_tail(&cursor->pending, list);
	kchat_stat_add(conn->kn, KCHAT_C_FRAMES_OUT, cursor_sent(cursor, range, sent));
	return sent;
}

void kchat_cursor_wake(struct kchat_cursor *cursor, struct list_head *list)
{
	if (list_empty(&cursor->pending))
		list_add_tail(&cursor->pending, list);
}

void kchat_cursor_forget(struct kchat_cursor *cursor)
{
	list_del_init(&cursor->pending);
	if (cursor->conn->seg_cursor == cursor)
		cursor->conn->seg_cursor = NULL;
}

/* ---- a turn ------------------------------------------------------------ */

static u32 send_next(struct kchat_conn *conn, bool *more)
{
	struct list_head *list;
	u32 sent;

	if (conn->seg || !list_empty(&conn->ctl)) {
		sent = conn->seg ? send_frame(conn) : send_ctl(conn);
		*more = sent > 0;
		return sent;
	}
	list = list_empty(&conn->pending) ? &conn->streams : &conn->pending;
	if (list_empty(list)) {
		*more = false;
		return 0;
	}
	return send_cursor(list_first_entry(list, struct kchat_cursor, pending), list, more);
}

void kchat_conn_send(struct kchat_conn *conn)
{
	u32 budget = KCHAT_SEND_BUDGET, sent;
	bool more = true;

	if (conn->blocked || conn->shut || conn->phase == KCHAT_PHASE_DEAD)
		return;
	while (more && budget) {
		sent = send_next(conn, &more);
		budget -= min(budget, sent);
	}
	/*
	 * Three reasons for another turn: the budget, an end to be seen to, and
	 * input that waited until its answers were read.
	 */
	if (more || test_bit(KCHAT_CONN_BROKEN, &conn->flags) ||
	    (conn->stopped && list_empty(&conn->ctl)))
		kchat_conn_kick(conn);
}

/* ---- many at once -------------------------------------------------------- */

/**
 * struct burst - deliveries with softirqs off
 * @count: since they are off; 0: they are on
 * @frames: sent and not counted yet
 * @bytes: the same
 *
 * Over loopback and between machines alike what a packet sets off is done by
 * softirqs, and they do it for many at once with less than for one at a time.
 */
struct burst {
	u32 count;
	u32 frames;
	u32 bytes;
};

static void burst_end(struct burst *burst, struct kchat_net *kn)
{
	if (!burst->count)
		return;
	kchat_stat_add(kn, KCHAT_C_FRAMES_OUT, burst->frames);
	kchat_stat_add(kn, KCHAT_C_BYTES_OUT, burst->bytes);
	*burst = (struct burst){};
	local_bh_enable();
	cond_resched();
}

/*
 * With softirqs off lock_sock() is forbidden: it sleeps while somebody owns the
 * socket. But who has the spinlock of one that nobody owns may do what a softirq
 * does with it, as after lock_sock_fast(), and TCP sends in softirqs all the time.
 * It must not sleep for memory then, and waits for nothing else, being told not to.
 * The security modules are not asked: what they know is the kernel's own socket.
 *
 * Bytes sent, -EAGAIN: it has to be tried with softirqs on, or another error.
 */
static int burst_output(struct sock *sk, const struct kchat_range *range)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	u32 len = range->end - range->start;
	int sent = -EAGAIN;
	gfp_t gfp;

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, range->vecs, range->nr_vecs, len);
	kchat_msg_frags(&msg);
	bh_lock_sock(sk);
	/* A program of the administrator's may have put something between us and TCP. */
	if (!sock_owned_by_user(sk) && READ_ONCE(sk->sk_prot)->sendmsg == tcp_sendmsg) {
		gfp = sk->sk_allocation;
		sk->sk_allocation = GFP_ATOMIC | __GFP_NOWARN;
		sent = tcp_sendmsg_locked(sk, &msg, len);
		sk->sk_allocation = gfp;
	}
	bh_unlock_sock(sk);
	return sent;
}

/* Is this piece all that the connection has to send, and may it be sent now? */
static bool burst_fits(const struct kchat_conn *conn)
{
	return conn->phase == KCHAT_PHASE_LIVE && !conn->blocked && !conn->stopped && !conn->seg &&
	       list_empty(&conn->ctl) && list_empty(&conn->pending);
}

/* Sends @cursor all there is. False: it was something else, or not all. */
static bool burst_send(struct burst *burst, struct kchat_cursor *cursor)
{
	struct kchat_conn *conn = cursor->conn;
	const struct kchat_range *range;
	int sent;
	u64 end;

	/* As in send_cursor(). At a stop, even at the head, there is more to do than to send. */
	end = kchat_log_head(cursor->log);
	if (!burst_fits(conn) || cursor->pos >= end ||
	    end >= min(cursor->stop, READ_ONCE(cursor->cut)))
		return false;
	range = cursor_range(cursor, end);
	if (!range)
		return false;
	if (!burst->count++)
		local_bh_disable();
	sent = burst_output(conn->sock->sk, range);
	if (sent <= 0) {
		if (sent != -EAGAIN)
			output_result(conn, sent);
		return false;
	}
	burst->bytes += sent;
	WRITE_ONCE(conn->bytes_out, conn->bytes_out + sent);
	burst->frames += cursor_sent(cursor, range, sent);
	return cursor->pos == end;
}

void kchat_cursors_walk(struct kchat_net *kn, struct hlist_head *cursors)
{
	struct kchat_cursor *cursor;
	struct hlist_node *next;
	struct burst burst = {};

	/* Sending can end this reader, but no other one of this log. */
	hlist_for_each_entry_safe(cursor, next, cursors, node) {
		if (!burst_send(&burst, cursor)) {
			burst_end(&burst, kn);
			kchat_cursor_wake(cursor, &cursor->conn->pending);
			kchat_conn_send(cursor->conn);
		} else if (burst.count >= KCHAT_BURST) {
			burst_end(&burst, kn);
		}
	}
	burst_end(&burst, kn);
}

bool kchat_conn_sent(const struct kchat_conn *conn)
{
	return !conn->seg && list_empty(&conn->ctl) && list_empty(&conn->pending) &&
	       list_empty(&conn->streams);
}

void kchat_conn_send_free(struct kchat_conn *conn)
{
	struct kchat_ctl *ctl, *next;

	if (conn->seg)
		kchat_seg_put(conn->seg);
	conn->seg = NULL;
	list_for_each_entry_safe(ctl, next, &conn->ctl, node) {
		list_del(&ctl->node);
		kchat_ctl_free(ctl);
	}
}
