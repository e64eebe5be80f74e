// SPDX-License-Identifier: GPL-2.0-only
/* A connection's life: from the first reference to the last. */
#include "conn.h"

#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "alloc.h"
#include "auth.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "stream.h"
#include "trace.h"
#include "worker.h"

#define KCHAT_CONN_LINE	64	/* bytes of a line of the cache, as almost all processors have */
#define KCHAT_END_NONE	U32_MAX	/* kchat_conn.end_error: nobody wants it closed */

static struct kmem_cache *conn_cache;

int kchat_conns_init(void)
{
	/* What belongs together is in one line of the cache, where pointers have 64 bits. */
	BUILD_BUG_ON(sizeof(long) == 8 &&
		     (offsetof(struct kchat_conn, sock) != KCHAT_CONN_LINE ||
		      offsetof(struct kchat_conn, bytes_out) != 2 * KCHAT_CONN_LINE));
	conn_cache = kchat_alloc(KMEM_CACHE(kchat_conn, SLAB_HWCACHE_ALIGN));
	return conn_cache ? 0 : -ENOMEM;
}

void kchat_conns_exit(void)
{
	kmem_cache_destroy(conn_cache);
}

/* ---- references -------------------------------------------------------- */

struct kchat_conn *kchat_conn_alloc(struct kchat_net *kn, struct socket *sock)
{
	struct kchat_conn *conn = kchat_alloc(kmem_cache_zalloc(conn_cache, GFP_KERNEL));

	if (!conn)
		return NULL;
	refcount_set(&conn->refs, 1); /* the worker's */
	conn->kn = kn;
	conn->sock = sock;
	conn->worker = kchat_worker_next();
	conn->end_error = KCHAT_END_NONE;
	conn->since = jiffies;
	conn->heard = jiffies;
	conn->deadline = jiffies + kchat_param_jiffies(kn, KCHAT_P_login_ms);
	init_llist_head(&conn->post);
	INIT_LIST_HEAD(&conn->stranger);
	INIT_LIST_HEAD(&conn->node);
	INIT_LIST_HEAD(&conn->ctl);
	INIT_LIST_HEAD(&conn->pending);
	INIT_LIST_HEAD(&conn->streams);
	INIT_LIST_HEAD(&conn->members);
	INIT_LIST_HEAD(&conn->takers);
	return conn;
}

void kchat_conn_discard(struct kchat_conn *conn)
{
	kmem_cache_free(conn_cache, conn);
}

void kchat_conn_put(struct kchat_conn *conn)
{
	struct kchat_net *kn = conn->kn;

	if (!refcount_dec_and_test(&conn->refs))
		return;
	spin_lock(&kn->conns_lock);
	list_del(&conn->link);
	spin_unlock(&kn->conns_lock);
	kchat_conn_drop_posts(conn);
	if (conn->session)
		kchat_session_put(conn->session);
	kmem_cache_free(conn_cache, conn);
	/* Last: a stop may be waiting for this, and kn goes after it. */
	kchat_net_gone(&kn->nr_conns);
}

void kchat_conn_kick(struct kchat_conn *conn)
{
	if (test_and_set_bit(KCHAT_CONN_QUEUED, &conn->flags))
		return;
	kchat_conn_hold(conn);
	kchat_worker_queue_conn(conn->worker, &conn->ready);
}

void kchat_conn_end(struct kchat_conn *conn, enum kchat_error error)
{
	cmpxchg(&conn->end_error, KCHAT_END_NONE, error);
	set_bit(KCHAT_CONN_END, &conn->flags);
	kchat_conn_kick(conn);
}

/* One that nobody has ended yet, with a reference; it goes to the list's end. */
static struct kchat_conn *conn_next_to_end(struct kchat_net *kn)
{
	struct kchat_conn *conn, *found = NULL;

