// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what in a room: ranks, who comes in, who speaks. */
#include "rule.h"

#include "account.h"
#include "proof.h"
#include "room.h"
#include "session.h"

static enum kchat_rank rank_of(u8 flags)
{
	if (flags & KCHAT_PERSON_ADMIN)
		return KCHAT_RANK_ADMIN;
	if (flags & KCHAT_PERSON_OWNER)
		return KCHAT_RANK_OWNER;
	return flags & KCHAT_PERSON_OPERATOR ? KCHAT_RANK_OPERATOR : KCHAT_RANK_NONE;
}

enum kchat_rank kchat_rank_of_person(const struct kchat_person *person)
{
	return rank_of(person->flags | person->roles);
}

/* Of an account that may be anywhere. */
enum kchat_rank kchat_rank_of_account(const struct kchat_room *room, struct kchat_account *account)
{
	struct kchat_ident *ident = kchat_account_ident(account);
	u8 flags = ident->flags | kchat_room_roles(room, account->number);

	kchat_ident_put(ident);
	return rank_of(flags);
}

/* What one must be for an action. */
enum kchat_rank kchat_rank_for(u8 action)
{
	switch (action) {
	case KCHAT_RULE_KICK:
	case KCHAT_RULE_BAN:
	case KCHAT_RULE_UNBAN:
	case KCHAT_RULE_MUTE:
	case KCHAT_RULE_UNMUTE:
	case KCHAT_RULE_VOICE:
	case KCHAT_RULE_NO_VOICE:
		return KCHAT_RANK_OPERATOR;
	default:
		return KCHAT_RANK_OWNER;
	}
}

/* ---- what others may not --------------------------------------------------- */

enum kchat_error kchat_room_gate(const struct kchat_session *session, const u8 *nonce,
				 const struct kchat_room *room, const struct kchat_join *join,
				 u32 *wait_ms)
{
	struct kchat_account *account = session->account;
	u64 number = account->number;
	const struct kchat_text name = kchat_room_name(room);
	u32 wait;

	lockdep_assert_held(&room->lock);
	*wait_ms = 0;
	if (kchat_room_person(room, number) ||
	    kchat_rank_of_account(room, account) >= KCHAT_RANK_OWNER)
		return KCHAT_E_NONE;
	if (kchat_standing_is(room, number, KCHAT_STANDING_BANNED, wait_ms))
		return KCHAT_E_BANNED;
	if (kchat_standing_is(room, number, KCHAT_PERSON_OPERATOR, &wait) ||
	    kchat_standing_is(room, number, KCHAT_STANDING_INVITED, &wait))
		return KCHAT_E_NONE;
	if (room->flags & KCHAT_ROOM_INVITE_ONLY)
		return KCHAT_E_INVITE_ONLY;
	if (room->flags & KCHAT_ROOM_PASSWORD &&
	    !(nonce && join->proof && kchat_auth_join_ok(room->key, nonce, &name, join->proof)))
		return KCHAT_E_ROOM_PASSWORD;
	return KCHAT_E_NONE;
}

enum kchat_error kchat_room_may_say(const struct kchat_room *room,
				    const struct kchat_person *person,
				    const struct kchat_rule *rule, u32 *wait_ms)
{
	lockdep_assert_held(&room->lock);
	*wait_ms = 0;
	if (!(rule->kind & KCHAT_RULE_SPEECH) || kchat_rank_of_person(person) == KCHAT_RANK_ADMIN)
		return KCHAT_E_NONE;
	/* A mute whose time is over is none, even before time has looked at it. */
	if (person->roles & KCHAT_PERSON_MUTED &&
	    kchat_standing_is(room, person->account->number, KCHAT_PERSON_MUTED, wait_ms))
		return KCHAT_E_MUTED;
	if (kchat_rank_of_person(person) >= KCHAT_RANK_OPERATOR)
		return KCHAT_E_NONE;
	if (room->flags & KCHAT_ROOM_MODERATED && !(person->roles & KCHAT_PERSON_VOICE))
		return KCHAT_E_MODERATED;
	if (room->flags & KCHAT_ROOM_TOPIC_LOCKED && rule->type == KCHAT_T_TOPIC)
		return KCHAT_E_FORBIDDEN;
	return KCHAT_E_NONE;
}
