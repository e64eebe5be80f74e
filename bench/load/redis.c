// SPDX-License-Identifier: GPL-2.0-only
/* Redis, publish and subscribe (RESP2). Who has subscribed cannot publish, so the author is a connection of its own. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

static const char subscribed_pong[] = "*2\r\n$4\r\npong\r\n$0\r\n\r\n";

/* The name of a room, which has 4 letters and a number. */
static int room_name(const struct room *room, char name[32])
{
	return snprintf(name, 32, "room%u", room->number);
}

static void redis_open(struct conn *c)
{
	char name[32];
	int n = room_name(c->room, name);

	if (!c->member) {
		conn_is_in(c);
		return;
	}
	c->room->head_len = snprintf((char *)c->room->head, FRAME_EXTRA,
				     "*3\r\n$7\r\nmessage\r\n$%d\r\n%s\r\n$%u\r\n", n, name, options.size);
	conn_say(c, "SUBSCRIBE %s\r\n", name);
}

/* Lines of @data that end with CRLF: the bytes of @count of them, 0 if there are fewer. */
static size_t lines(const uint8_t *data, size_t len, int count)
{
	const uint8_t *at = data, *end = data + len;

	while (count--) {
		at = memchr(at, '\n', end - at);
		if (!at)
			return 0;
		at++;
	}
	return at - data;
}

static size_t author_parse(struct conn *c, const uint8_t *data, size_t len)
{
	size_t used = lines(data, len, 1);

	if (!used)
		return 0;
	if (*data == ':') {
		if (strtoul((const char *)data + 1, NULL, 10) != options.members)
			conn_die(c, "the message was not for %u: %.*s", options.members, (int)used - 2,
				 data);
		tally.passing++;
		return used;
	}
	if (used != 7 || memcmp(data, "+PONG\r\n", 7))
		conn_die(c, "%.*s", (int)used, data);
	conn_synced(c);
	return used;
}

static size_t redis_parse(struct conn *c, const uint8_t *data, size_t len)
{
	const size_t pong = sizeof(subscribed_pong) - 1;
	size_t used;
	long taken;

	if (!c->member)
		return author_parse(c, data, len);
	taken = take_text(c, data, len, 2);
	if (taken >= 0)
		return taken;
	if (c->stage == STAGE_ENTERING) {
		used = lines(data, len, 6);
		if (!used)
			return 0;
		if (memcmp(data, "*3\r\n$9\r\nsubscribe\r\n", 19))
			conn_die(c, "%.*s", (int)used, data);
		conn_is_in(c);
		return used;
	}
	if (len < pong)
		return 0;
	if (memcmp(data, subscribed_pong, pong))
		conn_die(c, "neither message nor answer: %.*s", (int)(len > 64 ? 64 : len), data);
	conn_synced(c);
	return pong;
}

static void redis_sync(struct conn *c)
{
	conn_say(c, "PING\r\n");
}

static void redis_prepare(struct room *room)
{
	char name[32];
	int n = room_name(room, name);

	room->text = snprintf((char *)room->frame, FRAME_EXTRA,
			      "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%u\r\n", n, name, options.size);
	memcpy(room->frame + room->text + options.size, "\r\n", 2);
	room->frame_len = room->text + options.size + 2;
}

const struct proto proto_redis = {
	.name = "redis", .size_max = SIZE_MAX_MSG, .author_apart = true,
	.open = redis_open, .parse = redis_parse, .sync = redis_sync, .prepare = redis_prepare,
};
