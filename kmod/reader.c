// SPDX-License-Identifier: GPL-2.0-only
/* Files in rooms: what a member does that is no connection. */
#include <linux/slab.h>

#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"

void kchat_reader_leave(struct kchat_session *session, struct kchat_member *member)
{
	struct kchat_room *room = member->room;
	struct kchat_spare spare = {};
	struct kchat_seat *seat;

	mutex_lock(&session->lock);
	seat = kchat_session_seat(session, room);
	if (seat && seat->member == member)
		kchat_seat_leave(seat, KCHAT_PERSON_LEFT, &spare);
	mutex_unlock(&session->lock);
	kchat_spare_release(&spare);

	spin_lock(&room->lock);
	hlist_del(&member->cursor.node);
	spin_unlock(&room->lock);
	kchat_room_put(room);
	kfree(member);
}

void kchat_reader_look(struct kchat_member *member, struct kchat_piece *piece)
{
	struct kchat_cursor *cursor = &member->cursor;
	struct kchat_room *room = member->room;
	struct kchat_log *log = &room->log;

	*piece = (struct kchat_piece){};
	spin_lock(&room->lock);
	if (cursor->pos < log->tail) {
		/* Too slow: the log goes on from its tail. */
		WRITE_ONCE(cursor->pos, log->tail);
		if (log->first_seq - 1 > cursor->seq)
			piece->missed = log->first_seq - 1 - cursor->seq;
		cursor->seq = max(cursor->seq, log->first_seq - 1);
	}
	piece->pos = cursor->pos;
	piece->gone = !member->seat;
	if (!piece->gone || piece->pos < member->part_at)
		piece->seg = kchat_log_rest(log, piece->pos, &piece->end);
	if (piece->gone)
		piece->end = min(piece->end, member->part_at);
	piece->company = member->seat && kchat_room_others(room, member->seat->person);
	spin_unlock(&room->lock);
	if (piece->missed)
		kchat_stat_inc(room->kn, KCHAT_C_GAPS);
}

void kchat_reader_stored(struct kchat_member *member, u64 seq)
{
	struct kchat_room *room = member->room;
	struct kchat_seat *seat;

	spin_lock(&room->lock);
	seat = member->seat;
	if (seat && seq > seat->stored) {
		seat->stored = seq;
		seat->stored_at = jiffies;
		room->stored_changed = true;
	}
	spin_unlock(&room->lock);
}
