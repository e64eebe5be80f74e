/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rooms: what is said there (room.c, room_say.c), and the connections that come in and
 * listen (join.c, member.c). Who is in them is in person.h.
 */
#ifndef _KCHAT_ROOM_H
#define _KCHAT_ROOM_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "conn.h"
#include "frame.h"
#include "log.h"
#include "person.h"
#include "worker.h"

struct kchat_account;
struct kchat_ident;
struct kchat_net;
struct kchat_datagram;
struct kchat_place;
struct kchat_record;
struct kchat_session;

/**
 * struct kchat_room - a room
 * @refs: the table (until it is idle for too long), seats, members, dirty slots, lookups
 * @kn: its server, which waits for all rooms
 * @by_name: in kn->room_names, under kn->rooms_lock
 * @number: constant
 * @flags: KCHAT_ROOM_*; PRACTICE and DIRECT are constant; written under @lock
 * @backlog: messages a newcomer sees; constant
 * @epoch: constant: a room made anew has a new one
 * @maker: who made it, referenced; counts in maker->n_rooms while it is on the table and
 *	not registered, else NULL; under kn->rooms_lock
 * @keeper: who registered it, referenced, counts in keeper->n_kept; NULL: nobody, or the
 *	account is gone; under kn->rooms_lock
 * @kept: it is registered, or about to be, and stays when nobody is there; under
 *	kn->rooms_lock
 * @deciding: the accounts service has been asked whether to keep it, or not any more;
 *	under kn->rooms_lock
 * @created: microseconds since 1970; constant
 * @name_len: of @name
 * @name: constant
 * @direct: of a direct room: the two accounts
 * @lock: protects what follows. Process context only, so softirqs stay on;
 *	may be taken under kn->rooms_lock, never the other way round
 * @gone: taken off the table: look it up again
 * @moved: where it is instead, if it has moved; set once, and owned
 * @log: what was said
 * @time: of the last frame; never goes back
 * @people: roster, struct kchat_person.node, by account
 * @stored: how far those have stored who count, struct kchat_person.stored
 * @nr_people: of @people
 * @roster_bytes: what their entries take in ROSTER
 * @topic: allocated, or NULL
 * @topic_len: of @topic
 * @idle_since: jiffies when the last person left; valid if @nr_people is 0
 * @stored_changed: somebody has stored more, or has come or gone, since DELIVERED
 * @delivered_at: jiffies of the last DELIVERED
 * @readers: members that are files, kchat_member.cursor.node
 * @owner: account that may do everything, 0: none
 * @standings: struct kchat_standing.node
 * @nr_standings: of @standings
 * @expires: when time is to look at them, in ms since 1970, 0: never; written under @lock
 * @key: of the password, with KCHAT_ROOM_PASSWORD
 * @unsaved: what is kept of a registered room has changed since the accounts service was
 *	told so; set under @lock
 * @slots: one per worker
 */
struct kchat_room {
	refcount_t refs;
	struct kchat_net *kn;
	struct hlist_node by_name;
	u32 number;
	u32 flags;
	u16 backlog;
	u8 name_len;
	u64 epoch;
	struct kchat_account *maker;
	struct kchat_account *keeper;
	bool kept;
	bool deciding;
	u64 created;
	char name[KCHAT_ROOM_NAME_MAX];
	u64 direct[2];

	spinlock_t lock;
	bool gone;
	bool stored_changed;
	struct kchat_place *moved;
	struct kchat_log log;
	u64 time;
	struct rb_root people;
	struct rb_root stored;
	u32 nr_people;
	u32 roster_bytes;
	u8 *topic;
	u32 topic_len;
	unsigned long idle_since;
	unsigned long delivered_at;
	struct hlist_head readers;
	u64 owner;
	struct list_head standings;
	u32 nr_standings;
	u64 expires;
	u8 key[KCHAT_KEY_LEN];
	bool unsaved;
	struct kchat_slot slots[];
};

/**
 * struct kchat_reader - a file that reads a room: what is woken when there is news
 * @wait: who reads or polls
 * @news: grows with every frame, and when the seat is given up
 * @line: a message has been taken from the log, and is not read to its end; written
 *	under the file's lock
 * @reads: grows with every read that gets something; written under the file's lock
 * @seen: of @reads, when the house looked last; under session->lock
 * @since: jiffies since when nothing was read of what there is; under session->lock
 */
