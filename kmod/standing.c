// SPDX-License-Identifier: GPL-2.0-only
/* What a room remembers about accounts: roles, bans, mutes, invitations. */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "room.h"
#include "rule.h"
#include "server.h"

static void standings_changed(struct kchat_room *room)
{
	kchat_kept_changed(room);
	kchat_list_changed(room->kn, KCHAT_LIST_STANDINGS);
}

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get_real());
}

struct kchat_standing *kchat_standing_alloc(struct kchat_room *room)
{
	struct kchat_standing *standing;

	if (!kchat_net_memory(room->kn, sizeof(*standing)))
		return NULL;
	standing = kchat_alloc(kzalloc(sizeof(*standing), GFP_KERNEL));
	if (standing)
		atomic64_add(sizeof(*standing), &kchat_graves.bytes);
	return standing;
}

void kchat_standing_free(struct kchat_standing *standing)
{
	if (!standing)
		return;
	atomic64_sub(sizeof(*standing), &kchat_graves.bytes);
	kfree(standing);
}

void kchat_standings_free(struct kchat_room *room)
{
	struct kchat_standing *standing, *next;

	list_for_each_entry_safe(standing, next, &room->standings, node)
		kchat_standing_free(standing);
}

struct kchat_standing *kchat_standing_find(const struct kchat_room *room, u64 account)
{
	struct kchat_standing *standing;

	lockdep_assert_held(&room->lock);
	list_for_each_entry(standing, &room->standings, node)
		if (standing->account == account)
			return standing;
	return NULL;
}

/* Where the time of a flag is kept; NULL: it has none. */
static u64 *until_of(struct kchat_standing *standing, u32 flag)
{
	switch (flag) {
	case KCHAT_STANDING_BANNED:
		return &standing->banned_until;
	case KCHAT_PERSON_MUTED:
		return &standing->muted_until;
	case KCHAT_STANDING_INVITED:
		return &standing->invited_until;
	default:
		return NULL;
	}
}

static const u32 timed[] = {
	KCHAT_STANDING_BANNED, KCHAT_PERSON_MUTED, KCHAT_STANDING_INVITED,
};

static void remember_time(struct kchat_room *room, u64 until)
{
	if (until && (!room->expires || until < room->expires))
		WRITE_ONCE(room->expires, until);
}

enum kchat_error kchat_standing_set(struct kchat_room *room, struct kchat_standing **fresh,
				    u64 account, u32 flags, u64 until)
{
	struct kchat_standing *standing = kchat_standing_find(room, account);
	u64 *kept = NULL;

	if (!standing) {
		if (room->nr_standings >= kchat_param(room->kn, KCHAT_P_room_rules))
			return KCHAT_E_RULES;
		standing = *fresh;
		*fresh = NULL;
		standing->account = account;
		list_add_tail(&standing->node, &room->standings);
		room->nr_standings++;
	}
	standing->flags |= flags;
	standings_changed(room);
	kept = until_of(standing, flags);
	if (kept) {
		*kept = until;
		remember_time(room, until);
	}
	return KCHAT_E_NONE;
}

enum kchat_error kchat_standing_restore(struct kchat_room *room, struct kchat_standing **fresh,
					const struct kchat_standing *kept)
{
	enum kchat_error error = KCHAT_E_NONE;
	u32 flags = kept->flags;

	while (flags && error == KCHAT_E_NONE) {
		u32 flag = flags & -flags;
		u64 *until = until_of((struct kchat_standing *)kept, flag);

		error = kchat_standing_set(room, fresh, kept->account, flag, until ? *until : 0);
		flags &= ~flag;
	}
	return error;
}

bool kchat_standing_clear(struct kchat_room *room, u64 account, u32 flags)
{
	struct kchat_standing *standing = kchat_standing_find(room, account);

	if (!standing || !(standing->flags & flags))
		return false;
	standing->flags &= ~flags;
	standings_changed(room);
	if (standing->flags)
		return true;
	list_del(&standing->node);
	room->nr_standings--;
	kchat_standing_free(standing);
	return true;
}

bool kchat_standing_is(const struct kchat_room *room, u64 account, u32 flag, u32 *wait_ms)
{
	struct kchat_standing *standing = kchat_standing_find(room, account);
	const u64 *until;
	u64 now = now_ms();

	if (!standing || !(standing->flags & flag))
		return false;
	until = until_of(standing, flag);
	*wait_ms = 0;
	if (!until || !*until)
		return true;
	if (*until <= now)
		return false;
	*wait_ms = min_t(u64, *until - now, U32_MAX);
	return true;
}

u8 kchat_room_roles(const struct kchat_room *room, u64 account)
{
	const struct kchat_standing *standing = kchat_standing_find(room, account);
	u8 roles = account == room->owner ? KCHAT_PERSON_OWNER : 0;

	if (standing)
		roles |= standing->flags & (KCHAT_PERSON_OPERATOR | KCHAT_PERSON_VOICE |
					    KCHAT_PERSON_MUTED);
	return roles;
}

/* ---- time ---------------------------------------------------------------- */

/* The flags of @standing that are over; *next: when the next one is. */
static u32 expired(struct kchat_standing *standing, u64 now, u64 *next)
{
	u32 over = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(timed); i++) {
		u64 until = *until_of(standing, timed[i]);

		if (!(standing->flags & timed[i]) || !until)
			continue;
		if (until <= now)
			over |= timed[i];
		else if (!*next || until < *next)
			*next = until;
	}
	return over;
}

/* Under room->lock. True: somebody is not muted any more, and there is more to do. */
static bool rules_expire(struct kchat_room *room, struct kchat_spare *spare)
{
	struct kchat_standing *standing, *safe;
	u64 now = now_ms(), next = 0;

	list_for_each_entry_safe(standing, safe, &room->standings, node) {
		struct kchat_person *person;
		u64 account = standing->account;
		u32 over = expired(standing, now, &next);

		if (!over)
			continue;
		kchat_standing_clear(room, account, over);
		if (!(over & KCHAT_PERSON_MUTED))
			continue;
		person = kchat_room_person(room, account);
		if (!person)
			continue;
		kchat_person_set_roles(person, kchat_room_roles(room, account));
		kchat_presence_say(room, person, spare);
		return true;
	}
	WRITE_ONCE(room->expires, next);
	return false;
}

void kchat_rules_tick(struct kchat_room *room, struct kchat_spare *spare)
{
	bool more = true;

	if (!READ_ONCE(room->expires) || READ_ONCE(room->expires) > now_ms())
		return;
	/* One PRESENCE at a time: each needs memory that is got without the lock. */
	while (more && !kchat_spare_fill(spare, &room->log, GFP_KERNEL)) {
		spin_lock(&room->lock);
		more = rules_expire(room, spare);
		spin_unlock(&room->lock);
	}
}
