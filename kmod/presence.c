// SPDX-License-Identifier: GPL-2.0-only
/* Who is present in a room, and how the others hear of it. */
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "compat.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"
#include "stream.h"
#include "trace.h"

static u8 person_state(const struct kchat_person *person)
{
	if (!person->nr_live)
		return KCHAT_PERSON_RECONNECTING;
	return person->nr_away < person->nr_live ? KCHAT_PERSON_PRESENT : KCHAT_PERSON_AWAY;
}

/* Something has changed that the entry says. */
static void person_update(struct kchat_person *person)
{
	kchat_frame_update_person(person->entry, person_state(person),
				  person->flags | person->roles, person->nr_live);
}

bool kchat_person_set_roles(struct kchat_person *person, u8 roles)
{
	bool changed = person->roles != roles;

	person->roles = roles;
	person_update(person);
	return changed;
}

/* Of somebody who may have just left the roster: then @state is how. */
static void presence_say(struct kchat_room *room, const struct kchat_person *person, u8 state,
			 struct kchat_spare *spare)
{
	const struct kchat_head head = { .sender = person->account->number };
	u8 frame[KCHAT_HDR_LEN + KCHAT_PERSON_ENTRY + KCHAT_NAME_MAX] __aligned(8);
	struct kchat_writer writer;
	struct kvec body;
	u8 *entry;

	kchat_frame_begin(&writer, frame, sizeof(frame));
	entry = frame + writer.len;
	kchat_frame_put_entry(&writer, person->entry, person->entry_len);
	kchat_frame_update_person(entry, state, person->flags | person->roles, person->nr_live);
	kchat_frame_end(&writer, KCHAT_T_PRESENCE, &head);
	body.iov_base = entry;
	body.iov_len = person->entry_len;
	kchat_room_append(room, (struct kchat_hdr *)frame, &body, 1, false, spare);
}

void kchat_presence_say(struct kchat_room *room, const struct kchat_person *person,
			struct kchat_spare *spare)
{
	presence_say(room, person, person_state(person), spare);
}

/*
 * Under room->lock, as is all that decides about being alone: a message and a
 * departure have an order, and it is the one in which they are in the log.
 */
static void presence_count(struct kchat_seat *seat, bool live)
{
	struct kchat_person *person = seat->person;
	struct kchat_room *room = seat->room;

	lockdep_assert_held(&room->lock);
	if (seat->live == live)
		return;
	seat->live = live;
	if (seat->away)
		person->nr_away += live ? 1 : -1;
	person->nr_live += live ? 1 : -1;
	if (!seat->deaf)
		person->nr_hearing += live ? 1 : -1;
	person_update(person);
	kchat_person_stored(room, person);
}

static void presence_set(struct kchat_seat *seat, bool live, struct kchat_spare *spare)
{
	if (seat->live == live)
		return;
	presence_count(seat, live);
	kchat_presence_say(seat->room, seat->person, spare);
}

bool kchat_room_others(const struct kchat_room *room, const struct kchat_person *person)
{
	u32 self = person->counts && person->nr_hearing;

	lockdep_assert_held(&room->lock);
	return kchat_marks_count(&room->stored) > self;
}

static struct kchat_person *person_of(const struct rb_node *node)
{
	return rb_entry_safe(node, struct kchat_person, node);
}

/* Whose it is, from the entry: a walk through the roster looks at nothing but persons. */
static u64 person_number(const struct rb_node *node)
{
	return get_unaligned_le64(person_of(node)->entry);
}

struct kchat_person *kchat_room_person(const struct kchat_room *room, u64 account)
{
	const struct rb_node *node = room->people.rb_node;

	lockdep_assert_held(&room->lock);
	while (node) {
		u64 number = person_number(node);

		if (number == account)
			return person_of(node);
		node = account < number ? node->rb_left : node->rb_right;
	}
	return NULL;
}

struct kchat_person *kchat_person_first(const struct kchat_room *room)
{
	return person_of(rb_first(&room->people));
}

struct kchat_person *kchat_person_next(const struct kchat_person *person)
{
	return person_of(rb_next(&person->node));
}

