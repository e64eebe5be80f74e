// SPDX-License-Identifier: GPL-2.0-only
/* What the bodies of clients' frames say. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "frame.h"
#include "frame_read.h"
#include "utf8.h"

/* ---- texts ----------------------------------------------------------- */

enum kchat_error kchat_check_line(const struct kchat_text *text, enum kchat_error control)
{
	struct kchat_utf8 check = {};

	kchat_utf8_feed(&check, (const u8 *)text->data, text->len);
	if (!kchat_utf8_ok(&check))
		return KCHAT_E_UTF8;
	return check.control || check.layout ? control : KCHAT_E_NONE;
}

enum kchat_error kchat_read_labels(struct reader *r, struct kchat_text *mime,
				   struct kchat_text *name)
{
	u32 mime_len = read_u16(r);
	u32 name_len = read_u16(r);
	enum kchat_error error;

	*mime = read_text(r, mime_len);
	*name = read_text(r, name_len);
	if (!read_whole(r) || mime_len > KCHAT_MIME_MAX || name_len > KCHAT_FILE_NAME_MAX)
		return KCHAT_E_BAD_FRAME;
	error = kchat_check_line(mime, KCHAT_E_BAD_FRAME);
	return error ? error : kchat_check_line(name, KCHAT_E_BAD_FRAME);
}

/* ---- connection, login ----------------------------------------------- */

enum kchat_error kchat_frame_parse_hello(const u8 *body, u32 len, struct kchat_hello *out)
{
	struct reader r = reader_of(body, len);
	u32 agent_len;

	/* What follows the version is another version's business. */
	if (read_u16(&r) != KCHAT_VERSION)
		return r.bad ? KCHAT_E_BAD_FRAME : KCHAT_E_VERSION;
	agent_len = read_u16(&r);
	read_zeros(&r, 4);
	out->features = read_u64(&r);
	out->agent = read_text(&r, agent_len);
	if (!read_whole(&r) || agent_len > KCHAT_AGENT_MAX)
		return KCHAT_E_BAD_FRAME;
	return kchat_check_line(&out->agent, KCHAT_E_BAD_FRAME);
}

enum kchat_error kchat_frame_parse_resume(const u8 *body, u32 len, struct kchat_resume *out)
{
	struct reader r = reader_of(body, len);

	out->session = read_u64(&r);
	out->kind = read_u8(&r);
	read_zeros(&r, 7);
	out->nonce = read_bytes(&r, KCHAT_NONCE_LEN);
	out->proof = read_bytes(&r, KCHAT_KEY_LEN);
	if (!read_whole(&r) || out->kind > KCHAT_RESUME_MEDIA)
		return KCHAT_E_BAD_FRAME;
	return KCHAT_E_NONE;
}

enum kchat_error kchat_frame_parse_register(const u8 *body, u32 len, struct kchat_registration *out)
{
	struct reader r = reader_of(body, len);
	enum kchat_error error;
	u32 name_len, code_len;

	out->iterations = read_u32(&r);
	name_len = read_u16(&r);
	code_len = read_u16(&r);
	out->salt = read_bytes(&r, KCHAT_SALT_LEN);
	out->stored_key = read_bytes(&r, KCHAT_KEY_LEN);
	out->server_key = read_bytes(&r, KCHAT_KEY_LEN);
	out->name = read_text(&r, name_len);
	out->code = read_text(&r, code_len);
	if (!read_whole(&r))
		return KCHAT_E_BAD_FRAME;
	if (!name_len || name_len > KCHAT_NAME_MAX)
		return KCHAT_E_NAME;
	if (code_len > KCHAT_CODE_MAX)
		return KCHAT_E_INVITE_CODE;
	error = kchat_check_line(&out->name, KCHAT_E_NAME);
	if (error)
		return error;
	return kchat_check_line(&out->code, KCHAT_E_INVITE_CODE);
}

enum kchat_error kchat_frame_parse_passwd(const u8 *body, u32 len, struct kchat_passwd *out)
{
	struct reader r = reader_of(body, len);

	out->covered = body;
	out->iterations = read_u32(&r);
	read_zeros(&r, 4);
	out->salt = read_bytes(&r, KCHAT_SALT_LEN);
	out->stored_key = read_bytes(&r, KCHAT_KEY_LEN);
	out->server_key = read_bytes(&r, KCHAT_KEY_LEN);
	out->proof = read_bytes(&r, KCHAT_KEY_LEN);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

/* ---- questions ------------------------------------------------------- */

enum kchat_error kchat_frame_parse_u64(const u8 *body, u32 len, u64 *out)
{
	struct reader r = reader_of(body, len);

