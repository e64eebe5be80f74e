/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other servers of the community: who they are and what was heard of them
 * (peer.c), where the home of a room is (home.c), rooms that go (drain.c) and
 * rooms that come (arrive.c). docs/protocol.md, section 14.
 */
#ifndef _KCHAT_PEER_H
#define _KCHAT_PEER_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "peer_frame.h"
#include "uapi/kchat.h"
#include "uapi/kchat_netlink.h"

struct kchat_arrival;	/* arrive.c */
struct kchat_net;
struct kchat_room;

#define KCHAT_PEER_AGAIN_MS	200	/* what was not answered is said again */
#define KCHAT_GIFTS		1024	/* homes that a registrar remembers */
#define KCHAT_GIFT_BUCKETS	64

/**
 * struct kchat_place - where clients find a server, as MOVED says it
 * @uuid: of the server
 * @port: TCP, host order
 * @host_len: of @host
 * @host: name or address
 */
struct kchat_place {
	u8 uuid[16];
	u16 port;
	u16 host_len;
	char host[KCHAT_HOST_MAX];
};

#define KCHAT_MOVED_BODY	(24 + KCHAT_HOST_MAX + KCHAT_ROOM_NAME_MAX)

/**
 * struct kchat_peer - another server of the community
 * @place: where clients find it
 * @name: of the server, terminated by a zero
 * @addr: where we send datagrams to; IPv4 is mapped
 * @udp_port: host order
 * @boot: its generation as it was heard last, 0: never
 * @counter: of the last datagram of that generation
 * @heard: jiffies of the last one that knew our generation; valid if @live
 * @live: it hears us, and we hear it
 * @load: as it said last
 * @arrival: a room that is on its way from it, or NULL
 * @arrived: mark of the last move from it that is done
 *
 * All under kchat_peers.lock.
 */
struct kchat_peer {
	struct kchat_place place;
	char name[KCHAT_SERVER_NAME_MAX + 1];
	struct in6_addr addr;
	u16 udp_port;
	u64 boot;
	u64 counter;
	unsigned long heard;
	bool live;
	struct kchat_load load;
	struct kchat_arrival *arrival;
	u64 arrived;
};

/**
 * struct kchat_move - a room that is on its way to a peer
 * @mark: of this attempt, 0: there is none
 * @peer: index of the peer
 * @name: of the room
 * @name_len: bytes of it
 * @gone: the room is not here any more, or about to be so
 * @heard: the peer has answered since the last datagram to it
 * @state: its last answer: enum kchat_taken_state
 * @offset: bytes that it has
 * @error: why it refuses
 */
struct kchat_move {
	u64 mark;
	u32 peer;
	char name[KCHAT_ROOM_NAME_MAX];
	u32 name_len;
	bool gone;
	bool heard;
	u8 state;
	u32 offset;
	u16 error;
};

/**
 * struct kchat_peers - what a server knows of the others; made by the first PEER_SET,
 * and there as long as the namespace
 * @kn: the server
 * @lock: protects all that follows. Taken after kn->control and a file's lock, before
 *	session->lock and kn->rooms_lock
 * @open: the server runs, and datagrams are sent and taken
 * @list: by index, which is constant while the peer is known; gaps are NULL
 * @nr: peers on it; read without the lock: 0 is alone
 * @counter: of the last datagram sent
 * @mark: of the last question or move
 * @load_due: jiffies when the next LOAD is sent
 * @work: what time does to peers and questions
 * @questions: home_ask.c: whose home is being asked for
 * @nr_waiting: of all questions: who waits for the answer
 * @gifts: home.c: homes that were given lately, oldest first
 * @gift_names: the same by name
 * @nr_gifts: of @gifts
 * @drained: rooms move to @successor, and new ones are not made here
 * @successor: UUID
 * @drain_told: nothing was left, and that was told
 * @move: the room that moves now
 * @moved: woken when the peer has answered to it, or all is over
 * @drain: moves the rooms, one after the other
 */
