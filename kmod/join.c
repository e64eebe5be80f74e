// SPDX-License-Identifier: GPL-2.0-only
/* Rooms: how a connection or a file comes in. */
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "home.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"
#include "stream.h"
#include "trace.h"

/**
 * struct joining - what a join needs, got before the room's lock is taken
 * @session: whose it is
 * @spare: memory for what is appended
 * @join: which room
 * @conn: who joins, NULL for a file
 * @hdr: the request of a connection
 * @reader: the file
 * @entry: how a file comes in
 * @room: referenced
 * @member: new
 * @seat: the session's own, or new
 * @new_seat: it is new; so is @person then
 * @person: new, unless the account is on the roster
 * @joined: room for JOINED
 * @roster: room for ROSTER frames, and what follows them
 * @roster_size: bytes of entries that certainly fit there
 * @wait_ms: what the refusal asks to wait
 * @settled: the room is to be here if it is nowhere
 */
struct joining {
	struct kchat_session *session;
	struct kchat_spare *spare;
	const struct kchat_join *join;
	struct kchat_conn *conn;
	const struct kchat_hdr *hdr;
	struct kchat_reader *reader;
	const struct kchat_entry *entry;
	struct kchat_room *room;
	struct kchat_member *member;
	struct kchat_seat *seat;
	bool new_seat;
	struct kchat_person *person;
	struct kchat_ctl *joined;
	struct list_head roster;
	u32 roster_size;
	u32 wait_ms;
	bool settled;
};

#define KCHAT_ENTRY_MAX	(KCHAT_PERSON_ENTRY + KCHAT_NAME_MAX)

static void roster_free(struct joining *joining)
{
	struct kchat_ctl *ctl, *next;

	list_for_each_entry_safe(ctl, next, &joining->roster, node)
		kchat_ctl_free(ctl);
	INIT_LIST_HEAD(&joining->roster);
	joining->roster_size = 0;
}

/*
 * Frames for @bytes of entries; of each the last bytes may be too few for one more.
 * A file is not told who is there.
 */
static bool roster_alloc(struct joining *joining, u32 bytes)
{
	if (!joining->conn) {
		joining->roster_size = bytes;
		return true;
	}
	while (joining->roster_size < bytes) {
		u32 size = min_t(u32, bytes - joining->roster_size + KCHAT_ENTRY_MAX,
				 KCHAT_REPLY_MAX);
		struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + size, GFP_KERNEL);

		if (!ctl)
			return false;
		list_add_tail(&ctl->node, &joining->roster);
		joining->roster_size += size - KCHAT_ENTRY_MAX;
	}
	return true;
}

/* Under the room's lock: who is there. Frames not needed stay empty. */
static void roster_write(struct joining *joining, const struct kchat_head *head)
{
	const struct kchat_room *room = joining->room;
	const struct kchat_person *person = kchat_person_first(room);
	struct kchat_head part = *head;
	struct kchat_ctl *ctl;

	list_for_each_entry(ctl, &joining->roster, node) {
		struct kchat_writer writer;

		kchat_frame_begin(&writer, ctl->data, ctl->size);
		while (person && kchat_frame_put_entry(&writer, person->entry, person->entry_len))
			person = kchat_person_next(person);
		if (!person)
			part.flags = KCHAT_F_LAST;
		ctl->len = kchat_frame_end(&writer, KCHAT_T_ROSTER, &part);
		if (part.flags)
			return;
	}
}

static void joining_reply(struct joining *joining)
{
	struct kchat_ctl *ctl, *next;

	kchat_conn_reply(joining->conn, joining->joined);
	list_for_each_entry_safe(ctl, next, &joining->roster, node) {
		list_del(&ctl->node);
		if (ctl->len)
			kchat_conn_reply(joining->conn, ctl);
		else
			kchat_ctl_free(ctl);
	}
}

