// SPDX-License-Identifier: GPL-2.0-only
/* NATS, its text protocol; members get what they say themselves. */
#include "load.h"

#include <stdio.h>

static void nats_open(struct conn *c)
{
	c->room->head_len = snprintf((char *)c->room->head, FRAME_EXTRA, "MSG room%u 1 %u\r\n",
				     c->room->number, options.size);
	conn_say(c, "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\","
		    "\"protocol\":1,\"echo\":true}\r\nSUB room%u 1\r\nPING\r\n", c->room->number);
}

static size_t nats_parse(struct conn *c, const uint8_t *data, size_t len)
{
	long taken = take_text(c, data, len, 2);
	const uint8_t *end;
	size_t used;

	if (taken >= 0)
		return taken;
	end = memchr(data, '\n', len);
	if (!end)
		return 0;
	used = end + 1 - data;
	if (!memcmp(data, "PONG", 4)) {
		if (c->stage == STAGE_ENTERING)
			conn_is_in(c);
		else
			conn_synced(c);
	} else if (!memcmp(data, "PING", 4)) {
		conn_say(c, "PONG\r\n");
		tally.passing++;
	} else if (memcmp(data, "INFO", 4)) {
		conn_die(c, "%.*s", (int)used - 2, data);
	}
	return used;
}

static void nats_sync(struct conn *c)
{
	conn_say(c, "PING\r\n");
}

static void nats_prepare(struct room *room)
{
	room->text = snprintf((char *)room->frame, FRAME_EXTRA, "PUB room%u %u\r\n", room->number,
			      options.size);
	memcpy(room->frame + room->text + options.size, "\r\n", 2);
	room->frame_len = room->text + options.size + 2;
}

const struct proto proto_nats = {
	.name = "nats", .size_max = SIZE_MAX_MSG,
	.open = nats_open, .parse = nats_parse, .sync = nats_sync, .prepare = nats_prepare,
};
