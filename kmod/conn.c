// SPDX-License-Identifier: GPL-2.0-only
/* A connection's life: from accept to the last reference. */
#include "conn.h"

#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "auth.h"
#include "listener.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "stream.h"
#include "worker.h"

#define KCHAT_END_NONE	U32_MAX	/* kchat_conn.end_error: nobody wants it closed */

static struct kmem_cache *conn_cache;

int kchat_conns_init(void)
{
	conn_cache = KMEM_CACHE(kchat_conn, 0);
	return conn_cache ? 0 : -ENOMEM;
}

void kchat_conns_exit(void)
{
	kmem_cache_destroy(conn_cache);
}

/* ---- socket callbacks: softirq, under sk_callback_lock ----------------- */

static void conn_event(struct sock *sk, unsigned int what)
{
	struct kchat_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn) {
		set_bit(what, &conn->flags);
		kchat_conn_kick(conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void conn_data_ready(struct sock *sk)
{
	conn_event(sk, KCHAT_CONN_READABLE);
}

/* A new state is seen by reading: the end of the stream, or an error. */
static void conn_state_change(struct sock *sk)
{
	conn_event(sk, KCHAT_CONN_READABLE);
}

static void conn_write_space(struct sock *sk)
{
	if (!sk_stream_is_writeable(sk))
		return;
	if (sk->sk_socket)
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	conn_event(sk, KCHAT_CONN_WRITABLE);
}

/* What the child inherited from the listener is replaced before anything is read. */
static void conn_install(struct kchat_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = conn;
	sk->sk_data_ready = conn_data_ready;
	sk->sk_state_change = conn_state_change;
	sk->sk_write_space = conn_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* After this no callback knows us. Also for a child that was never installed. */
static void conn_restore(struct socket *sock)
{
	const struct kchat_callbacks *callbacks = kchat_listener_callbacks();
	struct sock *sk = sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = callbacks->data_ready;
	sk->sk_state_change = callbacks->state_change;
	sk->sk_write_space = callbacks->write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* ---- references -------------------------------------------------------- */

static void conn_drop_posts(struct kchat_conn *conn)
{
	struct kchat_ctl *ctl, *next;

	llist_for_each_entry_safe(ctl, next, llist_del_all(&conn->post), post)
		kchat_ctl_free(ctl);
}

void kchat_conn_put(struct kchat_conn *conn)
{
	struct kchat_net *kn = conn->kn;

	if (!refcount_dec_and_test(&conn->refs))
		return;
	spin_lock(&kn->conns_lock);
	list_del(&conn->link);
	spin_unlock(&kn->conns_lock);
	conn_drop_posts(conn);
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

struct kchat_ctl *kchat_ctl_alloc(u32 size, gfp_t gfp)
{
	struct kchat_ctl *ctl = kmalloc(sizeof(*ctl) + size, gfp);

	if (!ctl)
		return NULL;
	ctl->request = false;
	ctl->len = 0;
	ctl->size = size;
	atomic64_add(sizeof(*ctl) + size, &kchat_graves.bytes);
	return ctl;
}

void kchat_ctl_free(struct kchat_ctl *ctl)
{
	if (!ctl)
		return;
	atomic64_sub(sizeof(*ctl) + ctl->size, &kchat_graves.bytes);
	kfree(ctl);
}

bool kchat_conn_post(struct kchat_conn *conn, struct kchat_ctl *ctl)
{
	u64 cap = kchat_param(conn->kn, KCHAT_P_control_bytes);

	/* What one asks for oneself is bounded by not being heard; this is not. */
	if (test_bit(KCHAT_CONN_END, &conn->flags) || !kchat_net_memory(conn->kn, 0))
		goto refused;
	if (atomic_add_return(ctl->len, &conn->post_bytes) > cap) {
		atomic_sub(ctl->len, &conn->post_bytes);
		goto refused;
	}
	llist_add(&ctl->post, &conn->post);
	kchat_conn_kick(conn);
	return true;

refused:
	kchat_ctl_free(ctl);
	return false;
}

/* ---- the peer ---------------------------------------------------------- */

void kchat_conn_peer(const struct kchat_conn *conn, char out[KCHAT_PEER_LEN])
{
	if (ipv6_addr_v4mapped(&conn->peer))
		snprintf(out, KCHAT_PEER_LEN, "%pI4", &conn->peer.s6_addr32[3]);
	else
		snprintf(out, KCHAT_PEER_LEN, "%pI6c", &conn->peer);
}

bool kchat_conn_loopback(const struct kchat_conn *conn)
{
	if (ipv6_addr_v4mapped(&conn->peer))
		return ipv4_is_loopback(conn->peer.s6_addr32[3]);
	return ipv6_addr_loopback(&conn->peer);
}

static int conn_read_peer(struct kchat_conn *conn)
{
	struct sockaddr_storage addr = {};
	int err;

	err = kernel_getpeername(conn->sock, (struct sockaddr *)&addr);
	if (err < 0)
		return err;
	if (addr.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr;

		conn->peer = in6->sin6_addr;
		conn->peer_port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in4 = (struct sockaddr_in *)&addr;

		ipv6_addr_set_v4mapped(in4->sin_addr.s_addr, &conn->peer);
		conn->peer_port = ntohs(in4->sin_port);
	}
	return 0;
}

/* ---- accept ------------------------------------------------------------ */

/* Connections from this address; counted only where that limit can matter. */
static bool conn_address_full(struct kchat_net *kn, const struct in6_addr *peer)
{
	u64 limit = kchat_param(kn, KCHAT_P_per_address), count = 0;
	const struct kchat_conn *conn;

	if (limit >= kchat_param(kn, KCHAT_P_connections))
		return false;
	spin_lock(&kn->conns_lock);
	list_for_each_entry(conn, &kn->conns, link) {
		if (ipv6_addr_equal(&conn->peer, peer) && ++count >= limit)
			break;
	}
	spin_unlock(&kn->conns_lock);
	return count >= limit;
}

/* A word to somebody for whom there is no place; who gets lost on the way is no loss. */
static void conn_refuse(struct kchat_net *kn, struct socket *sock)
{
	u8 frame[KCHAT_HDR_LEN + 64];
	const struct kchat_head head = { .flags = KCHAT_F_LAST };
	struct kvec vec = { .iov_base = frame };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

	vec.iov_len = kchat_frame_build_error(frame, sizeof(frame), &head, KCHAT_E_FULL, 0, 0);
	kernel_sendmsg(sock, &msg, &vec, 1, vec.iov_len);
	kchat_stat_inc(kn, KCHAT_C_REFUSED);
	conn_restore(sock);
	kernel_sock_shutdown(sock, SHUT_WR);
	sock_release(sock);
}

static struct kchat_conn *conn_alloc(struct kchat_net *kn, struct socket *sock)
{
	struct kchat_conn *conn = kmem_cache_zalloc(conn_cache, GFP_KERNEL);

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
	INIT_LIST_HEAD(&conn->node);
	INIT_LIST_HEAD(&conn->ctl);
	INIT_LIST_HEAD(&conn->pending);
	INIT_LIST_HEAD(&conn->streams);
	INIT_LIST_HEAD(&conn->members);
	INIT_LIST_HEAD(&conn->takers);
	return conn;
}

void kchat_conn_accept(struct kchat_net *kn, struct socket *sock)
{
	char peer[KCHAT_PEER_LEN];
	struct kchat_conn *conn;

	if (atomic_read(&kn->nr_conns) >= kchat_param(kn, KCHAT_P_connections) ||
	    atomic_read(&kn->nr_new) >= kchat_param(kn, KCHAT_P_unauthenticated)) {
		conn_refuse(kn, sock);
		return;
	}
	conn = conn_alloc(kn, sock);
	if (!conn || conn_read_peer(conn) || conn_address_full(kn, &conn->peer)) {
		if (conn)
			kmem_cache_free(conn_cache, conn);
		conn_refuse(kn, sock);
		return;
	}
	/* What is not sent yet stays ours, where it can be dropped. */
	WRITE_ONCE(tcp_sk(sock->sk)->notsent_lowat, kchat_param(kn, KCHAT_P_unsent_bytes));

	kchat_conn_peer(conn, peer);
	pr_info_ratelimited("client connected from %s\n", peer);
	kchat_stat_inc(kn, KCHAT_C_ACCEPTED);
	atomic_inc(&kn->nr_conns);
	atomic_inc(&kn->nr_new);
	spin_lock(&kn->conns_lock);
	list_add_tail(&conn->link, &kn->conns);
	spin_unlock(&kn->conns_lock);

	/*
	 * From the first callback on the worker may run, and end the connection:
	 * a reference of our own until we are done with it.
	 */
	kchat_conn_hold(conn);
	conn_install(conn);
	/* Data may have come before the callbacks were there. */
	set_bit(KCHAT_CONN_READABLE, &conn->flags);
	kchat_conn_kick(conn);
	kchat_conn_put(conn);
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
	conn->phase = KCHAT_PHASE_CLOSING;
	conn->deadline = jiffies + kchat_param_jiffies(conn->kn, KCHAT_P_closing_ms);
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
	if (conn->state < KCHAT_CONN_OPEN)
		atomic_dec(&conn->kn->nr_new);
	conn_restore(conn->sock);
	kchat_conn_send_free(conn);
	sock_release(conn->sock);
	conn->sock = NULL;
	kchat_conn_peer(conn, peer);
	pr_info_ratelimited("client gone %s\n", peer);
	list_del_init(&conn->node);
	kchat_conn_put(conn);
}

/* When all is said our side is shut, and the peer has the time to read it and to go. */
static void conn_shut(struct kchat_conn *conn)
{
	if (!conn->shut && kchat_conn_sent(conn)) {
		kernel_sock_shutdown(conn->sock, SHUT_WR);
		conn->shut = true;
	}
	/* A server that stops does not wait for its clients. */
	if (!kchat_net_running(conn->kn))
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
}

static void conn_take_posts(struct kchat_conn *conn)
{
	struct llist_node *list;
	struct kchat_ctl *ctl, *next;
	u32 bytes = 0;

	if (llist_empty(&conn->post))
		return;
	list = llist_reverse_order(llist_del_all(&conn->post));
	llist_for_each_entry_safe(ctl, next, list, post) {
		bytes += ctl->len;
		if (conn->phase == KCHAT_PHASE_LIVE && !ctl->request) {
			kchat_conn_reply(conn, ctl);
			continue;
		}
		if (conn->phase == KCHAT_PHASE_LIVE)
			kchat_dispatch_request(conn, ctl);
		kchat_ctl_free(ctl);
	}
	atomic_sub(bytes, &conn->post_bytes);
	if (conn->ctl_bytes > 2 * kchat_param(conn->kn, KCHAT_P_control_bytes))
		kchat_conn_close(conn, KCHAT_E_SLOW, 0, NULL);
}

void kchat_conn_turn(struct kchat_conn *conn)
{
	if (conn->phase == KCHAT_PHASE_DEAD) {
		conn_drop_posts(conn);
		return;
	}
	if (list_empty(&conn->node))
		list_add_tail(&conn->node, &conn->worker->conns);

	conn_take_posts(conn);
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

void kchat_conn_tick(struct kchat_conn *conn)
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
	if (conn->phase == KCHAT_PHASE_LIVE && (conn->blocked || kchat_conn_sent(conn)))
		return;
	kchat_conn_kick(conn);
}

/* ---- replies ----------------------------------------------------------- */

void kchat_conn_reply(struct kchat_conn *conn, struct kchat_ctl *ctl)
{
	list_add_tail(&ctl->node, &conn->ctl);
	conn->ctl_bytes += ctl->len;
}

/* No memory for an answer: the connection cannot go on without it. */
static struct kchat_ctl *reply_alloc(struct kchat_conn *conn, u32 body)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + body, GFP_KERNEL);

	if (!ctl)
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
	return ctl;
}

struct kchat_ctl *kchat_conn_answer(struct kchat_conn *conn, const struct kchat_hdr *hdr, u32 body,
				    struct kchat_head *head)
{
	*head = (struct kchat_head){ .room = le32_to_cpu(hdr->room), .id = hdr->id };
	return reply_alloc(conn, body);
}

void kchat_conn_reply_error(struct kchat_conn *conn, const struct kchat_hdr *hdr,
			    enum kchat_error error, u32 wait_ms)
{
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, hdr, 80, &head);

	kchat_stat_inc(conn->kn, KCHAT_C_ERRORS);
	if (!ctl)
		return;
	ctl->len = kchat_frame_build_error(ctl->data, ctl->size, &head, error,
					   le16_to_cpu(hdr->type), wait_ms);
	kchat_conn_reply(conn, ctl);
}

void kchat_conn_reply_frame(struct kchat_conn *conn, const struct kchat_hdr *hdr, u16 type,
			    const void *body, u32 len)
{
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, hdr, len, &head);

	if (!ctl)
		return;
	ctl->len = kchat_frame_build(ctl->data, ctl->size, type, &head, body, len);
	kchat_conn_reply(conn, ctl);
}

void kchat_conn_reply_ok(struct kchat_conn *conn, const struct kchat_hdr *hdr)
{
	kchat_conn_reply_frame(conn, hdr, KCHAT_T_OK, NULL, 0);
}
