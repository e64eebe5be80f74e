// SPDX-License-Identifier: GPL-2.0-only
/* What the owner and the operators of a room do. */
#include "rule.h"

#include <linux/ktime.h>
#include <linux/slab.h>

#include "account.h"
#include "conn.h"
#include "proof.h"
#include "room.h"
#include "server.h"
#include "service.h"
#include "session.h"
#include "stats.h"
#include "stream.h"

/* ---- RULED ----------------------------------------------------------------- */

void kchat_ruled_say(struct kchat_room *room, const struct kchat_ruling *told, u64 by,
		     const u8 *id, struct kchat_spare *spare)
{
	const struct kchat_head head = { .sender = by, .id = id };
	u8 frame[KCHAT_HDR_LEN + KCHAT_RULE_FIXED + KCHAT_REASON_MAX] __aligned(8);
	struct kvec body;

	lockdep_assert_held(&room->lock);
	kchat_frame_build_ruled(frame, sizeof(frame), &head, told);
	body.iov_base = frame + KCHAT_HDR_LEN;
	body.iov_len = KCHAT_RULE_FIXED + told->text.len;
	kchat_room_append(room, (struct kchat_hdr *)frame, &body, 1, false, spare);
	kchat_event_rule(room, told, by);
}

/* ---- RULE ------------------------------------------------------------------ */

/**
 * struct ruling - a RULE that is being carried out
 * @by: account of who asks, 0: who runs the server
 * @id: mark of the request
 * @key: of the asking session, NULL for who runs the server
 * @asked: what it says
 * @room: where
 * @target: whom it is about, referenced; NULL: the room
 * @person: the same on the roster, or NULL; valid under room->lock
 * @fresh: memory for what the room is to remember, or NULL
 * @spare: memory for RULED
 * @spares: memory for a PRESENCE of the old owner, and of @person
 * @changed: something is not as it was
 * @ends: those streams of @target are over
 * @clear: seats were taken away
 * @keep: whether the room is kept is to be decided: by the accounts service
 */
struct ruling {
	u64 by;
	const u8 *id;
	const u8 *key;
	const struct kchat_ruling *asked;
	struct kchat_room *room;
	struct kchat_account *target;
	struct kchat_person *person;
	struct kchat_standing *fresh;
	struct kchat_spare *spare;
	struct kchat_spare spares[2];
	bool changed;
	bool ends;
	bool clear;
	bool keep;
};

static bool needs_presence(u8 action)
{
	switch (action) {
	case KCHAT_RULE_KICK:
	case KCHAT_RULE_MUTE:
	case KCHAT_RULE_OPERATOR:
	case KCHAT_RULE_VOICE:
	case KCHAT_RULE_OWNER:
		return true;
	default:
		return false;
	}
}

/* Under room->lock: what somebody there may do. */
static enum kchat_error ruling_allowed(struct ruling *ruling, const struct kchat_person *self)
{
	const struct kchat_ruling *asked = ruling->asked;
	enum kchat_rank rank = kchat_rank_of_person(self);
	bool own = asked->account == self->account->number;

	/* One may give up what one has. */
	if (own && (asked->action == KCHAT_RULE_NO_OPERATOR ||
		    asked->action == KCHAT_RULE_NO_VOICE))
		return KCHAT_E_NONE;
	if (own || rank < kchat_rank_for(asked->action))
		return KCHAT_E_FORBIDDEN;
	if (ruling->target && rank != KCHAT_RANK_ADMIN &&
	    rank <= kchat_rank_of_account(ruling->room, ruling->target))
		return KCHAT_E_FORBIDDEN;
	return KCHAT_E_NONE;
}

/* Under room->lock: whom no role binds may not order what would have no effect. */
static enum kchat_error ruling_holds(struct ruling *ruling)
{
	u8 action = ruling->asked->action;

	if ((action == KCHAT_RULE_BAN || action == KCHAT_RULE_MUTE) &&
	    kchat_rank_of_account(ruling->room, ruling->target) == KCHAT_RANK_ADMIN)
		return KCHAT_E_FORBIDDEN;
	return KCHAT_E_NONE;
}

