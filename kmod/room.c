// SPDX-License-Identifier: GPL-2.0-only
/* Rooms: the table of them, and their lives. */
#include "room.h"

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "home.h"
#include "server.h"
#include "rule.h"
#include "session.h"
#include "stats.h"

#define KCHAT_ROOM_BUCKETS	16	/* of a new room's table of ids */

/* ---- the table --------------------------------------------------------- */

void kchat_rooms_init(struct kchat_net *kn)
{
	unsigned int i;

	mutex_init(&kn->rooms_lock);
	xa_init(&kn->rooms);
	for (i = 0; i < ARRAY_SIZE(kn->room_names); i++)
		INIT_HLIST_HEAD(&kn->room_names[i]);
}

static struct hlist_head *room_bucket(struct kchat_net *kn, const struct kchat_text *name)
{
	u32 hash = jhash(name->data, name->len, 0);

	return &kn->room_names[hash & (ARRAY_SIZE(kn->room_names) - 1)];
}

struct kchat_room *kchat_room_by_name(struct kchat_net *kn, const struct kchat_text *name)
{
	struct kchat_room *room;

	lockdep_assert_held(&kn->rooms_lock);
	hlist_for_each_entry(room, room_bucket(kn, name), by_name)
		if (room->name_len == name->len && !memcmp(room->name, name->data, name->len))
			return room;
	return NULL;
}

struct kchat_room *kchat_room_find(struct kchat_net *kn, const struct kchat_text *name)
{
	struct kchat_room *room;

	mutex_lock(&kn->rooms_lock);
	room = kchat_room_by_name(kn, name);
	if (room)
		kchat_room_hold(room);
	mutex_unlock(&kn->rooms_lock);
	return room;
}

struct kchat_room *kchat_room_next(struct kchat_net *kn, u32 after)
{
	unsigned long number = after;
	struct kchat_room *room;

	mutex_lock(&kn->rooms_lock);
	room = xa_find_after(&kn->rooms, &number, ULONG_MAX, XA_PRESENT);
	if (room)
		kchat_room_hold(room);
	mutex_unlock(&kn->rooms_lock);
	return room;
}

/* ---- one room ---------------------------------------------------------- */

static void room_free(struct kchat_room *room)
{
	struct kchat_net *kn = room->kn;

	kchat_log_destroy(&room->log);
	kfree(room->topic);
	kchat_standings_free(room);
	kfree(room->moved);
	memzero_explicit(room->key, sizeof(room->key));
	kfree(room);
	kchat_net_gone(&kn->nr_rooms);
}

void kchat_room_put(struct kchat_room *room)
{
	if (refcount_dec_and_test(&room->refs))
		room_free(room);
}

static void room_hold_owner(void *owner)
{
	kchat_room_hold(owner);
}

void kchat_room_mark(struct kchat_room *room)
{
	struct kchat_member *member;

	lockdep_assert_held(&room->lock);
	kchat_slots_mark(room->slots, room_hold_owner);
	hlist_for_each_entry(member, &room->readers, cursor.node)
		kchat_reader_wake(member->reader);
}

/* The worker's part of a room has new frames: to each of its members what it lacks. */
static void room_walk(struct kchat_slot *slot)
{
	struct kchat_room *room = slot->owner;

	kchat_cursors_walk(room->kn, &slot->cursors);
	kchat_room_put(room);
}

static u64 epoch_next(struct kchat_net *kn)
{
	return atomic64_inc_return(&kn->last_epoch);
}

static struct kchat_room *room_alloc(struct kchat_net *kn, const struct kchat_join *join)
{
	struct kchat_room *room;
	unsigned int i;

	room = kchat_alloc(kzalloc(struct_size(room, slots, kchat_workers()), GFP_KERNEL));
	if (!room)
		return NULL;
	if (kchat_log_init(&room->log, &kchat_graves, &kn->nr_log_bytes, KCHAT_ROOM_BUCKETS,
			   get_random_u64())) {
		kfree(room);
		return NULL;
	}
	refcount_set(&room->refs, 1); /* the table's */
	room->kn = kn;
	room->flags = join->flags & KCHAT_ROOM_PRACTICE;
	if (join->direct[0])
		room->flags |= KCHAT_ROOM_DIRECT;
	room->backlog = join->flags & KCHAT_JOIN_BACKLOG ? join->backlog : KCHAT_BACKLOG_DEFAULT;
	room->name_len = join->name.len;
	memcpy(room->name, join->name.data, join->name.len);
	memcpy(room->direct, join->direct, sizeof(room->direct));
	room->created = ktime_to_us(ktime_get_real());
	room->time = room->created;
	room->idle_since = jiffies;
	room->epoch = epoch_next(kn);
	spin_lock_init(&room->lock);
	INIT_HLIST_HEAD(&room->readers);
	INIT_LIST_HEAD(&room->standings);
	for (i = 0; i < kchat_workers(); i++) {
		INIT_HLIST_HEAD(&room->slots[i].cursors);
		room->slots[i].owner = room;
		room->slots[i].walk = room_walk;
	}
	atomic_inc(&kn->nr_rooms);
	return room;
}

