// SPDX-License-Identifier: GPL-2.0-only
/*
 * A room that comes from a server that is drained: in parts, until it is whole; then
 * it is made, but nobody can come in before the other server has given it up.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "home.h"
#include "log.h"
#include "peer.h"
#include "room.h"
#include "rule.h"
#include "server.h"

#define KCHAT_ARRIVAL_MS	60000	/* what has not come by then is forgotten */

/**
 * struct kchat_arrival - a room that comes
 * @mark: of the move
 * @until: jiffies
 * @total: bytes of it
 * @have: of these that are there
 * @whole: all are, and @room is made of them
 * @room: on no table yet; NULL: there is one of its name here already
 * @name: of the room, once it is whole
 * @name_len: bytes of it
 * @data: counted at the module's cap
 */
struct kchat_arrival {
	u64 mark;
	unsigned long until;
	u32 total;
	u32 have;
	bool whole;
	struct kchat_room *room;
	char name[KCHAT_ROOM_NAME_MAX];
	u32 name_len;
	u8 *data;
};

static void arrival_drop_data(struct kchat_arrival *arrival)
{
	if (!arrival->data)
		return;
	atomic64_sub(arrival->total, &kchat_graves.bytes);
	kvfree_sensitive(arrival->data, arrival->total);
	arrival->data = NULL;
}

void kchat_arrive_free(struct kchat_peers *peers, struct kchat_peer *peer)
{
	struct kchat_arrival *arrival = peer->arrival;

	if (!arrival)
		return;
	peer->arrival = NULL;
	arrival_drop_data(arrival);
	if (arrival->room)
		kchat_room_discard(arrival->room);
	kfree(arrival);
}

static void answer(struct kchat_peers *peers, struct kchat_peer *peer, u64 mark, u8 state,
		   enum kchat_error error)
{
	struct kchat_datagram datagram = {
		.kind = KCHAT_D_TAKEN,
		.mark = mark,
		.offset = peer->arrival ? peer->arrival->have : 0,
		.error = error,
		.state = state,
	};

	kchat_peer_send(peers, peer, &datagram);
}

/* ---- parts ----------------------------------------------------------------- */

static enum kchat_error arrival_begin(struct kchat_peers *peers, struct kchat_peer *peer,
				      const struct kchat_datagram *datagram)
{
	struct kchat_net *kn = peers->kn;
	struct kchat_arrival *arrival;

	kchat_arrive_free(peers, peer);
	if (peers->drained)
		return KCHAT_E_FORBIDDEN;
	if (datagram->total > KCHAT_RECORD_SIZE(kchat_param(kn, KCHAT_P_room_rules)))
		return KCHAT_E_RULES;
	if (!kchat_net_memory(kn, datagram->total))
		return KCHAT_E_BUSY;
	arrival = kchat_alloc(kzalloc(sizeof(*arrival), GFP_KERNEL));
	if (!arrival)
		return KCHAT_E_BUSY;
	arrival->data = kchat_alloc(kvmalloc(datagram->total, GFP_KERNEL));
	if (!arrival->data) {
		kfree(arrival);
		return KCHAT_E_BUSY;
	}
	atomic64_add(datagram->total, &kchat_graves.bytes);
	arrival->mark = datagram->mark;
	arrival->total = datagram->total;
	arrival->until = jiffies + msecs_to_jiffies(KCHAT_ARRIVAL_MS);
	peer->arrival = arrival;
	return KCHAT_E_NONE;
}

static enum kchat_error arrival_rule(struct kchat_room *room, const u8 *data)
{
	struct kchat_standing_entry entry;
	struct kchat_standing *fresh, kept;
	enum kchat_error error;

	if (!kchat_standing_parse(data, &entry))
		return KCHAT_E_BAD_FRAME;
	kept = (struct kchat_standing){
		.account = entry.account,
		.flags = entry.flags,
		.banned_until = entry.banned_until,
		.muted_until = entry.muted_until,
		.invited_until = entry.invited_until,
	};
	fresh = kchat_standing_alloc(room);
	if (!fresh)
		return KCHAT_E_BUSY;
	spin_lock(&room->lock);
	error = kchat_standing_restore(room, &fresh, &kept);
	spin_unlock(&room->lock);
	kchat_standing_free(fresh);
	return error;
}

static enum kchat_error arrival_rules(struct kchat_room *room, const struct kchat_record *record)
{
	u32 i;

	for (i = 0; i < record->nr_standings; i++) {
		enum kchat_error error;

		error = arrival_rule(room, record->standings + i * KCHAT_STANDING_LEN);
		if (error != KCHAT_E_NONE)
			return error;
	}
	return KCHAT_E_NONE;
}

