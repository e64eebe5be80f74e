// SPDX-License-Identifier: GPL-2.0-only
/* Registered rooms: kept by the accounts service, over their last person and a restart. */
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "service.h"

#define KCHAT_KEPT_FLAGS	(KCHAT_ROOM_PRACTICE | KCHAT_ROOM_INVITE_ONLY |		\
				 KCHAT_ROOM_MODERATED | KCHAT_ROOM_PASSWORD |		\
				 KCHAT_ROOM_TOPIC_LOCKED)

/* ---- who is charged; under rooms_lock -------------------------------------- */

/* Who made it is charged for it no more. */
static void maker_discharge(struct kchat_room *room)
{
	if (!room->maker)
		return;
	room->maker->n_rooms--;
	kchat_account_put(room->maker);
	room->maker = NULL;
}

/* Takes over a reference to @keeper, which may be NULL. */
static void kept_charge(struct kchat_room *room, struct kchat_account *keeper)
{
	room->kept = true;
	room->kn->nr_kept++;
	room->keeper = keeper;
	if (keeper)
		keeper->n_kept++;
}

/* Gives back the reference that it took. */
static struct kchat_account *kept_discharge(struct kchat_room *room)
{
	struct kchat_account *keeper = room->keeper;

	room->kept = false;
	room->kn->nr_kept--;
	room->keeper = NULL;
	if (keeper)
		keeper->n_kept--;
	return keeper;
}

void kchat_kept_forget(struct kchat_room *room)
{
	struct kchat_account *keeper;

	if (!room->kept)
		return;
	keeper = kept_discharge(room);
	if (keeper)
		kchat_account_put(keeper);
}

void kchat_kept_arrive(struct kchat_room *room)
{
	lockdep_assert_held(&room->kn->rooms_lock);
	kept_charge(room, room->maker);
	room->maker = NULL;
	/* The service here is told of it, too. */
	WRITE_ONCE(room->unsaved, true);
}

/* Who registered a room that is not kept any more is charged for it as if they had made it. */
static void kept_release(struct kchat_room *room)
{
	struct kchat_account *keeper = kept_discharge(room);

	if (!keeper)
		return;
	if (room->maker) {
		kchat_account_put(keeper);
		return;
	}
	room->maker = keeper;
	keeper->n_rooms++;
}

/* ---- REGISTER and UNREGISTER -------------------------------------------------- */

/* Under rooms_lock. */
static enum kchat_error kept_allowed(struct kchat_net *kn, const struct kchat_account *who)
{
	if (kn->nr_kept >= kchat_param(kn, KCHAT_P_registered_rooms)) {
		kchat_event_limit(kn, KCHAT_P_registered_rooms);
		return KCHAT_E_ROOMS;
	}
	if (who->n_kept >= kchat_param(kn, KCHAT_P_registered_per_person)) {
		kchat_event_limit(kn, KCHAT_P_registered_per_person);
		return KCHAT_E_ROOMS;
	}
	return KCHAT_E_NONE;
}

bool kchat_kept_begin(struct kchat_room *room, struct kchat_account *who, bool on,
		      enum kchat_error *error)
{
	struct kchat_net *kn = room->kn;
	bool gone;

	mutex_lock(&kn->rooms_lock);
	spin_lock(&room->lock);
	gone = room->gone;
	spin_unlock(&room->lock);
	*error = KCHAT_E_NONE;
	if (gone)
		*error = KCHAT_E_NOT_IN_ROOM;
	else if (room->deciding)
		*error = KCHAT_E_BUSY;
	else if (on && !room->kept)
		*error = kept_allowed(kn, who);
	if (*error != KCHAT_E_NONE || room->kept == on) {
		mutex_unlock(&kn->rooms_lock);
		return false;
	}
	room->deciding = true;
	/* A place is taken before anybody writes, and stays when everybody leaves meanwhile. */
	if (on)
		kept_charge(room, kchat_account_hold(who));
	mutex_unlock(&kn->rooms_lock);
	return true;
}

/* Under rooms_lock. */
static void kept_say(struct kchat_room *room, bool on, u64 by, const u8 *id,
		     struct kchat_spare *spare)
{
	const struct kchat_ruling told = {
		.action = on ? KCHAT_RULE_REGISTER : KCHAT_RULE_UNREGISTER,
	};

	spin_lock(&room->lock);
	if (on)
		WRITE_ONCE(room->flags, room->flags | KCHAT_ROOM_REGISTERED);
	else
		WRITE_ONCE(room->flags, room->flags & ~KCHAT_ROOM_REGISTERED);
	/* What has changed while the service wrote is not there yet. */
	kchat_kept_changed(room);
	room->idle_since = jiffies;
	kchat_ruled_say(room, &told, by, id, spare);
	spin_unlock(&room->lock);
	kchat_list_changed(room->kn, KCHAT_LIST_ROOMS);
}

