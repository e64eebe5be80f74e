// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server that is drained: its rooms go to a successor, one after the other. What a
 * room is goes over while people talk on in it; then, in one moment, it is the
 * successor's: nothing is said here any more, its people get its log to the end and
 * are told where it is.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "event.h"
#include "home.h"
#include "log.h"
#include "peer.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "service.h"

#define KCHAT_DRAIN_PAUSE_MS	1000	/* what could not move is tried again */
#define KCHAT_DRAIN_TRIES	8	/* while somebody changes the room again and again */

/**
 * struct packed - a room as it goes over
 * @data: record, then what it remembers
 * @size: bytes there are
 * @len: that count
 */
struct packed {
	u8 *data;
	u32 size;
	u32 len;
};

/* ---- what goes over ------------------------------------------------------------ */

/* Under rooms_lock and room->lock. False: it has grown. The key is masked later. */
static bool pack_locked(const struct kchat_room *room, struct packed *packed)
{
	const struct kchat_account *maker = room->kept ? room->keeper : room->maker;
	const struct kchat_standing *standing;
	const struct kchat_record record = {
		.flags = room->flags,
		.backlog = room->backlog,
		.name = kchat_room_name(room),
		.topic = { room->topic, room->topic_len },
		.epoch = room->epoch,
		.created = room->created,
		.owner = room->owner,
		.maker = maker ? maker->number : 0,
		.key = room->key,
		.nr_standings = room->nr_standings,
	};

	lockdep_assert_held(&room->lock);
	if (KCHAT_RECORD_SIZE(room->nr_standings) > packed->size)
		return false;
	packed->len = kchat_record_build(packed->data, &record);
	list_for_each_entry(standing, &room->standings, node) {
		struct kchat_standing_entry entry = {
			.account = standing->account,
			.flags = standing->flags,
			.banned_until = standing->banned_until,
			.muted_until = standing->muted_until,
			.invited_until = standing->invited_until,
		};

		kchat_standing_build(packed->data + packed->len, &entry);
		packed->len += KCHAT_STANDING_LEN;
	}
	return true;
}

static void packed_free(struct packed *packed)
{
	kvfree_sensitive(packed->data, packed->size);
	packed->data = NULL;
}

static bool packed_alloc(const struct kchat_room *room, struct packed *packed)
{
	packed->size = KCHAT_RECORD_SIZE(READ_ONCE(room->nr_standings) + 8);
	packed->data = kchat_alloc(kvmalloc(packed->size, GFP_KERNEL));
	return packed->data;
}

static bool pack(struct kchat_room *room, struct packed *packed)
{
	bool done = false;

	while (!done) {
		if (!packed_alloc(room, packed))
			return false;
		mutex_lock(&room->kn->rooms_lock);
		spin_lock(&room->lock);
		done = pack_locked(room, packed);
		spin_unlock(&room->lock);
		mutex_unlock(&room->kn->rooms_lock);
		if (!done)
			packed_free(packed);
	}
	return true;
}

/* ---- to the successor ------------------------------------------------------------ */

/* Under the lock: where it goes, or NULL: it does not go now. */
static struct kchat_peer *successor_of(struct kchat_peers *peers, int *index)
{
	if (!peers->open || !peers->drained)
		return NULL;
	*index = kchat_peer_find(peers, peers->successor);
	if (*index < 0 || kchat_peer_state(peers->list[*index]) != KCHAT_PEER_LIVE)
		return NULL;
	return peers->list[*index];
}

static bool move_begin(struct kchat_peers *peers, const struct kchat_room *room)
{
	struct kchat_move *move = &peers->move;
	int index;

	mutex_lock(&peers->lock);
	memset(move, 0, sizeof(*move));
	if (successor_of(peers, &index)) {
		move->mark = ++peers->mark;
		move->peer = index;
		memcpy(move->name, room->name, room->name_len);
		move->name_len = room->name_len;
	}
	mutex_unlock(&peers->lock);
	return move->mark;
}

static void move_end(struct kchat_peers *peers)
{
	mutex_lock(&peers->lock);
	memset(&peers->move, 0, sizeof(peers->move));
	mutex_unlock(&peers->lock);
}

