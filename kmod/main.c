// SPDX-License-Identifier: GPL-2.0-only
/* The parts in their order, and a server's start and stop. */
#include <linux/init.h>
#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "chardev.h"
#include "conn.h"
#include "discover_raw.h"
#include "discover_udp.h"
#include "listener.h"
#include "netlink.h"
#include "peer.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "shrink.h"
#include "stats.h"
#include "stream.h"
#include "worker.h"

static unsigned int kchat_net_id;

struct kchat_graves kchat_graves;

struct kchat_net *kchat_net_of(struct net *net)
{
	return net_generic(net, kchat_net_id);
}

bool kchat_net_memory(const struct kchat_net *kn, u64 bytes)
{
	u64 cap = kchat_param(kn, KCHAT_P_memory);

	if (atomic64_read(&kchat_graves.bytes) + bytes <= cap)
		return true;
	kchat_graves_sweep(&kchat_graves);
	return atomic64_read(&kchat_graves.bytes) + bytes <= cap;
}

/* ---- start and stop ---------------------------------------------------- */

/*
 * From the outside to the inside: connections, sessions, streams and rooms, each of
 * which may hold references to the next.
 */
static void net_empty(struct kchat_net *kn)
{
	kchat_files_stop(kn);
	kchat_net_wait(&kn->nr_files);
	kchat_conns_stop(kn);
	kchat_net_wait(&kn->nr_conns);
	kchat_streams_stop(kn);
	kchat_sessions_stop(kn);
	kchat_rooms_stop(kn);
	kchat_net_wait(&kn->nr_streams);
	kchat_net_wait(&kn->nr_sessions);
	kchat_net_wait(&kn->nr_rooms);
	kchat_graves_sweep(&kchat_graves);
}

static void net_house(struct work_struct *work)
{
	struct kchat_net *kn = container_of(work, struct kchat_net, house.work);

	kchat_sessions_tick(kn);
	kchat_rooms_tick(kn);
	kchat_streams_tick(kn);
	kchat_graves_sweep(&kchat_graves);
	schedule_delayed_work(&kn->house, msecs_to_jiffies(KCHAT_HOUSE_MS));
}

/* Everything through which somebody may come, discovery last: what it says is true. */
static int net_open(struct kchat_net *kn)
{
	int err;

	err = kchat_listener_start(kn);
	if (err)
		return err;
	err = kchat_discover_raw_start(kn);
	if (err)
		goto err_listener;
	err = kchat_discover_udp_start(kn);
	if (err)
		goto err_raw;
	kchat_peers_start(kn);
	return 0;

err_raw:
	kchat_discover_raw_stop(kn);
err_listener:
	kchat_listener_stop(kn);
	return err;
}

int kchat_net_start(struct kchat_net *kn, const struct kchat_config *cfg)
{
	int err = -EALREADY;

	mutex_lock(&kn->control);
	if (kn->running)
		goto out;
	kn->cfg = *cfg;
	kchat_auth_start(&kn->auth, cfg->secret);
	atomic_set(&kn->next_session, 0);
	atomic64_set(&kn->last_epoch, (u64)cfg->generation << 32);
	kchat_rooms_start(kn);
	kn->started = ktime_get_ns();
	if (cfg->drained)
		err = kchat_drain_begin(kn, cfg->successor, true);
	else
		err = 0;
	if (err) {
		kn->started = 0;
		goto out;
	}
	/* Before the listener, which may accept at once; all it needs is in place. */
	WRITE_ONCE(kn->running, true);
	err = net_open(kn);
	if (err) {
		WRITE_ONCE(kn->running, false);
		kchat_drain_end(kn);
		net_empty(kn); /* a local program may have come in already */
		kn->started = 0;
		goto out;
	}
	kchat_shrink_add(kn);
	schedule_delayed_work(&kn->house, msecs_to_jiffies(KCHAT_HOUSE_MS));
	pr_info("server started on port %u\n", cfg->port);
out:
	mutex_unlock(&kn->control);
	return err;
}

/* Nobody new, nothing by time, nobody who answers late, then all that is there. */
void kchat_net_stop(struct kchat_net *kn)
{
	mutex_lock(&kn->control);
	if (!kn->running)
		goto out;
	WRITE_ONCE(kn->running, false);
	kchat_peers_stop(kn);
	kchat_discover_udp_stop(kn);
	kchat_discover_raw_stop(kn);
	kchat_listener_stop(kn);
	kchat_shrink_del(kn);
	cancel_delayed_work_sync(&kn->house);
	kchat_service_stop(kn);
	net_empty(kn);
	kn->started = 0;
	pr_info("server stopped\n");
out:
	mutex_unlock(&kn->control);
}