static bool joining_alloc(struct joining *joining)
{
	struct kchat_room *room = joining->room;

	joining->member = kchat_alloc(kzalloc(sizeof(*joining->member), GFP_KERNEL));
	if (joining->conn)
		joining->joined = kchat_ctl_alloc(KCHAT_HDR_LEN + 40 + KCHAT_ROOM_NAME_MAX +
						  KCHAT_TOPIC_MAX, GFP_KERNEL);
	joining->person = kchat_person_alloc(joining->session->account, room);
	if (!joining->seat) {
		joining->seat = kchat_alloc(kzalloc(sizeof(*joining->seat), GFP_KERNEL));
		joining->new_seat = true;
	}
	return joining->member && (joining->joined || !joining->conn) && joining->person &&
	       joining->seat;
}

static void joining_free(struct joining *joining)
{
	kfree(joining->member);
	kchat_ctl_free(joining->joined);
	kchat_person_free(joining->person);
	if (joining->new_seat)
		kfree(joining->seat);
	roster_free(joining);
	joining->member = NULL;
	joining->joined = NULL;
	joining->person = NULL;
	joining->seat = NULL;
	joining->new_seat = false;
}

/* A new seat: on the roster's entry of its account, which may be new as well. */
static enum kchat_error join_sit(struct joining *joining)
{
	struct kchat_session *session = joining->session;
	struct kchat_room *room = joining->room;
	struct kchat_seat *seat = joining->seat;
	struct kchat_person *person = kchat_room_person(room, session->account->number);

	if (!person) {
		if (room->nr_people >= kchat_param(room->kn, KCHAT_P_members))
			return KCHAT_E_ROOM_FULL;
		person = joining->person;
		joining->person = NULL;
		kchat_person_add(room, person);
	}
	seat->person = person;
	seat->session = session;
	seat->room = kchat_room_hold(room);
	seat->deaf = joining->entry && joining->entry->deaf;
	list_add_tail(&seat->by_person, &person->seats);
	list_add_tail(&seat->by_session, &session->seats);
	joining->new_seat = false;
	return KCHAT_E_NONE;
}

/* From which message on the log is sent: all over this sequence. */
static u64 join_start(const struct joining *joining)
{
	const struct kchat_join *join = joining->join;
	const struct kchat_room *room = joining->room;
	u64 last = room->log.seq, before = room->log.first_seq - 1, start = before;

	if (joining->entry && !joining->entry->backlog)
		start = last;
	else if (!join->epoch)
		start = last > room->backlog ? last - room->backlog : 0;
	else if (join->epoch == room->epoch)
		start = min(join->seq, last);
	return max(start, before);
}

/* What is a connection's own: a worker that walks it, and the answer. */
static void join_connection(struct joining *joining, u64 start)
{
	struct kchat_member *member = joining->member;
	struct kchat_conn *conn = joining->conn;
	struct kchat_room *room = joining->room;
	struct kchat_head head = { .room = room->number, .epoch = room->epoch,
				   .seq = room->log.seq, .id = joining->hdr->id };
	const struct kchat_joined joined = {
		.start = start,
		.first = room->log.first_seq,
		.created = room->created,
		.flags = room->flags,
		.backlog = room->backlog,
		.people = room->nr_people,
		.name = kchat_room_name(room),
		.topic = { room->topic, room->topic_len },
	};

	member->slot = &room->slots[conn->worker->index];
	member->slot->nr++;
	member->cursor.conn = conn;
	member->cursor.ops = &kchat_member_ops;
	roster_write(joining, &head);
	kchat_streams_tell(room, joining->session, &joining->roster);
	joining->joined->len = kchat_frame_build_joined(joining->joined->data,
							joining->joined->size, &head, &joined);
}

/* A file is woken by every append. */
static void join_reader(struct joining *joining)
{
	struct kchat_member *member = joining->member;

	member->reader = joining->reader;
	hlist_add_head(&member->cursor.node, &joining->room->readers);
}

/* Under session->lock and room->lock: all others see it, or nobody does. */
static enum kchat_error join_locked(struct joining *joining)
{
	struct kchat_member *member = joining->member;
	struct kchat_room *room = joining->room;
	const u8 *nonce = joining->conn ? joining->conn->nonce : NULL;
	enum kchat_error error;
	u64 start;

