// SPDX-License-Identifier: GPL-2.0-only
/* Rooms: the table of them, and what is said in them. */
#include "room.h"

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
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

static struct kchat_room *room_by_name(struct kchat_net *kn, const struct kchat_text *name)
{
	struct kchat_room *room;

	lockdep_assert_held(&kn->rooms_lock);
	hlist_for_each_entry(room, room_bucket(kn, name), by_name)
		if (room->name_len == name->len && !memcmp(room->name, name->data, name->len))
			return room;
	return NULL;
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
	struct kchat_cursor *cursor;
	struct hlist_node *next;

	/* Sending can end this member, but no other one of this room. */
	hlist_for_each_entry_safe(cursor, next, &slot->cursors, node) {
		kchat_cursor_wake(cursor, &cursor->conn->pending);
		kchat_conn_send(cursor->conn);
	}
	kchat_room_put(room);
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
	room->epoch = (u64)kn->cfg.generation << 32 | (u32)atomic_inc_return(&kn->next_epoch);
	spin_lock_init(&room->lock);
	INIT_LIST_HEAD(&room->people);
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
		kchat_log_trim(&room->log, room->log.bytes / 2);
		spin_unlock(&room->lock);
	}
}

/* At the module's cap all rooms give up the older half for what is new. Under rooms_lock. */
static bool rooms_memory(struct kchat_net *kn, u64 bytes)
{
	if (kchat_net_memory(kn, bytes))
		return true;
	kchat_rooms_shrink(kn);
	return kchat_net_memory(kn, bytes);
}

/* Under rooms_lock. */
static struct kchat_room *room_create(struct kchat_net *kn, const struct kchat_join *join,
				      struct kchat_account *maker, enum kchat_error *error)
{
	struct kchat_room *room;

	*error = KCHAT_E_ROOMS;
	if (atomic_read(&kn->nr_rooms) >= kchat_param(kn, KCHAT_P_rooms)) {
		kchat_event_limit(kn, KCHAT_P_rooms);
		return NULL;
	}
	if (maker->n_rooms >= kchat_param(kn, KCHAT_P_rooms_per_person)) {
		kchat_event_limit(kn, KCHAT_P_rooms_per_person);
		return NULL;
	}
	*error = KCHAT_E_BUSY;
	if (!rooms_memory(kn, KCHAT_SEG_PAGES * PAGE_SIZE))
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
	room->maker = kchat_account_hold(maker);
	if (!(room->flags & (KCHAT_ROOM_PRACTICE | KCHAT_ROOM_DIRECT)))
		room->owner = maker->number;
	maker->n_rooms++;
	kchat_list_changed(kn, KCHAT_LIST_ROOMS);
	kchat_event_room(room, KCHAT_EVENT_ROOM_MADE);
	return room;
}

struct kchat_room *kchat_room_open(struct kchat_net *kn, const struct kchat_join *join,
				   struct kchat_account *maker, enum kchat_error *error)
{
	struct kchat_room *room;

