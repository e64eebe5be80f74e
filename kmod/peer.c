// SPDX-License-Identifier: GPL-2.0-only
#include "peer.h"

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "alloc.h"
#include "discover_udp.h"
#include "event.h"
#include "home.h"
#include "kcov.h"
#include "responder.h"
#include "server.h"

#define KCHAT_QUESTION_TICK_MS	20	/* how often questions are looked at */

/* ---- epochs ------------------------------------------------------------ */

/*
 * The upper half of an epoch is a generation: the hours since 1970, and one more for
 * each start beyond one in an hour. Nobody has started so often.
 */
#define KCHAT_STARTS_AHEAD	86400

static u64 epoch_bound(const struct kchat_net *kn)
{
	u64 hours = div_u64(ktime_get_real_seconds(), 60 * 60);

	return (max_t(u64, hours, kn->cfg.generation) + KCHAT_STARTS_AHEAD) << 32;
}

bool kchat_epoch_seen(struct kchat_net *kn, u64 epoch)
{
	s64 last = atomic64_read(&kn->last_epoch);

	if (epoch > epoch_bound(kn))
		return false;
	/* A clock of Lamport: what is given out from now on is larger. */
	while ((u64)last < epoch && !atomic64_try_cmpxchg(&kn->last_epoch, &last, epoch))
		;
	return true;
}

/* ---- sending ----------------------------------------------------------- */

void kchat_load_of(struct kchat_peers *peers, struct kchat_load *load)
{
	struct kchat_net *kn = peers->kn;

	load->load = kchat_responder_load(kn);
	load->people = atomic_read(&kn->nr_people);
	load->rooms = atomic_read(&kn->nr_rooms);
	load->flags = peers->drained ? KCHAT_LOAD_DRAINED : 0;
	if (!kchat_net_running(kn))
		load->flags |= KCHAT_LOAD_LEAVING;
}

void kchat_peer_send(struct kchat_peers *peers, const struct kchat_peer *peer,
		     struct kchat_datagram *datagram)
{
	struct kchat_net *kn = peers->kn;
	u8 data[KCHAT_DISCOVER_PEER_MAX];
	u32 len;

	lockdep_assert_held(&peers->lock);
	if (!peers->open)
		return;
	datagram->sender = kn->cfg.server_uuid;
	datagram->receiver = peer->place.uuid;
	datagram->boot = kn->cfg.generation;
	datagram->counter = ++peers->counter;
	datagram->to_boot = peer->boot;
	datagram->epoch = atomic64_read(&kn->last_epoch);
	len = kchat_datagram_build(data, datagram, kn->cfg.community_secret);
	kchat_discover_udp_send(kn, &peer->addr, peer->udp_port, data, len);
}

static void send_load(struct kchat_peers *peers, const struct kchat_peer *peer)
{
	struct kchat_datagram datagram = { .kind = KCHAT_D_LOAD };

	kchat_load_of(peers, &datagram.load);
	kchat_peer_send(peers, peer, &datagram);
}

static void send_loads(struct kchat_peers *peers)
{
	u32 i;

	for (i = 0; i < KCHAT_PEERS_MAX; i++)
		if (peers->list[i])
			send_load(peers, peers->list[i]);
}

/* ---- what is heard ------------------------------------------------------- */

enum kchat_peer_state kchat_peer_state(const struct kchat_peer *peer)
{
	if (!peer->live)
		return KCHAT_PEER_SILENT;
	return peer->load.flags & KCHAT_LOAD_DRAINED ? KCHAT_PEER_DRAINED : KCHAT_PEER_LIVE;
}

int kchat_peer_find(const struct kchat_peers *peers, const u8 *uuid)
{
	u32 i;

	for (i = 0; i < KCHAT_PEERS_MAX; i++)
		if (peers->list[i] && !memcmp(peers->list[i]->place.uuid, uuid, 16))
			return i;
	return -1;
}

static void peer_tell(struct kchat_peers *peers, const struct kchat_peer *peer,
		      enum kchat_peer_state before)
{
	if (kchat_peer_state(peer) != before)
		kchat_event_peer(peers->kn, peer);
}

/* Whose it is, if it is to be believed: the cheap questions first. */
static int peer_of(struct kchat_peers *peers, const u8 *data, u32 len,
		   struct kchat_datagram *datagram)
{
	const struct kchat_config *cfg = &peers->kn->cfg;
	const struct kchat_peer *peer;
	int index;

	if (!kchat_datagram_head(data, len, datagram) ||
	    memcmp(datagram->receiver, cfg->server_uuid, 16) ||
	    !memcmp(datagram->sender, cfg->server_uuid, 16))
		return -1;
	index = kchat_peer_find(peers, datagram->sender);
	if (index < 0)
		return -1;
	peer = peers->list[index];
	/* What was sent before the last one, or is that once more. */
	if (datagram->boot < peer->boot ||
	    (datagram->boot == peer->boot && datagram->counter <= peer->counter))
		return -1;
	if (!kchat_datagram_proven(data, len, cfg->community_secret) ||
	    !kchat_datagram_parse(data, len, datagram))
		return -1;
	return index;
}

