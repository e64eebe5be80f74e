// SPDX-License-Identifier: GPL-2.0-only
/* Who is present in a room, and how the others hear of it. */
#include <linux/slab.h>
#include <linux/sort.h>

#include "account.h"
#include "alloc.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"
#include "stream.h"
#include "trace.h"

static u32 entry_len(const struct kchat_person *person)
{
	return KCHAT_PERSON_ENTRY + person->ident->name_len;
}

void kchat_person_entry(const struct kchat_person *person, u8 state,
			struct kchat_person_entry *entry)
{
	entry->account = person->account->number;
	entry->state = state;
	entry->flags = person->ident->flags | person->roles;
	entry->sessions = person->nr_live;
	entry->name = kchat_ident_name(person->ident);
}

u8 kchat_person_state(const struct kchat_person *person)
{
	if (!person->nr_live)
		return KCHAT_PERSON_RECONNECTING;
	return person->nr_away < person->nr_live ? KCHAT_PERSON_PRESENT : KCHAT_PERSON_AWAY;
}

static void presence_say(struct kchat_room *room, const struct kchat_person *person, u8 state,
			 struct kchat_spare *spare)
{
	const struct kchat_head head = { .sender = person->account->number };
	u8 frame[KCHAT_HDR_LEN + KCHAT_PERSON_ENTRY + KCHAT_NAME_MAX] __aligned(8);
	struct kchat_person_entry entry;
	struct kvec body;
	u32 len;

	kchat_person_entry(person, state, &entry);
	len = kchat_frame_build_person(frame, sizeof(frame), KCHAT_T_PRESENCE, &head, &entry);
	body.iov_base = frame + KCHAT_HDR_LEN;
	body.iov_len = len - KCHAT_HDR_LEN;
	kchat_room_append(room, (struct kchat_hdr *)frame, &body, 1, false, spare);
}

void kchat_presence_say(struct kchat_room *room, const struct kchat_person *person,
			struct kchat_spare *spare)
{
	presence_say(room, person, kchat_person_state(person), spare);
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
	room->stored_changed = true;
	person->nr_live += live ? 1 : -1;
	if (seat->deaf)
		return;
	if (live && !person->nr_hearing++ && person->counts)
		room->nr_counting++;
	if (!live && !--person->nr_hearing && person->counts)
		room->nr_counting--;
}

static void presence_set(struct kchat_seat *seat, bool live, struct kchat_spare *spare)
{
	if (seat->live == live)
		return;
	presence_count(seat, live);
	presence_say(seat->room, seat->person, kchat_person_state(seat->person), spare);
}

bool kchat_room_others(const struct kchat_room *room, const struct kchat_person *person)
{
	u32 self = person->counts && person->nr_hearing;

	lockdep_assert_held(&room->lock);
	return room->nr_counting > self;
}

struct kchat_person *kchat_room_person(const struct kchat_room *room, u64 account)
{
	struct kchat_person *person;

	lockdep_assert_held(&room->lock);
	list_for_each_entry(person, &room->people, node)
		if (person->account->number == account)
			return person;
	return NULL;
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
	struct kchat_person *person = kchat_alloc(kzalloc(sizeof(*person), GFP_KERNEL));

	if (!person)
		return NULL;
	person->account = kchat_account_hold(account);
	person->ident = kchat_account_ident(account);
	person->counts = !(person->ident->flags & KCHAT_PERSON_BOT) ||
			 room->flags & KCHAT_ROOM_PRACTICE;
	INIT_LIST_HEAD(&person->seats);
	return person;
}

void kchat_person_free(struct kchat_person *person)
{
	if (!person)
		return;
	kchat_ident_put(person->ident);
	kchat_account_put(person->account);
	kfree(person);
}

void kchat_person_add(struct kchat_room *room, struct kchat_person *person)
{
	lockdep_assert_held(&room->lock);
	person->roles = kchat_room_roles(room, person->account->number);
	list_add_tail(&person->node, &room->people);
	room->nr_people++;
	room->roster_bytes += entry_len(person);
}

