// SPDX-License-Identifier: GPL-2.0-only
/* A connection's socket: its callbacks, and whose it is. */
#include "conn.h"

#include <linux/net.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "listener.h"

/* ---- callbacks: softirq, under sk_callback_lock ------------------------- */

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

void kchat_conn_install(struct kchat_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = conn;
	sk->sk_data_ready = conn_data_ready;
	sk->sk_state_change = conn_state_change;
	sk->sk_write_space = conn_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

void kchat_conn_restore(struct socket *sock)
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

int kchat_conn_read_peer(struct kchat_conn *conn)
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