/*
 * Only who knows our generation speaks to us as we are now: what was recorded
 * before a restart does not, and who does not hear us neither.
 */
static bool peer_heard(struct kchat_peers *peers, struct kchat_peer *peer,
		       const struct kchat_datagram *datagram)
{
	enum kchat_peer_state before = kchat_peer_state(peer);
	bool knows = datagram->to_boot == peers->kn->cfg.generation;
	bool again = datagram->boot != peer->boot;

	peer->boot = datagram->boot;
	peer->counter = datagram->counter;
	if (again) {
		kchat_arrive_free(peers, peer);
		peer->arrived = 0;
	}
	if (!knows || again)
		send_load(peers, peer);
	if (!knows || !kchat_epoch_seen(peers->kn, datagram->epoch))
		return false;
	peer->heard = jiffies;
	peer->live = true;
	if (datagram->kind == KCHAT_D_LOAD || datagram->kind == KCHAT_D_HERE ||
	    datagram->kind == KCHAT_D_GIVE)
		peer->load = datagram->load;
	if (peer->load.flags & KCHAT_LOAD_LEAVING)
		peer->live = false;
	peer_tell(peers, peer, before);
	return true;
}

static void peer_handle(struct kchat_peers *peers, u32 index,
			const struct kchat_datagram *datagram)
{
	struct kchat_peer *peer = peers->list[index];

	switch (datagram->kind) {
	case KCHAT_D_WHERE:
		kchat_home_where(peers, index, datagram);
		break;
	case KCHAT_D_HERE:
		kchat_home_here(peers, index, datagram);
		break;
	case KCHAT_D_CLAIM:
		kchat_home_claim(peers, index, datagram);
		break;
	case KCHAT_D_GIVE:
		kchat_home_give(peers, index, datagram);
		break;
	case KCHAT_D_MOVE:
		kchat_arrive_part(peers, peer, datagram);
		break;
	case KCHAT_D_DONE:
		kchat_arrive_done(peers, peer, datagram);
		break;
	case KCHAT_D_TAKEN:
		kchat_drain_taken(peers, index, datagram);
		break;
	case KCHAT_D_INVITE:
		kchat_room_invited(peers->kn, datagram);
		break;
	default:
		break;
	}
}

void kchat_peers_receive(struct kchat_net *kn, const u8 *data, u32 len)
{
	struct kchat_peers *peers = READ_ONCE(kn->peers);
	struct kchat_datagram datagram;
	int index;

	if (!peers)
		return;
	mutex_lock(&peers->lock);
	if (peers->open) {
		index = peer_of(peers, data, len, &datagram);
		if (index >= 0 && peer_heard(peers, peers->list[index], &datagram))
			peer_handle(peers, index, &datagram);
	}
	mutex_unlock(&peers->lock);
}

/* ---- time ---------------------------------------------------------------- */

static void peers_silence(struct kchat_peers *peers)
{
	unsigned long patience = kchat_param_jiffies(peers->kn, KCHAT_P_peer_ms);
	u32 i;

	for (i = 0; i < KCHAT_PEERS_MAX; i++) {
		struct kchat_peer *peer = peers->list[i];
		enum kchat_peer_state before;

		if (!peer || !peer->live || time_before(jiffies, peer->heard + patience))
			continue;
		before = kchat_peer_state(peer);
		peer->live = false;
		peer_tell(peers, peer, before);
	}
}

static void peers_work(struct work_struct *work)
{
	struct kchat_peers *peers = container_of(work, struct kchat_peers, work.work);
	unsigned long period, next;

	kchat_kcov_start();
	mutex_lock(&peers->lock);
	/* Three of them may be lost before we are taken for gone. */
	period = max(kchat_param_jiffies(peers->kn, KCHAT_P_peer_ms) / 4, 1UL);
	if (time_after_eq(jiffies, peers->load_due)) {
		peers->load_due = jiffies + period;
		send_loads(peers);
	}
	peers_silence(peers);
	next = period;
	if (kchat_home_tick(peers))
		next = min(next, msecs_to_jiffies(KCHAT_QUESTION_TICK_MS));
	if (peers->open)
		mod_delayed_work(system_unbound_wq, &peers->work, next);
	mutex_unlock(&peers->lock);
	kchat_kcov_stop();
}

void kchat_peers_kick(struct kchat_peers *peers)
{
	mod_delayed_work(system_unbound_wq, &peers->work,
			 msecs_to_jiffies(KCHAT_QUESTION_TICK_MS));
}

/* ---- orders -------------------------------------------------------------- */

static struct kchat_peers *peers_make(struct kchat_net *kn)
{
	struct kchat_peers *peers = kchat_alloc(kzalloc(sizeof(*peers), GFP_KERNEL));

	if (!peers)
		return NULL;
	peers->kn = kn;
	mutex_init(&peers->lock);
	INIT_DELAYED_WORK(&peers->work, peers_work);
	kchat_home_init(peers);
	kchat_drain_init(peers);
	/* Who looks at it without our lock sees it whole. */
	smp_store_release(&kn->peers, peers);
	return peers;
}