static void person_remove(struct kchat_room *room, struct kchat_person *person)
{
	list_del(&person->node);
	room->nr_people--;
	room->roster_bytes -= entry_len(person);
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
	was = kchat_person_state(person);
	if (seat->live && seat->away != away)
		person->nr_away += away ? 1 : -1;
	seat->away = away;
	if (kchat_person_state(person) != was)
		presence_say(room, person, kchat_person_state(person), spare);
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
		presence_say(room, person, kchat_person_state(person), spare);
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
		person = list_first_entry_or_null(&room->people, struct kchat_person, node);
		account = person ? person->account->number : 0;
		spin_unlock(&room->lock);
		if (account)
			kchat_room_clear(room, account);
		cond_resched();
	} while (account);
}

/* ---- how far people have stored ---------------------------------------- */

static u64 person_stored(const struct kchat_person *person)
{
	const struct kchat_seat *seat;
	u64 best = 0;

	list_for_each_entry(seat, &person->seats, by_person)
		if (seat->live)
			best = max(best, seat->stored);
	return best;
}

static int stored_order(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	/* Largest first. */
	return left < right ? 1 : left > right ? -1 : 0;
}

/*
 * Steps of the sorted @stored: every value if there are at most 8, else 8 of
 * them from the largest to the smallest.
 */
static u32 delivered_steps(const u64 *stored, u32 count, struct kchat_delivered_step *steps)
{
	u32 distinct = 0, taken = 0, nr = 0, i;

	for (i = 0; i < count; i++)
		distinct += i + 1 == count || stored[i + 1] != stored[i];
	for (i = 0; i < count; i++) {
		if (i + 1 < count && stored[i + 1] == stored[i])
			continue;
		taken++;
		/* Evenly over what there is; the last one always. */
		if (taken * KCHAT_DELIVERED_STEPS < (nr + 1) * distinct &&
		    distinct > KCHAT_DELIVERED_STEPS)
			continue;
		steps[nr].seq = stored[i];
		steps[nr++].people = i + 1;
	}
	return nr;
}

static void delivered_say(struct kchat_room *room, u64 *stored, struct kchat_spare *spare)
{
	u8 frame[KCHAT_HDR_LEN + 8 + 16 * KCHAT_DELIVERED_STEPS] __aligned(8);
	struct kchat_delivered_step steps[KCHAT_DELIVERED_STEPS];
	const struct kchat_person *person;
	const struct kchat_head head = {};
	struct kvec body;
	u32 count = 0, nr, len;

	list_for_each_entry(person, &room->people, node)
		if (person->counts && person->nr_hearing)
			stored[count++] = person_stored(person);
	sort(stored, count, sizeof(*stored), stored_order, NULL);
	/* Nobody has stored anything: that is no news. */
	if (!stored[0])
		return;
	nr = delivered_steps(stored, count, steps);
	len = kchat_frame_build_delivered(frame, sizeof(frame), &head, count, steps, nr);
	body.iov_base = frame + KCHAT_HDR_LEN;
	body.iov_len = len - KCHAT_HDR_LEN;
	kchat_room_append(room, (struct kchat_hdr *)frame, &body, 1, false, spare);
}

void kchat_room_deliver(struct kchat_room *room, struct kchat_spare *spare)
{
	u32 room_for = READ_ONCE(room->nr_counting) + 16;
	u64 *stored;

	stored = kchat_alloc(kvmalloc_array(room_for, sizeof(*stored), GFP_KERNEL));
	if (!stored || kchat_spare_fill(spare, &room->log, GFP_KERNEL))
		goto out;
	spin_lock(&room->lock);
	/* Grown in between: next time. Nobody there: nobody to tell. */
	if (room->nr_counting && room->nr_counting <= room_for) {
		room->stored_changed = false;
		room->delivered_at = jiffies;
		delivered_say(room, stored, spare);
	}
	spin_unlock(&room->lock);
out:
	kvfree(stored);
}
