// SPDX-License-Identifier: GPL-2.0-only
/* Rooms: the table of them, who comes in and goes, and what is said. */
#include <linux/string.h>
#include <stdlib.h>
#include <sys/random.h>

#include "twin.h"

/* ---- the table --------------------------------------------------------- */

static struct twin_room **room_bucket(const struct kchat_text *name)
{
	return &twin.room_names[twin_hash(name->data, name->len) % TWIN_BUCKETS];
}

static struct kchat_text room_name(const struct twin_room *room)
{
	return (struct kchat_text){ room->name, room->name_len };
}

static struct twin_room *room_find(const struct kchat_text *name)
{
	struct twin_room *room = *room_bucket(name);

	while (room && (room->name_len != name->len || memcmp(room->name, name->data, name->len)))
		room = room->by_name;
	return room;
}

static struct twin_room *room_make(const struct kchat_join *join)
{
	struct twin_room *room = calloc(1, sizeof(*room)), **bucket = room_bucket(&join->name);
	u64 key;

	if (!room)
		return NULL;
	if (getrandom(&key, sizeof(key), 0) != sizeof(key) || !twin_log_init(&room->log, key)) {
		free(room);
		return NULL;
	}
	room->number = ++twin.next_room;
	room->flags = join->flags & KCHAT_ROOM_PRACTICE;
	room->backlog = join->flags & KCHAT_JOIN_BACKLOG ? join->backlog : KCHAT_BACKLOG_DEFAULT;
	room->name_len = join->name.len;
	memcpy(room->name, join->name.data, join->name.len);
	room->created = twin.time;
	room->epoch = (u64)twin.generation << 32 | ++twin.next_epoch;
	room->idle_since = twin.now;
	INIT_LIST_HEAD(&room->people);
	INIT_LIST_HEAD(&room->members);
	list_add_tail(&room->node, &twin.rooms);
	room->by_name = *bucket;
	*bucket = room;
	twin.nr_rooms++;
	return room;
}

static void room_remove(struct twin_room *room)
{
	const struct kchat_text name = room_name(room);
	struct twin_room **at = room_bucket(&name);

	while (*at != room)
		at = &(*at)->by_name;
	*at = room->by_name;
	list_del(&room->node);
	if (room->is_dirty)
		list_del(&room->dirty);
	twin.nr_rooms--;
	twin_log_destroy(&room->log);
	free(room);
}

void twin_rooms_tick(void)
{
	struct twin_room *room, *next;

	list_for_each_entry_safe(room, next, &twin.rooms, node) {
		if (room->stored_changed &&
		    twin.now - room->delivered_at >= twin_param(stored_ms))
			twin_room_deliver(room);
		/* Somebody may still get the end of the log after having left. */
		if (!room->nr_people && list_empty(&room->members) &&
		    twin.now - room->idle_since > twin_param(room_idle_ms))
			room_remove(room);
	}
}

/* ---- saying ------------------------------------------------------------- */

/* At the cap all rooms give up the older half of their logs for what is new. */
static void memory_keep(void)
{
	struct twin_room *room;

	if (twin_log_memory <= twin_param(memory))
		return;
	list_for_each_entry(room, &twin.rooms, node)
		twin_log_trim(&room->log, room->log.bytes / 2);
}

static bool room_append(struct twin_room *room, struct kchat_hdr *hdr, const void *body, u32 len,
			bool lasting, u32 hash)
{
	/* The clock may be set back; a room's time is not. */
	room->time = max(room->time, twin.time);
	hdr->room = cpu_to_le32(room->number);
	hdr->epoch = cpu_to_le64(room->epoch);
	hdr->seq = cpu_to_le64(room->log.seq + lasting);
	hdr->time = cpu_to_le64(room->time);
	if (!twin_log_append(&room->log, hdr, body, len, lasting, hash))
		return false;
	twin_log_trim(&room->log, twin_param(log_bytes));
	memory_keep();
	twin.appended += sizeof(*hdr) + len;
	if (!room->is_dirty) {
		room->is_dirty = true;
		list_add_tail(&room->dirty, &twin.dirty);
	}
	return true;
}

bool twin_room_append(struct twin_room *room, struct kchat_hdr *hdr, const void *body, u32 len)
{
	return room_append(room, hdr, body, len, false, 0);
}

/* The connection's member of the room that it may talk in. */
static struct twin_member *member_find(struct twin_conn *conn, u32 number)
{
	struct twin_member *member;

	list_for_each_entry(member, &conn->members, by_conn) {
		if (member->room->number != number || member->parting)
			continue;
		/* Who talks in a room goes on talking there. */
		if (conn->members.next != &member->by_conn)
			list_move(&member->by_conn, &conn->members);
		return member;
	}
	return NULL;
}

/* The author alone hears of a repeat: the first one's numbers. */
static void room_acknowledge(struct twin_conn *conn, const struct kchat_hdr *first)
{
	const struct kchat_head head = {
		.room = le32_to_cpu(first->room),
		.epoch = le64_to_cpu(first->epoch),
		.seq = le64_to_cpu(first->seq),
		.time = le64_to_cpu(first->time),
		.sender = le64_to_cpu(first->sender),
		.id = first->id,
	};

	twin_reply(conn, KCHAT_T_ACK, &head, NULL, 0);
}

