// SPDX-License-Identifier: GPL-2.0-only
/* kchat: docs/protocol.md. Members log in, join, ping and report what they have stored, as real clients do. */
#include "load.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../kmod/uapi/kchat.h"
#include "scram.h"

#define AGENT		"kchat-load/1"
/* Of a message: the header, and a body of no attributes before the text. */
#define TALK_HEAD	8
#define TEXT_AT		(KCHAT_HDR_LEN + TALK_HEAD)

static uint32_t ping_seconds = 5;	/* as WELCOME says */

/* The mark of what sync asks, not of the pings in between. */
static const uint8_t sync_id[16] = "sync";

static void frame_send(struct conn *c, uint16_t type, uint32_t room, const uint8_t id[16],
		       const void *body, uint32_t len)
{
	struct kchat_hdr hdr = {
		.length = htole32(KCHAT_LENGTH_MIN + len), .type = htole16(type),
		.room = htole32(room),
	};

	if (id)
		memcpy(hdr.id, id, sizeof(hdr.id));
	conn_send(c, &hdr, sizeof(hdr));
	if (len)
		conn_send(c, body, len);
}

static uint16_t u16_at(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t u32_at(const uint8_t *p)
{
	return u16_at(p) | (uint32_t)u16_at(p + 2) << 16;
}

/* ---- entering -------------------------------------------------------- */

static void kchat_open(struct conn *c)
{
	uint8_t hello[16 + sizeof(AGENT) - 1] = { KCHAT_VERSION, 0, sizeof(AGENT) - 1, 0 };

	memcpy(hello + 16, AGENT, sizeof(AGENT) - 1);
	frame_send(c, KCHAT_T_HELLO, 0, NULL, hello, sizeof(hello));
}

static void welcome(struct conn *c, const uint8_t *body, uint32_t len)
{
	char name[128], out[SCRAM_MAX];
	uint32_t limits, i;
	int n;

	if (len < 72 || len < 72 + 8 * (limits = u16_at(body + 2)))
		conn_die(c, "a WELCOME of %u bytes", len);
	for (i = 0; i < limits; i++) {
		const uint8_t *limit = body + 72 + 8 * i;

		if (u16_at(limit) == KCHAT_LIMIT_PING_MS && u32_at(limit + 4) >= 1000)
			ping_seconds = u32_at(limit + 4) / 1000;
	}
	snprintf(name, sizeof(name), "%s%u", options.login, c->number);
	c->own.kchat.login = alloc(sizeof(struct scram));
	n = scram_first(c->own.kchat.login, name, out);
	if (n < 0)
		conn_die(c, "no random numbers");
	frame_send(c, KCHAT_T_AUTH, 0, NULL, out, n);
}

static void challenge(struct conn *c, const uint8_t *body, uint32_t len)
{
	char out[SCRAM_MAX];
	int n;

	if (!c->own.kchat.login)
		conn_die(c, "a CHALLENGE without AUTH");
	n = scram_final(c->own.kchat.login, options.password, (const char *)body, len, out);
	if (n < 0)
		conn_die(c, "the CHALLENGE is malformed");
	frame_send(c, KCHAT_T_PROOF, 0, NULL, out, n);
}

static void auth_ok(struct conn *c, const uint8_t *body, uint32_t len)
{
	uint8_t join[24 + KCHAT_ROOM_NAME_MAX] = { 0 };
	uint32_t flags = htole32(KCHAT_JOIN_BACKLOG), name, data;
	int n;

	name = len < 24 ? 0 : u16_at(body + 20);
	data = len < 24 ? 0 : u16_at(body + 22);
	if (!c->own.kchat.login || len < 24 + name + data ||
	    !scram_verify(c->own.kchat.login, (const char *)body + 24 + name, data))
		conn_die(c, "the server's signature is wrong");
	free(c->own.kchat.login);
	c->own.kchat.login = NULL;
	memcpy(join + 16, &flags, sizeof(flags));
	n = snprintf((char *)join + 24, KCHAT_ROOM_NAME_MAX, "%s-room-%u", options.login,
		     c->room->number);
	join[22] = n;
	frame_send(c, KCHAT_T_JOIN, 0, NULL, join, 24 + n);
}

static void joined(struct conn *c, const struct kchat_hdr *hdr)
{
	c->own.kchat.room = le32toh(hdr->room);
	c->own.kchat.epoch = le64toh(hdr->epoch);
	c->own.kchat.stored = c->own.kchat.seq = le64toh(hdr->seq);
}

/* ---- frames ---------------------------------------------------------- */

__attribute__((noreturn)) static void refused(struct conn *c, const uint8_t *body, uint32_t len)
{
	if (len < 8)
		conn_die(c, "an ERROR of %u bytes", len);
	conn_die(c, "ERROR %u to a frame of type 0x%04x: %.*s", u16_at(body), u16_at(body + 2),
		 (int)len - 8, body + 8);
}

static void other_frame(struct conn *c, const struct kchat_hdr *hdr, const uint8_t *body,
			uint32_t len)
{
	switch (le16toh(hdr->type)) {
	case KCHAT_T_WELCOME:
		welcome(c, body, len);
		break;
	case KCHAT_T_CHALLENGE:
		challenge(c, body, len);
		break;
	case KCHAT_T_AUTH_OK:
		auth_ok(c, body, len);
		break;
	case KCHAT_T_JOINED:
		joined(c, hdr);
		break;
	case KCHAT_T_LIVE:
		conn_is_in(c);
		break;
	case KCHAT_T_PING:
		frame_send(c, KCHAT_T_PONG, 0, hdr->id, body, len);
		tally.passing++;
		break;
	case KCHAT_T_PONG:
		if (memcmp(hdr->id, sync_id, sizeof(sync_id)))
			tally.passing++;
		else
			conn_synced(c);
		break;
	case KCHAT_T_ERROR:
		refused(c, body, len);
	case KCHAT_T_GAP:
	case KCHAT_T_PARTED:
	case KCHAT_T_ACK:
		conn_die(c, "a frame of type 0x%04x that nobody asked for", le16toh(hdr->type));
	default:
		tally.passing++;
	}
}

static size_t kchat_parse(struct conn *c, const uint8_t *data, size_t len)
{
	const struct kchat_hdr *hdr = (const struct kchat_hdr *)data;
	uint32_t length;

	if (len < KCHAT_HDR_LEN)
		return 0;
	length = le32toh(hdr->length);
	if (hdr->type == htole16(KCHAT_T_MSG)) {
		if (len < TEXT_AT + LABEL_LEN)
			return 0;
		if (length < KCHAT_LENGTH_MIN + TALK_HEAD + LABEL_LEN ||
		    u16_at(data + KCHAT_HDR_LEN))
			conn_die(c, "a message that nobody has said");
		message_begins(c, data + TEXT_AT, length - KCHAT_LENGTH_MIN - TALK_HEAD);
		c->own.kchat.seq = le64toh(hdr->seq);
		c->skip = options.size - LABEL_LEN;
		return TEXT_AT + LABEL_LEN;
	}
	if (length < KCHAT_LENGTH_MIN || length > KCHAT_LENGTH_MIN + 65536)
		conn_die(c, "a frame of type 0x%04x with the length %u", le16toh(hdr->type), length);
	if (len < 4 + length)
		return 0;
	other_frame(c, hdr, data + KCHAT_HDR_LEN, length - KCHAT_LENGTH_MIN);
	return 4 + length;
}

static void kchat_sync(struct conn *c)
{
	frame_send(c, KCHAT_T_PING, 0, sync_id, NULL, 0);
}

/* ---- talk ------------------------------------------------------------ */

static void kchat_prepare(struct room *room)
{
	struct kchat_hdr *hdr = (struct kchat_hdr *)room->frame;
	struct timespec now;
	uint64_t ms;
	int i;

	hdr->length = htole32(KCHAT_LENGTH_MIN + TALK_HEAD + options.size);
	hdr->type = htole16(KCHAT_T_MSG);
	hdr->room = htole32(room->author->own.kchat.room);
	/* UUIDv7 (RFC 9562, 5.7): the time, and below a number that kchat_stamp() counts up. */
	clock_gettime(CLOCK_REALTIME, &now);
	ms = now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
	for (i = 0; i < 6; i++)
		hdr->id[i] = ms >> (40 - 8 * i);
	hdr->id[6] = 0x70;
	hdr->id[8] = 0x80;
	room->text = TEXT_AT;
	room->frame_len = TEXT_AT + options.size;
}

static void kchat_stamp(struct room *room)
{
	struct kchat_hdr *hdr = (struct kchat_hdr *)room->frame;
	uint32_t count = htobe32(room->sent), high = room->sent >> 32;

	hdr->id[11] = high;
	memcpy(hdr->id + 12, &count, sizeof(count));
}

static void kchat_tick(struct conn *c)
{
	uint64_t report[2];

	if (c->own.kchat.seq != c->own.kchat.stored) {
		report[0] = htole64(c->own.kchat.epoch);
		report[1] = htole64(c->own.kchat.seq);
		frame_send(c, KCHAT_T_STORED, c->own.kchat.room, NULL, report, sizeof(report));
		c->own.kchat.stored = c->own.kchat.seq;
		tally.reports++;
	}
	c->silent = c->said ? 1 : c->silent + 1;
	c->said = false;
	if (c->silent < ping_seconds)
		return;
	frame_send(c, KCHAT_T_PING, 0, NULL, NULL, 0);
	tally.pings++;
}

static void kchat_bye(struct conn *c)
{
	frame_send(c, KCHAT_T_BYE, 0, NULL, NULL, 0);
}

const struct proto proto_kchat = {
	.name = "kchat", .size_max = KCHAT_TEXT_MAX,
	.open = kchat_open, .parse = kchat_parse, .sync = kchat_sync, .prepare = kchat_prepare,
	.stamp = kchat_stamp, .tick = kchat_tick, .bye = kchat_bye,
};
