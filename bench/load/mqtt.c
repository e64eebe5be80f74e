// SPDX-License-Identifier: GPL-2.0-only
/* MQTT 3.1.1 with QoS 0; members get what they say themselves. */
#include "load.h"

#include <stdio.h>

enum {
	CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, SUBSCRIBE = 0x82, SUBACK = 0x90,
	PINGREQ = 0xc0, PINGRESP = 0xd0, DISCONNECT = 0xe0,
};

#define KEEP_ALIVE	60	/* seconds */

static uint32_t write_length(uint8_t *to, uint32_t length)
{
	uint32_t n = 0;

	do {
		to[n] = length & 127;
		length >>= 7;
		if (length)
			to[n] |= 128;
		n++;
	} while (length);
	return n;
}

static uint32_t write_text(uint8_t *to, const char *text)
{
	uint32_t len = strlen(text);

	to[0] = len >> 8;
	to[1] = len;
	memcpy(to + 2, text, len);
	return 2 + len;
}

/* PUBLISH up to the text, which is the same for who says it and who hears it. */
static uint32_t publish_head(const struct room *room, uint8_t *to)
{
	uint8_t topic[32];
	char name[24];
	uint32_t topic_len, n;

	snprintf(name, sizeof(name), "room%u", room->number);
	topic_len = write_text(topic, name);
	to[0] = PUBLISH;
	n = 1 + write_length(to + 1, topic_len + options.size);
	memcpy(to + n, topic, topic_len);
	return n + topic_len;
}

static void packet_send(struct conn *c, uint8_t type, const uint8_t *rest, uint32_t len)
{
	uint8_t head[2] = { type, len };	/* none of ours is longer than 127 bytes */

	conn_send(c, head, 2);
	if (len)
		conn_send(c, rest, len);
}

static void mqtt_open(struct conn *c)
{
	uint8_t rest[64];
	char id[24];
	uint32_t n = write_text(rest, "MQTT");

	rest[n++] = 4;		/* 3.1.1 */
	rest[n++] = 2;		/* a clean session */
	rest[n++] = 0;
	rest[n++] = KEEP_ALIVE;
	snprintf(id, sizeof(id), "load%u", c->number);
	n += write_text(rest + n, id);
	packet_send(c, CONNECT, rest, n);
	c->room->head_len = publish_head(c->room, c->room->head);
}

static void subscribe(struct conn *c)
{
	uint8_t rest[64] = { 0, 1 };	/* number of the packet */
	char name[24];
	uint32_t n = 2;

	snprintf(name, sizeof(name), "room%u", c->room->number);
	n += write_text(rest + n, name);
	rest[n++] = 0;		/* QoS */
	packet_send(c, SUBSCRIBE, rest, n);
}

static size_t mqtt_parse(struct conn *c, const uint8_t *data, size_t len)
{
	long taken = take_text(c, data, len, 0);

	if (taken >= 0)
		return taken;
	if (len < 2 || len < 2U + data[1])
		return 0;
	switch (data[0]) {
	case CONNACK:
		if (data[1] != 2 || data[3])
			conn_die(c, "the server refuses the connection: %u", data[3]);
		subscribe(c);
		break;
	case SUBACK:
		if (data[1] != 3 || data[4])
			conn_die(c, "the server refuses the subscription: %u", data[4]);
		conn_is_in(c);
		break;
	case PINGRESP:
		if (c->synced)
			tally.passing++;
		conn_synced(c);
		break;
	default:
		conn_die(c, "a packet of type 0x%02x", data[0]);
	}
	return 2 + data[1];
}

static void mqtt_sync(struct conn *c)
{
	packet_send(c, PINGREQ, NULL, 0);
}

static void mqtt_prepare(struct room *room)
{
	room->text = publish_head(room, room->frame);
	room->frame_len = room->text + options.size;
}

static void mqtt_tick(struct conn *c)
{
	c->silent = c->said ? 1 : c->silent + 1;
	c->said = false;
	if (c->silent < KEEP_ALIVE)
		return;
	packet_send(c, PINGREQ, NULL, 0);
	tally.pings++;
}

static void mqtt_bye(struct conn *c)
{
	packet_send(c, DISCONNECT, NULL, 0);
}

const struct proto proto_mqtt = {
	.name = "mqtt", .size_max = SIZE_MAX_MSG,
	.open = mqtt_open, .parse = mqtt_parse, .sync = mqtt_sync, .prepare = mqtt_prepare,
	.tick = mqtt_tick, .bye = mqtt_bye,
};