/* All is there: the room is made, so that nothing can fail any more when it is ours. */
static enum kchat_error arrival_make(struct kchat_peers *peers, struct kchat_peer *peer,
				     const struct kchat_datagram *datagram)
{
	struct kchat_arrival *arrival = peer->arrival;
	u8 mask[KCHAT_KEY_LEN];
	struct kchat_net *kn = peers->kn;
	struct kchat_record record;
	struct kchat_join join;
	enum kchat_error error;

	if (!kchat_record_parse(arrival->data, arrival->total, &record) ||
	    kchat_frame_made_join(record.flags, record.backlog, &record.name, &join) !=
		    KCHAT_E_NONE || kchat_home_local(&join.name) ||
	    !kchat_epoch_seen(kn, record.epoch))
		return KCHAT_E_BAD_FRAME;
	memcpy(arrival->name, join.name.data, join.name.len);
	arrival->name_len = join.name.len;
	if (kchat_room_exists(kn, &join.name))
		return KCHAT_E_NONE;
	kchat_record_mask(kn->cfg.community_secret, datagram, mask);
	arrival->room = kchat_room_prepare(kn, &join, &record, mask, &error);
	memzero_explicit(mask, sizeof(mask));
	if (!arrival->room)
		return error;
	return arrival_rules(arrival->room, &record);
}

static enum kchat_error arrival_add(struct kchat_peers *peers, struct kchat_peer *peer,
				    const struct kchat_datagram *datagram)
{
	struct kchat_arrival *arrival = peer->arrival;
	enum kchat_error error = KCHAT_E_NONE;

	if (datagram->total != arrival->total)
		return KCHAT_E_BAD_FRAME;
	/* One that came already, or one after a hole: they are told how much is there. */
	if (datagram->offset != arrival->have || arrival->whole)
		return KCHAT_E_NONE;
	memcpy(arrival->data + datagram->offset, datagram->data, datagram->len);
	arrival->have += datagram->len;
	if (arrival->have < arrival->total)
		return KCHAT_E_NONE;
	error = arrival_make(peers, peer, datagram);
	arrival->whole = error == KCHAT_E_NONE;
	arrival_drop_data(arrival);
	return error;
}

void kchat_arrive_part(struct kchat_peers *peers, struct kchat_peer *peer,
		       const struct kchat_datagram *datagram)
{
	enum kchat_error error = KCHAT_E_NONE;

	if (datagram->mark <= peer->arrived)
		return; /* of a move that is over */
	if (!peer->arrival || peer->arrival->mark != datagram->mark) {
		if (datagram->offset)
			return;
		error = arrival_begin(peers, peer, datagram);
	}
	if (error == KCHAT_E_NONE)
		error = arrival_add(peers, peer, datagram);
	if (error != KCHAT_E_NONE) {
		kchat_arrive_free(peers, peer);
		answer(peers, peer, datagram->mark, KCHAT_TAKEN_REFUSED, error);
		return;
	}
	answer(peers, peer, datagram->mark,
	       peer->arrival->whole ? KCHAT_TAKEN_WHOLE : KCHAT_TAKEN_PART, KCHAT_E_NONE);
}

/* ---- it is ours ---------------------------------------------------------------- */

int kchat_arrive_find(const struct kchat_peers *peers, const struct kchat_text *name)
{
	u32 i;

	for (i = 0; i < KCHAT_PEERS_MAX; i++) {
		const struct kchat_arrival *arrival;

		arrival = peers->list[i] ? peers->list[i]->arrival : NULL;
		if (arrival && arrival->whole && time_before(jiffies, arrival->until) &&
		    arrival->name_len == name->len &&
		    !memcmp(arrival->name, name->data, name->len))
			return i;
	}
	return -1;
}

void kchat_arrive_settle(struct kchat_peers *peers, struct kchat_peer *peer)
{
	struct kchat_arrival *arrival = peer->arrival;
	char copy[KCHAT_ROOM_NAME_MAX];
	struct kchat_text name;

	memcpy(copy, arrival->name, arrival->name_len);
	name = (struct kchat_text){ copy, arrival->name_len };
	peer->arrived = arrival->mark;
	if (arrival->room)
		kchat_room_insert(arrival->room);
	arrival->room = NULL;
	kchat_arrive_free(peers, peer);
	kchat_home_came(peers, &name);
}

void kchat_arrive_done(struct kchat_peers *peers, struct kchat_peer *peer,
		       const struct kchat_datagram *datagram)
{
	const struct kchat_arrival *arrival = peer->arrival;

	if (arrival && arrival->whole && arrival->mark == datagram->mark)
		kchat_arrive_settle(peers, peer);
	/* If it was forgotten in between, it is made anew by who comes. */
	answer(peers, peer, datagram->mark,
	       peer->arrived == datagram->mark ? KCHAT_TAKEN_DONE : KCHAT_TAKEN_REFUSED,
	       KCHAT_E_NONE);
}