unsigned int kchat_room_post(const struct kchat_person *person, const struct kchat_seat *except,
			     const void *frame, u32 len)
{
	const struct kchat_seat *seat;
	unsigned int count = 0;

	list_for_each_entry(seat, &person->seats, by_person) {
		struct kchat_ctl *ctl;

		/*
		 * The connection is there for as long as its member, whose seat this is.
		 * A file takes nothing but what the log has.
		 */
		if (!seat->member || seat->member->reader || seat == except)
			continue;
		ctl = kchat_ctl_alloc(len, GFP_ATOMIC);
		if (!ctl)
			continue;
		memcpy(ctl->data, frame, len);
		ctl->len = len;
		count += kchat_conn_post(seat->member->cursor.conn, ctl);
	}
	return count;
}

/* ---- persons and seats ------------------------------------------------- */

struct kchat_person *kchat_person_alloc(struct kchat_account *account,
					const struct kchat_room *room)
{
	struct kchat_ident *ident = kchat_account_ident(account);
	const struct kchat_person_entry entry = {
		.account = account->number,
		.name = kchat_ident_name(ident),
	};
	u32 len = KCHAT_PERSON_ENTRY + ident->name_len;
	struct kchat_person *person;

	person = kchat_alloc(kzalloc(offsetof(struct kchat_person, entry) + len, GFP_KERNEL));
	if (person) {
		person->account = kchat_account_hold(account);
		person->flags = ident->flags;
		person->counts = !(ident->flags & KCHAT_PERSON_BOT) ||
				 room->flags & KCHAT_ROOM_PRACTICE;
		person->entry_len = len;
		kchat_frame_person(person->entry, &entry);
		INIT_LIST_HEAD(&person->seats);
	}
	kchat_ident_put(ident);
	return person;
}

void kchat_person_free(struct kchat_person *person)
{
	if (!person)
		return;
	kchat_account_put(person->account);
	kfree(person);
}

