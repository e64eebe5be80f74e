// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets take datagrams in softirq, through encap_rcv, and only put them
 * into a short queue; a work item reads, decides and answers, so that the
 * questions of a flood cost no more than their place in the queue.
 */
#include "discover_udp.h"

#include <linux/igmp.h>
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/udp_tunnel.h>

#include "alloc.h"
#include "compat.h"
#include "discover.h"
#include "kcov.h"
#include "peer.h"
#include "responder.h"
#include "server.h"

#define KCHAT_UDP_WAITING	64	/* questions that wait; more are dropped */
#define KCHAT_PEER_WAITING	256	/* datagrams of other servers; the same */

/* ff12::6b63:6864: of this link, not assigned by anybody (RFC 4291, 2.7). */
static const struct in6_addr group6 = { { {
	0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6b, 0x63, 0x68, 0x64
} } };

/**
 * struct kchat_udp - discovery over UDP
 * @kn: its server
 * @sock4: IPv4; NULL where the server listens on an IPv6 address only
 * @sock6: IPv6; NULL where there is none, or the server listens on an IPv4 address
 * @questions: datagrams, at most KCHAT_UDP_WAITING; has its own lock
 * @peers: datagrams of other servers, at most KCHAT_PEER_WAITING; the same
 * @work: answers both
 * @devices: joins the groups on every interface that comes up
 */
struct kchat_udp {
	struct kchat_net *kn;
	struct socket *sock4;
	struct socket *sock6;
	struct sk_buff_head questions;
	struct sk_buff_head peers;
	struct work_struct work;
	struct notifier_block devices;
};

/* ---- a question comes ------------------------------------------------------ */

/* Where it has to wait; NULL: it is of no use. The two do not take each other's places. */
static struct sk_buff_head *udp_queue(struct kchat_udp *udp, const struct sk_buff *skb)
{
	u32 len = skb->len - sizeof(struct udphdr);
	u8 kind;

	if (skb_copy_bits(skb, sizeof(struct udphdr) + offsetof(struct kchat_discover_hdr, kind),
			  &kind, sizeof(kind)))
		return NULL;
	if (kind < KCHAT_DISCOVER_PEER)
		return len == KCHAT_DISCOVER_LEN &&
		       skb_queue_len(&udp->questions) < KCHAT_UDP_WAITING ? &udp->questions : NULL;
	/* Without peers nobody is one. */
	if (!READ_ONCE(udp->kn->peers) || len > KCHAT_DISCOVER_PEER_MAX ||
	    skb_queue_len(&udp->peers) >= KCHAT_PEER_WAITING)
		return NULL;
	return &udp->peers;
}

/* Softirq. The datagram is ours whatever we do; its checksum is right. */
static int udp_receive(struct sock *sk, struct sk_buff *skb)
{
	struct kchat_udp *udp = rcu_dereference_sk_user_data(sk);
	struct sk_buff_head *queue = udp ? udp_queue(udp, skb) : NULL;

	if (!queue) {
		kfree_skb(skb);
		return 0;
	}
	/* It outlives the softirq: what it only borrows is given back. */
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_queue_tail(queue, skb);
	queue_work(system_unbound_wq, &udp->work);
	return 0;
}

/* ---- and is answered --------------------------------------------------------- */

/**
 * struct udp_reply - where an answer goes
 * @to: address and port of who asked
 * @to_len: bytes of @to
 * @control: the address that was asked, which has to be the one that answers
 * @control_len: 0: any of ours
 */
struct udp_reply {
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to;
	int to_len;
	union {
		struct cmsghdr head;
		u8 space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	u32 control_len;
};

static void reply_from(struct udp_reply *reply, int level, int type, const void *info, u32 len)
{
	struct cmsghdr *head = &reply->control.head;

	head->cmsg_level = level;
	head->cmsg_type = type;
	head->cmsg_len = CMSG_LEN(len);
	memcpy(reply->control.space + sizeof(*head), info, len);
	reply->control_len = CMSG_SPACE(len);
}

static void reply_to4(struct udp_reply *reply, struct net *net, const struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = ip->daddr };

	reply->to.in.sin_family = AF_INET;
	reply->to.in.sin_port = udp_hdr(skb)->source;
	reply->to.in.sin_addr.s_addr = ip->saddr;
	reply->to_len = sizeof(reply->to.in);
	if (inet_addr_type(net, ip->daddr) == RTN_LOCAL)
		reply_from(reply, SOL_IP, IP_PKTINFO, &info, sizeof(info));
}

