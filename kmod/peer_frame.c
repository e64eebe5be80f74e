// SPDX-License-Identifier: GPL-2.0-only
#include "peer_frame.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"
#include "frame_read.h"
#include "rule.h"
#include "sha256.h"
#include "utf8.h"

/* ---- reading ----------------------------------------------------------- */

static void read_head(struct reader *r, struct kchat_datagram *out)
{
	const u8 *magic = read_bytes(r, 4);
	u8 version = read_u8(r);

	memset(out, 0, sizeof(*out));
	out->kind = read_u8(r);
	read_zeros(r, 2);
	out->sender = read_bytes(r, 16);
	out->receiver = read_bytes(r, 16);
	out->boot = read_u64(r);
	out->counter = read_u64(r);
	out->to_boot = read_u64(r);
	out->epoch = read_u64(r);
	if (r->bad || memcmp(magic, KCHAT_DISCOVER_MAGIC, 4) ||
	    version != KCHAT_DISCOVER_VERSION || out->kind < KCHAT_DISCOVER_PEER)
		r->bad = true;
}

/**
 * kchat_datagram_head - is this a datagram of another server, by its head
 * @data: what came
 * @len: bytes of it
 * @out: gets what the head says
 *
 * Return: whether it is
 */
bool kchat_datagram_head(const u8 *data, u32 len, struct kchat_datagram *out)
{
	struct reader r = reader_of(data, len);

	if (len < KCHAT_DATAGRAM_MIN || len > KCHAT_DISCOVER_PEER_MAX)
		return false;
	read_head(&r, out);
	return !r.bad;
}

/**
 * kchat_datagram_proven - does its author know the secret
 * @data: at least KCHAT_DATAGRAM_MIN bytes
 * @len: bytes of it
 * @secret: of the community, KCHAT_KEY_LEN bytes
 *
 * Return: whether the last bytes are the HMAC of all before them
 */
bool kchat_datagram_proven(const u8 *data, u32 len, const u8 *secret)
{
	u32 covered = len - KCHAT_KEY_LEN;
	u8 proof[KCHAT_KEY_LEN];

	kchat_hmac(secret, KCHAT_KEY_LEN, data, covered, proof);
	return !crypto_memneq(proof, data + covered, sizeof(proof));
}

static void read_load(struct reader *r, struct kchat_load *load)
{
	load->load = read_u32(r);
	load->people = read_u32(r);
	load->rooms = read_u32(r);
	load->flags = read_u32(r);
}

static void read_name(struct reader *r, struct kchat_datagram *out)
{
	u8 len;

	out->flags = read_u32(r);
	len = read_u8(r);
	read_zeros(r, 3);
	out->name = read_text(r, len);
	if (!len || len > KCHAT_ROOM_NAME_MAX)
		r->bad = true;
}

static void read_move(struct reader *r, struct kchat_datagram *out)
{
	out->total = read_u32(r);
	out->offset = read_u32(r);
	out->len = r->bad ? 0 : r->end - r->pos;
	out->data = read_bytes(r, out->len);
	if (!out->len || out->len > KCHAT_MOVE_PART || out->offset > out->total ||
	    out->len > out->total - out->offset)
		r->bad = true;
}

static void read_taken(struct reader *r, struct kchat_datagram *out)
{
	out->offset = read_u32(r);
	out->error = read_u16(r);
	out->state = read_u8(r);
	read_zeros(r, 1);
	if (out->state > KCHAT_TAKEN_REFUSED)
		r->bad = true;
}

/**
 * kchat_datagram_parse - what a datagram says
 * @data: what came
 * @len: bytes of it
 * @out: points into @data
 *
 * Return: false if it is malformed, or of a kind that is not known
 */