/* May it be, and where does it stand. *repeat: it is there already, with the header @first. */
static enum kchat_error room_say(struct twin_room *room, const struct twin_person *person,
				 bool lasting, struct kchat_hdr *hdr, const u8 *body, u32 len,
				 struct kchat_hdr *first, bool *repeat)
{
	u64 sender = person->account->number;
	u32 hash = lasting ? twin_log_hash(&room->log, sender, hdr->id) : 0;

	*repeat = lasting && twin_log_find(&room->log, hash, sender, hdr->id, first);
	if (*repeat)
		return KCHAT_E_NONE;
	if (!twin_room_others(room, person))
		return KCHAT_E_ALONE;
	hdr->sender = cpu_to_le64(sender);
	return room_append(room, hdr, body, len, lasting, hash) ? KCHAT_E_NONE : KCHAT_E_BUSY;
}

void twin_say(struct twin_conn *conn, const struct kchat_rule *rule,
	      const struct kchat_hdr *hdr, const u8 *body, u32 len,
	      const struct kchat_talk *topic)
{
	struct twin_member *member = member_find(conn, le32_to_cpu(hdr->room));
	enum kchat_error error = KCHAT_E_NOT_IN_ROOM;
	struct kchat_hdr out = *hdr, first;
	bool repeat = false;

	if (member && member->seat)
		error = room_say(member->room, member->seat->person,
				 rule->kind & KCHAT_RULE_LASTING, &out, body, len,
				 &first, &repeat);
	if (error != KCHAT_E_NONE) {
		twin_answer_error(conn, hdr, error, error == KCHAT_E_BUSY ? TWIN_BUSY_MS : 0);
	} else if (repeat) {
		room_acknowledge(conn, &first);
	} else if (topic) {
		member->room->topic_len = topic->text_len;
		memcpy(member->room->topic, body + len - topic->text_len, topic->text_len);
	}
}

