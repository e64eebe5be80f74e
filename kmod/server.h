/* SPDX-License-Identifier: GPL-2.0-only */
/* One server per network namespace: what it is and what it owns. */
#ifndef _KCHAT_SERVER_H
#define _KCHAT_SERVER_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "account.h"
#include "auth.h"
#include "event.h"
#include "log.h"
#include "param.h"
#include "responder.h"
#include "service.h"
#include "uapi/kchat.h"
#include "uapi/kchat_netlink.h"

#define KCHAT_MODULE_VERSION	"0.1.0"
#define KCHAT_ROOM_HASH_BITS	10
#define KCHAT_HOUSE_MS		250

/* What all logs and streams of the module hold, those that die included. */
extern struct kchat_graves kchat_graves;

struct net;
struct kchat_listener;	/* listener.h */
struct kchat_peers;	/* peer.h */
struct kchat_raw;	/* discover_raw.c */
struct kchat_stats;	/* stats.h */
struct kchat_udp;	/* discover_udp.c */

/**
 * struct kchat_proxies - a network whose connections come from proxies
 * @addr: of the network; IPv4 is mapped
 * @len: bits of it that count
 */
struct kchat_proxies {
	struct in6_addr addr;
	u8 len;
};

/**
 * struct kchat_config - what START says
 * @server_uuid: of this server
 * @community_uuid: of the servers that share its accounts
 * @name: of the server, terminated by a zero
 * @generation: 1 and up, larger at every start: the upper half of all epochs
 * @secret: for salts of names that do not exist
 * @iterations: of the accounts' keys
 * @port: to listen on, host order
 * @addr: to listen on; all zeros: everywhere, IPv4 included
 * @reg: enum kchat_register
 * @udp_port: of discovery, host order; 0: none
 * @outer_port: TCP port by which others reach us, host order: @port, unless something in
 *	between passes connections on
 * @proxies: who comes from there is a proxy, and says first whom it leads here
 * @nr_proxies: how many of them there are
 * @community_secret: by which its servers know each other; zeros: there is none
 * @drained: it begins without rooms of its own, which are
 * @successor: this peer's
 */
struct kchat_config {
	u8 server_uuid[16];
	u8 community_uuid[16];
	char name[KCHAT_SERVER_NAME_MAX + 1];
	u32 generation;
	u8 secret[32];
	u32 iterations;
	u16 port;
	struct in6_addr addr;
	u8 reg;
	u16 udp_port;
	u16 outer_port;
	u8 nr_proxies;
	struct kchat_proxies proxies[KCHAT_PROXY_FROM_MAX];
	u8 community_secret[KCHAT_KEY_LEN];
	bool drained;
	u8 successor[16];
};

/* What has a list that netlink dumps. */
enum kchat_list {
	KCHAT_LIST_ACCOUNTS,
	KCHAT_LIST_ROOMS,
	KCHAT_LIST_SESSIONS,
	KCHAT_LIST_STANDINGS,
	KCHAT_LISTS
};

/**
 * struct kchat_net - the server of one network namespace
 * @net: the namespace. Not referenced: it outlives us by pernet exit.
 * @control: one START, STOP or pernet exit at a time; taken before everything else
 * @running: set last by start, cleared first by stop; read with READ_ONCE
 * @cfg: what START said. Written under @control while nothing runs, read freely
 *	by everything that can only exist while it runs
 * @started: when, by ktime_get_ns(); 0: not running
 * @values: the parameters; READ_ONCE and WRITE_ONCE
 * @accounts: owned by account.c
 * @auth: owned by auth.c: counts of failed logins
 * @service: owned by netlink.c: the accounts service and what it was asked
 * @events: owned by event.c
 * @list_changes: when a list changes so does its number: dumps say when they are
 *	not of one moment
 * @stats: owned by stats.c
 * @listener: owned by listener.c, NULL unless running; under @control and
 *	@conns_lock to change, either to read
 * @accept_waits: the listener is to go on when a connection has ended; under
 *	@conns_lock
 * @responder: how often discovery is answered
 * @udp: owned by discover_udp.c, NULL: off; under @control
 * @raw: owned by discover_raw.c, NULL unless running; under @control
 * @conns: all connections, linked by kchat_conn.link, under @conns_lock; the list
 *	holds no reference, a connection leaves it when its last one is dropped
 * @strangers: of those the ones that have not logged in, linked by
 *	kchat_conn.stranger, oldest first; under @conns_lock
 * @conns_lock: process context only; a leaf
 * @sessions: sessions by number; entries hold no reference: the lookup is RCU
 *	and refcount_inc_not_zero()
 * @waiting: of those the ones to which time is to do something, linked by
 *	kchat_session.waiting; the list holds no reference, a session leaves it when its last
 *	one is dropped; under @waiting_lock
 * @nr_waiting: how many they are; under @waiting_lock
 * @waiting_lock: process context only; a leaf
 * @next_session: counts up; the generation is the upper half of the number
 * @rooms: rooms by number; each entry holds a reference, under @rooms_lock
 * @room_names: the same rooms by name, hashed; under @rooms_lock
 * @rooms_lock: may be held when a room's lock is taken, never the other way round
 * @nr_kept: registered rooms; under @rooms_lock
 * @next_room: number of the room made last
 * @last_epoch: the largest epoch given out, or heard of from another server
 * @peers: owned by peer.c: the other servers of the community; NULL: none was ever set.
 *	Under @control to change, read freely
 * @files: open files of /dev/kchat that are somebody here; the list holds no
 *	reference, a file leaves it when it is nobody any more; under @files_lock
 * @files_lock: process context only; a leaf
 * @streams: all streams; the list holds no reference, a stream leaves it when its
 *	last one is dropped; under @streams_lock
 * @streams_lock: process context only; a leaf
 * @nr_conns: connections that exist, dead ones to which somebody refers included
 * @nr_open: of those, the ones that have a socket: what the limit counts
 * @nr_new: of those, the ones that have not logged in: the length of @strangers
 * @nr_sessions: sessions that exist
 * @nr_people: accounts with at least one connection
 * @nr_files: files on @files
 * @nr_rooms: rooms that exist
 * @nr_streams: streams that exist
 * @nr_log_bytes: memory in logs and streams, dying segments included
 *	(the counters CONNECTIONS to LOG_BYTES are read from these, not counted per CPU)
 * @running_link: in shrink.c's list while it runs
 * @house: the work that runs every KCHAT_HOUSE_MS while running: what time does to sessions,
 *	rooms and streams
 */