struct kchat_reader {
	wait_queue_head_t wait;
	atomic_t news;
	bool line;
	u32 reads;
	u32 seen;
	unsigned long since;
};

/**
 * struct kchat_member - a connection or a file that listens in a room
 * @cursor: where it is in the log; worker only. Of a file: under its own lock, and
 *	kchat_cursor.conn is NULL
 * @node: in conn->members; worker only
 * @room: referenced; constant
 * @reader: the file, else NULL; constant
 * @slot: of its worker in the room, NULL for a file; constant
 * @seat: its seat, or NULL if that was given up; under room->lock
 * @live: LIVE has been sent; worker only
 * @live_at: where it comes, until then; worker only
 * @parting: PARTED comes at @part_at; worker only
 * @part_at: end of what it gets of the log; worker only. Of a file: valid if @seat is
 *	NULL; under room->lock
 * @part_error: what PARTED says; worker only
 * @cut_error: the same where it is cut; written before cursor.cut
 * @part_id: mark of the request; worker only
 */
struct kchat_member {
	struct kchat_cursor cursor;
	struct list_head node;
	struct kchat_room *room;
	struct kchat_reader *reader;
	struct kchat_slot *slot;
	struct kchat_seat *seat;
	bool live;
	bool parting;
	u64 live_at;
	u64 part_at;
	u16 part_error;
	u16 cut_error;
	u8 part_id[16];
};

#define KCHAT_BUSY_MS		500	/* what BUSY asks to wait */

/* ---- rooms ------------------------------------------------------------- */

void kchat_rooms_init(struct kchat_net *kn);
/* The registered rooms that are there already begin in this generation. Under kn->control. */
void kchat_rooms_start(struct kchat_net *kn);
/* Takes all rooms off the table; no people are left. */
void kchat_rooms_stop(struct kchat_net *kn);
/* Rooms idle for too long go; DELIVERED where it is due. The house work. */
void kchat_rooms_tick(struct kchat_net *kn);

/* All rooms that are not busy give up the older half of their logs. Under kn->rooms_lock. */
void kchat_rooms_shrink(struct kchat_net *kn);
/* At the module's cap they do so for what is new. False: there is no room for @bytes. Under it. */
bool kchat_rooms_memory(struct kchat_net *kn, u64 bytes);

/* The room with the smallest number over @after, with a reference, or NULL. */
struct kchat_room *kchat_room_next(struct kchat_net *kn, u32 after);
/* The room of this name, with a reference, or NULL. */
struct kchat_room *kchat_room_find(struct kchat_net *kn, const struct kchat_text *name);
/* The same under kn->rooms_lock, without one. */
struct kchat_room *kchat_room_by_name(struct kchat_net *kn, const struct kchat_text *name);
/*
 * Makes it, under kn->rooms_lock; it is on the table. @maker: who is charged, or NULL.
 * NULL: see *error.
 */
struct kchat_room *kchat_room_create(struct kchat_net *kn, const struct kchat_join *join,
				     struct kchat_account *maker, enum kchat_error *error);
/*
 * Finds or makes it for @maker, with a reference. NULL: see *error; MOVED: it is not here,
 * and other servers are to be asked unless that is @settled.
 */
struct kchat_room *kchat_room_open(struct kchat_net *kn, const struct kchat_join *join,
				   struct kchat_account *maker, bool settled,
				   enum kchat_error *error);
bool kchat_room_exists(struct kchat_net *kn, const struct kchat_text *name);
/*
 * One that comes from another server, on no table yet; @mask covers its key. NULL: see
 * *error. May sleep.
 */
struct kchat_room *kchat_room_prepare(struct kchat_net *kn, const struct kchat_join *join,
				      const struct kchat_record *record, const u8 *mask,
				      enum kchat_error *error);