bool kchat_datagram_parse(const u8 *data, u32 len, struct kchat_datagram *out)
{
	struct reader r;

	if (!kchat_datagram_head(data, len, out))
		return false;
	r = reader_of(data + KCHAT_DATAGRAM_HEAD, len - KCHAT_DATAGRAM_MIN);
	if (out->kind != KCHAT_D_LOAD)
		out->mark = read_u64(&r);
	switch (out->kind) {
	case KCHAT_D_LOAD:
		read_load(&r, &out->load);
		break;
	case KCHAT_D_WHERE:
	case KCHAT_D_CLAIM:
		read_name(&r, out);
		break;
	case KCHAT_D_INVITE:
		read_name(&r, out);
		out->from = read_u64(&r);
		break;
	case KCHAT_D_HERE:
	case KCHAT_D_GIVE:
		out->home = read_bytes(&r, 16);
		read_load(&r, &out->load);
		break;
	case KCHAT_D_MOVE:
		read_move(&r, out);
		break;
	case KCHAT_D_DONE:
		break;
	case KCHAT_D_TAKEN:
		read_taken(&r, out);
		break;
	default:
		return false;
	}
	return read_whole(&r);
}

/* ---- writing ----------------------------------------------------------- */

static u8 *put_u8(u8 *p, u8 value)
{
	*p = value;
	return p + 1;
}

static u8 *put_u16(u8 *p, u16 value)
{
	put_unaligned_le16(value, p);
	return p + 2;
}

static u8 *put_u32(u8 *p, u32 value)
{
	put_unaligned_le32(value, p);
	return p + 4;
}

static u8 *put_u64(u8 *p, u64 value)
{
	put_unaligned_le64(value, p);
	return p + 8;
}

static u8 *put_bytes(u8 *p, const void *data, u32 len)
{
	memcpy(p, data, len);
	return p + len;
}

static u8 *put_load(u8 *p, const struct kchat_load *load)
{
	p = put_u32(p, load->load);
	p = put_u32(p, load->people);
	p = put_u32(p, load->rooms);
	return put_u32(p, load->flags);
}

static u8 *put_name(u8 *p, const struct kchat_datagram *d)
{
	p = put_u32(p, d->flags);
	p = put_u32(p, d->name.len); /* one byte, and three that are reserved */
	return put_bytes(p, d->name.data, d->name.len);
}

static u8 *put_body(u8 *p, const struct kchat_datagram *d)
{
	switch (d->kind) {
	case KCHAT_D_LOAD:
		return put_load(p, &d->load);
	case KCHAT_D_WHERE:
	case KCHAT_D_CLAIM:
		return put_name(p, d);
	case KCHAT_D_INVITE:
		return put_u64(put_name(p, d), d->from);
	case KCHAT_D_HERE:
	case KCHAT_D_GIVE:
		p = put_bytes(p, d->home, 16);
		return put_load(p, &d->load);
	case KCHAT_D_MOVE:
		p = put_u32(p, d->total);
		p = put_u32(p, d->offset);
		return put_bytes(p, d->data, d->len);
	case KCHAT_D_TAKEN:
		p = put_u32(p, d->offset);
		p = put_u16(p, d->error);
		p = put_u8(p, d->state);
		return put_u8(p, 0);
	default:
		return p;
	}
}

/**
 * kchat_datagram_build - a datagram, signed
 * @out: room for KCHAT_DISCOVER_PEER_MAX bytes
 * @datagram: what it says; a name and a part within their limits
 * @secret: of the community, KCHAT_KEY_LEN bytes
 *
 * Return: bytes written
 */
u32 kchat_datagram_build(u8 *out, const struct kchat_datagram *datagram, const u8 *secret)
{
	u8 *p = out;

	BUILD_BUG_ON(KCHAT_DATAGRAM_MIN + 16 + KCHAT_MOVE_PART > KCHAT_DISCOVER_PEER_MAX);
	p = put_bytes(p, KCHAT_DISCOVER_MAGIC, 4);
	p = put_u8(p, KCHAT_DISCOVER_VERSION);
	p = put_u8(p, datagram->kind);
	p = put_u16(p, 0);
	p = put_bytes(p, datagram->sender, 16);
	p = put_bytes(p, datagram->receiver, 16);
	p = put_u64(p, datagram->boot);
	p = put_u64(p, datagram->counter);
	p = put_u64(p, datagram->to_boot);
	p = put_u64(p, datagram->epoch);
	if (datagram->kind != KCHAT_D_LOAD)
		p = put_u64(p, datagram->mark);
	p = put_body(p, datagram);
	kchat_hmac(secret, KCHAT_KEY_LEN, out, p - out, p);
	return p - out + KCHAT_KEY_LEN;
}