static void reply_to6(struct udp_reply *reply, const struct sk_buff *skb)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	struct in6_pktinfo info = { .ipi6_addr = ip->daddr };

	reply->to.in6.sin6_family = AF_INET6;
	reply->to.in6.sin6_port = udp_hdr(skb)->source;
	reply->to.in6.sin6_addr = ip->saddr;
	reply->to.in6.sin6_scope_id = ipv6_iface_scope_id(&ip->saddr, skb->skb_iif);
	reply->to_len = sizeof(reply->to.in6);
	if (ipv6_addr_is_multicast(&ip->daddr))
		return;
	info.ipi6_ifindex = reply->to.in6.sin6_scope_id;
	reply_from(reply, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void udp_send(struct socket *sock, struct udp_reply *reply, u8 *answer, u32 len)
{
	struct kvec vec = { .iov_base = answer, .iov_len = len };
	struct msghdr msg = {
		.msg_name = &reply->to,
		.msg_namelen = reply->to_len,
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
	};

	if (reply->control_len) {
		msg.msg_control = &reply->control;
		msg.msg_controllen = reply->control_len;
	}
	/* Lost or not sent is the same to who asks: they ask again. */
	kernel_sendmsg(sock, &msg, &vec, 1, len);
}

/* Port 0 takes nothing, and what is sent to no address comes back to this host. */
static bool udp_has_sender(const struct sk_buff *skb, bool v4)
{
	return udp_hdr(skb)->source && (v4 ? ip_hdr(skb)->saddr != htonl(INADDR_ANY) :
					     !ipv6_addr_any(&ipv6_hdr(skb)->saddr));
}

/* Who has an IPv6 network has 2^64 addresses in it; but on a link all share one. */
static u32 udp_asker_len(const struct sk_buff *skb, bool v4)
{
	if (v4)
		return sizeof(struct in_addr);
	if (ipv6_addr_type(&ipv6_hdr(skb)->saddr) & IPV6_ADDR_LINKLOCAL)
		return sizeof(struct in6_addr);
	return sizeof(struct in6_addr) / 2;
}

static void udp_answer(struct kchat_udp *udp, struct sk_buff *skb)
{
	bool v4 = skb->protocol == htons(ETH_P_IP);
	struct kchat_asker asker = {
		.address = v4 ? (void *)&ip_hdr(skb)->saddr : (void *)&ipv6_hdr(skb)->saddr,
		.address_len = udp_asker_len(skb, v4),
	};
	struct socket *sock = v4 ? udp->sock4 : udp->sock6;
	u8 question[KCHAT_DISCOVER_LEN], answer[KCHAT_DISCOVER_ANSWER_MAX];
	struct udp_reply reply = {};
	u32 len;

	if (!sock || !udp_has_sender(skb, v4) ||
	    skb_copy_bits(skb, sizeof(struct udphdr), question, sizeof(question)))
		return;
	len = kchat_responder_answer(udp->kn, &asker, question, sizeof(question), answer);
	if (!len)
		return;
	if (v4)
		reply_to4(&reply, udp->kn->net, skb);
	else
		reply_to6(&reply, skb);
	udp_send(sock, &reply, answer, len);
}

static void udp_hear(struct kchat_udp *udp, const struct sk_buff *skb)
{
	u32 len = skb->len - sizeof(struct udphdr);
	u8 data[KCHAT_DISCOVER_PEER_MAX];

	if (!skb_copy_bits(skb, sizeof(struct udphdr), data, len))
		kchat_peers_receive(udp->kn, data, len);
}

void kchat_discover_udp_send(struct kchat_net *kn, const struct in6_addr *addr, u16 port,
			     void *data, u32 len)
{
	bool v4 = ipv6_addr_v4mapped(addr);
	struct udp_reply to = {};
	struct socket *sock;

	if (!kn->udp)
		return;
	sock = v4 ? kn->udp->sock4 : kn->udp->sock6;
	if (!sock)
		return;
	if (v4) {
		to.to.in.sin_family = AF_INET;
		to.to.in.sin_port = htons(port);
		to.to.in.sin_addr.s_addr = addr->s6_addr32[3];
		to.to_len = sizeof(to.to.in);
	} else {
		to.to.in6.sin6_family = AF_INET6;
		to.to.in6.sin6_port = htons(port);
		to.to.in6.sin6_addr = *addr;
		to.to_len = sizeof(to.to.in6);
	}
	udp_send(sock, &to, data, len);
}

static void udp_work(struct work_struct *work)
{
	struct kchat_udp *udp = container_of(work, struct kchat_udp, work);
	struct sk_buff *skb;

	/* Each datagram counts by itself: what an answer follows has been counted when it is heard. */
	while ((skb = skb_dequeue(&udp->peers))) {
		kchat_kcov_start();
		udp_hear(udp, skb);
		kchat_kcov_stop();
		consume_skb(skb);
		cond_resched();
	}
	while ((skb = skb_dequeue(&udp->questions))) {
		kchat_kcov_start();
		udp_answer(udp, skb);
		kchat_kcov_stop();
		consume_skb(skb);
		cond_resched();
	}
}

/* ---- groups ---------------------------------------------------------------------- */

/* Under RTNL. That one is in the group already, or that an interface cannot, is as good. */
static void groups_join(struct kchat_udp *udp, int ifindex)
{
	struct ip_mreqn group4 = {
		.imr_multiaddr.s_addr = htonl(KCHAT_DISCOVER_GROUP4),
		.imr_ifindex = ifindex,
	};

	if (udp->sock4) {
		lock_sock(udp->sock4->sk);
		ip_mc_join_group(udp->sock4->sk, &group4);
		release_sock(udp->sock4->sk);
	}
	if (udp->sock6) {
		lock_sock(udp->sock6->sk);
		kchat_ipv6_mc_join(udp->sock6->sk, ifindex, &group6);
		release_sock(udp->sock6->sk);
	}
}

/* Under RTNL. A socket keeps the place of an interface that is gone, and has few. */
static void groups_leave(struct kchat_udp *udp, int ifindex)
{
	struct ip_mreqn group4 = {
		.imr_multiaddr.s_addr = htonl(KCHAT_DISCOVER_GROUP4),
		.imr_ifindex = ifindex,
	};

	if (udp->sock4) {
		lock_sock(udp->sock4->sk);
		ip_mc_leave_group(udp->sock4->sk, &group4);
		release_sock(udp->sock4->sk);
	}
	if (udp->sock6) {
		lock_sock(udp->sock6->sk);
		kchat_ipv6_mc_drop(udp->sock6->sk, ifindex, &group6);
		release_sock(udp->sock6->sk);
	}
}

static int udp_device_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct kchat_udp *udp = container_of(block, struct kchat_udp, devices);
	struct net_device *dev = netdev_notifier_info_to_dev(data);

	if (event == NETDEV_UP && dev->flags & IFF_MULTICAST)
		groups_join(udp, dev->ifindex);
	else if (event == NETDEV_UNREGISTER)
		groups_leave(udp, dev->ifindex);
	return NOTIFY_DONE;
}

