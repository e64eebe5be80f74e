// SPDX-License-Identifier: GPL-2.0-only
/* How far people have stored what was said in a room. */
#include "account.h"
#include "room.h"
#include "server.h"

static u64 furthest(const struct kchat_person *person)
{
	const struct kchat_seat *seat;
	u64 best = 0;

	list_for_each_entry(seat, &person->seats, by_person)
		if (seat->live)
			best = max(best, seat->stored);
	return best;
}

void kchat_person_stored(struct kchat_room *room, struct kchat_person *person)
{
	lockdep_assert_held(&room->lock);
	room->stored_changed = true;
	if (person->counts && person->nr_hearing)
		kchat_marks_set(&room->stored, &person->stored, furthest(person));
	else
		kchat_marks_remove(&room->stored, &person->stored);
}

void kchat_room_stored(struct kchat_conn *conn, const struct kchat_hdr *hdr,
		       const struct kchat_stored *stored)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(hdr->room));
	struct kchat_seat *seat;
	struct kchat_room *room;

	if (!member) {
		kchat_conn_reply_error(conn, hdr, KCHAT_E_NOT_IN_ROOM, 0);
		return;
	}
	room = member->room;
	spin_lock(&room->lock);
	seat = member->seat;
	if (seat && stored->epoch == room->epoch && stored->seq <= room->log.seq &&
	    stored->seq > seat->stored &&
	    (!seat->stored ||
	     time_after_eq(jiffies, seat->stored_at +
				    kchat_param_jiffies(conn->kn, KCHAT_P_stored_ms) / 2))) {
		seat->stored = stored->seq;
		seat->stored_at = jiffies;
		kchat_person_stored(room, seat->person);
	}
	spin_unlock(&room->lock);
}

static void delivered_say(struct kchat_room *room, struct kchat_spare *spare)
{
	u8 frame[KCHAT_HDR_LEN + 8 + 16 * KCHAT_DELIVERED_STEPS] __aligned(8);
	struct kchat_delivered_step steps[KCHAT_DELIVERED_STEPS];
	const struct kchat_head head = {};
	struct kvec body;
	u32 nr, len;

	nr = kchat_marks_steps(&room->stored, steps);
	/* Nobody is there, or nobody has stored anything: that is no news. */
	if (!nr || !steps[0].seq)
		return;
	len = kchat_frame_build_delivered(frame, sizeof(frame), &head,
					  kchat_marks_count(&room->stored), steps, nr);
	body.iov_base = frame + KCHAT_HDR_LEN;
	body.iov_len = len - KCHAT_HDR_LEN;
	kchat_room_append(room, (struct kchat_hdr *)frame, &body, 1, false, spare);
}

void kchat_room_deliver(struct kchat_room *room, struct kchat_spare *spare)
{
	if (kchat_spare_fill(spare, &room->log, GFP_KERNEL))
		return;
	spin_lock(&room->lock);
	room->stored_changed = false;
	room->delivered_at = jiffies;
	delivered_say(room, spare);
	spin_unlock(&room->lock);
}