	if (joining->new_seat) {
		error = kchat_room_gate(joining->session, nonce, room, joining->join,
					&joining->wait_ms);
		if (error == KCHAT_E_NONE)
			error = join_sit(joining);
		if (error != KCHAT_E_NONE)
			return error;
	} else if (joining->seat->removed) {
		return KCHAT_E_KICKED;
	}
	start = join_start(joining);
	kchat_seat_attach(joining->seat, member, joining->spare);

	member->room = kchat_room_hold(room);
	member->cursor.seq = start;
	member->live_at = room->log.head;
	member->cursor.log = &room->log;
	member->cursor.cut = U64_MAX;
	member->cursor.lock = &room->lock;
	member->cursor.pos = start < room->log.seq ? kchat_log_seek(&room->log, start + 1) :
						     room->log.head;
	if (joining->conn)
		join_connection(joining, start);
	else
		join_reader(joining);
	return KCHAT_E_NONE;
}

/*
 * Under session->lock. The roster may grow between the allocation and the lock:
 * then once more with more memory.
 */
static enum kchat_error join_commit(struct joining *joining)
{
	struct kchat_room *room = joining->room;
	enum kchat_error error;
	bool enough;

	do {
		if (!roster_alloc(joining, READ_ONCE(room->roster_bytes) + KCHAT_ENTRY_MAX) ||
		    kchat_spare_fill(joining->spare, &room->log, GFP_KERNEL))
			return KCHAT_E_BUSY;
		error = KCHAT_E_NONE;
		spin_lock(&room->lock);
		enough = room->roster_bytes + KCHAT_ENTRY_MAX <= joining->roster_size;
		if (room->gone)
			error = KCHAT_E_NO_ROOM;
		else if (enough)
			error = join_locked(joining);
		spin_unlock(&room->lock);
	} while (error == KCHAT_E_NONE && !enough);
	return error;
}

/* The other one of a direct room hears that somebody waits there. */
static void join_invite(struct joining *joining)
{
	struct kchat_session *session = joining->session;
	u64 self = session->account->number;
	u64 other = joining->room->direct[joining->room->direct[0] == self];

	kchat_room_invite(joining->room, session->account, other);
}

/* A connection listens from now on. */
static void join_listen(struct joining *joining)
{
	joining_reply(joining);
	joining->joined = NULL;
	kchat_member_listen(joining->member);
}

/* Under session->lock. */
static enum kchat_error join_room(struct joining *joining)
{
	struct kchat_session *session = joining->session;

	/* Ended or taken over in this moment: who joins is about to hear of it. */
	if (session->ended || session->main != joining->conn)
		return KCHAT_E_SESSION;
	joining->seat = kchat_session_seat(session, joining->room);
	if (joining->seat && READ_ONCE(joining->seat->removed)) {
		/* Who has taken it away is about to do the same. */
		kchat_seat_leave(joining->seat, KCHAT_PERSON_LEFT,
				 joining->spare);
		joining->seat = NULL;
	}
	if (joining->seat && joining->seat->member)
		return KCHAT_E_IN_ROOM;
	if (!joining_alloc(joining))
		return KCHAT_E_BUSY;
	return join_commit(joining);
}

static enum kchat_error join_allowed(struct joining *joining)
{
	const struct kchat_join *join = joining->join;
	u64 self = joining->session->account->number;

	if (join->direct[0]) {
		struct kchat_account *other;

		if (join->direct[0] != self && join->direct[1] != self)
			return KCHAT_E_FORBIDDEN;
		other = kchat_account_get(&joining->session->kn->accounts,
					  join->direct[join->direct[0] == self]);
		if (!other)
			return KCHAT_E_NO_PERSON;
		kchat_account_put(other);
	}
	if (joining->conn && join->proof && joining->conn->guessed &&
	    time_before(jiffies, joining->conn->guessed)) {
		joining->wait_ms = KCHAT_GUESS_MS;
		return KCHAT_E_AUTH_LIMIT;
	}
	if (joining->conn && joining->conn->nr_members >=
			     kchat_param(joining->conn->kn, KCHAT_P_rooms_per_connection)) {
		kchat_event_limit(joining->conn->kn, KCHAT_P_rooms_per_connection);
		return KCHAT_E_ROOMS;
	}
	return KCHAT_E_NONE;
}