/* ---- a room on its way ------------------------------------------------- */

u32 kchat_record_build(u8 *out, const struct kchat_record *record)
{
	u8 *p = out;

	p = put_u32(p, record->flags);
	p = put_u16(p, record->backlog);
	p = put_u16(p, record->name.len);
	p = put_u32(p, record->topic.len);
	p = put_u32(p, record->nr_standings);
	p = put_u64(p, record->epoch);
	p = put_u64(p, record->created);
	p = put_u64(p, record->owner);
	p = put_u64(p, record->maker);
	p = put_bytes(p, record->key, KCHAT_KEY_LEN);
	p = put_bytes(p, record->name.data, record->name.len);
	p = put_bytes(p, record->topic.data, record->topic.len);
	return p - out;
}

void kchat_standing_build(u8 *out, const struct kchat_standing_entry *entry)
{
	u8 *p = out;

	p = put_u64(p, entry->account);
	p = put_u32(p, entry->flags);
	p = put_u32(p, 0);
	p = put_u64(p, entry->banned_until);
	p = put_u64(p, entry->muted_until);
	put_u64(p, entry->invited_until);
}

static bool topic_ok(const struct kchat_text *topic)
{
	struct kchat_utf8 check = {};

	kchat_utf8_feed(&check, (const u8 *)topic->data, topic->len);
	return kchat_utf8_ok(&check) && !check.control;
}

bool kchat_record_parse(const u8 *data, u32 len, struct kchat_record *out)
{
	const u32 known = KCHAT_ROOM_PRACTICE | KCHAT_ROOM_DIRECT | KCHAT_ROOM_REGISTERED |
			  KCHAT_ROOM_INVITE_ONLY | KCHAT_ROOM_MODERATED | KCHAT_ROOM_PASSWORD |
			  KCHAT_ROOM_TOPIC_LOCKED;
	struct reader r = reader_of(data, len);
	u32 name_len, topic_len;

	out->flags = read_u32(&r);
	out->backlog = read_u16(&r);
	name_len = read_u16(&r);
	topic_len = read_u32(&r);
	out->nr_standings = read_u32(&r);
	out->epoch = read_u64(&r);
	out->created = read_u64(&r);
	out->owner = read_u64(&r);
	out->maker = read_u64(&r);
	out->key = read_bytes(&r, KCHAT_KEY_LEN);
	if (r.bad || name_len > KCHAT_ROOM_NAME_MAX || topic_len > KCHAT_TOPIC_MAX ||
	    out->nr_standings > len / KCHAT_STANDING_LEN)
		return false;
	out->name = read_text(&r, name_len);
	out->topic = read_text(&r, topic_len);
	out->standings = read_bytes(&r, out->nr_standings * KCHAT_STANDING_LEN);
	return read_whole(&r) && !(out->flags & ~known) && out->backlog <= KCHAT_BACKLOG_MAX &&
	       topic_ok(&out->topic);
}

bool kchat_standing_parse(const u8 *data, struct kchat_standing_entry *out)
{
	struct reader r = reader_of(data, KCHAT_STANDING_LEN);

	out->account = read_u64(&r);
	out->flags = read_u32(&r);
	read_zeros(&r, 4);
	out->banned_until = read_u64(&r);
	out->muted_until = read_u64(&r);
	out->invited_until = read_u64(&r);
	return !r.bad && out->account && out->flags && !(out->flags & ~KCHAT_STANDING_ALL);
}

void kchat_record_mask(const u8 *secret, const struct kchat_datagram *datagram,
		       u8 mask[KCHAT_KEY_LEN])
{
	static const char label[] = "kchat move key";
	struct kchat_hmac hmac;
	u8 numbers[16];

	put_unaligned_le64(datagram->boot, numbers);
	put_unaligned_le64(datagram->mark, numbers + 8);
	kchat_hmac_init(&hmac, secret, KCHAT_KEY_LEN);
	kchat_hmac_update(&hmac, label, sizeof(label) - 1);
	kchat_hmac_update(&hmac, datagram->sender, 16);
	kchat_hmac_update(&hmac, datagram->receiver, 16);
	kchat_hmac_update(&hmac, numbers, sizeof(numbers));
	kchat_hmac_final(&hmac, mask);
}
