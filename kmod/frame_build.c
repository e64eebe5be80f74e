// SPDX-License-Identifier: GPL-2.0-only
/* The frames a server writes. */
#include "frame.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"

/* NULL when it does not fit; then nothing more will. */
static u8 *reserve(struct kchat_writer *w, u32 len)
{
	u8 *bytes = w->buf + w->len;

	if (w->full || w->size - w->len < len) {
		w->full = true;
		return NULL;
	}
	w->len += len;
	return bytes;
}

static void put_u8(struct kchat_writer *w, u8 value)
{
	u8 *bytes = reserve(w, 1);

	if (bytes)
		*bytes = value;
}

static void put_u16(struct kchat_writer *w, u16 value)
{
	u8 *bytes = reserve(w, 2);

	if (bytes)
		put_unaligned_le16(value, bytes);
}

static void put_u32(struct kchat_writer *w, u32 value)
{
	u8 *bytes = reserve(w, 4);

	if (bytes)
		put_unaligned_le32(value, bytes);
}

static void put_u64(struct kchat_writer *w, u64 value)
{
	u8 *bytes = reserve(w, 8);

	if (bytes)
		put_unaligned_le64(value, bytes);
}

static void put_bytes(struct kchat_writer *w, const void *data, u32 len)
{
	u8 *bytes = reserve(w, len);

	if (bytes && len)
		memcpy(bytes, data, len);
}

static void put_zeros(struct kchat_writer *w, u32 len)
{
	u8 *bytes = reserve(w, len);

	if (bytes)
		memset(bytes, 0, len);
}

static void put_text(struct kchat_writer *w, const struct kchat_text *text)
{
	put_bytes(w, text->data, text->len);
}

/**
 * kchat_frame_put_hdr - write a header
 * @hdr: where
 * @type: enum kchat_type
 * @body_len: bytes of the body, which is elsewhere
 * @head: the other fields, or NULL for zeros
 */
void kchat_frame_put_hdr(struct kchat_hdr *hdr, u16 type, u32 body_len,
			 const struct kchat_head *head)
{
	static const struct kchat_head zeros;

	if (!head)
		head = &zeros;
	hdr->length = cpu_to_le32(KCHAT_LENGTH_MIN + body_len);
	hdr->type = cpu_to_le16(type);
	hdr->flags = cpu_to_le16(head->flags);
	hdr->room = cpu_to_le32(head->room);
	hdr->reserved = 0;
	hdr->epoch = cpu_to_le64(head->epoch);
	hdr->seq = cpu_to_le64(head->seq);
	hdr->time = cpu_to_le64(head->time);
	hdr->sender = cpu_to_le64(head->sender);
	if (head->id)
		memcpy(hdr->id, head->id, sizeof(hdr->id));
	else
		memset(hdr->id, 0, sizeof(hdr->id));
}

/**
 * kchat_frame_begin - start a frame that is written piece by piece
 * @w: the writer
 * @buf: where, aligned as a header is
 * @size: bytes there
 */
void kchat_frame_begin(struct kchat_writer *w, u8 *buf, u32 size)
{
	w->buf = buf;
	w->size = size;
	w->len = KCHAT_HDR_LEN;
	w->full = size < KCHAT_HDR_LEN;
}

/**
 * kchat_frame_end - finish a frame
 * @w: the writer
 * @type: enum kchat_type
 * @head: the fields of its header, or NULL for zeros
 *
 * Return: bytes of the whole frame, 0 if it did not fit
 */
u32 kchat_frame_end(struct kchat_writer *w, u16 type, const struct kchat_head *head)
{
	if (w->full)
		return 0;
	kchat_frame_put_hdr((struct kchat_hdr *)w->buf, type, w->len - KCHAT_HDR_LEN, head);
	return w->len;
}

/* A piece of a list that did not fit is taken back: the frame ends before it. */
static bool keep_piece(struct kchat_writer *w, u32 before)
{
	if (!w->full)
		return true;
	w->len = before;
	w->full = w->size < KCHAT_HDR_LEN;
	return false;
}

/**
 * kchat_frame_put_person - add a person entry
 * @w: the writer
 * @person: who
 *
 * Return: false if it does not fit; then the frame is as it was before
 */
bool kchat_frame_put_person(struct kchat_writer *w, const struct kchat_person_entry *person)
{
	u32 before = w->len;

	put_u64(w, person->account);
	put_u8(w, person->state);
	put_u8(w, person->flags);
	put_u16(w, person->sessions);
	put_u16(w, person->name.len);
	put_text(w, &person->name);
	return keep_piece(w, before);
}

