// SPDX-License-Identifier: GPL-2.0-only
/* The socket that listens, and accepts. */
#include "listener.h"

#include <linux/in6.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/workqueue.h>
#include <net/inet_connection_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "alloc.h"
#include "compat.h"
#include "conn.h"
#include "server.h"

#define KCHAT_BACKLOG	512
#define KCHAT_RETRY_MS	100	/* after an accept for which there was no memory */

/**
 * struct kchat_listener - a listening socket
 * @kn: its server
 * @sock: owned
 * @accept: takes what waits; queued by the socket's callback, by the end of a
 *	connection if it had to wait for one, and by time after an error
 */
struct kchat_listener {
	struct kchat_net *kn;
	struct socket *sock;
	struct delayed_work accept;
};

/* The same for every TCP socket; written before the first callback is changed. */
static struct kchat_callbacks callbacks;

const struct kchat_callbacks *kchat_listener_callbacks(void)
{
	return &callbacks;
}

/*
 * Softirq. An accepted child inherits this function and the pointer until
 * conn_socket.c has put in its own: then the socket does not listen, the pointer
 * is none of its business, and nobody waits for it yet.
 */
static void listener_data_ready(struct sock *sk)
{
	struct kchat_listener *listener;

	read_lock_bh(&sk->sk_callback_lock);
	listener = sk->sk_user_data;
	if (sk->sk_state == TCP_LISTEN && listener)
		queue_delayed_work(system_unbound_wq, &listener->accept, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

void kchat_listener_resume(struct kchat_net *kn)
{
	spin_lock(&kn->conns_lock);
	if (kn->listener && kn->accept_waits)
		mod_delayed_work(system_unbound_wq, &kn->listener->accept, 0);
	spin_unlock(&kn->conns_lock);
}

/* Somebody waits already, so no callback will come: time does, or the end of a connection. */
static void listener_retry(struct kchat_listener *listener)
{
	struct kchat_net *kn = listener->kn;

	spin_lock(&kn->conns_lock);
	kn->accept_waits = true;
	spin_unlock(&kn->conns_lock);
	queue_delayed_work(system_unbound_wq, &listener->accept, msecs_to_jiffies(KCHAT_RETRY_MS));
}

static bool listener_has_guests(const struct kchat_listener *listener)
{
	return !reqsk_queue_empty(&inet_csk(listener->sock->sk)->icsk_accept_queue);
}

/* Takes what waits in the backlog. A child is conn_accept.c's from the first moment. */
static void listener_accept(struct work_struct *work)
{
	struct kchat_listener *listener = container_of(work, struct kchat_listener, accept.work);
	struct kchat_net *kn = listener->kn;
	struct socket *sock;
	int budget = KCHAT_BACKLOG, err;

	while (listener_has_guests(listener) && kchat_net_running(kn)) {
		if (!budget--) {
			/* Other work has its turn first. */
			queue_delayed_work(system_unbound_wq, &listener->accept, 0);
			return;
		}
		if (!kchat_conn_place(kn))
			return;
		err = kernel_accept(listener->sock, &sock, O_NONBLOCK);
		if (!err) {
			kchat_conn_accept(kn, sock);
		} else if (err != -EAGAIN && err != -ECONNABORTED) {
			listener_retry(listener);
			return;
		}
		cond_resched();
	}
}

static int listener_bind(struct socket *sock, const struct kchat_config *cfg)
{
	struct sockaddr_in6 addr6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(cfg->port),
		.sin6_addr = cfg->addr,
	};
	struct sockaddr_in addr4 = {
		.sin_family = AF_INET,
		.sin_port = htons(cfg->port),
		.sin_addr.s_addr = cfg->addr.s6_addr32[3],
	};

	if (sock->sk->sk_family == AF_INET)
		return kernel_bind(sock, (struct kchat_sockaddr *)&addr4, sizeof(addr4));
	lock_sock(sock->sk);
	sock->sk->sk_ipv6only = 0;
	release_sock(sock->sk);
	return kernel_bind(sock, (struct kchat_sockaddr *)&addr6, sizeof(addr6));
}

/* IPv6 for both families; a kernel booted without it still serves IPv4. */
static int listener_socket(struct kchat_net *kn, struct socket **sock)
{
	const struct in6_addr *addr = &kn->cfg.addr;
	struct net *net = kn->net;
	int err;

	err = kchat_alloc_errno(sock_create_kern(net, AF_INET6, SOCK_STREAM, IPPROTO_TCP, sock));
	if (err == -EAFNOSUPPORT && (ipv6_addr_any(addr) || ipv6_addr_v4mapped(addr)))
		err = kchat_alloc_errno(sock_create_kern(net, AF_INET, SOCK_STREAM, IPPROTO_TCP,
							 sock));
	return err;
}

static void listener_install(struct kchat_listener *listener)
{
	struct sock *sk = listener->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	callbacks.data_ready = sk->sk_data_ready;
	callbacks.state_change = sk->sk_state_change;
	callbacks.write_space = sk->sk_write_space;
	sk->sk_user_data = listener;
	sk->sk_data_ready = listener_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
}

int kchat_listener_start(struct kchat_net *kn)
{
	struct kchat_listener *listener;
	int err;

	listener = kchat_alloc(kzalloc(sizeof(*listener), GFP_KERNEL));
	if (!listener)
		return -ENOMEM;
	listener->kn = kn;
	INIT_DELAYED_WORK(&listener->accept, listener_accept);
	err = listener_socket(kn, &listener->sock);
	if (err)
		goto err_free;
	sock_set_reuseaddr(listener->sock->sk);
	tcp_sock_set_nodelay(listener->sock->sk); /* children inherit it */
	err = listener_bind(listener->sock, &kn->cfg);
	if (err)
		goto err_release;
	listener_install(listener);
	err = kernel_listen(listener->sock, KCHAT_BACKLOG);
	if (err)
		goto err_release;
	spin_lock(&kn->conns_lock);
	kn->listener = listener;
	spin_unlock(&kn->conns_lock);
	return 0;

err_release:
	sock_release(listener->sock);
err_free:
	kfree(listener);
	return err;
}

void kchat_listener_stop(struct kchat_net *kn)
{
	struct kchat_listener *listener = kn->listener;
	struct sock *sk;

	if (!listener)
		return;
	sk = listener->sock->sk;
	/* No connection and no callback asks for work any more, then it ends, then the socket. */
	spin_lock(&kn->conns_lock);
	kn->listener = NULL;
	spin_unlock(&kn->conns_lock);
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = callbacks.data_ready;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_delayed_work_sync(&listener->accept);
	sock_release(listener->sock);
	kfree(listener);
}