/* ---- namespaces -------------------------------------------------------- */

static int __net_init kchat_net_init(struct net *net)
{
	struct kchat_net *kn = kchat_net_of(net);
	int err;

	kn->net = net;
	mutex_init(&kn->control);
	INIT_LIST_HEAD(&kn->conns);
	INIT_LIST_HEAD(&kn->strangers);
	spin_lock_init(&kn->conns_lock);
	xa_init(&kn->sessions);
	INIT_LIST_HEAD(&kn->waiting);
	spin_lock_init(&kn->waiting_lock);
	kchat_files_init(kn);
	INIT_LIST_HEAD(&kn->streams);
	spin_lock_init(&kn->streams_lock);
	INIT_DELAYED_WORK(&kn->house, net_house);
	kchat_param_init(kn);
	kchat_events_init(&kn->events);
	kchat_rooms_init(kn);
	kchat_accounts_init(&kn->accounts);
	kchat_service_init(kn);
	kchat_auth_init(&kn->auth);
	kchat_responder_init(&kn->responder);

	err = kchat_stats_init(kn);
	if (err)
		goto err_auth;
	err = kchat_stats_proc_init(net);
	if (err)
		goto err_stats;
	return 0;

err_stats:
	kchat_stats_destroy(kn);
err_auth:
	kchat_auth_destroy(&kn->auth);
	kchat_accounts_destroy(&kn->accounts);
	return err;
}

/*
 * People hear why it ends as long as their namespace has its devices, which later
 * kernels take away before they call .exit.
 */
static void __net_exit kchat_net_pre_exit(struct net *net)
{
	kchat_net_stop(kchat_net_of(net));
}

static void __net_exit kchat_net_exit(struct net *net)
{
	struct kchat_net *kn = kchat_net_of(net);

	kchat_peers_destroy(kn);
	/* Registered ones may be there before a start. */
	kchat_rooms_stop(kn);
	kchat_net_wait(&kn->nr_rooms);
	kchat_stats_proc_exit(net);
	kchat_stats_destroy(kn);
	kchat_auth_destroy(&kn->auth);
	kchat_accounts_destroy(&kn->accounts);
	xa_destroy(&kn->sessions);
	xa_destroy(&kn->rooms);
}

static struct pernet_operations kchat_net_ops = {
	.init = kchat_net_init,
	.pre_exit = kchat_net_pre_exit,
	.exit = kchat_net_exit,
	.id = &kchat_net_id,
	.size = sizeof(struct kchat_net),
};

/* ---- the module -------------------------------------------------------- */

static int __init kchat_init(void)
{
	int err;

	kchat_graves_init(&kchat_graves);
	err = kchat_workers_init();
	if (err)
		return err;
	err = kchat_conns_init();
	if (err)
		goto err_workers;
	err = kchat_shrink_init();
	if (err)
		goto err_conns;
	err = register_pernet_device(&kchat_net_ops);
	if (err)
		goto err_shrink;
	err = kchat_netlink_init();
	if (err)
		goto err_pernet;
	err = kchat_device_init();
	if (err)
		goto err_netlink;
	pr_info("loaded, version " KCHAT_MODULE_VERSION "\n");
	return 0;

err_netlink:
	kchat_netlink_exit();
err_pernet:
	unregister_pernet_device(&kchat_net_ops);
err_shrink:
	kchat_shrink_exit();
err_conns:
	kchat_conns_exit();
err_workers:
	kchat_workers_exit();
	return err;
}

static void __exit kchat_exit(void)
{
	/* No file is open: each holds the module. */
	kchat_device_exit();
	kchat_netlink_exit();
	/* Stops every server, and waits until its connections and rooms are gone. */
	unregister_pernet_device(&kchat_net_ops);
	kchat_shrink_exit();
	kchat_workers_exit();
	/* What was freed after a grace period is gone before our code and caches are. */
	rcu_barrier();
	kchat_conns_exit();
	kchat_graves_destroy(&kchat_graves);
	pr_info("unloaded\n");
}

module_init(kchat_init);
module_exit(kchat_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A chat server");
MODULE_VERSION(KCHAT_MODULE_VERSION);