	spin_lock(&kn->conns_lock);
	list_for_each_entry(conn, &kn->conns, link) {
		/* Without references it is leaving the list just now. */
		if (test_bit(KCHAT_CONN_END, &conn->flags) ||
		    !refcount_inc_not_zero(&conn->refs))
			continue;
		list_move_tail(&conn->link, &kn->conns);
		found = conn;
		break;
	}
	spin_unlock(&kn->conns_lock);
	return found;
}

void kchat_conns_stop(struct kchat_net *kn)
{
	struct kchat_conn *conn;

	while ((conn = conn_next_to_end(kn))) {
		kchat_conn_end(conn, KCHAT_E_SHUTDOWN);
		kchat_conn_put(conn); /* not under the lock, which the last put takes */
	}
}

/* ---- the end, in the worker -------------------------------------------- */

/* It takes no part any more; what is half sent is still sent. */
static void conn_leave(struct kchat_conn *conn)
{
	kchat_streams_leave(conn);
	/* The seats let go of the members before these are freed. */
	if (conn->session)
		kchat_session_detach(conn);
	kchat_members_free(conn);
	kchat_auth_forget(conn->login);
	conn->login = NULL;
	kchat_conn_receive_free(conn);
}

void kchat_conn_close(struct kchat_conn *conn, enum kchat_error error, u16 cause,
		      const struct kchat_head *head)
{
	struct kchat_head last = head ? *head : (struct kchat_head){};
	struct kchat_ctl *ctl;

	if (conn->phase != KCHAT_PHASE_LIVE)
		return;
	trace_kchat_drop(conn, error);
	conn->phase = KCHAT_PHASE_CLOSING;
	conn->deadline = jiffies + kchat_param_jiffies(conn->kn, KCHAT_P_closing_ms);
	kchat_worker_soon(conn);
	conn_leave(conn);
	if (error == KCHAT_E_NONE)
		return;
	kchat_stat_inc(conn->kn, KCHAT_C_ERRORS);
	last.flags = KCHAT_F_LAST;
	ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + 80, GFP_KERNEL);
	if (!ctl)
		return;
	ctl->len = kchat_frame_build_error(ctl->data, ctl->size, &last, error, cause, 0);
	kchat_conn_reply(conn, ctl);
}

/*
 * The order: nobody finds us through room, stream or session; no callback finds
 * us through the socket; the socket goes; the worker's list forgets us. Others
 * may still hold references, and find nothing but flags and the post, which the
 * last put empties.
 */
static void conn_die(struct kchat_conn *conn)
{
	char peer[KCHAT_PEER_LEN];

	if (conn->phase == KCHAT_PHASE_DEAD)
		return;
	if (conn->phase == KCHAT_PHASE_LIVE)
		conn_leave(conn);
	conn->phase = KCHAT_PHASE_DEAD;
	kchat_conn_end(conn, KCHAT_E_NONE); /* so that nothing is posted any more */
	kchat_conn_restore(conn->sock);
	kchat_conn_send_free(conn);
	sock_release(conn->sock);
	conn->sock = NULL;
	kchat_conn_left(conn);
	kchat_conn_peer(conn, peer);
	pr_info_ratelimited("client gone %s\n", peer);
	kchat_worker_remove(conn);
	kchat_conn_put(conn);
}

/* When all is said our side is shut, and the peer has the time to read it and to go. */
static void conn_shut(struct kchat_conn *conn)
{
	if (!conn->shut && kchat_conn_sent(conn)) {
		kernel_sock_shutdown(conn->sock, SHUT_WR);
		conn->shut = true;
	}
	/* A server that stops does not wait for its clients, and newcomers do not for strangers. */
	if (!kchat_net_running(conn->kn) || test_bit(KCHAT_CONN_YIELD, &conn->flags))
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
}