/* Under room->lock. */
static enum kchat_error ruling_set(struct ruling *ruling, u32 flag)
{
	u64 until = 0;

	if (ruling->asked->seconds)
		until = ktime_to_ms(ktime_get_real()) + (u64)ruling->asked->seconds * MSEC_PER_SEC;
	ruling->changed = true;
	return kchat_standing_set(ruling->room, &ruling->fresh, ruling->asked->account, flag,
				  until);
}

static void ruling_clear(struct ruling *ruling, u32 flags)
{
	ruling->changed = kchat_standing_clear(ruling->room, ruling->asked->account, flags);
}

/* Under room->lock. A role that somebody has already is no change. */
static enum kchat_error ruling_role(struct ruling *ruling, u32 role)
{
	return ruling->person->roles & role ? KCHAT_E_NONE : ruling_set(ruling, role);
}

/* Under room->lock. An owner who is banned owns nothing any more: owners come in past a ban. */
static enum kchat_error ruling_ban(struct ruling *ruling)
{
	enum kchat_error error = ruling_set(ruling, KCHAT_STANDING_BANNED);
	struct kchat_room *room = ruling->room;

	if (error != KCHAT_E_NONE)
		return error;
	kchat_standing_clear(room, ruling->asked->account, KCHAT_STANDING_OPERATOR |
			     KCHAT_STANDING_VOICE | KCHAT_STANDING_INVITED);
	if (room->owner == ruling->asked->account)
		room->owner = 0;
	return KCHAT_E_NONE;
}

static void ruling_flags(struct ruling *ruling, u32 mask, u32 flags)
{
	struct kchat_room *room = ruling->room;

	ruling->changed = (room->flags & mask) != flags;
	WRITE_ONCE(room->flags, (room->flags & ~mask) | flags);
}

static void ruling_password(struct ruling *ruling)
{
	const struct kchat_text *text = &ruling->asked->text;

	ruling_flags(ruling, KCHAT_ROOM_PASSWORD, text->len ? KCHAT_ROOM_PASSWORD : 0);
	if (!text->len)
		return;
	kchat_auth_room_key(ruling->key, ruling->id, (const u8 *)text->data, ruling->room->key);
	ruling->changed = true;
}

/* The old owner is nothing special from now on, and is told so. */
static void ruling_owner(struct ruling *ruling, struct kchat_person **old)
{
	struct kchat_room *room = ruling->room;

	ruling->changed = room->owner != ruling->asked->account;
	*old = kchat_room_person(room, room->owner);
	room->owner = ruling->asked->account;
}

/* Under room->lock; what there is to be told of it is told by the caller. */
static enum kchat_error ruling_apply(struct ruling *ruling)
{
	switch (ruling->asked->action) {
	case KCHAT_RULE_KICK:
		ruling->changed = true;
		return KCHAT_E_NONE;
	case KCHAT_RULE_BAN:
		return ruling_ban(ruling);
	case KCHAT_RULE_UNBAN:
		ruling_clear(ruling, KCHAT_STANDING_BANNED);
		return KCHAT_E_NONE;
	case KCHAT_RULE_MUTE:
		ruling->ends = true;
		return ruling_set(ruling, KCHAT_PERSON_MUTED);
	case KCHAT_RULE_UNMUTE:
		ruling_clear(ruling, KCHAT_PERSON_MUTED);
		return KCHAT_E_NONE;
	case KCHAT_RULE_OPERATOR:
		return ruling_role(ruling, KCHAT_PERSON_OPERATOR);
	case KCHAT_RULE_NO_OPERATOR:
		ruling_clear(ruling, KCHAT_PERSON_OPERATOR);
		return KCHAT_E_NONE;
	case KCHAT_RULE_VOICE:
		return ruling_role(ruling, KCHAT_PERSON_VOICE);
	case KCHAT_RULE_NO_VOICE:
		ruling_clear(ruling, KCHAT_PERSON_VOICE);
		return KCHAT_E_NONE;
	case KCHAT_RULE_REGISTER:
	case KCHAT_RULE_UNREGISTER:
		ruling->keep = true;
		return KCHAT_E_NONE;
	case KCHAT_RULE_FLAGS:
		ruling_flags(ruling, KCHAT_ROOM_INVITE_ONLY | KCHAT_ROOM_MODERATED |
			     KCHAT_ROOM_TOPIC_LOCKED, ruling->asked->seconds);
		return KCHAT_E_NONE;
	case KCHAT_RULE_PASSWORD:
		ruling_password(ruling);
		return KCHAT_E_NONE;
	default:
		return KCHAT_E_FORBIDDEN;
	}
}