void kchat_person_add(struct kchat_room *room, struct kchat_person *person)
{
	struct rb_node **link = &room->people.rb_node, *parent = NULL;
	u64 account = person->account->number;

	lockdep_assert_held(&room->lock);
	while (*link) {
		parent = *link;
		link = account < person_number(parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&person->node, parent, link);
	rb_insert_color(&person->node, &room->people);
	kchat_person_set_roles(person, kchat_room_roles(room, account));
	room->nr_people++;
	room->roster_bytes += person->entry_len;
}

static void person_remove(struct kchat_room *room, struct kchat_person *person)
{
	rb_erase(&person->node, &room->people);
	room->nr_people--;
	room->roster_bytes -= person->entry_len;
	room->idle_since = jiffies;
}

void kchat_seat_attach(struct kchat_seat *seat, struct kchat_member *member,
		       struct kchat_spare *spare)
{
	lockdep_assert_held(&seat->session->lock);
	seat->member = member;
	seat->away = seat->session->away;
	member->seat = seat;
	presence_set(seat, true, spare);
}

/* Member and seat forget each other; the member's worker, or file, frees it later. */
static void seat_forget_member(struct kchat_seat *seat)
{
	struct kchat_member *member = seat->member;

	seat->member = NULL;
	if (!member)
		return;
	member->seat = NULL;
	if (!member->reader)
		return;
	member->part_at = seat->room->log.head;
	kchat_reader_wake(member->reader);
}

void kchat_seat_detach(struct kchat_seat *seat, struct kchat_spare *spare)
{
	struct kchat_room *room = seat->room;

	lockdep_assert_held(&seat->session->lock);
	kchat_spare_fill(spare, &room->log, KCHAT_GFP_SURE);
	spin_lock(&room->lock);
	seat_forget_member(seat);
	presence_set(seat, false, spare);
	spin_unlock(&room->lock);
}

void kchat_seat_silence(struct kchat_seat *seat, bool silent, struct kchat_spare *spare)
{
	struct kchat_room *room = seat->room;

	lockdep_assert_held(&seat->session->lock);
	kchat_spare_fill(spare, &room->log, KCHAT_GFP_SURE);
	spin_lock(&room->lock);
	if (seat->member)
		presence_set(seat, !silent, spare);
	spin_unlock(&room->lock);
}

void kchat_seat_away(struct kchat_seat *seat, bool away, struct kchat_spare *spare)
{
	struct kchat_person *person = seat->person;
	struct kchat_room *room = seat->room;
	u8 was;

	lockdep_assert_held(&seat->session->lock);
	kchat_spare_fill(spare, &room->log, KCHAT_GFP_SURE);
	spin_lock(&room->lock);
	was = person_state(person);
	if (seat->live && seat->away != away)
		person->nr_away += away ? 1 : -1;
	seat->away = away;
	person_update(person);
	if (person_state(person) != was)
		kchat_presence_say(room, person, spare);
	spin_unlock(&room->lock);
}

u64 kchat_seat_leave(struct kchat_seat *seat, enum kchat_person_state state,
		     struct kchat_spare *spare)
{
	struct kchat_person *person = seat->person;
	struct kchat_room *room = seat->room;
	bool was, last;
	u64 end;

	lockdep_assert_held(&seat->session->lock);
	kchat_spare_fill(spare, &room->log, KCHAT_GFP_SURE);
	spin_lock(&room->lock);
	end = room->log.head;
	was = seat->live;
	seat_forget_member(seat);
	presence_count(seat, false);
	list_del(&seat->by_person);
	last = list_empty(&person->seats);
	if (last) {
		person_remove(room, person);
		presence_say(room, person, state, spare);
	} else if (was) {
		kchat_presence_say(room, person, spare);
	}
	spin_unlock(&room->lock);

	kchat_event_seat(seat->session, room, KCHAT_EVENT_PART, state);
	trace_kchat_part(seat->session, room, state);
	list_del(&seat->by_session);
	if (last)
		kchat_person_free(person);
	kchat_room_put(room);
	kfree(seat);
	return end;
}

/* ---- taken out of a room ------------------------------------------------ */

void kchat_person_cut(struct kchat_room *room, struct kchat_person *person,
		      enum kchat_error error)
{
	struct kchat_seat *seat;

	lockdep_assert_held(&room->lock);
	list_for_each_entry(seat, &person->seats, by_person) {
		if (seat->member) {
			seat->member->cut_error = error;
			/* Who sees the cut sees why. */
			smp_store_release(&seat->member->cursor.cut, room->log.head);
		}
		seat_forget_member(seat);
		presence_count(seat, false);
		WRITE_ONCE(seat->removed, true);
	}
	kchat_room_mark(room);
}

/* A session that has a seat to give up, with a reference; NULL: none has. */
static struct kchat_session *room_removed(struct kchat_room *room, u64 account)
{
	struct kchat_session *session = NULL;
	const struct kchat_person *person;
	const struct kchat_seat *seat;

	spin_lock(&room->lock);
	person = kchat_room_person(room, account);
	if (person) {
		list_for_each_entry(seat, &person->seats, by_person) {
			if (!seat->removed)
				continue;
			/* It gives up its seats before it goes. */
			session = kchat_session_hold(seat->session);
			break;
		}
	}
	spin_unlock(&room->lock);
	return session;
}

void kchat_room_clear(struct kchat_room *room, u64 account)
{
	struct kchat_spare spare = {};
	struct kchat_session *session;
	struct kchat_seat *seat;

	while ((session = room_removed(room, account))) {
		kchat_streams_gone(session, room);
		mutex_lock(&session->lock);
		seat = kchat_session_seat(session, room);
		if (seat && seat->removed)
			kchat_seat_leave(seat, KCHAT_PERSON_LEFT, &spare);
		mutex_unlock(&session->lock);
		kchat_session_put(session);
	}
	kchat_spare_release(&spare);
}

void kchat_room_clear_all(struct kchat_room *room)
{
	const struct kchat_person *person;
	u64 account;

	do {
		spin_lock(&room->lock);
		person = kchat_person_first(room);
		account = person ? person->account->number : 0;
		spin_unlock(&room->lock);
		if (account)
			kchat_room_clear(room, account);
		cond_resched();
	} while (account);
}