struct kchat_net {
	struct net *net;
	struct mutex control;
	bool running;
	struct kchat_config cfg;
	u64 started;
	u64 values[KCHAT_PARAM_COUNT];

	struct kchat_accounts accounts;
	struct kchat_auth auth;
	struct kchat_service service;
	struct kchat_events events;
	atomic_t list_changes[KCHAT_LISTS];
	struct kchat_stats __percpu *stats;
	struct kchat_listener *listener;
	bool accept_waits;
	struct kchat_responder responder;
	struct kchat_udp *udp;
	struct kchat_raw *raw;

	struct list_head conns;
	struct list_head strangers;
	spinlock_t conns_lock;
	struct xarray sessions;
	struct list_head waiting;
	u32 nr_waiting;
	spinlock_t waiting_lock;
	atomic_t next_session;

	struct xarray rooms;
	struct hlist_head room_names[1 << KCHAT_ROOM_HASH_BITS];
	struct mutex rooms_lock;
	u32 nr_kept;
	u32 next_room;
	atomic64_t last_epoch;
	struct kchat_peers *peers;

	struct list_head files;
	spinlock_t files_lock;

	struct list_head streams;
	spinlock_t streams_lock;

	atomic_t nr_conns;
	atomic_t nr_open;
	atomic_t nr_new;
	atomic_t nr_sessions;
	atomic_t nr_people;
	atomic_t nr_files;
	atomic_t nr_rooms;
	atomic_t nr_streams;
	atomic64_t nr_log_bytes;

	struct list_head running_link;
	struct delayed_work house;
};

/* The server of a namespace; exists as long as the namespace does. */
struct kchat_net *kchat_net_of(struct net *net);

/*
 * Starts with a copy of @cfg. -EALREADY: it runs; -EADDRINUSE and other errors
 * of bind() and listen(). Accounts are loaded before.
 */
int kchat_net_start(struct kchat_net *kn, const struct kchat_config *cfg);
/* Ends every connection, session, room and stream, and returns when they are gone. */
void kchat_net_stop(struct kchat_net *kn);

static inline bool kchat_net_running(const struct kchat_net *kn)
{
	return READ_ONCE(kn->running);
}

static inline void kchat_list_changed(struct kchat_net *kn, enum kchat_list list)
{
	atomic_inc(&kn->list_changes[list]);
}

static inline u64 kchat_param(const struct kchat_net *kn, enum kchat_param which)
{
	return READ_ONCE(kn->values[which]);
}

static inline unsigned long kchat_param_jiffies(const struct kchat_net *kn,
						enum kchat_param which)
{
	return msecs_to_jiffies(kchat_param(kn, which));
}

/* Can logs of this server take more? A cap that others of the module share. */
bool kchat_net_memory(const struct kchat_net *kn, u64 bytes);

/*
 * Ends the count of one thing, and tells a stop that waits for it. With the last
 * one the server may be gone at once: of @count only the address is used then.
 */
static inline void kchat_net_gone(atomic_t *count)
{
	if (atomic_dec_and_test(count))
		wake_up_var(count);
}

static inline void kchat_net_wait(atomic_t *count)
{
	wait_var_event(count, !atomic_read(count));
}

#endif /* _KCHAT_SERVER_H */