	*out = read_u64(&r);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

enum kchat_error kchat_frame_parse_whois(const u8 *body, u32 len, struct kchat_whois *out)
{
	struct reader r = reader_of(body, len);
	u32 login_len;

	out->account = read_u64(&r);
	login_len = read_u16(&r);
	read_zeros(&r, 6);
	out->login = read_text(&r, login_len);
	if (!read_whole(&r) || login_len > KCHAT_NAME_MAX)
		return KCHAT_E_BAD_FRAME;
	if (!out->account && !login_len)
		return KCHAT_E_EMPTY;
	return kchat_check_line(&out->login, KCHAT_E_NAME);
}

/* ---- rooms ----------------------------------------------------------- */

/* An account number in decimal, without a zero in front. */
static u64 read_decimal(struct reader *r)
{
	u64 number = 0;

	if (r->pos < r->end && *r->pos == '0')
		r->bad = true;
	while (r->pos < r->end && *r->pos >= '0' && *r->pos <= '9') {
		u8 digit = *r->pos++ - '0';

		if (number > (U64_MAX - digit) / 10)
			r->bad = true;
		number = number * 10 + digit;
	}
	if (!number)
		r->bad = true;
	return number;
}

/* @A-B */
static enum kchat_error parse_direct_name(const struct kchat_text *name, u64 *direct)
{
	struct reader r = reader_of(name->data, name->len);

	read_u8(&r);
	direct[0] = read_decimal(&r);
	if (read_u8(&r) != '-')
		return KCHAT_E_ROOM_NAME;
	direct[1] = read_decimal(&r);
	if (!read_whole(&r) || direct[0] >= direct[1])
		return KCHAT_E_ROOM_NAME;
	return KCHAT_E_NONE;
}

/* @direct: of a room of two its accounts, else 0. */
static enum kchat_error parse_room_name(const struct kchat_text *name, u64 *direct)
{
	direct[0] = 0;
	direct[1] = 0;
	if (!name->len || name->len > KCHAT_ROOM_NAME_MAX)
		return KCHAT_E_ROOM_NAME;
	if (name->data[0] == '#' || name->data[0] == ' ' || name->data[name->len - 1] == ' ')
		return KCHAT_E_ROOM_NAME;
	if (kchat_check_line(name, KCHAT_E_ROOM_NAME))
		return KCHAT_E_ROOM_NAME;
	return name->data[0] == '@' ? parse_direct_name(name, direct) : KCHAT_E_NONE;
}

enum kchat_error kchat_frame_parse_join(const u8 *body, u32 len, struct kchat_join *out)
{
	struct reader r = reader_of(body, len);
	u32 known = KCHAT_ROOM_PRACTICE | KCHAT_JOIN_EXISTING | KCHAT_JOIN_BACKLOG;
	u32 name_len;

	out->epoch = read_u64(&r);
	out->seq = read_u64(&r);
	out->flags = read_u32(&r);
	out->backlog = read_u16(&r);
	name_len = read_u16(&r);
	out->name = read_text(&r, name_len);
	out->proof = r.pos < r.end ? read_bytes(&r, KCHAT_KEY_LEN) : NULL;
	if (!read_whole(&r) || out->flags & ~known || out->backlog > KCHAT_BACKLOG_MAX)
		return KCHAT_E_BAD_FRAME;
	if (out->name.len && out->name.data[0] == '#') {
		/* People write #den and mean den. */
		out->name.data++;
		out->name.len--;
	}
	return parse_room_name(&out->name, out->direct);
}

enum kchat_error kchat_frame_made_join(u32 flags, u16 backlog, const struct kchat_text *name,
				       struct kchat_join *out)
{
	*out = (struct kchat_join){
		.flags = KCHAT_JOIN_BACKLOG | (flags & KCHAT_ROOM_PRACTICE),
		.backlog = backlog,
		.name = *name,
	};
	return parse_room_name(&out->name, out->direct);
}

/* What belongs to which action: a time or flags, an account, a text. */
static bool ruling_fits(const struct kchat_ruling *ruling)
{
	u32 flags = KCHAT_ROOM_INVITE_ONLY | KCHAT_ROOM_MODERATED | KCHAT_ROOM_TOPIC_LOCKED;
	bool about = ruling->action <= KCHAT_RULE_OWNER;

	if (ruling->action < KCHAT_RULE_KICK || ruling->action > KCHAT_RULE_PASSWORD)
		return false;
	if (about != !!ruling->account)
		return false;
	switch (ruling->action) {
	case KCHAT_RULE_BAN:
	case KCHAT_RULE_MUTE:
		return true;
	case KCHAT_RULE_FLAGS:
		return !(ruling->seconds & ~flags);
	case KCHAT_RULE_PASSWORD:
		return !ruling->seconds && (!ruling->text.len || ruling->text.len == KCHAT_KEY_LEN);
	default:
		return !ruling->seconds;
	}
}

enum kchat_error kchat_frame_parse_rule(const u8 *body, u32 len, struct kchat_ruling *out)
{
	struct reader r = reader_of(body, len);
	u32 text_len;

