// SPDX-License-Identifier: GPL-2.0-only
/*
 * The language of bench/floor: u32 bytes that follow, u32 room, text. A frame
 * without text brings its sender into the room, and comes back to it alone.
 */
#include "load.h"

#include <endian.h>

#define HEAD	8

static void raw_head(uint8_t *to, uint32_t room, uint32_t size)
{
	uint32_t length = htole32(4 + size), number = htole32(room);

	memcpy(to, &length, 4);
	memcpy(to + 4, &number, 4);
}

static void raw_sync(struct conn *c)
{
	uint8_t head[HEAD];

	raw_head(head, c->room->number, 0);
	conn_send(c, head, HEAD);
}

static void raw_open(struct conn *c)
{
	raw_head(c->room->head, c->room->number, options.size);
	c->room->head_len = HEAD;
	raw_sync(c);
}

static size_t raw_parse(struct conn *c, const uint8_t *data, size_t len)
{
	uint32_t length;
	long taken;

	if (len < HEAD)
		return 0;
	taken = take_text(c, data, len, 0);
	if (taken >= 0)
		return taken;
	memcpy(&length, data, 4);
	if (le32toh(length) != 4)
		conn_die(c, "a frame of %u bytes", le32toh(length));
	if (c->stage == STAGE_ENTERING)
		conn_is_in(c);
	else
		conn_synced(c);
	return HEAD;
}

static void raw_prepare(struct room *room)
{
	memcpy(room->frame, room->head, HEAD);
	room->text = HEAD;
	room->frame_len = HEAD + options.size;
}

const struct proto proto_raw = {
	.name = "raw", .size_max = SIZE_MAX_MSG,
	.open = raw_open, .parse = raw_parse, .sync = raw_sync, .prepare = raw_prepare,
};
