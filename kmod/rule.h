/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may do what in a room: what it remembers about accounts (standing.c), who may
 * come in and speak (rank.c), and what its operators and owner do (rule.c).
 */
#ifndef _KCHAT_RULE_H
#define _KCHAT_RULE_H

#include <linux/list.h>
#include <linux/types.h>

#include "frame.h"
#include "uapi/kchat.h"
#include "uapi/kchat_netlink.h"

struct kchat_account;
struct kchat_conn;
struct kchat_member;
struct kchat_person;
struct kchat_room;
struct kchat_session;
struct kchat_spare;

#define KCHAT_GUESS_MS		1000	/* after a wrong password of a room */

/* The flags below 0x100 are those of KCHAT_PERSON_* of the same names. */
#define KCHAT_STANDING_ALL	(KCHAT_STANDING_OPERATOR | KCHAT_STANDING_VOICE |	\
				 KCHAT_STANDING_MUTED | KCHAT_STANDING_BANNED |	\
				 KCHAT_STANDING_INVITED)

/**
 * struct kchat_standing - what a room remembers about an account, in the room or not
 * @node: in room->standings
 * @account: whose; its number alone, so that it may be deleted meanwhile
 * @flags: KCHAT_STANDING_*; not 0
 * @banned_until: in ms since 1970, 0: for good
 * @muted_until: the same
 * @invited_until: the same
 *
 * All under room->lock. Counted at the module's cap.
 */
struct kchat_standing {
	struct list_head node;
	u64 account;
	u32 flags;
	u64 banned_until;
	u64 muted_until;
	u64 invited_until;
};

/* ---- standing.c: what is remembered; under room->lock unless it says otherwise --- */

/* May sleep; no lock held. NULL: no memory. */
struct kchat_standing *kchat_standing_alloc(struct kchat_room *room);
/* One that no room knows, or not any more; NULL is fine. */
void kchat_standing_free(struct kchat_standing *standing);
/* All of a room; nobody else knows it. */
void kchat_standings_free(struct kchat_room *room);
struct kchat_standing *kchat_standing_find(const struct kchat_room *room, u64 account);
/*
 * Sets flags of an account, until @until where that counts. Takes *fresh if there was
 * nothing about the account yet. RULES: there are too many already.
 */
enum kchat_error kchat_standing_set(struct kchat_room *room, struct kchat_standing **fresh,
				    u64 account, u32 flags, u64 until);
/* Adds what was kept of a standing; the rest as kchat_standing_set(). */
enum kchat_error kchat_standing_restore(struct kchat_room *room, struct kchat_standing **fresh,
					const struct kchat_standing *kept);
/* Takes flags back. False: none of them was set. */
bool kchat_standing_clear(struct kchat_room *room, u64 account, u32 flags);
/* Is it so now? *wait_ms: how long still, 0: for good. */
bool kchat_standing_is(const struct kchat_room *room, u64 account, u32 flag, u32 *wait_ms);
/* KCHAT_PERSON_OWNER to _MUTED of an account. */
u8 kchat_room_roles(const struct kchat_room *room, u64 account);
/* Ends what time has ended, and tells who is not muted any more. No lock held; the house work. */
void kchat_rules_tick(struct kchat_room *room, struct kchat_spare *spare);

/* ---- rank.c: who may do what; under room->lock --------------------------- */

enum kchat_rank {
	KCHAT_RANK_NONE,
	KCHAT_RANK_OPERATOR,
	KCHAT_RANK_OWNER,
	KCHAT_RANK_ADMIN,
};

enum kchat_rank kchat_rank_of_person(const struct kchat_person *person);
/* Of an account that may be anywhere. */
enum kchat_rank kchat_rank_of_account(const struct kchat_room *room,
				      struct kchat_account *account);
/* What one must be for an action, KCHAT_RULE_*. Any context. */
enum kchat_rank kchat_rank_for(u8 action);
/*
 * May a session that is not in the room come in? @nonce: that of its
 * connection, for the proof of a password; NULL: it has none.
 */
enum kchat_error kchat_room_gate(const struct kchat_session *session, const u8 *nonce,
				 const struct kchat_room *room, const struct kchat_join *join,
				 u32 *wait_ms);
/* May somebody say this? */
enum kchat_error kchat_room_may_say(const struct kchat_room *room,
				    const struct kchat_person *person,
				    const struct kchat_rule *rule, u32 *wait_ms);

/* ---- rule.c -------------------------------------------------------------- */

/* Under room->lock: RULED, to all there, and to who listens over netlink. @by: 0: the server */
void kchat_ruled_say(struct kchat_room *room, const struct kchat_ruling *told, u64 by,
		     const u8 *id, struct kchat_spare *spare);
/*
 * The same as RULE says, KICK to UNMUTE, by order of who runs the server, whom no
 * role binds. NO_PERSON, OFFLINE, RULES, BUSY; FORBIDDEN: it would not hold for an ADMIN,
 * or this is a room of two. May sleep.
 */
enum kchat_error kchat_room_order(struct kchat_room *room, const struct kchat_ruling *asked);
/* RULE, with its answer. The connection's worker. */
void kchat_room_rule(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		     const struct kchat_ruling *ruling);
/* INVITE: opens a closed room to an account, or says why this person cannot. The same. */
enum kchat_error kchat_room_admit(struct kchat_conn *conn, struct kchat_member *member,
				  u64 account);

#endif /* _KCHAT_RULE_H */