/* Under room->lock. */
static void ruling_say(struct ruling *ruling)
{
	struct kchat_ruling told = *ruling->asked;

	/* That there is a password is told, and nothing of it. */
	if (told.action == KCHAT_RULE_PASSWORD) {
		told.seconds = told.text.len != 0;
		told.text.len = 0;
	}
	kchat_ruled_say(ruling->room, &told, ruling->by, ruling->id, ruling->spare);
}

/* Under room->lock: what somebody is in the room has changed, perhaps. */
static void ruling_person(struct ruling *ruling, struct kchat_person *person,
			  struct kchat_spare *spare)
{
	if (person && kchat_person_set_roles(person, kchat_room_roles(ruling->room,
								      person->account->number)))
		kchat_presence_say(ruling->room, person, spare);
}

/* Under room->lock. @self: who asks, NULL: who runs the server. */
static enum kchat_error ruling_do(struct ruling *ruling, const struct kchat_person *self)
{
	const struct kchat_ruling *asked = ruling->asked;
	struct kchat_person *old = NULL;
	enum kchat_error error;

	if (ruling->room->flags & KCHAT_ROOM_DIRECT)
		return KCHAT_E_FORBIDDEN;
	if (asked->account)
		ruling->person = kchat_room_person(ruling->room, asked->account);
	error = self ? ruling_allowed(ruling, self) : ruling_holds(ruling);
	if (error != KCHAT_E_NONE)
		return error;
	if (needs_presence(asked->action) && !ruling->person)
		return KCHAT_E_OFFLINE;
	if (asked->action == KCHAT_RULE_OWNER)
		ruling_owner(ruling, &old);
	else
		error = ruling_apply(ruling);
	if (error != KCHAT_E_NONE || !ruling->changed)
		return error;
	kchat_kept_changed(ruling->room);
	ruling_say(ruling);
	if (asked->action == KCHAT_RULE_KICK || asked->action == KCHAT_RULE_BAN) {
		ruling->clear = ruling->person;
		if (ruling->person)
			kchat_person_cut(ruling->room, ruling->person, KCHAT_E_KICKED);
		return KCHAT_E_NONE;
	}
	ruling_person(ruling, old, &ruling->spares[0]);
	ruling_person(ruling, ruling->person, &ruling->spares[1]);
	return KCHAT_E_NONE;
}

/* What may take time, or other locks. */
static void ruling_after(struct ruling *ruling)
{
	u64 number = ruling->asked->account;

	if (ruling->clear)
		kchat_room_clear(ruling->room, number);
	else if (ruling->ends)
		kchat_streams_silence(ruling->room, number);
}

static enum kchat_error ruling_prepare(struct ruling *ruling)
{
	struct kchat_accounts *accounts = &ruling->room->kn->accounts;
	const struct kchat_log *log = &ruling->room->log;

	if (ruling->asked->account) {
		ruling->target = kchat_account_get(accounts, ruling->asked->account);
		if (!ruling->target)
			return KCHAT_E_NO_PERSON;
		ruling->fresh = kchat_standing_alloc(ruling->room);
		if (!ruling->fresh)
			return KCHAT_E_BUSY;
	}
	if (kchat_spare_fill(ruling->spare, log, GFP_KERNEL) ||
	    kchat_spare_fill(&ruling->spares[0], log, GFP_KERNEL) ||
	    kchat_spare_fill(&ruling->spares[1], log, GFP_KERNEL))
		return KCHAT_E_BUSY;
	return KCHAT_E_NONE;
}