struct kchat_peers {
	struct kchat_net *kn;
	struct mutex lock;
	bool open;
	struct kchat_peer *list[KCHAT_PEERS_MAX];
	u32 nr;
	u64 counter;
	u64 mark;
	unsigned long load_due;
	struct delayed_work work;

	struct list_head questions;
	u32 nr_waiting;
	struct list_head gifts;
	struct hlist_head gift_names[KCHAT_GIFT_BUCKETS];
	u32 nr_gifts;

	bool drained;
	u8 successor[16];
	bool drain_told;
	struct kchat_move move;
	wait_queue_head_t moved;
	struct delayed_work drain;
};

/* ---- peer.c ------------------------------------------------------------ */

/* Under kn->control, as are all orders. -ENOSPC: there are too many; -EINVAL: it is ourselves. */
int kchat_peer_set(struct kchat_net *kn, const struct kchat_peer *peer);
/* -ENOENT: there is none; -EBUSY: rooms are moving to it. */
int kchat_peer_del(struct kchat_net *kn, const u8 *uuid);
/* A copy of the one at @index, or of the next. False: there is none. May sleep. */
bool kchat_peer_get(struct kchat_net *kn, u32 *index, struct kchat_peer *out);
enum kchat_peer_state kchat_peer_state(const struct kchat_peer *peer);

/* The server begins, and ends; under kn->control. Discovery is open in between. */
void kchat_peers_start(struct kchat_net *kn);
void kchat_peers_stop(struct kchat_net *kn);
/* The namespace goes. */
void kchat_peers_destroy(struct kchat_net *kn);
/* A datagram that is no question of discovery. May sleep. */
void kchat_peers_receive(struct kchat_net *kn, const u8 *data, u32 len);

/* What follows is for home.c, drain.c and arrive.c, under the lock. */

/* Sends it to a peer; the head is filled in here. */
void kchat_peer_send(struct kchat_peers *peers, const struct kchat_peer *peer,
		     struct kchat_datagram *datagram);
/* Index of the peer with this UUID, or -1. */
int kchat_peer_find(const struct kchat_peers *peers, const u8 *uuid);
void kchat_load_of(struct kchat_peers *peers, struct kchat_load *load);
/* The work runs soon. */
void kchat_peers_kick(struct kchat_peers *peers);

/* The largest epoch given out or heard of. False: nobody can have given out this one. */
bool kchat_epoch_seen(struct kchat_net *kn, u64 epoch);

/* ---- drain.c ----------------------------------------------------------- */

/* Under kn->control. -ENOENT, -EHOSTUNREACH: silent; -EBUSY: is drained itself. */
int kchat_drain_begin(struct kchat_net *kn, const u8 *uuid, bool at_start);
void kchat_drain_end(struct kchat_net *kn);
/* False: it is not drained. */
bool kchat_drain_status(struct kchat_net *kn, u8 successor[16], u32 *left);
void kchat_drain_init(struct kchat_peers *peers);
void kchat_drain_stop(struct kchat_peers *peers);
/* Under the lock: TAKEN. */
void kchat_drain_taken(struct kchat_peers *peers, u32 index,
		       const struct kchat_datagram *datagram);

/* ---- arrive.c: under the lock -------------------------------------------- */

/* MOVE and DONE. */
void kchat_arrive_part(struct kchat_peers *peers, struct kchat_peer *peer,
		       const struct kchat_datagram *datagram);
void kchat_arrive_done(struct kchat_peers *peers, struct kchat_peer *peer,
		       const struct kchat_datagram *datagram);
/* Index of the peer from which the room of this name comes, whole, or -1. */
int kchat_arrive_find(const struct kchat_peers *peers, const struct kchat_text *name);
/* It is ours. */
void kchat_arrive_settle(struct kchat_peers *peers, struct kchat_peer *peer);
void kchat_arrive_free(struct kchat_peers *peers, struct kchat_peer *peer);

#endif /* _KCHAT_PEER_H */