/* ---- sockets --------------------------------------------------------------------- */

static int udp_open(struct kchat_udp *udp, struct udp_port_cfg *port, struct socket **sock)
{
	struct udp_tunnel_sock_cfg cfg = {
		.sk_user_data = udp,
		.encap_type = 1,
		.encap_rcv = udp_receive,
	};
	int err;

	err = kchat_alloc_errno(udp_sock_create(udp->kn->net, port, sock));
	if (err) {
		*sock = NULL;
		return err;
	}
	kchat_udp_tunnel_setup(udp->kn->net, *sock, &cfg);
	return 0;
}

/* The same addresses as the listener: everywhere, or one of either family. */
static int udp_open_both(struct kchat_udp *udp)
{
	const struct kchat_config *cfg = &udp->kn->cfg;
	bool any = ipv6_addr_any(&cfg->addr), v4 = ipv6_addr_v4mapped(&cfg->addr);
	struct udp_port_cfg port4 = {
		.family = AF_INET,
		.local_ip.s_addr = any ? htonl(INADDR_ANY) : cfg->addr.s6_addr32[3],
		.local_udp_port = htons(cfg->udp_port),
	};
	struct udp_port_cfg port6 = {
		.family = AF_INET6,
		.local_ip6 = cfg->addr,
		.local_udp_port = htons(cfg->udp_port),
		.use_udp6_rx_checksums = true,
		.use_udp6_tx_checksums = true,
		.ipv6_v6only = true,
	};
	int err = 0;

	if (any || v4)
		err = udp_open(udp, &port4, &udp->sock4);
	if (err || v4)
		return err;
	err = udp_open(udp, &port6, &udp->sock6);
	/* A kernel booted without IPv6 is asked over IPv4. */
	return any && err == -EAFNOSUPPORT ? 0 : err;
}

/* No datagram comes any more, then no work, then no socket. */
static void udp_close(struct kchat_udp *udp)
{
	if (udp->sock4)
		rcu_assign_sk_user_data(udp->sock4->sk, NULL);
	if (udp->sock6)
		rcu_assign_sk_user_data(udp->sock6->sk, NULL);
	synchronize_rcu();
	cancel_work_sync(&udp->work);
	skb_queue_purge(&udp->questions);
	skb_queue_purge(&udp->peers);
	if (udp->sock4)
		kchat_udp_tunnel_release(udp->sock4);
	if (udp->sock6)
		kchat_udp_tunnel_release(udp->sock6);
}

int kchat_discover_udp_start(struct kchat_net *kn)
{
	struct kchat_udp *udp;
	int err;

	if (!kn->cfg.udp_port)
		return 0;
	udp = kchat_alloc(kzalloc(sizeof(*udp), GFP_KERNEL));
	if (!udp)
		return -ENOMEM;
	udp->kn = kn;
	skb_queue_head_init(&udp->questions);
	skb_queue_head_init(&udp->peers);
	INIT_WORK(&udp->work, udp_work);
	udp->devices.notifier_call = udp_device_event;
	err = udp_open_both(udp);
	if (err)
		goto err_close;
	/* It is told of the interfaces that are there already, too. */
	err = register_netdevice_notifier_net(kn->net, &udp->devices);
	if (err)
		goto err_close;
	kn->udp = udp;
	return 0;

err_close:
	udp_close(udp);
	kfree(udp);
	return err;
}

void kchat_discover_udp_stop(struct kchat_net *kn)
{
	struct kchat_udp *udp = kn->udp;

	if (!udp)
		return;
	kn->udp = NULL;
	unregister_netdevice_notifier_net(kn->net, &udp->devices);
	udp_close(udp);
	kfree(udp);
}
