// SPDX-License-Identifier: GPL-2.0-only
/* What is said in a room: may it be, where it stands in the log, and what its author hears. */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "home.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "trace.h"

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
	trace_kchat_relay(room, hdr);
	kchat_log_trim(log, kchat_param(room->kn, KCHAT_P_log_bytes), spare);
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
		said->error = kchat_room_empty_error(room);
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
	enough = kchat_rooms_memory(kn, 0);
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
	kchat_kept_changed(room);
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
	struct kchat_cursor *cursor = &member->cursor;
	struct kchat_room *room = member->room;
	bool read_all;
	struct kchat_spare spare = {};
	struct said said = {};

	if (kchat_spare_fill(&spare, &room->log, GFP_KERNEL))
		return KCHAT_E_BUSY;
	if (!room_memory(room->kn)) {
		kchat_spare_release(&spare);
		return KCHAT_E_BUSY;
	}
	spin_lock(&room->lock);
	read_all = cursor->pos == room->log.head;
	if (member->seat)
		room_say(room, member->seat->person, kchat_frame_rule(KCHAT_T_MSG), hdr, &vec,
			 &spare, &said);
	else
		said.error = KCHAT_E_NOT_IN_ROOM;
	if (read_all) {
		/* What it has said itself is not waiting to be read. */
		WRITE_ONCE(cursor->pos, room->log.head);
		WRITE_ONCE(cursor->seq, room->log.seq);
	}
	spin_unlock(&room->lock);
	kchat_spare_release(&spare);
	room_count(room->kn, true, &said);
	return said.error;
}

/* @number: 0, if the room is at another server. */
static unsigned int invited_post(struct kchat_net *kn, u32 number, u32 flags,
				 const struct kchat_text *room_name, struct kchat_account *from,
				 u64 to)
{
	const struct kchat_head head = { .room = number, .sender = from->number };
	u8 frame[KCHAT_HDR_LEN + 8 + KCHAT_ROOM_NAME_MAX + KCHAT_NAME_MAX];
	struct kchat_account *account;
	struct kchat_ident *ident;
	struct kchat_text name;
	unsigned int count;
	u32 len;

	account = kchat_account_get(&kn->accounts, to);
	if (!account)
		return 0;
	ident = kchat_account_ident(from);
	name = kchat_ident_name(ident);
	len = kchat_frame_build_invited(frame, sizeof(frame), &head, flags, room_name, &name);
	count = kchat_session_post_account(account, frame, len);
	kchat_ident_put(ident);
	kchat_account_put(account);
	return count;
}

unsigned int kchat_room_invite(struct kchat_room *room, struct kchat_account *from, u64 to)
{
	const struct kchat_text name = kchat_room_name(room);

	return invited_post(room->kn, room->number, room->flags, &name, from, to) +
	       kchat_home_invite(room->kn, room->flags, &name, from->number, to);
}

void kchat_room_invited(struct kchat_net *kn, const struct kchat_datagram *datagram)
{
	struct kchat_account *from = kchat_account_get(&kn->accounts, datagram->from);

	if (!from)
		return;
	invited_post(kn, 0, datagram->flags, &datagram->name, from, datagram->mark);
	kchat_account_put(from);
}