/* Puts it on the table, where it takes the reference; or away if its name is taken. */
void kchat_room_insert(struct kchat_room *room);
void kchat_room_discard(struct kchat_room *room);
/*
 * Under room->lock and kn->rooms_lock: its home is @place from now on, which the room
 * owns then. Nobody is in it any more; kchat_room_remove() and kchat_room_clear_all()
 * follow, the one under rooms_lock still, the other without any lock.
 */
void kchat_room_leave_here(struct kchat_room *room, struct kchat_place *place);
void kchat_room_remove(struct kchat_room *room);
void kchat_room_put(struct kchat_room *room);
/* Under room->lock: to all workers that have members, and to the files. */
void kchat_room_mark(struct kchat_room *room);

/*
 * INVITED to all connections of an account from @from. How many got it; a server that
 * may have some counts as one. May sleep.
 */
unsigned int kchat_room_invite(struct kchat_room *room, struct kchat_account *from, u64 to);
/* The same for a room of another server, which has said so. */
void kchat_room_invited(struct kchat_net *kn, const struct kchat_datagram *datagram);

static inline struct kchat_room *kchat_room_hold(struct kchat_room *room)
{
	refcount_inc(&room->refs);
	return room;
}

/* A direct room is for its two. */
static inline bool kchat_room_admits(const struct kchat_room *room, u64 account)
{
	return !(room->flags & KCHAT_ROOM_DIRECT) || room->direct[0] == account ||
	       room->direct[1] == account;
}

static inline struct kchat_text kchat_room_name(const struct kchat_room *room)
{
	return (struct kchat_text){ room->name, room->name_len };
}

/* ---- registered rooms: kept.c -------------------------------------------- */

/**
 * struct kchat_kept - what is kept of a registered room, but whom it remembers
 * @name: of the room
 * @flags: KCHAT_ROOM_*
 * @owner: account, 0: none
 * @keeper: account that registered it, 0: not known
 * @backlog: messages a newcomer sees
 * @created: microseconds since 1970
 * @topic: may be empty
 * @key: of the password, with KCHAT_ROOM_PASSWORD
 */
struct kchat_kept {
	struct kchat_text name;
	u32 flags;
	u64 owner;
	u64 keeper;
	u16 backlog;
	u64 created;
	struct kchat_text topic;
	const u8 *key;
};

/*
 * Makes a registered room, or finds it: with a reference, or NULL: ROOM_NAME (a room of
 * two, or no name), IN_ROOM (somebody is there), ROOMS, BUSY. May sleep, as all here.
 */
struct kchat_room *kchat_kept_set(struct kchat_net *kn, const struct kchat_kept *kept,
				  enum kchat_error *error);
/*
 * @who wants the room to be kept (@on), or not any more: the accounts service is to be
 * asked, and kchat_kept_end() to follow. False: see *error, or it is so already.
 */
bool kchat_kept_begin(struct kchat_room *room, struct kchat_account *who, bool on,
		      enum kchat_error *error);
/*
 * The service has decided, or never will. @done: it is so from now on. @by and @id: whose
 * RULE it was.
 */
void kchat_kept_end(struct kchat_room *room, bool on, bool done, u64 by, const u8 *id);
/*
 * A registered room has come from another server; room->maker is who registered it. Under
 * kn->rooms_lock.
 */
void kchat_kept_arrive(struct kchat_room *room);
/* It is not registered any more, by order. False: it was not. */
bool kchat_kept_del(struct kchat_room *room);
/* The house work, under kn->rooms_lock: tells the service of what has changed. */
void kchat_kept_tick(struct kchat_room *room);
/* Charges to nobody what a room that goes was charged to; under kn->rooms_lock. */
void kchat_kept_forget(struct kchat_room *room);
/* An account is gone: no room remembers it. */
void kchat_kept_forget_account(struct kchat_net *kn, u64 account);

/* Under room->lock: something has changed that is kept of a registered room. */
static inline void kchat_kept_changed(struct kchat_room *room)
{
	WRITE_ONCE(room->unsaved, true);
}

/* ---- under room->lock -------------------------------------------------- */

/* Is anybody present who counts, besides @person? The rule of ALONE. */
bool kchat_room_others(const struct kchat_room *room, const struct kchat_person *person);
/* What is said where there are none: a room that has moved has taken them along. */
static inline enum kchat_error kchat_room_empty_error(const struct kchat_room *room)
{
	return room->moved ? KCHAT_E_MOVED : KCHAT_E_ALONE;
}