void kchat_conn_turn(struct kchat_conn *conn)
{
	if (conn->phase == KCHAT_PHASE_DEAD) {
		kchat_conn_drop_posts(conn);
		return;
	}
	if (list_empty(&conn->node))
		kchat_worker_add(conn);

	kchat_conn_take_posts(conn);
	if (test_bit(KCHAT_CONN_END, &conn->flags))
		kchat_conn_close(conn, READ_ONCE(conn->end_error), 0, NULL);
	if (test_and_clear_bit(KCHAT_CONN_READABLE, &conn->flags))
		kchat_conn_receive(conn);
	if (test_and_clear_bit(KCHAT_CONN_WRITABLE, &conn->flags))
		conn->blocked = false;
	kchat_conn_send(conn);
	if (conn->phase == KCHAT_PHASE_CLOSING)
		conn_shut(conn);
	if (test_bit(KCHAT_CONN_BROKEN, &conn->flags))
		conn_die(conn);
}

/* ---- time -------------------------------------------------------------- */

static bool conn_past(const struct kchat_conn *conn, unsigned long since, enum kchat_param which)
{
	return time_after(jiffies, since + kchat_param_jiffies(conn->kn, which));
}

/* Silence is measured on the connection that stands for the person's presence. */
static void conn_tick_alive(struct kchat_conn *conn)
{
	if (conn_past(conn, conn->heard, KCHAT_P_lost_ms)) {
		if (conn->state == KCHAT_CONN_OPEN)
			kchat_session_lost(conn);
		kchat_conn_close(conn, KCHAT_E_TIMEOUT, 0, NULL);
		return;
	}
	if (conn->state == KCHAT_CONN_OPEN && !conn->silent &&
	    conn_past(conn, conn->heard, KCHAT_P_silence_ms)) {
		conn->silent = true;
		kchat_session_silence(conn, true);
	}
}

static void conn_tick_blocked(struct kchat_conn *conn)
{
	if (conn->phase == KCHAT_PHASE_LIVE && conn_past(conn, conn->stalled, KCHAT_P_stall_ms)) {
		kchat_conn_close(conn, KCHAT_E_SLOW, 0, NULL);
		return;
	}
	/* EAGAIN for lack of memory: with nothing in the queue no write_space comes. */
	if (tcp_write_queue_empty(conn->sock->sk))
		conn->blocked = false;
}

static unsigned long earlier(unsigned long a, unsigned long b)
{
	return time_before(a, b) ? a : b;
}

/*
 * When something may be to be done, or sooner. What makes it sooner than that says so by
 * kchat_worker_soon().
 */
static unsigned long conn_due(const struct kchat_conn *conn)
{
	unsigned long silence = kchat_param_jiffies(conn->kn, KCHAT_P_silence_ms);
	unsigned long lost = conn->heard + kchat_param_jiffies(conn->kn, KCHAT_P_lost_ms);

	if (conn->phase != KCHAT_PHASE_LIVE || conn->blocked || !list_empty(&conn->takers))
		return jiffies;
	/* It may be open by then. */
	if (conn->state < KCHAT_CONN_OPEN)
		return earlier(conn->deadline, conn->heard + silence);
	if (conn->state != KCHAT_CONN_OPEN)
		return lost;
	/* Who is silent may be heard at any time, and fall silent again. */
	return earlier(lost, (conn->silent ? jiffies : conn->heard) + silence);
}

unsigned long kchat_conn_tick(struct kchat_conn *conn)
{
	if (conn->phase == KCHAT_PHASE_LIVE) {
		if (conn->state >= KCHAT_CONN_OPEN)
			conn_tick_alive(conn);
		else if (time_after(jiffies, conn->deadline))
			kchat_conn_close(conn, KCHAT_E_TIMEOUT, 0, NULL);
	} else if (time_after(jiffies, conn->deadline)) {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
	}
	if (conn->blocked)
		conn_tick_blocked(conn);
	if (conn->phase != KCHAT_PHASE_LIVE || (!conn->blocked && !kchat_conn_sent(conn)))
		kchat_conn_kick(conn);
	return conn_due(conn);
}
