// SPDX-License-Identifier: GPL-2.0-only
/* Who is let in: a new connection, and the limits it comes up against. */
#include "conn.h"

#include <linux/net.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "listener.h"
#include "proxy.h"
#include "server.h"
#include "stats.h"

static bool conns_full(const struct kchat_net *kn)
{
	return atomic_read(&kn->nr_open) >= kchat_param(kn, KCHAT_P_connections) ||
	       atomic_read(&kn->nr_new) >= kchat_param(kn, KCHAT_P_unauthenticated);
}

static void conns_tell_full(struct kchat_net *kn)
{
	bool all = atomic_read(&kn->nr_open) >= kchat_param(kn, KCHAT_P_connections);

	kchat_event_limit(kn, all ? KCHAT_P_connections : KCHAT_P_unauthenticated);
}

/*
 * Silence must not keep anybody out, so the oldest stranger makes place, as in
 * sunrpc's svc_check_conn_limits(). One at a time: the limits stay limits.
 */
bool kchat_conn_place(struct kchat_net *kn)
{
	struct kchat_conn *oldest = NULL;

	spin_lock(&kn->conns_lock);
	kn->accept_waits = false;
	if (conns_full(kn))
		oldest = list_first_entry_or_null(&kn->strangers, struct kchat_conn, stranger);
	if (oldest) {
		/* A stranger has its worker's reference. */
		kchat_conn_hold(oldest);
		kn->accept_waits = true;
	}
	spin_unlock(&kn->conns_lock);
	if (!oldest)
		return true;
	if (!test_and_set_bit(KCHAT_CONN_YIELD, &oldest->flags)) {
		kchat_stat_inc(kn, KCHAT_C_REFUSED);
		conns_tell_full(kn);
		kchat_conn_end(oldest, KCHAT_E_FULL);
	}
	kchat_conn_put(oldest);
	return false;
}

void kchat_conn_known(struct kchat_conn *conn)
{
	struct kchat_net *kn = conn->kn;

	spin_lock(&kn->conns_lock);
	list_del_init(&conn->stranger);
	atomic_dec(&kn->nr_new);
	spin_unlock(&kn->conns_lock);
	kchat_listener_resume(kn);
}

void kchat_conn_left(struct kchat_conn *conn)
{
	struct kchat_net *kn = conn->kn;

	spin_lock(&kn->conns_lock);
	if (!list_empty(&conn->stranger)) {
		list_del_init(&conn->stranger);
		atomic_dec(&kn->nr_new);
	}
	atomic_dec(&kn->nr_open);
	spin_unlock(&kn->conns_lock);
	kchat_listener_resume(kn);
}

/* Other connections from its address; counted only where that limit can matter. */
static bool conn_address_full(const struct kchat_conn *newcomer)
{
	struct kchat_net *kn = newcomer->kn;
	u64 limit = kchat_param(kn, KCHAT_P_per_address), count = 0;
	const struct kchat_conn *conn;

	if (limit >= kchat_param(kn, KCHAT_P_connections))
		return false;
	spin_lock(&kn->conns_lock);
	list_for_each_entry(conn, &kn->conns, link) {
		if (conn != newcomer && !conn->proxy &&
		    ipv6_addr_equal(&conn->peer, &newcomer->peer) && ++count >= limit)
			break;
	}
	spin_unlock(&kn->conns_lock);
	if (count < limit)
		return false;
	kchat_event_limit(kn, KCHAT_P_per_address);
	return true;
}

static bool conn_from_proxy(const struct kchat_conn *conn)
{
	const struct kchat_config *cfg = &conn->kn->cfg;
	int i;

	for (i = 0; i < cfg->nr_proxies; i++) {
		if (ipv6_prefix_equal(&conn->peer, &cfg->proxies[i].addr, cfg->proxies[i].len))
			return true;
	}
	return false;
}

static void conn_announce(const struct kchat_conn *conn)
{
	char peer[KCHAT_PEER_LEN];

	kchat_conn_peer(conn, peer);
	pr_info_ratelimited("client connected from %s\n", peer);
}

void kchat_conn_proxied(struct kchat_conn *conn, const struct kchat_proxy *proxy)
{
	struct kchat_net *kn = conn->kn;

	spin_lock(&kn->conns_lock);
	if (!proxy->local) {
		memcpy(&conn->peer, proxy->addr, sizeof(conn->peer));
		conn->peer_port = proxy->port;
	}
	conn->proxy = false;
	spin_unlock(&kn->conns_lock);
	conn_announce(conn);
	if (!conn_address_full(conn))
		return;
	kchat_stat_inc(kn, KCHAT_C_REFUSED);
	kchat_conn_close(conn, KCHAT_E_FULL, 0, NULL);
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
	struct kchat_conn *conn;
	bool refused;

	if (conns_full(kn)) {
		conns_tell_full(kn);
		conn_refuse(kn, sock);
		return;
	}
	conn = kchat_conn_alloc(kn, sock);
	refused = !conn || kchat_conn_read_peer(conn);
	if (!refused) {
		conn->proxy = conn_from_proxy(conn);
		refused = !conn->proxy && conn_address_full(conn);
	}
	if (refused) {
		if (conn)
			kchat_conn_discard(conn);
		conn_refuse(kn, sock);
		return;
	}
	/* What is not sent yet stays ours, where it can be dropped. */
	WRITE_ONCE(tcp_sk(sock->sk)->notsent_lowat, kchat_param(kn, KCHAT_P_unsent_bytes));

	if (!conn->proxy)
		conn_announce(conn);
	kchat_stat_inc(kn, KCHAT_C_ACCEPTED);
	atomic_inc(&kn->nr_conns);
	spin_lock(&kn->conns_lock);
	atomic_inc(&kn->nr_open);
	atomic_inc(&kn->nr_new);
	list_add_tail(&conn->link, &kn->conns);
	list_add_tail(&conn->stranger, &kn->strangers);
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
