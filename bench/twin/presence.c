// SPDX-License-Identifier: GPL-2.0-only
/* Who is present in a room, and how the others hear of it. */
#include <linux/string.h>
#include <stdlib.h>

#include "twin.h"

u8 twin_person_state(const struct twin_person *person)
{
	if (!person->nr_live)
		return KCHAT_PERSON_RECONNECTING;
	return person->nr_away < person->nr_live ? KCHAT_PERSON_PRESENT : KCHAT_PERSON_AWAY;
}

void twin_person_update(struct twin_person *person)
{
	kchat_frame_update_person(person->entry, twin_person_state(person), person->account->flags,
				  person->nr_live);
}

struct twin_person *twin_room_person(const struct twin_room *room,
				     const struct twin_account *account)
{
	struct twin_person *person;

	list_for_each_entry(person, &room->people, node)
		if (person->account == account)
			return person;
	return NULL;
}

bool twin_room_others(const struct twin_room *room, const struct twin_person *person)
{
	u32 self = person->counts && person->nr_live;

	return room->nr_counting > self;
}

static void presence_say(struct twin_room *room, const struct twin_person *person, u8 state)
{
	const struct kchat_head head = { .sender = person->account->number };
	u8 frame[KCHAT_HDR_LEN + KCHAT_PERSON_ENTRY + KCHAT_NAME_MAX] __attribute__((aligned(8)));
	struct kchat_writer writer;
	u8 *entry;

	kchat_frame_begin(&writer, frame, sizeof(frame));
	entry = frame + writer.len;
	kchat_frame_put_entry(&writer, person->entry, person->entry_len);
	kchat_frame_update_person(entry, state, person->account->flags, person->nr_live);
	kchat_frame_end(&writer, KCHAT_T_PRESENCE, &head);
	twin_room_append(room, (struct kchat_hdr *)frame, entry, person->entry_len);
}

static void seat_count(struct twin_seat *seat, bool live)
{
	struct twin_person *person = seat->person;
	struct twin_room *room = seat->room;

	if (seat->live == live)
		return;
	seat->live = live;
	room->stored_changed = true;
	if (seat->away)
		person->nr_away += live ? 1 : -1;
	if (live && !person->nr_live++ && person->counts)
		room->nr_counting++;
	if (!live && !--person->nr_live && person->counts)
		room->nr_counting--;
	twin_person_update(person);
}

void twin_seat_set_live(struct twin_seat *seat, bool live)
{
	if (seat->live == live)
		return;
	seat_count(seat, live);
	presence_say(seat->room, seat->person, twin_person_state(seat->person));
}

void twin_seat_set_away(struct twin_seat *seat, bool away)
{
	struct twin_person *person = seat->person;
	u8 was = twin_person_state(person);

	if (seat->live && seat->away != away)
		person->nr_away += away ? 1 : -1;
	seat->away = away;
	twin_person_update(person);
	if (twin_person_state(person) != was)
		presence_say(seat->room, person, twin_person_state(person));
}

u64 twin_seat_leave(struct twin_seat *seat, enum kchat_person_state state)
{
	struct twin_person *person = seat->person;
	struct twin_room *room = seat->room;
	u64 end = room->log.head;
	bool was = seat->live;

	if (seat->member)
		seat->member->seat = NULL;
	seat_count(seat, false);
	list_del(&seat->by_person);
	list_del(&seat->by_session);
	free(seat);
	if (list_empty(&person->seats)) {
		list_del(&person->node);
		room->nr_people--;
		room->idle_since = twin.now;
		presence_say(room, person, state);
		free(person);
	} else if (was) {
		presence_say(room, person, twin_person_state(person));
	}
	return end;
}

/* ---- how far people have stored ---------------------------------------- */

static u64 person_stored(const struct twin_person *person)
{
	const struct twin_seat *seat;
	u64 best = 0;

	list_for_each_entry(seat, &person->seats, by_person)
		if (seat->live)
			best = max(best, seat->stored);
	return best;
}

static int largest_first(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* Steps of the sorted @stored: every value if there are at most 8, else 8 evenly chosen. */
static u32 delivered_steps(const u64 *stored, u32 count, struct kchat_delivered_step *steps)
{
	u32 distinct = 0, taken = 0, nr = 0, i;

	for (i = 0; i < count; i++)
		distinct += i + 1 == count || stored[i + 1] != stored[i];
	for (i = 0; i < count; i++) {
		if (i + 1 < count && stored[i + 1] == stored[i])
			continue;
		taken++;
		if (distinct > KCHAT_DELIVERED_STEPS &&
		    taken * KCHAT_DELIVERED_STEPS < (nr + 1) * distinct)
			continue;
		steps[nr].seq = stored[i];
		steps[nr++].people = i + 1;
	}
	return nr;
}

static void delivered_say(struct twin_room *room, const u64 *stored, u32 count)
{
	u8 frame[KCHAT_HDR_LEN + 8 + 16 * KCHAT_DELIVERED_STEPS] __attribute__((aligned(8)));
	struct kchat_delivered_step steps[KCHAT_DELIVERED_STEPS];
	u32 nr = delivered_steps(stored, count, steps);
	const struct kchat_head head = {};
	u32 len = kchat_frame_build_delivered(frame, sizeof(frame), &head, count, steps, nr);

	twin_room_append(room, (struct kchat_hdr *)frame, frame + KCHAT_HDR_LEN,
			 len - KCHAT_HDR_LEN);
}

void twin_room_deliver(struct twin_room *room)
{
	const struct twin_person *person;
	u32 count = 0;
	u64 *stored;

	if (!room->nr_counting)
		return;
	stored = malloc(room->nr_counting * sizeof(*stored));
	if (!stored)
		return;
	room->stored_changed = false;
	room->delivered_at = twin.now;
	list_for_each_entry(person, &room->people, node)
		if (person->counts && person->nr_live)
			stored[count++] = person_stored(person);
	qsort(stored, count, sizeof(*stored), largest_first);
	/* Nobody has stored anything: that is no news. */
	if (stored[0])
		delivered_say(room, stored, count);
	free(stored);
}