/* Sends a datagram of the move, once; @data: a part, or NULL: DONE. */
static bool move_send(struct kchat_peers *peers, const struct packed *packed, u32 offset)
{
	struct kchat_move *move = &peers->move;
	struct kchat_datagram datagram = { .kind = KCHAT_D_DONE };
	u8 masked[KCHAT_MOVE_PART], mask[KCHAT_KEY_LEN];
	const u32 key = KCHAT_RECORD_FIXED - KCHAT_KEY_LEN;
	struct kchat_peer *peer;
	u32 i;

	mutex_lock(&peers->lock);
	peer = peers->list[move->peer];
	datagram.mark = move->mark;
	if (packed) {
		datagram.kind = KCHAT_D_MOVE;
		datagram.total = packed->len;
		datagram.offset = offset;
		datagram.data = masked;
		datagram.len = min_t(u32, packed->len - offset, KCHAT_MOVE_PART);
		memcpy(masked, packed->data + offset, datagram.len);
	}
	if (packed && !offset) {
		datagram.sender = peers->kn->cfg.server_uuid;
		datagram.receiver = peer->place.uuid;
		datagram.boot = peers->kn->cfg.generation;
		kchat_record_mask(peers->kn->cfg.community_secret, &datagram, mask);
		for (i = 0; i < KCHAT_KEY_LEN; i++)
			masked[key + i] ^= mask[i];
	}
	move->heard = false;
	kchat_peer_send(peers, peer, &datagram);
	mutex_unlock(&peers->lock);
	memzero_explicit(masked, sizeof(masked));
	memzero_explicit(mask, sizeof(mask));
	return READ_ONCE(peers->open);
}

/* Says it until it is answered. False: it is not, or refused. */
static bool move_ask(struct kchat_peers *peers, const struct packed *packed, u32 offset)
{
	unsigned long end = jiffies + kchat_param_jiffies(peers->kn, KCHAT_P_move_ms);
	const struct kchat_move *move = &peers->move;

	while (move_send(peers, packed, offset)) {
		wait_event_timeout(peers->moved, READ_ONCE(move->heard) || !READ_ONCE(peers->open),
				   msecs_to_jiffies(KCHAT_PEER_AGAIN_MS));
		if (READ_ONCE(move->heard))
			return READ_ONCE(move->state) != KCHAT_TAKEN_REFUSED;
		if (time_after_eq(jiffies, end))
			break;
	}
	return false;
}

static bool move_parts(struct kchat_peers *peers, const struct packed *packed)
{
	u32 offset = 0, had = 0;

	while (offset < packed->len) {
		if (!move_ask(peers, packed, offset))
			return false;
		had = offset;
		offset = READ_ONCE(peers->move.offset);
		/* A peer that takes nothing is none. */
		if (offset <= had || offset > packed->len)
			return false;
	}
	return READ_ONCE(peers->move.state) == KCHAT_TAKEN_WHOLE;
}

void kchat_drain_taken(struct kchat_peers *peers, u32 index,
		       const struct kchat_datagram *datagram)
{
	struct kchat_move *move = &peers->move;

	if (!move->mark || move->mark != datagram->mark || move->peer != index)
		return;
	move->offset = datagram->offset;
	move->error = datagram->error;
	WRITE_ONCE(move->state, datagram->state);
	WRITE_ONCE(move->heard, true);
	wake_up(&peers->moved);
}

/* ---- one room ---------------------------------------------------------------------- */

static void move_mark_gone(struct kchat_peers *peers, bool gone)
{
	const struct kchat_move *move = &peers->move;
	const struct kchat_text name = { move->name, move->name_len };

	mutex_lock(&peers->lock);
	peers->move.gone = gone;
	if (gone)
		kchat_home_left(peers, &name);
	mutex_unlock(&peers->lock);
}

static struct kchat_place *place_of(struct kchat_peers *peers)
{
	struct kchat_place *place;

	mutex_lock(&peers->lock);
	place = kchat_alloc(kmemdup(&peers->list[peers->move.peer]->place, sizeof(*place),
				    GFP_KERNEL));
	mutex_unlock(&peers->lock);
	return place;
}

/*
 * The moment. False: the room is not what has gone over any more. Who asks where it is
 * in this moment is told the one or the other, and both are right.
 */
static bool move_commit(struct kchat_peers *peers, struct kchat_room *room,
			const struct packed *sent)
{
	struct kchat_place *place = place_of(peers);
	struct packed now;
	bool same;

	if (!place)
		return false;
	if (!packed_alloc(room, &now)) {
		kfree(place);
		return false;
	}
	move_mark_gone(peers, true);
	mutex_lock(&room->kn->rooms_lock);
	spin_lock(&room->lock);
	same = !room->gone && !room->deciding && pack_locked(room, &now) && now.len == sent->len &&
	       !memcmp(now.data, sent->data, sent->len);
	if (same)
		kchat_room_leave_here(room, place);
	spin_unlock(&room->lock);
	if (same)
		kchat_room_remove(room);
	mutex_unlock(&room->kn->rooms_lock);
	packed_free(&now);
	/* The service here keeps it no more; that of the successor is told there. */
	if (same && room->flags & KCHAT_ROOM_REGISTERED)
		kchat_service_changed(room);
	if (!same) {
		move_mark_gone(peers, false);
		kfree(place);
	}
	return same;
}

static bool move_room(struct kchat_peers *peers, struct kchat_room *room)
{
	struct packed packed;
	bool moved = false;
	int tries;

	for (tries = 0; tries < KCHAT_DRAIN_TRIES && !moved; tries++) {
		if (!move_begin(peers, room))
			return false;
		if (!pack(room, &packed))
			break;
		if (!move_parts(peers, &packed)) {
			packed_free(&packed);
			break;
		}
		moved = move_commit(peers, room, &packed);
		packed_free(&packed);
	}
	if (moved) {
		/* Whether it hears that or not: it asks us when somebody comes. */
		move_ask(peers, NULL, 0);
		kchat_room_clear_all(room);
		/* Who keeps registered rooms looks, and finds that there is none. */
		if (READ_ONCE(room->flags) & KCHAT_ROOM_REGISTERED)
			kchat_service_changed(room);
	}
	move_end(peers);
	return moved;
}

