/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is in a room: persons and their seats (presence.c), and how far they have stored
 * what was said (delivered.c).
 */
#ifndef _KCHAT_PERSON_H
#define _KCHAT_PERSON_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "frame.h"
#include "marks.h"

struct kchat_account;
struct kchat_conn;
struct kchat_member;
struct kchat_room;
struct kchat_session;
struct kchat_spare;

/**
 * struct kchat_seat - a session's place in a room
 * @person: whose it is, one of its seats; constant
 * @session: constant; not referenced: a session gives up its seats before it goes
 * @room: constant; referenced
 * @by_person: in person->seats, under room->lock
 * @by_session: in session->seats, under session->lock
 * @member: who listens, or NULL; under room->lock
 * @live: it is present: it has a member, whose connection is not silent; under room->lock
 * @away: its session says that it is; under room->lock
 * @deaf: who sits here only speaks, and is nobody to talk to; constant
 * @removed: it was taken away, and is still to be given up; set under room->lock, never back
 * @stored: up to where it has said STORED; under room->lock
 * @stored_at: jiffies of that; under room->lock
 */
struct kchat_seat {
	struct kchat_person *person;
	struct kchat_session *session;
	struct kchat_room *room;
	struct list_head by_person;
	struct list_head by_session;
	struct kchat_member *member;
	bool live;
	bool away;
	bool deaf;
	bool removed;
	u64 stored;
	unsigned long stored_at;
};

/**
 * struct kchat_person - somebody on a room's roster
 * @node: in room->people
 * @account: referenced
 * @seats: at least one
 * @stored: in room->stored while present, hearing and counting: the furthest of the live seats
 * @nr_live: of the seats those that are live: present if not 0
 * @nr_away: of the live ones those that are away
 * @nr_hearing: of those the ones that are not deaf
 * @counts: makes others not alone: no bot, or the room is for practice; constant
 * @flags: KCHAT_PERSON_*, of the account when the person came; constant
 * @roles: KCHAT_PERSON_OWNER to _MUTED
 * @entry_len: of @entry; constant
 * @entry: of ROSTER and PRESENCE, true at any time: who comes in gets a copy of each. The
 *	name is the account's when the person came
 *
 * All under room->lock.
 */
struct kchat_person {
	struct rb_node node;
	struct kchat_account *account;
	struct list_head seats;
	struct kchat_mark stored;
	u16 nr_live;
	u16 nr_away;
	u16 nr_hearing;
	bool counts;
	u8 flags;
	u8 roles;
	u8 entry_len;
	u8 entry[];
};

/* ---- under room->lock -------------------------------------------------- */

struct kchat_person *kchat_room_person(const struct kchat_room *room, u64 account);
/* All of them, in the order of their numbers. */
struct kchat_person *kchat_person_first(const struct kchat_room *room);
struct kchat_person *kchat_person_next(const struct kchat_person *person);
/* On the roster; the first seat follows. */
void kchat_person_add(struct kchat_room *room, struct kchat_person *person);
/* The seat's session listens through @member, and is present; also under session->lock. */
void kchat_seat_attach(struct kchat_seat *seat, struct kchat_member *member,
		       struct kchat_spare *spare);
/* What the room has made of somebody: says whether that is new. PRESENCE is the caller's to say. */
bool kchat_person_set_roles(struct kchat_person *person, u8 roles);
/* PRESENCE of somebody on the roster, to everybody. */
void kchat_presence_say(struct kchat_room *room, const struct kchat_person *person,
			struct kchat_spare *spare);
/*
 * Takes all seats of somebody away at once: they hear nothing that comes from here on but
 * PARTED with @error.
 */
void kchat_person_cut(struct kchat_room *room, struct kchat_person *person,
		      enum kchat_error error);
/*
 * Posts a copy of a finished frame to the connections of @person, all but that of
 * the seat @except (may be NULL). How many got it.
 */
unsigned int kchat_room_post(const struct kchat_person *person, const struct kchat_seat *except,
			     const void *frame, u32 len);

/* How far somebody has stored, or whether that counts, may have changed. */
void kchat_person_stored(struct kchat_room *room, struct kchat_person *person);

/* ---- persons ----------------------------------------------------------- */

/* Not on the roster yet; NULL: no memory. May sleep. */
struct kchat_person *kchat_person_alloc(struct kchat_account *account,
					const struct kchat_room *room);
/* Not on the roster any more, or never; NULL is fine. No lock held. */
void kchat_person_free(struct kchat_person *person);

/* ---- seats: under session->lock, room->lock is taken inside; may sleep --- */

/* What has to be said when somebody goes cannot fail for lack of memory. */
#define KCHAT_GFP_SURE	(GFP_KERNEL | __GFP_NOFAIL)

/* The seat's connection is gone. */
void kchat_seat_detach(struct kchat_seat *seat, struct kchat_spare *spare);
/* Its connection fell silent, or is heard again. */
void kchat_seat_silence(struct kchat_seat *seat, bool silent, struct kchat_spare *spare);
/* Its session is away, or back. */
void kchat_seat_away(struct kchat_seat *seat, bool away, struct kchat_spare *spare);
/*
 * Gives it up, with LEFT or LOST if it was the person's last one; frees it. Where
 * the log ended in that moment: what was said before counted on this seat.
 */
u64 kchat_seat_leave(struct kchat_seat *seat, enum kchat_person_state state,
		     struct kchat_spare *spare);
/* Gives up what kchat_person_cut() took away. No lock held; may sleep. */
void kchat_room_clear(struct kchat_room *room, u64 account);
/* The same for everybody in it. */
void kchat_room_clear_all(struct kchat_room *room);

/* ---- DELIVERED ----------------------------------------------------------- */

void kchat_room_stored(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		       const struct kchat_stored *stored);
/* DELIVERED, unless nobody is there. The house work. */
void kchat_room_deliver(struct kchat_room *room, struct kchat_spare *spare);

#endif /* _KCHAT_PERSON_H */