/* Under the lock. The one that is known is changed: what was heard of it stays true. */
static int peer_put(struct kchat_peers *peers, const struct kchat_peer *given)
{
	int index = kchat_peer_find(peers, given->place.uuid), i;
	struct kchat_peer *peer;

	if (index >= 0) {
		peer = peers->list[index];
		peer->place = given->place;
		memcpy(peer->name, given->name, sizeof(peer->name));
		peer->addr = given->addr;
		peer->udp_port = given->udp_port;
		return 0;
	}
	if (peers->nr >= kchat_param(peers->kn, KCHAT_P_peers))
		return -ENOSPC;
	peer = kchat_alloc(kmemdup(given, sizeof(*given), GFP_KERNEL));
	if (!peer)
		return -ENOMEM;
	for (i = 0; peers->list[i]; i++)
		;
	peers->list[i] = peer;
	WRITE_ONCE(peers->nr, peers->nr + 1);
	return 0;
}

int kchat_peer_set(struct kchat_net *kn, const struct kchat_peer *peer)
{
	struct kchat_peers *peers = kn->peers;
	int err;

	lockdep_assert_held(&kn->control);
	if (kn->running && !memcmp(peer->place.uuid, kn->cfg.server_uuid, 16))
		return -EINVAL;
	if (!peers)
		peers = peers_make(kn);
	if (!peers)
		return -ENOMEM;
	mutex_lock(&peers->lock);
	err = peer_put(peers, peer);
	mutex_unlock(&peers->lock);
	if (!err && kn->running)
		kchat_peers_start(kn);
	return err;
}

int kchat_peer_del(struct kchat_net *kn, const u8 *uuid)
{
	struct kchat_peers *peers = kn->peers;
	int index, err = -ENOENT;

	lockdep_assert_held(&kn->control);
	if (!peers)
		return err;
	mutex_lock(&peers->lock);
	index = kchat_peer_find(peers, uuid);
	if (index >= 0 && ((peers->drained && !memcmp(uuid, peers->successor, 16)) ||
			   (peers->move.mark && peers->move.peer == index))) {
		err = -EBUSY;
	} else if (index >= 0) {
		kchat_home_forget(peers, index);
		kfree(peers->list[index]);
		peers->list[index] = NULL;
		WRITE_ONCE(peers->nr, peers->nr - 1);
		err = 0;
	}
	mutex_unlock(&peers->lock);
	return err;
}

bool kchat_peer_get(struct kchat_net *kn, u32 *index, struct kchat_peer *out)
{
	struct kchat_peers *peers = READ_ONCE(kn->peers);
	bool found = false;

	if (!peers)
		return false;
	mutex_lock(&peers->lock);
	for (; *index < KCHAT_PEERS_MAX && !found; ++*index) {
		if (!peers->list[*index])
			continue;
		*out = *peers->list[*index];
		found = true;
	}
	mutex_unlock(&peers->lock);
	return found;
}

/* ---- a server's life ------------------------------------------------------ */

void kchat_peers_start(struct kchat_net *kn)
{
	struct kchat_peers *peers = kn->peers;

	/* Without a secret nobody could be believed. */
	if (!peers || !memchr_inv(kn->cfg.community_secret, 0, KCHAT_KEY_LEN))
		return;
	mutex_lock(&peers->lock);
	WRITE_ONCE(peers->open, true);
	peers->load_due = jiffies;
	mod_delayed_work(system_unbound_wq, &peers->work, 0);
	if (peers->drained)
		mod_delayed_work(system_unbound_wq, &peers->drain, 0);
	mutex_unlock(&peers->lock);
}

/* What was heard is not true of the next server. */
static void peer_reset(struct kchat_peers *peers, struct kchat_peer *peer)
{
	kchat_arrive_free(peers, peer);
	peer->arrived = 0;
	peer->live = false;
	peer->heard = 0;
	memset(&peer->load, 0, sizeof(peer->load));
}

void kchat_peers_stop(struct kchat_net *kn)
{
	struct kchat_peers *peers = kn->peers;
	u32 i;

	if (!peers)
		return;
	mutex_lock(&peers->lock);
	send_loads(peers);
	WRITE_ONCE(peers->open, false);
	kchat_home_stop(peers);
	mutex_unlock(&peers->lock);
	cancel_delayed_work_sync(&peers->work);
	kchat_drain_stop(peers);
	mutex_lock(&peers->lock);
	for (i = 0; i < KCHAT_PEERS_MAX; i++)
		if (peers->list[i])
			peer_reset(peers, peers->list[i]);
	mutex_unlock(&peers->lock);
}

void kchat_peers_destroy(struct kchat_net *kn)
{
	u32 i;

	if (!kn->peers)
		return;
	for (i = 0; i < KCHAT_PEERS_MAX; i++)
		kfree(kn->peers->list[i]);
	kfree(kn->peers);
	kn->peers = NULL;
}