/* @member: who asks, NULL: who runs the server. */
static enum kchat_error ruling_carry_out(struct ruling *ruling, const struct kchat_member *member)
{
	enum kchat_error error = ruling_prepare(ruling);

	if (error == KCHAT_E_NONE) {
		spin_lock(&ruling->room->lock);
		if (member && !member->seat)
			error = KCHAT_E_NOT_IN_ROOM;
		else
			error = ruling_do(ruling, member ? member->seat->person : NULL);
		spin_unlock(&ruling->room->lock);
	}
	if (error == KCHAT_E_NONE)
		ruling_after(ruling);
	kchat_spare_release(&ruling->spares[0]);
	kchat_spare_release(&ruling->spares[1]);
	kchat_standing_free(ruling->fresh);
	if (ruling->target)
		kchat_account_put(ruling->target);
	return error;
}

/* REGISTER and UNREGISTER, which are allowed. True: the answer comes when it has been decided. */
static bool rule_keep(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		      struct kchat_room *room, bool on, enum kchat_error *error)
{
	struct kchat_account *account = conn->session->account;

	if (!kchat_kept_begin(room, account, on, error))
		return false;
	*error = kchat_service_keep(conn, hdr, room, on);
	if (*error == KCHAT_E_NONE)
		return true;
	kchat_kept_end(room, on, false, account->number, hdr->id);
	return false;
}

void kchat_room_rule(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		     const struct kchat_ruling *asked)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(hdr->room));
	struct ruling ruling = {
		.by = conn->session->account->number,
		.id = hdr->id,
		.key = conn->session->key,
		.asked = asked,
		.spare = &conn->worker->spare,
	};
	enum kchat_error error;

	if (!member) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	ruling.room = member->room;
	error = ruling_carry_out(&ruling, member);
	if (error == KCHAT_E_NONE && ruling.keep &&
	    rule_keep(conn, hdr, ruling.room, asked->action == KCHAT_RULE_REGISTER, &error))
		return;
	if (error == KCHAT_E_NONE)
		kchat_conn_reply_ok(conn, hdr);
	else
		kchat_conn_reply_error(conn, hdr, error,
				       error == KCHAT_E_BUSY ? KCHAT_BUSY_MS : 0);
}

enum kchat_error kchat_room_order(struct kchat_room *room, const struct kchat_ruling *asked)
{
	static const u8 no_id[16];
	struct kchat_spare spare = {};
	struct ruling ruling = { .id = no_id, .asked = asked, .room = room, .spare = &spare };
	enum kchat_error error = ruling_carry_out(&ruling, NULL);

	kchat_spare_release(&spare);
	return error;
}

/* ---- INVITE ------------------------------------------------------------------ */

enum kchat_error kchat_room_admit(struct kchat_conn *conn, struct kchat_member *member, u64 account)
{
	const u32 closed = KCHAT_ROOM_INVITE_ONLY | KCHAT_ROOM_PASSWORD;
	struct kchat_room *room = member->room;
	enum kchat_error error = KCHAT_E_NONE;
	struct kchat_standing *fresh;
	u64 until = ktime_to_ms(ktime_get_real()) + kchat_param(conn->kn, KCHAT_P_invite_ms);

	if (!(READ_ONCE(room->flags) & closed))
		return KCHAT_E_NONE;
	fresh = kchat_standing_alloc(room);
	if (!fresh)
		return KCHAT_E_BUSY;
	spin_lock(&room->lock);
	if (!member->seat)
		error = KCHAT_E_NOT_IN_ROOM;
	else if (kchat_rank_of_person(member->seat->person) >= KCHAT_RANK_OPERATOR)
		error = kchat_standing_set(room, &fresh, account, KCHAT_STANDING_INVITED, until);
	else if (room->flags & KCHAT_ROOM_INVITE_ONLY)
		error = KCHAT_E_FORBIDDEN;
	spin_unlock(&room->lock);
	kchat_standing_free(fresh);
	return error;
}
