// SPDX-License-Identifier: GPL-2.0-only
/* What is said in the rooms, and whether it comes to everybody once and in order. */
#include "load.h"

struct room *rooms;
uint64_t under_way;
bool timed;

static uint32_t ring_mask;
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

__attribute__((noreturn)) static void wrong_label(struct conn *c, uint64_t label)
{
	uint64_t got = label_read(label);

	if (c->next == c->room->sent || got < c->next)
		conn_die(c, "message %llu of room %u came twice", (unsigned long long)got,
			 c->room->number);
	conn_die(c, "message %llu of room %u is lost: %llu came in its place",
		 (unsigned long long)c->next, c->room->number, (unsigned long long)got);
}

/**
 * message_begins - the beginning of a delivery is here
 * @c: whose
 * @label: first bytes of the text
 * @size: how long the text is
 */
void message_begins(struct conn *c, const uint8_t *label, size_t size)
{
	struct room *room = c->room;
	uint64_t got;

	memcpy(&got, label, LABEL_LEN);
	if (c->next == room->sent || got != room->ring[c->next & ring_mask].label)
		wrong_label(c, got);
	if (size != options.size)
		conn_die(c, "message %llu of room %u has %zu bytes, not %u",
			 (unsigned long long)c->next, room->number, size, options.size);
	if (!c->member)
		conn_die(c, "message %llu of room %u came to its author, who is no member",
			 (unsigned long long)c->next, room->number);
	c->message = true;
}

void message_came(struct conn *c)
{
	struct slot *slot = &c->room->ring[c->next++ & ring_mask];

	tally.deliveries++;
	if (timed)
		hist_add(came_at - slot->at);
	if (!--slot->left)
		under_way--;
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
