// SPDX-License-Identifier: GPL-2.0-only
/*
 * One packet socket for each interface, made and bound in the kernel as a
 * program would make one: socket(), bind(), and sendmsg() down to
 * packet_sendmsg(). What comes is announced by the socket's callback and read
 * by a work item.
 */
#include "discover_raw.h"

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/if_inet6.h>
#include <net/ipv6.h>
#include <net/addrconf.h>
#include <net/sock.h>

#include "alloc.h"
#include "compat.h"
#include "discover.h"
#include "kcov.h"
#include "responder.h"
#include "server.h"

#define KCHAT_RAW_RCVBUF	(64 * 1024)	/* bytes of questions that wait at one interface */

/* A question as it comes from the cable. */
struct raw_frame {
	struct ethhdr eth;
	u8 payload[KCHAT_DISCOVER_LEN];
} __packed;

/**
 * struct raw_device - an interface on which we answer
 * @raw: owner
 * @name: as it was given; empty: a free place. Under raw->lock
 * @ifindex: of the interface @sock is bound to; 0: no socket. Under raw->lock
 * @sock: owned; while it is there its callback queues @receive
 * @receive: answers what has come
 */
struct raw_device {
	struct kchat_raw *raw;
	char name[IFNAMSIZ];
	int ifindex;
	struct socket *sock;
	struct work_struct receive;
};

/**
 * struct kchat_raw - discovery over Ethernet
 * @kn: its server
 * @lock: protects the devices against @follow, kchat_discover_raw_set() and _get();
 *	taken under kn->control; RTNL is never taken under it
 * @devices: the interfaces
 * @follow: opens and closes sockets as interfaces come and go
 * @events: queues @follow
 */
struct kchat_raw {
	struct kchat_net *kn;
	struct mutex lock;
	struct raw_device devices[KCHAT_RAW_DEVICES];
	struct work_struct follow;
	struct notifier_block events;
};

/* ---- a question comes, and is answered ------------------------------------- */

/* Softirq. */
static void raw_data_ready(struct sock *sk)
{
	struct raw_device *device;

	read_lock_bh(&sk->sk_callback_lock);
	device = sk->sk_user_data;
	if (device)
		queue_work(system_unbound_wq, &device->receive);
	read_unlock_bh(&sk->sk_callback_lock);
}

/* The interface's own addresses: MAC, and IPv6 of the link, which needs no configuration. */
static bool raw_addresses(struct net *net, int ifindex, u8 mac[ETH_ALEN],
			  struct in6_addr *link_local)
{
	struct inet6_ifaddr *ifa;
	struct inet6_dev *idev;
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, ifindex);
	if (!dev) {
		rcu_read_unlock();
		return false;
	}
	ether_addr_copy(mac, dev->dev_addr);
	idev = __in6_dev_get(dev);
	if (idev) {
		read_lock_bh(&idev->lock);
		list_for_each_entry(ifa, &idev->addr_list, if_list) {
			if (ifa->scope != IFA_LINK ||
			    ifa->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
				continue;
			*link_local = ifa->addr;
			break;
		}
		read_unlock_bh(&idev->lock);
	}
	rcu_read_unlock();
	return true;
}

static void raw_send(struct raw_device *device, const struct raw_frame *question,
		     const u8 mac[ETH_ALEN], struct raw_frame *answer, u32 len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(KCHAT_DISCOVER_ETHERTYPE),
		.sll_ifindex = device->ifindex,
		.sll_halen = ETH_ALEN,
	};
	struct kvec vec = { .iov_base = answer, .iov_len = sizeof(answer->eth) + len };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
	};

	ether_addr_copy(to.sll_addr, question->eth.h_source);
	ether_addr_copy(answer->eth.h_dest, question->eth.h_source);
	ether_addr_copy(answer->eth.h_source, mac);
	answer->eth.h_proto = htons(KCHAT_DISCOVER_ETHERTYPE);
	/* Lost or not sent is the same to who asks: they ask again. */
	kernel_sendmsg(device->sock, &msg, &vec, 1, vec.iov_len);
}