/* ---- all of them ---------------------------------------------------------------------- */

static bool room_goes(const struct kchat_room *room)
{
	const struct kchat_text name = kchat_room_name(room);

	return !kchat_home_local(&name);
}

/* How many are still to move. */
static u32 rooms_left(struct kchat_net *kn)
{
	struct kchat_room *room;
	unsigned long number;
	u32 count = 0;

	mutex_lock(&kn->rooms_lock);
	xa_for_each(&kn->rooms, number, room)
		count += room_goes(room);
	mutex_unlock(&kn->rooms_lock);
	return count;
}

static void drain_tell(struct kchat_peers *peers)
{
	mutex_lock(&peers->lock);
	if (peers->drained && !peers->drain_told) {
		peers->drain_told = true;
		kchat_event_drained(peers->kn, peers->successor);
	}
	mutex_unlock(&peers->lock);
}

/* Is there somebody to take rooms in this moment? */
static bool drain_can(struct kchat_peers *peers)
{
	int index;
	bool can;

	mutex_lock(&peers->lock);
	can = successor_of(peers, &index);
	mutex_unlock(&peers->lock);
	return can;
}

static void drain_work(struct work_struct *work)
{
	struct kchat_peers *peers = container_of(work, struct kchat_peers, drain.work);
	struct kchat_net *kn = peers->kn;
	struct kchat_room *room;
	u32 number = 0;

	while (drain_can(peers) && (room = kchat_room_next(kn, number))) {
		number = room->number;
		if (room_goes(room) && !move_room(peers, room))
			pr_warn_ratelimited("room %u stays: the successor did not take it\n",
					    number);
		kchat_room_put(room);
		cond_resched();
	}
	if (!rooms_left(kn))
		drain_tell(peers);
	/* Some may have stayed, or been made while nobody else was there. */
	mutex_lock(&peers->lock);
	if (peers->open && peers->drained)
		mod_delayed_work(system_unbound_wq, &peers->drain,
				 msecs_to_jiffies(KCHAT_DRAIN_PAUSE_MS));
	mutex_unlock(&peers->lock);
}

/* ---- orders ------------------------------------------------------------------------------ */

int kchat_drain_begin(struct kchat_net *kn, const u8 *uuid, bool at_start)
{
	struct kchat_peers *peers = kn->peers;
	int index, err = 0;

	lockdep_assert_held(&kn->control);
	if (!peers)
		return -ENOENT;
	mutex_lock(&peers->lock);
	index = kchat_peer_find(peers, uuid);
	if (index < 0)
		err = -ENOENT;
	else if (!at_start && kchat_peer_state(peers->list[index]) == KCHAT_PEER_SILENT)
		err = -EHOSTUNREACH;
	else if (!at_start && kchat_peer_state(peers->list[index]) == KCHAT_PEER_DRAINED)
		err = -EBUSY;
	if (!err) {
		peers->drained = true;
		peers->drain_told = false;
		memcpy(peers->successor, uuid, sizeof(peers->successor));
		peers->load_due = jiffies;
		if (peers->open) {
			kchat_peers_kick(peers);
			mod_delayed_work(system_unbound_wq, &peers->drain, 0);
		}
	}
	mutex_unlock(&peers->lock);
	return err;
}

void kchat_drain_end(struct kchat_net *kn)
{
	struct kchat_peers *peers = kn->peers;

	lockdep_assert_held(&kn->control);
	if (!peers)
		return;
	mutex_lock(&peers->lock);
	peers->drained = false;
	peers->load_due = jiffies;
	if (peers->open)
		kchat_peers_kick(peers);
	mutex_unlock(&peers->lock);
}

bool kchat_drain_status(struct kchat_net *kn, u8 successor[16], u32 *left)
{
	struct kchat_peers *peers = READ_ONCE(kn->peers);
	bool drained;

	if (!peers)
		return false;
	mutex_lock(&peers->lock);
	drained = peers->drained;
	memcpy(successor, peers->successor, 16);
	mutex_unlock(&peers->lock);
	if (drained)
		*left = rooms_left(kn);
	return drained;
}

void kchat_drain_init(struct kchat_peers *peers)
{
	init_waitqueue_head(&peers->moved);
	INIT_DELAYED_WORK(&peers->drain, drain_work);
}

void kchat_drain_stop(struct kchat_peers *peers)
{
	wake_up(&peers->moved);
	cancel_delayed_work_sync(&peers->drain);
	mutex_lock(&peers->lock);
	peers->drained = false;
	mutex_unlock(&peers->lock);
}