	out->action = read_u8(&r);
	read_zeros(&r, 1);
	text_len = read_u16(&r);
	out->seconds = read_u32(&r);
	out->account = read_u64(&r);
	out->text = read_text(&r, text_len);
	if (!read_whole(&r) || text_len > KCHAT_REASON_MAX || !ruling_fits(out))
		return KCHAT_E_BAD_FRAME;
	if (out->action == KCHAT_RULE_PASSWORD)
		return KCHAT_E_NONE;
	return kchat_check_line(&out->text, KCHAT_E_BAD_FRAME);
}

enum kchat_error kchat_frame_parse_stored(const u8 *body, u32 len, struct kchat_stored *out)
{
	struct reader r = reader_of(body, len);

	out->epoch = read_u64(&r);
	out->seq = read_u64(&r);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

enum kchat_error kchat_frame_parse_away(const u8 *body, u32 len, struct kchat_away *out)
{
	struct reader r = reader_of(body, len);
	u8 value = read_u8(&r);

	read_zeros(&r, 3);
	out->on = value;
	out->idle = read_u32(&r);
	return read_whole(&r) && value <= 1 ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

enum kchat_error kchat_frame_parse_direct(const u8 *body, u32 len, struct kchat_direct *out)
{
	struct reader r = reader_of(body, len);

	out->to = read_u64(&r);
	out->data = r.pos;
	out->len = r.end - r.pos;
	if (r.bad || out->len > KCHAT_DIRECT_MAX)
		return KCHAT_E_BAD_FRAME;
	return KCHAT_E_NONE;
}

enum kchat_error kchat_frame_parse_typing(const u8 *body, u32 len, bool *out)
{
	struct reader r = reader_of(body, len);
	u8 value = read_u8(&r);

	*out = value;
	return read_whole(&r) && value <= 1 ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

enum kchat_error kchat_frame_parse_want(const u8 *body, u32 len, struct kchat_want *out)
{
	struct reader r = reader_of(body, len);

	out->from_epoch = read_u64(&r);
	out->from_seq = read_u64(&r);
	out->to_epoch = read_u64(&r);
	out->to_seq = read_u64(&r);
	if (!read_whole(&r) || out->from_epoch > out->to_epoch ||
	    (out->from_epoch == out->to_epoch && out->from_seq > out->to_seq))
		return KCHAT_E_BAD_FRAME;
	return KCHAT_E_NONE;
}

enum kchat_error kchat_frame_parse_blob_want(const u8 *body, u32 len,
					     struct kchat_blob_want *out)
{
	struct reader r = reader_of(body, len);

	out->hash = read_bytes(&r, KCHAT_KEY_LEN);
	out->offset = read_u64(&r);
	out->length = read_u64(&r);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

/* ---- streams --------------------------------------------------------- */

enum kchat_error kchat_frame_parse_stream_begin(const u8 *body, u32 len,
						struct kchat_stream_begin *out)
{
	struct reader r = reader_of(body, len);
	enum kchat_error error;

	out->size = read_u64(&r);
	out->offset = read_u64(&r);
	out->to = read_u64(&r);
	out->width = read_u32(&r);
	out->height = read_u32(&r);
	out->duration = read_u32(&r);
	out->kind = read_u8(&r);
	read_zeros(&r, 3);
	out->hash = read_bytes(&r, KCHAT_KEY_LEN);
	error = kchat_read_labels(&r, &out->mime, &out->name);
	if (error)
		return error;
	if (out->kind < KCHAT_STREAM_IMAGE || out->kind > KCHAT_STREAM_VIDEO ||
	    out->offset > out->size || out->offset > KCHAT_SIZE_MAX ||
	    (out->size > KCHAT_SIZE_MAX && out->size != KCHAT_SIZE_UNKNOWN))
		return KCHAT_E_BAD_FRAME;
	return KCHAT_E_NONE;
}

enum kchat_error kchat_frame_parse_stream_end(const u8 *body, u32 len,
					      struct kchat_stream_end *out)
{
	struct reader r = reader_of(body, len);

	out->size = read_u64(&r);
	out->hash = read_bytes(&r, KCHAT_KEY_LEN);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}

enum kchat_error kchat_frame_parse_stream_cancel(const u8 *body, u32 len, u16 *out)
{
	struct reader r = reader_of(body, len);

	*out = read_u16(&r);
	read_zeros(&r, 6);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
}
