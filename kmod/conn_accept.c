// SPDX-License-Identifier: GPL-2.0-only
/* Who is let in: a new connection, and the limits it comes up against. */
#include "conn.h"

#include <linux/net.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "server.h"
#include "stats.h"

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
	kchat_conn_restore(sock);
	kernel_sock_shutdown(sock, SHUT_WR);
	sock_release(sock);
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
	conn = kchat_conn_alloc(kn, sock);
	if (!conn || kchat_conn_read_peer(conn) || conn_address_full(kn, &conn->peer)) {
		if (conn)
			kchat_conn_discard(conn);
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
	kchat_conn_install(conn);
	/* Data may have come before the callbacks were there. */
	set_bit(KCHAT_CONN_READABLE, &conn->flags);
	kchat_conn_kick(conn);
	kchat_conn_put(conn);
}