	mutex_lock(&kn->rooms_lock);
	room = room_by_name(kn, &join->name);
	if (!room) {
		*error = KCHAT_E_NO_ROOM;
		if (!(join->flags & KCHAT_JOIN_EXISTING))
			room = room_create(kn, join, maker, error);
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
	room->maker->n_rooms--;
	kchat_account_put(room->maker);
	room->maker = NULL;
	kchat_room_put(room);
}

static bool room_idle(struct kchat_room *room)
{
	bool idle;

	if (READ_ONCE(room->nr_people))
		return false;
	spin_lock(&room->lock);
	idle = !room->nr_people &&
	       time_after(jiffies, room->idle_since +
				   kchat_param_jiffies(room->kn, KCHAT_P_room_idle_ms));
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
	}
	mutex_unlock(&kn->rooms_lock);
	kchat_spare_release(&spare);
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

/* ---- what is said ------------------------------------------------------ */

void kchat_room_append(struct kchat_room *room, struct kchat_hdr *hdr, const struct kvec *body,
		       u32 nr_body, bool lasting, struct kchat_spare *spare)
{
	struct kchat_log *log = &room->log;

	lockdep_assert_held(&room->lock);
	/* The clock may be set back; a room's time is not. */
	room->time = max_t(u64, room->time, ktime_to_us(ktime_get_real()));
	hdr->room = cpu_to_le32(room->number);
	hdr->epoch = cpu_to_le64(room->epoch);
	hdr->seq = cpu_to_le64(log->seq + lasting);
	hdr->time = cpu_to_le64(room->time);
	/* All is filled in: nothing changes once the append has published the head. */
	kchat_log_append(log, hdr, body, nr_body, lasting, spare);
	kchat_log_trim(log, kchat_param(room->kn, KCHAT_P_log_bytes));
	kchat_room_mark(room);
}

/**
 * struct said - what becomes of a frame for a room
 * @error: why not
 * @wait_ms: when it would be let pass, 0: not a matter of time
 * @repeat: it is in the log already
 * @first: then the header that it has there
 */
struct said {
	enum kchat_error error;
	u32 wait_ms;
	bool repeat;
	struct kchat_hdr first;
};

/* Under room->lock: whether the others are there, and the place in the order, are one decision. */
static void room_say(struct kchat_room *room, const struct kchat_person *person,
		     const struct kchat_rule *rule, struct kchat_hdr *hdr,
		     const struct kvec *body, struct kchat_spare *spare, struct said *said)
{
	bool lasting = rule->kind & KCHAT_RULE_LASTING;

	if (lasting && kchat_log_find(&room->log, person->account->number, hdr->id,
				      &said->first)) {
		said->repeat = true;
		return;
	}
	said->error = kchat_room_may_say(room, person, rule, &said->wait_ms);
	if (said->error != KCHAT_E_NONE)
		return;
	if (!kchat_room_others(room, person)) {
		said->error = KCHAT_E_ALONE;
		return;
	}
	hdr->sender = cpu_to_le64(person->account->number);
	kchat_room_append(room, hdr, body, 1, lasting, spare);
}

/* The author alone hears of a repeat: the first one's numbers. */
static void room_acknowledge(struct kchat_conn *conn, const struct kchat_hdr *first)
{
	const struct kchat_head head = {
		.room = le32_to_cpu(first->room),
		.epoch = le64_to_cpu(first->epoch),
		.seq = le64_to_cpu(first->seq),
		.time = le64_to_cpu(first->time),
		.sender = le64_to_cpu(first->sender),
		.id = first->id,
	};
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN, GFP_KERNEL);

	kchat_stat_inc(conn->kn, KCHAT_C_REPEATS);
	if (!ctl) {
		set_bit(KCHAT_CONN_BROKEN, &conn->flags);
		return;
	}
	ctl->len = kchat_frame_build(ctl->data, ctl->size, KCHAT_T_ACK, &head, NULL, 0);
	kchat_conn_reply(conn, ctl);
}

static bool room_memory(struct kchat_net *kn)
{
	bool enough = kchat_net_memory(kn, 0);

	if (likely(enough))
		return true;
	mutex_lock(&kn->rooms_lock);
	enough = rooms_memory(kn, 0);
	mutex_unlock(&kn->rooms_lock);
	return enough;
}

static void room_count(struct kchat_net *kn, bool lasting, const struct said *said)
{
	if (said->error == KCHAT_E_ALONE)
		kchat_stat_inc(kn, KCHAT_C_ALONE);
	else if (said->error == KCHAT_E_NONE && lasting && !said->repeat)
		kchat_stat_inc(kn, KCHAT_C_MESSAGES);
}

/* Under room->lock; @topic is the room's from then on, and the old one the caller's. */
static void room_set_topic(struct kchat_room *room, u8 **topic, u32 len)
{
	swap(room->topic, *topic);
	room->topic_len = len;
}

