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
		WRITE_ONCE(cursor->seq, max(cursor->seq, log->first_seq - 1));
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
		kchat_person_stored(room, seat->person);
	}
	spin_unlock(&room->lock);
}

/* ---- who does not read --------------------------------------------------- */

static void reader_silence(struct kchat_session *session, struct kchat_seat *seat, bool silent)
{
	struct kchat_spare spare = {};

	WRITE_ONCE(session->silent, silent);
	if (READ_ONCE(seat->live) != silent)
		return;
	kchat_seat_silence(seat, silent, &spare);
	kchat_spare_release(&spare);
}

/* Under session->lock: nobody frees the seat's member meanwhile. */
static bool reader_idle(struct kchat_session *session, struct kchat_seat *seat)
{
	struct kchat_member *member = READ_ONCE(seat->member);
	struct kchat_reader *reader;
	bool unread;
	u32 reads;

	if (!member || seat->deaf)
		return false;
	reader = member->reader;
	spin_lock(&seat->room->lock);
	unread = READ_ONCE(member->cursor.seq) < seat->room->log.seq;
	spin_unlock(&seat->room->lock);
	reads = READ_ONCE(reader->reads);
	if ((!unread && !READ_ONCE(reader->line)) || reads != reader->seen) {
		reader->seen = reads;
		reader->since = jiffies;
		return false;
	}
	return time_after(jiffies, reader->since +
				   kchat_param_jiffies(session->kn, KCHAT_P_unread_ms));
}

void kchat_reader_watch(struct kchat_session *session)
{
	struct kchat_seat *seat;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(seat, &session->seats, by_session)
		if (READ_ONCE(seat->member))
			reader_silence(session, seat, reader_idle(session, seat));
}

void kchat_reader_heard(struct kchat_session *session, struct kchat_member *member)
{
	struct kchat_seat *seat;

	if (!READ_ONCE(session->silent))
		return;
	mutex_lock(&session->lock);
	seat = kchat_session_seat(session, member->room);
	if (seat && READ_ONCE(seat->member) == member)
		reader_silence(session, seat, false);
	mutex_unlock(&session->lock);
}