/**
 * kchat_frame_put_entry - add a person entry that was made before
 * @w: the writer
 * @entry: by kchat_frame_person()
 * @len: bytes of it
 *
 * Return: false if it does not fit; then the frame is as it was before
 */
bool kchat_frame_put_entry(struct kchat_writer *w, const u8 *entry, u32 len)
{
	if (w->full || len > w->size - w->len)
		return false;
	memcpy(w->buf + w->len, entry, len);
	w->len += len;
	return true;
}

void kchat_frame_person(u8 *entry, const struct kchat_person_entry *person)
{
	struct kchat_writer w = { .buf = entry, .size = KCHAT_PERSON_ENTRY + person->name.len };

	kchat_frame_put_person(&w, person);
}

void kchat_frame_update_person(u8 *entry, u8 state, u8 flags, u16 sessions)
{
	entry[8] = state;
	entry[9] = flags;
	put_unaligned_le16(sessions, entry + 10);
}

/**
 * kchat_frame_put_room - add an entry of ROOMS_ARE
 * @w: the writer
 * @room: which
 *
 * Return: false if it does not fit; then the frame is as it was before
 */
bool kchat_frame_put_room(struct kchat_writer *w, const struct kchat_room_entry *room)
{
	u32 before = w->len;

	put_u32(w, room->number);
	put_u32(w, room->people);
	put_u32(w, room->flags);
	put_u16(w, room->name.len);
	put_u16(w, room->topic.len);
	put_text(w, &room->name);
	put_text(w, &room->topic);
	return keep_piece(w, before);
}

u32 kchat_frame_build(u8 *buf, u32 size, u16 type, const struct kchat_head *head,
		      const void *body, u32 len)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_bytes(&w, body, len);
	return kchat_frame_end(&w, type, head);
}

u32 kchat_frame_build_u64(u8 *buf, u32 size, u16 type, const struct kchat_head *head, u64 value)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u64(&w, value);
	return kchat_frame_end(&w, type, head);
}

u32 kchat_frame_build_error(u8 *buf, u32 size, const struct kchat_head *head,
			    enum kchat_error error, u16 cause, u32 wait_ms)
{
	const char *sentence = kchat_frame_sentence(error);
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u16(&w, error);
	put_u16(&w, cause);
	put_u32(&w, wait_ms);
	put_bytes(&w, sentence, strlen(sentence));
	return kchat_frame_end(&w, KCHAT_T_ERROR, head);
}

u32 kchat_frame_build_welcome(u8 *buf, u32 size, const struct kchat_head *head,
			      const struct kchat_welcome *welcome)
{
	struct kchat_writer w;
	u32 i;

	kchat_frame_begin(&w, buf, size);
	put_u16(&w, KCHAT_VERSION);
	put_u16(&w, welcome->n_limits);
	put_u32(&w, welcome->iterations);
	put_u64(&w, welcome->features);
	put_bytes(&w, welcome->server_uuid, 16);
	put_bytes(&w, welcome->community_uuid, 16);
	put_bytes(&w, welcome->nonce, KCHAT_NONCE_LEN);
	put_u16(&w, welcome->name.len);
	put_zeros(&w, 6);
	for (i = 0; i < welcome->n_limits; i++) {
		put_u16(&w, welcome->limits[i].number);
		put_u16(&w, 0);
		put_u32(&w, welcome->limits[i].value);
	}
	put_text(&w, &welcome->name);
	return kchat_frame_end(&w, KCHAT_T_WELCOME, head);
}

u32 kchat_frame_build_auth_ok(u8 *buf, u32 size, const struct kchat_head *head,
			      const struct kchat_auth_ok *ok)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u64(&w, ok->account);
	put_u64(&w, ok->session);
	put_u32(&w, ok->flags);
	put_u16(&w, ok->name.len);
	put_u16(&w, ok->data_len);
	put_text(&w, &ok->name);
	put_bytes(&w, ok->data, ok->data_len);
	return kchat_frame_end(&w, KCHAT_T_AUTH_OK, head);
}

u32 kchat_frame_build_person(u8 *buf, u32 size, u16 type, const struct kchat_head *head,
			     const struct kchat_person_entry *person)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	if (!kchat_frame_put_person(&w, person))
		return 0;
	return kchat_frame_end(&w, type, head);
}