void kchat_rooms_shrink(struct kchat_net *kn)
{
	struct kchat_room *room;
	unsigned long number;

	lockdep_assert_held(&kn->rooms_lock);
	xa_for_each(&kn->rooms, number, room) {
		if (!spin_trylock(&room->lock))
			continue;
		kchat_log_trim(&room->log, room->log.bytes / 2, NULL);
		spin_unlock(&room->lock);
	}
}

bool kchat_rooms_memory(struct kchat_net *kn, u64 bytes)
{
	if (kchat_net_memory(kn, bytes))
		return true;
	kchat_rooms_shrink(kn);
	return kchat_net_memory(kn, bytes);
}

struct kchat_room *kchat_room_create(struct kchat_net *kn, const struct kchat_join *join,
				     struct kchat_account *maker, enum kchat_error *error)
{
	struct kchat_room *room;

	*error = KCHAT_E_ROOMS;
	if (atomic_read(&kn->nr_rooms) >= kchat_param(kn, KCHAT_P_rooms)) {
		kchat_event_limit(kn, KCHAT_P_rooms);
		return NULL;
	}
	if (maker && maker->n_rooms >= kchat_param(kn, KCHAT_P_rooms_per_person)) {
		kchat_event_limit(kn, KCHAT_P_rooms_per_person);
		return NULL;
	}
	*error = KCHAT_E_BUSY;
	if (!kchat_rooms_memory(kn, KCHAT_SEG_PAGES * PAGE_SIZE))
		return NULL;
	room = room_alloc(kn, join);
	if (!room)
		return NULL;
	room->number = ++kn->next_room;
	if (kchat_alloc_errno(xa_insert(&kn->rooms, room->number, room, GFP_KERNEL))) {
		room_free(room);
		return NULL;
	}
	hlist_add_head(&room->by_name, room_bucket(kn, &join->name));
	if (maker) {
		room->maker = kchat_account_hold(maker);
		maker->n_rooms++;
		if (!(room->flags & (KCHAT_ROOM_PRACTICE | KCHAT_ROOM_DIRECT)))
			room->owner = maker->number;
	}
	kchat_list_changed(kn, KCHAT_LIST_ROOMS);
	kchat_event_room(room, KCHAT_EVENT_ROOM_MADE);
	return room;
}

struct kchat_room *kchat_room_open(struct kchat_net *kn, const struct kchat_join *join,
				   struct kchat_account *maker, bool settled,
				   enum kchat_error *error)
{
	struct kchat_room *room;

	mutex_lock(&kn->rooms_lock);
	room = kchat_room_by_name(kn, &join->name);
	if (!room) {
		*error = KCHAT_E_NO_ROOM;
		if (!settled && kchat_home_matters(kn, &join->name))
			*error = KCHAT_E_MOVED;
		else if (!(join->flags & KCHAT_JOIN_EXISTING))
			room = kchat_room_create(kn, join, maker, error);
	}
	if (room)
		kchat_room_hold(room);
	mutex_unlock(&kn->rooms_lock);
	return room;
}

/* Under rooms_lock. Who found the room before sees @gone, and looks again. */
static void room_remove(struct kchat_net *kn, struct kchat_room *room)
{
	kchat_event_room(room, KCHAT_EVENT_ROOM_GONE);
	kchat_list_changed(kn, KCHAT_LIST_ROOMS);
	xa_erase(&kn->rooms, room->number);
	hlist_del(&room->by_name);
	if (room->maker) {
		room->maker->n_rooms--;
		kchat_account_put(room->maker);
		room->maker = NULL;
	}
	kchat_kept_forget(room);
	kchat_room_put(room);
}

/* ---- from and to other servers ------------------------------------------ */

bool kchat_room_exists(struct kchat_net *kn, const struct kchat_text *name)
{
	bool exists;

	mutex_lock(&kn->rooms_lock);
	exists = kchat_room_by_name(kn, name);
	mutex_unlock(&kn->rooms_lock);
	return exists;
}

static void room_unmask(struct kchat_room *room, const u8 *key, const u8 *mask)
{
	int i;

	for (i = 0; i < KCHAT_KEY_LEN; i++)
		room->key[i] = key[i] ^ mask[i];
}

struct kchat_room *kchat_room_prepare(struct kchat_net *kn, const struct kchat_join *join,
				      const struct kchat_record *record, const u8 *mask,
				      enum kchat_error *error)
{
	const u32 fixed = KCHAT_ROOM_PRACTICE | KCHAT_ROOM_DIRECT;
	struct kchat_room *room;

