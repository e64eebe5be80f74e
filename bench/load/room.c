// SPDX-License-Identifier: GPL-2.0-only
/* What is said in the rooms, and whether it comes to everybody once and in order. */
#include "load.h"

struct room *rooms;
uint64_t under_way;
bool timed;
uint32_t ring_mask;

static uint64_t progress_seen;
static uint32_t seconds_without;

void rooms_open(void)
{
	uint32_t ring = 1, i;

	while (ring < options.outstanding)
		ring *= 2;
	ring_mask = ring - 1;
	rooms = alloc(options.rooms * sizeof(*rooms));
	for (i = 0; i < options.rooms; i++) {
		rooms[i].number = i;
		rooms[i].ring = alloc(ring * sizeof(*rooms[i].ring));
	}
}

/* A number as LABEL_LEN visible characters, the lowest six bits first. */
static void label_write(uint8_t *to, uint64_t number)
{
	int i;

	for (i = 0; i < LABEL_LEN; i++) {
		to[i] = '0' + (number & 63);
		number >>= 6;
	}
}

static uint64_t label_read(uint64_t label)
{
	const uint8_t *from = (const uint8_t *)&label;
	uint64_t number = 0;
	int i;

	for (i = LABEL_LEN - 1; i >= 0; i--)
		number = number << 6 | ((from[i] - '0') & 63);
	return number;
}

/**
 * room_say - the author says the next message
 * @room: where
 * @at: when it was to be said, ns; counts if latency does
 */
void room_say(struct room *room, uint64_t at)
{
	struct slot *slot = &room->ring[room->sent & ring_mask];
	uint8_t *text = room->frame + room->text;

	label_write(text, room->sent++);
	memcpy(&slot->label, text, LABEL_LEN);
	slot->at = at;
	slot->left = options.members;
	under_way++;
	if (options.proto->stamp)
		options.proto->stamp(room);
	conn_send(room->author, room->frame, room->frame_len);
}

/**
 * message_wrong - say what is wrong with a delivery
 * @c: whose
 * @label: how the text begins
 * @size: how long it is
 */
void message_wrong(struct conn *c, uint64_t label, size_t size)
{
	struct room *room = c->room;
	unsigned long long got = label_read(label), wanted = c->next;

	if (!c->member)
		conn_die(c, "message %llu of room %u came to its author, who is no member", got,
			 room->number);
	if (wanted == room->sent || got < wanted)
		conn_die(c, "message %llu of room %u came twice", got, room->number);
	if (got > wanted)
		conn_die(c, "message %llu of room %u is lost: %llu came in its place", wanted,
			 room->number, got);
	conn_die(c, "message %llu of room %u has %zu bytes, not %u", wanted, room->number, size,
		 options.size);
}

/* Once a second. */
void room_check_idle(void)
{
	uint32_t i;

	if (!under_way || tally.deliveries != progress_seen) {
		progress_seen = tally.deliveries;
		seconds_without = 0;
		return;
	}
	if (++seconds_without < options.patience)
		return;
	for (i = 0; i < conn_count; i++) {
		if (conns[i].member && conns[i].next != conns[i].room->sent)
			conn_die(&conns[i], "message %llu of room %u is lost: nothing came for %u s",
				 (unsigned long long)conns[i].next, conns[i].room->number,
				 options.patience);
	}
}