static bool conn_listens(const struct kchat_conn *conn, const struct kchat_room *room)
{
	const struct kchat_member *member;

	list_for_each_entry(member, &conn->members, node)
		if (member->room == room)
			return true;
	return false;
}

/* The room is found or made. The member: a connection's is told and listens, a file's is left. */
static enum kchat_error join_found(struct joining *joining)
{
	struct kchat_session *session = joining->session;
	enum kchat_error error;

	/* Also while PARTED is still to come: one reader of a room per connection. */
	if (joining->conn && conn_listens(joining->conn, joining->room))
		return KCHAT_E_IN_ROOM;
	mutex_lock(&session->lock);
	error = join_room(joining);
	mutex_unlock(&session->lock);
	if (error == KCHAT_E_ROOM_FULL)
		kchat_event_limit(session->kn, KCHAT_P_members);
	if (error != KCHAT_E_NONE)
		return error;
	kchat_event_seat(session, joining->room, KCHAT_EVENT_JOIN, KCHAT_PERSON_PRESENT);
	trace_kchat_join(session, joining->room);
	if (joining->conn)
		join_listen(joining);
	if (joining->room->flags & KCHAT_ROOM_DIRECT)
		join_invite(joining);
	return KCHAT_E_NONE;
}

/* *member: who listens now. */
static enum kchat_error join_go(struct joining *joining, struct kchat_member **member)
{
	struct kchat_session *session = joining->session;
	enum kchat_error error = join_allowed(joining);

	if (error != KCHAT_E_NONE)
		return error;
	INIT_LIST_HEAD(&joining->roster);
	/* Found idle and taken off the table between the look-up and the lock: once more. */
	do {
		joining->room = kchat_room_open(session->kn, joining->join, session->account,
						joining->settled, &error);
		if (!joining->room)
			break;
		error = join_found(joining);
		if (error == KCHAT_E_NONE) {
			*member = joining->member;
			joining->member = NULL;
		}
		joining_free(joining);
		kchat_room_put(joining->room);
	} while (error == KCHAT_E_NO_ROOM);
	return error;
}

bool kchat_member_join(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		       const struct kchat_join *join, bool settled)
{
	struct joining joining = { .session = conn->session, .spare = &conn->worker->spare,
				   .join = join, .conn = conn, .hdr = hdr,
				   .settled = settled };
	struct kchat_member *member;
	enum kchat_error error = join_go(&joining, &member);

	if (error == KCHAT_E_MOVED)
		return false;
	if (error == KCHAT_E_ROOM_PASSWORD && join->proof)
		conn->guessed = jiffies + msecs_to_jiffies(KCHAT_GUESS_MS);
	if (error != KCHAT_E_NONE)
		kchat_conn_reply_error(conn, hdr, error, joining.wait_ms);
	return true;
}

struct kchat_member *kchat_reader_join(struct kchat_session *session,
				       struct kchat_reader *reader,
				       const struct kchat_entry *entry, enum kchat_error *error)
{
	struct kchat_spare spare = {};
	struct joining joining = { .session = session, .spare = &spare, .join = &entry->join,
				   .reader = reader, .entry = entry };
	struct kchat_member *member = NULL;

	*error = join_go(&joining, &member);
	if (*error == KCHAT_E_MOVED) {
		*error = kchat_home_ask_file(session->kn, &entry->join);
		joining.settled = true;
		if (*error == KCHAT_E_NONE)
			*error = join_go(&joining, &member);
	}
	kchat_spare_release(&spare);
	return member;
}