	*error = KCHAT_E_ROOMS;
	if (atomic_read(&kn->nr_rooms) >= kchat_param(kn, KCHAT_P_rooms)) {
		kchat_event_limit(kn, KCHAT_P_rooms);
		return NULL;
	}
	*error = KCHAT_E_BUSY;
	room = room_alloc(kn, join);
	if (!room)
		return NULL;
	if (record->topic.len) {
		room->topic = kchat_alloc(kmemdup(record->topic.data, record->topic.len,
						  GFP_KERNEL));
		room->topic_len = record->topic.len;
		if (!room->topic)
			goto err_put;
	}
	*error = KCHAT_E_BAD_FRAME;
	if ((room->flags ^ record->flags) & fixed)
		goto err_put;
	room->flags = record->flags;
	room->created = record->created;
	room->owner = record->owner;
	room_unmask(room, record->key, mask);
	/* Somebody whom we do not know has made it: then nobody has. */
	room->maker = kchat_account_get(&kn->accounts, record->maker);
	return room;

err_put:
	kchat_room_put(room);
	return NULL;
}

void kchat_room_discard(struct kchat_room *room)
{
	if (room->maker)
		kchat_account_put(room->maker);
	kchat_room_put(room);
}

void kchat_room_insert(struct kchat_room *room)
{
	const struct kchat_text name = kchat_room_name(room);
	struct kchat_net *kn = room->kn;
	bool taken;

	mutex_lock(&kn->rooms_lock);
	room->number = ++kn->next_room;
	room->idle_since = jiffies;
	taken = kchat_room_by_name(kn, &name) ||
		xa_insert(&kn->rooms, room->number, room, KCHAT_GFP_SURE);
	if (!taken) {
		hlist_add_head(&room->by_name, room_bucket(kn, &name));
		if (room->flags & KCHAT_ROOM_REGISTERED)
			kchat_kept_arrive(room);
		else if (room->maker)
			room->maker->n_rooms++;
		kchat_list_changed(kn, KCHAT_LIST_ROOMS);
		kchat_event_room(room, KCHAT_EVENT_ROOM_MADE);
	}
	mutex_unlock(&kn->rooms_lock);
	if (taken)
		kchat_room_discard(room);
}

void kchat_room_leave_here(struct kchat_room *room, struct kchat_place *place)
{
	struct kchat_person *person;

	lockdep_assert_held(&room->lock);
	room->moved = place;
	room->gone = true;
	for (person = kchat_person_first(room); person; person = kchat_person_next(person))
		kchat_person_cut(room, person, KCHAT_E_MOVED);
}

void kchat_room_remove(struct kchat_room *room)
{
	room_remove(room->kn, room);
}

/* A registered room that has been empty for as long gives up its log, and stays. */
static bool room_idle(struct kchat_room *room)
{
	bool idle;

	if (READ_ONCE(room->nr_people))
		return false;
	spin_lock(&room->lock);
	idle = !room->nr_people &&
	       time_after(jiffies, room->idle_since +
				   kchat_param_jiffies(room->kn, KCHAT_P_room_idle_ms));
	if (idle && room->kept) {
		kchat_log_trim(&room->log, 0, NULL);
		idle = false;
	}
	room->gone = idle;
	spin_unlock(&room->lock);
	return idle;
}

void kchat_rooms_tick(struct kchat_net *kn)
{
	struct kchat_spare spare = {};
	struct kchat_room *room;
	unsigned long number;

	mutex_lock(&kn->rooms_lock);
	xa_for_each(&kn->rooms, number, room) {
		if (room_idle(room)) {
			room_remove(kn, room);
			continue;
		}
		if (READ_ONCE(room->stored_changed) &&
		    time_after_eq(jiffies, READ_ONCE(room->delivered_at) +
					   kchat_param_jiffies(kn, KCHAT_P_stored_ms)))
			kchat_room_deliver(room, &spare);
		kchat_rules_tick(room, &spare);
		kchat_kept_tick(room);
	}
	mutex_unlock(&kn->rooms_lock);
	kchat_spare_release(&spare);
}

void kchat_rooms_start(struct kchat_net *kn)
{
	struct kchat_room *room;
	unsigned long number;

	mutex_lock(&kn->rooms_lock);
	xa_for_each(&kn->rooms, number, room)
		room->epoch = epoch_next(kn);
	mutex_unlock(&kn->rooms_lock);
}

void kchat_rooms_stop(struct kchat_net *kn)
{
	struct kchat_room *room;
	unsigned long number;

	mutex_lock(&kn->rooms_lock);
	xa_for_each(&kn->rooms, number, room)
		room_remove(kn, room);
	mutex_unlock(&kn->rooms_lock);
}