/* Appends a frame, complete but for what the server fills in, and marks the workers. */
void kchat_room_append(struct kchat_room *room, struct kchat_hdr *hdr, const struct kvec *body,
		       u32 nr_body, bool lasting, struct kchat_spare *spare);
/* ---- members: their connection's worker only --------------------------- */

/* False: the home of the room has to be found out. @settled: it is here if it is nowhere. */
bool kchat_member_join(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		       const struct kchat_join *join, bool settled);
void kchat_member_part(struct kchat_conn *conn, const struct kchat_hdr *hdr);
/* It has been told who is there: it is sent the log from now on. */
void kchat_member_listen(struct kchat_member *member);
/* The room of this number in which the connection is, or NULL. */
struct kchat_member *kchat_member_find(struct kchat_conn *conn, u32 room);
/* The next place at which a control frame belongs. */
void kchat_member_set_stop(struct kchat_member *member);
/* How a member reads the log. */
extern const struct kchat_cursor_ops kchat_member_ops;
/* Where a session sits in a room, or NULL. Under session->lock. */
struct kchat_seat *kchat_session_seat(struct kchat_session *session,
				      const struct kchat_room *room);
/* All of a connection's members; the connection is at its end. */
void kchat_members_free(struct kchat_conn *conn);
/*
 * A frame for everybody in the room: the rule of ALONE, repeats, order. @topic:
 * what a TOPIC says, else NULL.
 */
void kchat_room_relay(struct kchat_conn *conn, const struct kchat_rule *rule,
		      const struct kchat_hdr *hdr, const u8 *body, u32 len,
		      const struct kchat_talk *topic);

/* ---- files: under the file's lock -------------------------------------- */

/**
 * struct kchat_entry - how a file comes into a room
 * @join: the room
 * @backlog: it reads what a newcomer sees, else what is said from now on
 * @deaf: it never reads
 */
struct kchat_entry {
	struct kchat_join join;
	bool backlog;
	bool deaf;
};

/*
 * @session listens through @reader: a member for the caller, who gives it back to
 * kchat_reader_leave(). NULL: see *error. May sleep.
 */
struct kchat_member *kchat_reader_join(struct kchat_session *session,
				       struct kchat_reader *reader,
				       const struct kchat_entry *entry, enum kchat_error *error);
/* Gives the seat up, unless that has happened already, and frees @member. May sleep. */
void kchat_reader_leave(struct kchat_session *session, struct kchat_member *member);
/* Says a frame that lasts, complete but for what the server fills in. May sleep. */
enum kchat_error kchat_reader_tell(struct kchat_member *member, struct kchat_hdr *hdr,
				   const u8 *body, u32 len);

/**
 * struct kchat_piece - a part of a room's log, whole frames
 * @seg: where they are, referenced
 * @pos: of the first one in the log
 * @end: where they end
 * @missed: messages before them that the log has dropped unread
 * @gone: the seat was given up: nothing more will come
 * @company: somebody else is there to talk to
 */
struct kchat_piece {
	struct kchat_seg *seg;
	u64 pos;
	u64 end;
	u64 missed;
	bool gone;
	bool company;
};

/* What @member has not read yet; without it @piece->seg is NULL. */
void kchat_reader_look(struct kchat_member *member, struct kchat_piece *piece);
/* All up to @seq has been read. */
void kchat_reader_stored(struct kchat_member *member, u64 seq);
/* Something has been read: whoever was silent is present again. May sleep. */
void kchat_reader_heard(struct kchat_session *session, struct kchat_member *member);
/*
 * Whose file leaves unread what its room has said is not present, until it reads. The
 * house work, under session->lock.
 */
void kchat_reader_watch(struct kchat_session *session);

static inline void kchat_reader_wake(struct kchat_reader *reader)
{
	atomic_inc(&reader->news);
	if (wq_has_sleeper(&reader->wait))
		wake_up_interruptible(&reader->wait);
}

#endif /* _KCHAT_ROOM_H */