static void raw_answer(struct raw_device *device, const struct raw_frame *question, u32 len)
{
	struct in6_addr link_local = {};
	struct raw_frame answer = {};
	u8 mac[ETH_ALEN];
	struct kchat_asker asker = {
		.address = question->eth.h_source,
		.address_len = ETH_ALEN,
		.mac = mac,
		.link_local = link_local.s6_addr,
	};

	if (len < sizeof(question->eth) || !is_valid_ether_addr(question->eth.h_source) ||
	    !raw_addresses(device->raw->kn->net, device->ifindex, mac, &link_local))
		return;
	len = kchat_responder_answer(device->raw->kn, &asker, question->payload,
				     len - sizeof(question->eth), answer.payload);
	if (len)
		raw_send(device, question, mac, &answer, len);
}

static void raw_receive(struct work_struct *work)
{
	struct raw_device *device = container_of(work, struct raw_device, receive);
	struct raw_frame question;
	int budget = 64, len;

	while (budget--) {
		struct kvec vec = { .iov_base = &question, .iov_len = sizeof(question) };
		struct sockaddr_ll from = {};
		struct msghdr msg = { .msg_name = &from };

		/* MSG_TRUNC: a frame that is too long says its own length, and is none. */
		len = kernel_recvmsg(device->sock, &msg, &vec, 1, sizeof(question),
				     MSG_DONTWAIT | MSG_TRUNC);
		/* That it went down is said once, before what had come. */
		if (len < 0 && len != -ENETDOWN)
			return;
		/* Promiscuous interfaces hear what is not for us, and so do VLANs not set up. */
		if (len > 0 && len <= sizeof(question) && from.sll_pkttype != PACKET_OTHERHOST) {
			kchat_kcov_start();
			raw_answer(device, &question, len);
			kchat_kcov_stop();
		}
		cond_resched();
	}
	queue_work(system_unbound_wq, &device->receive);
}

/* ---- sockets come and go with the interfaces --------------------------------- */

static int raw_open(struct raw_device *device, int ifindex)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(KCHAT_DISCOVER_ETHERTYPE),
		.sll_ifindex = ifindex,
	};
	struct socket *sock;
	struct sock *sk;
	int err;

	/* Protocol 0: it hears nothing before it is bound to the one interface. */
	err = kchat_alloc_errno(sock_create_kern(device->raw->kn->net, PF_PACKET, SOCK_RAW, 0,
						 &sock));
	if (err)
		return err;
	sk = sock->sk;
	lock_sock(sk);
	sk->sk_rcvbuf = KCHAT_RAW_RCVBUF;
	release_sock(sk);
	device->sock = sock;
	device->ifindex = ifindex;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = device;
	sk->sk_data_ready = raw_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	err = kernel_bind(sock, (struct kchat_sockaddr *)&at, sizeof(at));
	if (err)
		goto err_close;
	return 0;

err_close:
	device->sock = NULL;
	device->ifindex = 0;
	sock_release(sock);
	return err;
}

/* No callback comes any more, then no work, then no socket. */
static void raw_close(struct raw_device *device)
{
	struct sock *sk;

	if (!device->sock)
		return;
	sk = device->sock->sk;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_work_sync(&device->receive);
	sock_release(device->sock);
	device->sock = NULL;
	device->ifindex = 0;
}

/* Number of the Ethernet interface that has this name now, or 0. */
static int raw_ifindex(struct net *net, const char *name)
{
	struct net_device *dev;
	int ifindex = 0;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, name);
	if (dev && dev->type == ARPHRD_ETHER)
		ifindex = dev->ifindex;
	rcu_read_unlock();
	return ifindex;
}

/* Under raw->lock: the socket of a place is that of the interface with its name. */
static int raw_fit(struct raw_device *device)
{
	int ifindex = 0;

	if (device->name[0])
		ifindex = raw_ifindex(device->raw->kn->net, device->name);
	if (ifindex == device->ifindex)
		return 0;
	raw_close(device);
	return ifindex ? raw_open(device, ifindex) : 0;
}

static void raw_follow(struct work_struct *work)
{
	struct kchat_raw *raw = container_of(work, struct kchat_raw, follow);
	int i;

	mutex_lock(&raw->lock);
	for (i = 0; i < KCHAT_RAW_DEVICES; i++)
		if (raw_fit(&raw->devices[i]))
			pr_warn_ratelimited("discovery on %s has no socket\n",
					    raw->devices[i].name);
	mutex_unlock(&raw->lock);
}