void twin_stored(struct twin_conn *conn, const struct kchat_hdr *hdr,
		 const struct kchat_stored *stored)
{
	struct twin_member *member = member_find(conn, le32_to_cpu(hdr->room));
	struct twin_seat *seat = member ? member->seat : NULL;

	if (!seat) {
		twin_answer_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	if (stored->epoch != member->room->epoch || stored->seq > member->room->log.seq ||
	    stored->seq <= seat->stored ||
	    (seat->stored && twin.now - seat->stored_at < twin_param(stored_ms) / 2))
		return;
	seat->stored = stored->seq;
	seat->stored_at = twin.now;
	member->room->stored_changed = true;
}

/* ---- coming in ----------------------------------------------------------- */

static struct twin_seat *session_seat(const struct twin_session *session,
				      const struct twin_room *room)
{
	struct twin_seat *seat;

	list_for_each_entry(seat, &session->seats, by_session)
		if (seat->room == room)
			return seat;
	return NULL;
}

static struct twin_person *person_make(struct twin_room *room, struct twin_account *account)
{
	const struct kchat_person_entry entry = {
		.account = account->number,
		.name = twin_account_name(account),
	};
	u8 len = KCHAT_PERSON_ENTRY + entry.name.len;
	struct twin_person *person = calloc(1, sizeof(*person) + len);

	if (!person)
		return NULL;
	person->entry_len = len;
	kchat_frame_person(person->entry, &entry);
	person->account = account;
	person->counts = !(account->flags & KCHAT_PERSON_BOT) ||
			 room->flags & KCHAT_ROOM_PRACTICE;
	INIT_LIST_HEAD(&person->seats);
	list_add_tail(&person->node, &room->people);
	room->nr_people++;
	return person;
}

/* On the roster's entry of its account, which may be new as well. */
static struct twin_seat *seat_make(struct twin_session *session, struct twin_room *room,
				   enum kchat_error *error)
{
	struct twin_person *person = twin_room_person(room, session->account);
	struct twin_seat *seat;

	*error = KCHAT_E_ROOM_FULL;
	if (!person && room->nr_people >= twin_param(members))
		return NULL;
	*error = KCHAT_E_BUSY;
	seat = calloc(1, sizeof(*seat));
	if (seat && !person)
		person = person_make(room, session->account);
	if (!seat || !person) {
		free(seat);
		return NULL;
	}
	seat->person = person;
	seat->session = session;
	seat->room = room;
	list_add_tail(&seat->by_person, &person->seats);
	list_add_tail(&seat->by_session, &session->seats);
	return seat;
}

/* From which message on the log is sent: all over this sequence. */
static u64 join_start(const struct twin_room *room, const struct kchat_join *join)
{
	u64 last = room->log.seq, before = room->log.first_seq - 1, start = before;

	if (!join->epoch)
		start = last > room->backlog ? last - room->backlog : 0;
	else if (join->epoch == room->epoch)
		start = min(join->seq, last);
	return max(start, before);
}

/* Who is there, a page after the other. */
static void roster_answer(struct twin_conn *conn, const struct twin_room *room,
			  struct kchat_head head)
{
	const u32 size = KCHAT_HDR_LEN + KCHAT_REPLY_MAX;
	struct twin_person *person = list_first_entry(&room->people, struct twin_person, node);
	struct kchat_writer writer;
	u8 *frame;

	do {
		frame = twin_reply_begin(conn, size);
		if (!frame)
			return;
		kchat_frame_begin(&writer, frame, size);
		list_for_each_entry_from(person, &room->people, node)
			if (!kchat_frame_put_entry(&writer, person->entry, person->entry_len))
				break;
		if (&person->node == &room->people)
			head.flags = KCHAT_F_LAST;
		twin_reply_end(conn, kchat_frame_end(&writer, KCHAT_T_ROSTER, &head));
	} while (!head.flags);
}

static void join_answer(struct twin_conn *conn, const struct kchat_hdr *hdr,
			const struct twin_room *room, u64 start)
{
	const struct kchat_head head = { .room = room->number, .epoch = room->epoch,
					 .seq = room->log.seq, .id = hdr->id };
	const struct kchat_joined joined = {
		.start = start,
		.first = room->log.first_seq,
		.created = room->created,
		.people = room->nr_people,
		.flags = room->flags,
		.backlog = room->backlog,
		.name = room_name(room),
		.topic = { room->topic, room->topic_len },
	};
	const u32 size = KCHAT_HDR_LEN + 40 + KCHAT_ROOM_NAME_MAX + KCHAT_TOPIC_MAX;
	u8 *frame = twin_reply_begin(conn, size);

	if (frame)
		twin_reply_end(conn, kchat_frame_build_joined(frame, size, &head, &joined));
	roster_answer(conn, room, head);
}

static void member_listen(struct twin_member *member, struct twin_seat *seat, u64 start)
{
	struct twin_room *room = seat->room;

	member->room = room;
	member->seat = seat;
	member->seq = start;
	member->live_at = room->log.head;
	member->pos = start < room->log.seq ? twin_log_seek(&room->log, start + 1) :
					      room->log.head;
	twin_member_set_stop(member);
	list_add_tail(&member->by_room, &room->members);
	list_add_tail(&member->by_conn, &member->conn->members);
	member->conn->nr_members++;
}

static enum kchat_error join_room(struct twin_conn *conn, const struct kchat_hdr *hdr,
				  struct twin_room *room, const struct kchat_join *join)
{
	struct twin_seat *seat = session_seat(conn->session, room);
	enum kchat_error error = KCHAT_E_BUSY;
	struct twin_member *member;
	u64 start;

	/* Also while PARTED is still to come: one reader of a room per connection. */
	list_for_each_entry(member, &conn->members, by_conn)
		if (member->room == room)
			return KCHAT_E_IN_ROOM;
	member = calloc(1, sizeof(*member));
	if (member && !seat)
		seat = seat_make(conn->session, room, &error);
	if (!member || !seat) {
		free(member);
		return error;
	}
	start = join_start(room, join);
	seat->away = conn->session->away;
	seat->member = member;
	member->conn = conn;
	twin_seat_set_live(seat, true);
	member_listen(member, seat, start);
	join_answer(conn, hdr, room, start);
	twin_member_live(member);
	return KCHAT_E_NONE;
}

static enum kchat_error join_allowed(const struct twin_conn *conn, const struct kchat_join *join)
{
	/* Rooms of two need INVITED, which is not here. */
	if (join->direct[0])
		return KCHAT_E_FORBIDDEN;
	if (conn->nr_members >= twin_param(rooms_per_connection))
		return KCHAT_E_ROOMS;
	return KCHAT_E_NONE;
}

void twin_join(struct twin_conn *conn, const struct kchat_hdr *hdr,
	       const struct kchat_join *join)
{
	enum kchat_error error = join_allowed(conn, join);
	struct twin_room *room = room_find(&join->name);

	if (error == KCHAT_E_NONE && !room) {
		if (join->flags & KCHAT_JOIN_EXISTING)
			error = KCHAT_E_NO_ROOM;
		else if (twin.nr_rooms >= twin_param(rooms))
			error = KCHAT_E_ROOMS;
		else
			room = room_make(join);
		if (error == KCHAT_E_NONE && !room)
			error = KCHAT_E_BUSY;
	}
	if (error == KCHAT_E_NONE)
		error = join_room(conn, hdr, room, join);
	if (error != KCHAT_E_NONE)
		twin_answer_error(conn, hdr, error, error == KCHAT_E_BUSY ? TWIN_BUSY_MS : 0);
}

void twin_part(struct twin_conn *conn, const struct kchat_hdr *hdr)
{
	struct twin_member *member = member_find(conn, le32_to_cpu(hdr->room));

	if (!member) {
		twin_answer_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	member->parting = true;
	member->part_at = member->room->log.head;
	memcpy(member->part_id, hdr->id, sizeof(member->part_id));
	if (member->seat)
		member->part_at = twin_seat_leave(member->seat, KCHAT_PERSON_LEFT);
	twin_member_set_stop(member);
}