void kchat_room_relay(struct kchat_conn *conn, const struct kchat_rule *rule,
		      const struct kchat_hdr *hdr, const u8 *body, u32 len,
		      const struct kchat_talk *topic)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(hdr->room));
	struct kvec vec = { .iov_base = (void *)body, .iov_len = len };
	struct kchat_spare *spare = &conn->worker->spare;
	bool lasting = rule->kind & KCHAT_RULE_LASTING;
	struct said said = {};
	struct kchat_hdr out = *hdr;
	u8 *text = NULL;

	if (!member) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	if (topic && topic->text_len)
		text = kchat_alloc(kmemdup(body + len - topic->text_len, topic->text_len,
					   GFP_KERNEL));
	if (kchat_spare_fill(spare, &member->room->log, GFP_KERNEL) ||
	    !room_memory(conn->kn) || (topic && topic->text_len && !text)) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_BUSY, KCHAT_BUSY_MS);
		kfree(text);
		return;
	}

	spin_lock(&member->room->lock);
	/* Another connection may have taken over the seat. */
	if (member->seat)
		room_say(member->room, member->seat->person, rule, &out, &vec, spare, &said);
	else
		said.error = KCHAT_E_NOT_IN_ROOM;
	if (topic && said.error == KCHAT_E_NONE && !said.repeat)
		room_set_topic(member->room, &text, topic->text_len);
	spin_unlock(&member->room->lock);

	conn->worker->appended += KCHAT_HDR_LEN + len;
	kfree(text);
	room_count(conn->kn, lasting, &said);
	if (said.error != KCHAT_E_NONE)
		kchat_conn_reply_error(conn, hdr, said.error, said.wait_ms);
	else if (said.repeat)
		room_acknowledge(conn, &said.first);
}

enum kchat_error kchat_reader_tell(struct kchat_member *member, struct kchat_hdr *hdr,
				   const u8 *body, u32 len)
{
	struct kvec vec = { .iov_base = (void *)body, .iov_len = len };
	struct kchat_room *room = member->room;
	struct kchat_spare spare = {};
	struct said said = {};

	if (kchat_spare_fill(&spare, &room->log, GFP_KERNEL))
		return KCHAT_E_BUSY;
	if (!room_memory(room->kn)) {
		kchat_spare_release(&spare);
		return KCHAT_E_BUSY;
	}
	spin_lock(&room->lock);
	if (member->seat)
		room_say(room, member->seat->person, kchat_frame_rule(KCHAT_T_MSG), hdr, &vec,
			 &spare, &said);
	else
		said.error = KCHAT_E_NOT_IN_ROOM;
	spin_unlock(&room->lock);
	kchat_spare_release(&spare);
	room_count(room->kn, true, &said);
	return said.error;
}

void kchat_room_stored(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		       const struct kchat_stored *stored)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(hdr->room));
	struct kchat_seat *seat;
	struct kchat_room *room;

	if (!member) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	room = member->room;
	spin_lock(&room->lock);
	seat = member->seat;
	if (seat && stored->epoch == room->epoch && stored->seq <= room->log.seq &&
	    stored->seq > seat->stored &&
	    (!seat->stored ||
	     time_after_eq(jiffies, seat->stored_at +
				    kchat_param_jiffies(conn->kn, KCHAT_P_stored_ms) / 2))) {
		seat->stored = stored->seq;
		seat->stored_at = jiffies;
		room->stored_changed = true;
	}
	spin_unlock(&room->lock);
}

unsigned int kchat_room_invite(struct kchat_room *room, struct kchat_account *from, u64 to)
{
	const struct kchat_head head = { .room = room->number, .sender = from->number };
	u8 frame[KCHAT_HDR_LEN + 8 + KCHAT_ROOM_NAME_MAX + KCHAT_NAME_MAX];
	const struct kchat_text room_name = kchat_room_name(room);
	struct kchat_account *account;
	struct kchat_ident *ident;
	struct kchat_text name;
	unsigned int count;
	u32 len;

	account = kchat_account_get(&room->kn->accounts, to);
	if (!account)
		return 0;
	ident = kchat_account_ident(from);
	name = kchat_ident_name(ident);
	len = kchat_frame_build_invited(frame, sizeof(frame), &head, room->flags, &room_name,
					&name);
	count = kchat_session_post_account(account, frame, len);
	kchat_ident_put(ident);
	kchat_account_put(account);
	return count;
}