void kchat_kept_end(struct kchat_room *room, bool on, bool done, u64 by, const u8 *id)
{
	struct kchat_net *kn = room->kn;
	struct kchat_spare spare = {};

	kchat_spare_fill(&spare, &room->log, KCHAT_GFP_SURE);
	mutex_lock(&kn->rooms_lock);
	room->deciding = false;
	/* A server that stops has taken the room off its table, and charges nobody any more. */
	if (room->kept && on != done)
		kept_release(room);
	if (done && on)
		maker_discharge(room);
	if (done)
		kept_say(room, on, by, id, &spare);
	mutex_unlock(&kn->rooms_lock);
	kchat_spare_release(&spare);
}

bool kchat_kept_del(struct kchat_room *room)
{
	static const u8 no_id[16];
	struct kchat_net *kn = room->kn;
	bool kept;

	mutex_lock(&kn->rooms_lock);
	kept = room->kept && !room->deciding;
	room->deciding |= kept;
	mutex_unlock(&kn->rooms_lock);
	if (!kept)
		return false;
	kchat_kept_end(room, false, true, 0, no_id);
	/* The service need not have asked for it. Without memory it learns of it when it asks. */
	kchat_service_changed(room);
	return true;
}

/* ---- what the service has kept --------------------------------------------------- */

/* Under room->lock, nobody is there. @topic is the room's now, the old one the caller's. */
static void kept_apply(struct kchat_room *room, const struct kchat_kept *kept, u8 **topic)
{
	WRITE_ONCE(room->flags, (kept->flags & KCHAT_KEPT_FLAGS) | KCHAT_ROOM_REGISTERED);
	room->owner = kept->owner;
	room->backlog = kept->backlog;
	room->created = kept->created;
	swap(room->topic, *topic);
	room->topic_len = kept->topic.len;
	if (kept->flags & KCHAT_ROOM_PASSWORD)
		memcpy(room->key, kept->key, sizeof(room->key));
	WRITE_ONCE(room->unsaved, false);
}

/* Under rooms_lock. Takes over a reference to @keeper if it succeeds. */
static struct kchat_room *kept_room(struct kchat_net *kn, const struct kchat_kept *kept,
				    const struct kchat_join *join, struct kchat_account *keeper,
				    u8 **topic, enum kchat_error *error)
{
	struct kchat_room *room = kchat_room_by_name(kn, &join->name);

	if (!room)
		room = kchat_room_create(kn, join, NULL, error);
	if (!room)
		return NULL;
	*error = KCHAT_E_NONE;
	spin_lock(&room->lock);
	if (room->nr_people || room->deciding)
		*error = KCHAT_E_IN_ROOM;
	else
		kept_apply(room, kept, topic);
	spin_unlock(&room->lock);
	if (*error != KCHAT_E_NONE)
		return NULL;
	maker_discharge(room);
	kchat_kept_forget(room);
	kept_charge(room, keeper);
	kchat_list_changed(kn, KCHAT_LIST_ROOMS);
	return kchat_room_hold(room);
}

struct kchat_room *kchat_kept_set(struct kchat_net *kn, const struct kchat_kept *kept,
				  enum kchat_error *error)
{
	struct kchat_account *keeper = NULL;
	struct kchat_room *room = NULL;
	struct kchat_join join;
	u8 *topic = NULL;

	*error = kchat_frame_made_join(kept->flags, kept->backlog, &kept->name, &join);
	if (*error == KCHAT_E_NONE && join.direct[0])
		*error = KCHAT_E_ROOM_NAME;
	if (*error != KCHAT_E_NONE)
		return NULL;
	*error = KCHAT_E_BUSY;
	if (kept->topic.len) {
		topic = kchat_alloc(kmemdup(kept->topic.data, kept->topic.len, GFP_KERNEL));
		if (!topic)
			return NULL;
	}
	if (kept->keeper)
		keeper = kchat_account_get(&kn->accounts, kept->keeper);
	mutex_lock(&kn->rooms_lock);
	room = kept_room(kn, kept, &join, keeper, &topic, error);
	mutex_unlock(&kn->rooms_lock);
	if (!room && keeper)
		kchat_account_put(keeper);
	kfree(topic);
	return room;
}

/* ---- what changes of it ------------------------------------------------------------ */

void kchat_kept_tick(struct kchat_room *room)
{
	if (!READ_ONCE(room->unsaved) || !(READ_ONCE(room->flags) & KCHAT_ROOM_REGISTERED))
		return;
	/* Before it is told: what changes from here on is told once more. */
	WRITE_ONCE(room->unsaved, false);
	if (kchat_service_changed(room))
		WRITE_ONCE(room->unsaved, true);
}

/* Under rooms_lock. */
static void room_forget_account(struct kchat_room *room, u64 account)
{
	spin_lock(&room->lock);
	kchat_standing_clear(room, account, KCHAT_STANDING_ALL);
	if (room->owner == account) {
		room->owner = 0;
		kchat_kept_changed(room);
	}
	spin_unlock(&room->lock);
	if (room->keeper && room->keeper->number == account) {
		room->keeper->n_kept--;
		kchat_account_put(room->keeper);
		room->keeper = NULL;
	}
}

void kchat_kept_forget_account(struct kchat_net *kn, u64 account)
{
	struct kchat_room *room;
	unsigned long number;

	mutex_lock(&kn->rooms_lock);
	xa_for_each(&kn->rooms, number, room)
		room_forget_account(room, account);
	mutex_unlock(&kn->rooms_lock);
}