/* Under RTNL: the work looks for itself what there is. */
static int raw_device_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct kchat_raw *raw = container_of(block, struct kchat_raw, events);

	if (event == NETDEV_REGISTER || event == NETDEV_UNREGISTER ||
	    event == NETDEV_CHANGENAME || event == NETDEV_UP)
		queue_work(system_unbound_wq, &raw->follow);
	return NOTIFY_DONE;
}

/* ---- what others call ---------------------------------------------------------- */

int kchat_discover_raw_start(struct kchat_net *kn)
{
	struct kchat_raw *raw;
	int i, err;

	raw = kchat_alloc(kzalloc(sizeof(*raw), GFP_KERNEL));
	if (!raw)
		return -ENOMEM;
	raw->kn = kn;
	mutex_init(&raw->lock);
	INIT_WORK(&raw->follow, raw_follow);
	for (i = 0; i < KCHAT_RAW_DEVICES; i++) {
		raw->devices[i].raw = raw;
		INIT_WORK(&raw->devices[i].receive, raw_receive);
	}
	raw->events.notifier_call = raw_device_event;
	err = register_netdevice_notifier_net(kn->net, &raw->events);
	if (err) {
		kfree(raw);
		return err;
	}
	kn->raw = raw;
	return 0;
}

void kchat_discover_raw_stop(struct kchat_net *kn)
{
	struct kchat_raw *raw = kn->raw;
	int i;

	if (!raw)
		return;
	kn->raw = NULL;
	unregister_netdevice_notifier_net(kn->net, &raw->events);
	cancel_work_sync(&raw->follow);
	for (i = 0; i < KCHAT_RAW_DEVICES; i++)
		raw_close(&raw->devices[i]);
	kfree(raw);
}

static struct raw_device *raw_find(struct kchat_raw *raw, const char *name)
{
	int i;

	for (i = 0; i < KCHAT_RAW_DEVICES; i++)
		if (!strcmp(raw->devices[i].name, name))
			return &raw->devices[i];
	return NULL;
}

static int raw_add(struct kchat_raw *raw, const char *name)
{
	struct raw_device *device;
	int err;

	if (raw_find(raw, name))
		return -EEXIST;
	device = raw_find(raw, "");
	if (!device)
		return -ENOSPC;
	strscpy(device->name, name, sizeof(device->name));
	err = raw_fit(device);
	if (err)
		device->name[0] = '\0';
	return err;
}

static int raw_remove(struct kchat_raw *raw, const char *name)
{
	struct raw_device *device = raw_find(raw, name);

	if (!device)
		return -ENOENT;
	device->name[0] = '\0';
	raw_close(device);
	return 0;
}

/**
 * kchat_discover_raw_set - answer on an interface, or no more
 * @kn: the server
 * @name: of the interface, not empty; it need not be there
 * @on: answer
 *
 * Context: process; takes kn->control
 * Return: 0, -ESRCH (not running), -EEXIST, -ENOENT, -ENOSPC, or why there is no socket
 */
int kchat_discover_raw_set(struct kchat_net *kn, const char *name, bool on)
{
	int err = -ESRCH;

	mutex_lock(&kn->control);
	if (kn->raw) {
		mutex_lock(&kn->raw->lock);
		err = on ? raw_add(kn->raw, name) : raw_remove(kn->raw, name);
		mutex_unlock(&kn->raw->lock);
	}
	mutex_unlock(&kn->control);
	return err;
}

/**
 * kchat_discover_raw_get - an interface on which we answer
 * @kn: the server
 * @index: place in the list
 * @name: its name; empty: a free place
 * @ifindex: its number; 0: there is no such interface now
 *
 * Context: process; takes kn->control
 * Return: false when the list ends before @index
 */
bool kchat_discover_raw_get(struct kchat_net *kn, unsigned int index, char name[IFNAMSIZ],
			    int *ifindex)
{
	bool found = false;

	mutex_lock(&kn->control);
	if (kn->raw && index < KCHAT_RAW_DEVICES) {
		mutex_lock(&kn->raw->lock);
		strscpy(name, kn->raw->devices[index].name, IFNAMSIZ);
		*ifindex = kn->raw->devices[index].ifindex;
		mutex_unlock(&kn->raw->lock);
		found = true;
	}
	mutex_unlock(&kn->control);
	return found;
}