u32 kchat_frame_build_status(u8 *buf, u32 size, const struct kchat_head *head,
			     const struct kchat_counter_value *counters, u32 count,
			     const char *release, const char *version)
{
	u32 release_len = strlen(release);
	u32 version_len = strlen(version);
	struct kchat_writer w;
	u32 i;

	kchat_frame_begin(&w, buf, size);
	put_u16(&w, count);
	put_u16(&w, release_len);
	put_u16(&w, version_len);
	put_u16(&w, 0);
	for (i = 0; i < count; i++) {
		put_u16(&w, counters[i].number);
		put_zeros(&w, 6);
		put_u64(&w, counters[i].value);
	}
	put_bytes(&w, release, release_len);
	put_bytes(&w, version, version_len);
	return kchat_frame_end(&w, KCHAT_T_STATUS_IS, head);
}

u32 kchat_frame_build_joined(u8 *buf, u32 size, const struct kchat_head *head,
			     const struct kchat_joined *joined)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u64(&w, joined->start);
	put_u64(&w, joined->first);
	put_u64(&w, joined->created);
	put_u32(&w, joined->people);
	put_u32(&w, joined->flags);
	put_u16(&w, joined->backlog);
	put_u16(&w, joined->name.len);
	put_u16(&w, joined->topic.len);
	put_u16(&w, 0);
	put_text(&w, &joined->name);
	put_text(&w, &joined->topic);
	return kchat_frame_end(&w, KCHAT_T_JOINED, head);
}

u32 kchat_frame_build_parted(u8 *buf, u32 size, const struct kchat_head *head,
			     enum kchat_error error)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u16(&w, error);
	return kchat_frame_end(&w, KCHAT_T_PARTED, head);
}

u32 kchat_frame_build_moved(u8 *buf, u32 size, const struct kchat_head *head,
			    const struct kchat_moved *moved)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_bytes(&w, moved->server_uuid, 16);
	put_u16(&w, moved->port);
	put_u16(&w, moved->host.len);
	put_u16(&w, moved->room.len);
	put_u16(&w, 0);
	put_text(&w, &moved->host);
	put_text(&w, &moved->room);
	return kchat_frame_end(&w, KCHAT_T_MOVED, head);
}

u32 kchat_frame_build_ruled(u8 *buf, u32 size, const struct kchat_head *head,
			    const struct kchat_ruling *ruling)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u8(&w, ruling->action);
	put_u8(&w, 0);
	put_u16(&w, ruling->text.len);
	put_u32(&w, ruling->seconds);
	put_u64(&w, ruling->account);
	put_text(&w, &ruling->text);
	return kchat_frame_end(&w, KCHAT_T_RULED, head);
}

u32 kchat_frame_build_gap(u8 *buf, u32 size, const struct kchat_head *head, u64 from, u64 to)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u64(&w, from);
	put_u64(&w, to);
	return kchat_frame_end(&w, KCHAT_T_GAP, head);
}

u32 kchat_frame_build_invited(u8 *buf, u32 size, const struct kchat_head *head, u32 flags,
			      const struct kchat_text *room, const struct kchat_text *name)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u32(&w, flags);
	put_u16(&w, room->len);
	put_u16(&w, name->len);
	put_text(&w, room);
	put_text(&w, name);
	return kchat_frame_end(&w, KCHAT_T_INVITED, head);
}

u32 kchat_frame_build_delivered(u8 *buf, u32 size, const struct kchat_head *head, u32 present,
				const struct kchat_delivered_step *steps, u32 count)
{
	struct kchat_writer w;
	u32 i;

	kchat_frame_begin(&w, buf, size);
	put_u32(&w, present);
	put_u32(&w, count);
	for (i = 0; i < count; i++) {
		put_u64(&w, steps[i].seq);
		put_u32(&w, steps[i].people);
		put_u32(&w, 0);
	}
	return kchat_frame_end(&w, KCHAT_T_DELIVERED, head);
}

u32 kchat_frame_build_stream_credit(u8 *buf, u32 size, const struct kchat_head *head,
				    u64 limit, u32 takers)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u64(&w, limit);
	put_u32(&w, takers);
	put_u32(&w, 0);
	return kchat_frame_end(&w, KCHAT_T_STREAM_CREDIT, head);
}

u32 kchat_frame_build_stream_cancel(u8 *buf, u32 size, const struct kchat_head *head,
				    enum kchat_error error)
{
	struct kchat_writer w;

	kchat_frame_begin(&w, buf, size);
	put_u16(&w, error);
	put_zeros(&w, 6);
	return kchat_frame_end(&w, KCHAT_T_STREAM_CANCEL, head);
}
