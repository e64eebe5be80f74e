// SPDX-License-Identifier: GPL-2.0-only
/* What the bodies of clients' frames say. */
#include "frame.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"
#include "utf8.h"

/**
 * struct reader - the one way in which bytes of a peer are read
 * @pos: next byte
 * @end: first byte after the last one
 * @bad: something was asked for that is not there. All reads since then gave 0 or
 *	NULL, so a parser asks once, before it looks at what it has read
 */
struct reader {
	const u8 *pos;
	const u8 *end;
	bool bad;
};

static inline struct reader reader_of(const void *data, u32 len)
{
	return (struct reader){ .pos = data, .end = (const u8 *)data + len };
}

static inline const u8 *read_bytes(struct reader *r, u32 len)
{
	const u8 *bytes = r->pos;

	if (r->bad || (size_t)(r->end - r->pos) < len) {
		r->bad = true;
		return NULL;
	}
	r->pos += len;
	return bytes;
}

static inline u8 read_u8(struct reader *r)
{
	const u8 *bytes = read_bytes(r, 1);

	return bytes ? *bytes : 0;
}

static inline u16 read_u16(struct reader *r)
{
	const u8 *bytes = read_bytes(r, 2);

	return bytes ? get_unaligned_le16(bytes) : 0;
}

static inline u32 read_u32(struct reader *r)
{
	const u8 *bytes = read_bytes(r, 4);

	return bytes ? get_unaligned_le32(bytes) : 0;
}

static inline u64 read_u64(struct reader *r)
{
	const u8 *bytes = read_bytes(r, 8);

	return bytes ? get_unaligned_le64(bytes) : 0;
}

static inline struct kchat_text read_text(struct reader *r, u32 len)
{
	const u8 *bytes = read_bytes(r, len);

	return (struct kchat_text){ .data = (const char *)bytes, .len = bytes ? len : 0 };
}

static void read_zeros(struct reader *r, u32 len)
{
	const u8 *bytes = read_bytes(r, len);

	if (bytes && memchr_inv(bytes, 0, len))
		r->bad = true;
}

/* The body was read to its last byte, and nothing was missing. */
static inline bool read_whole(const struct reader *r)
{
	return !r->bad && r->pos == r->end;
}

/* Something of one line: a name, a type, a code. @control is the error for control characters. */
static enum kchat_error check_line(const struct kchat_text *text, enum kchat_error control)
{
	struct kchat_utf8 check = {};

	kchat_utf8_feed(&check, (const u8 *)text->data, text->len);
	if (!kchat_utf8_ok(&check))
		return KCHAT_E_UTF8;
	return check.control || check.layout ? control : KCHAT_E_NONE;
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
	return check_line(&out->agent, KCHAT_E_BAD_FRAME);
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
	error = check_line(&out->name, KCHAT_E_NAME);
	if (error)
		return error;
	return check_line(&out->code, KCHAT_E_INVITE_CODE);
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
	return check_line(&out->login, KCHAT_E_NAME);
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

static enum kchat_error parse_room_name(const struct kchat_text *name, u64 *direct)
{
	direct[0] = 0;
	direct[1] = 0;
	if (!name->len || name->len > KCHAT_ROOM_NAME_MAX)
		return KCHAT_E_ROOM_NAME;
	if (name->data[0] == ' ' || name->data[name->len - 1] == ' ')
		return KCHAT_E_ROOM_NAME;
	if (check_line(name, KCHAT_E_ROOM_NAME))
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
	if (!read_whole(&r) || out->flags & ~known || out->backlog > KCHAT_BACKLOG_MAX)
		return KCHAT_E_BAD_FRAME;
	return parse_room_name(&out->name, out->direct);
}

enum kchat_error kchat_frame_parse_stored(const u8 *body, u32 len, struct kchat_stored *out)
{
	struct reader r = reader_of(body, len);

	out->epoch = read_u64(&r);
	out->seq = read_u64(&r);
	return read_whole(&r) ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
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

/* ---- talk ------------------------------------------------------------ */

/* Two texts that end a structure, after their lengths: MIME type and file name. */
static enum kchat_error read_labels(struct reader *r, struct kchat_text *mime,
				    struct kchat_text *name)
{
	u32 mime_len = read_u16(r);
	u32 name_len = read_u16(r);
	enum kchat_error error;

	*mime = read_text(r, mime_len);
	*name = read_text(r, name_len);
	if (!read_whole(r) || mime_len > KCHAT_MIME_MAX || name_len > KCHAT_FILE_NAME_MAX)
		return KCHAT_E_BAD_FRAME;
	error = check_line(mime, KCHAT_E_BAD_FRAME);
	return error ? error : check_line(name, KCHAT_E_BAD_FRAME);
}

static enum kchat_error check_descriptor(const u8 *value, u32 len)
{
	struct reader r = reader_of(value, len);
	struct kchat_text mime, name;

	read_bytes(&r, KCHAT_KEY_LEN + 8 + 4 + 4 + 4);
	return read_labels(&r, &mime, &name);
}

#define ATTR(type)	BIT((type) & 0x7f)

/* What the table in section 5 of the protocol allows. */
struct talk_rule {
	u8 attrs;
	bool need_target;
	u16 text_min;
	u16 text_max;
};

static const struct talk_rule talk_rules[] = {
	[KCHAT_T_MSG - KCHAT_T_MSG] = {
		.attrs = ATTR(KCHAT_ATTR_REPLY_TO) | ATTR(KCHAT_ATTR_THREAD) |
			 ATTR(KCHAT_ATTR_MENTION) | ATTR(KCHAT_ATTR_DESCRIPTOR),
		.text_min = 1, .text_max = KCHAT_TEXT_MAX,
	},
	[KCHAT_T_EDIT - KCHAT_T_MSG] = {
		.attrs = ATTR(KCHAT_ATTR_TARGET) | ATTR(KCHAT_ATTR_MENTION), .need_target = true,
		.text_min = 1, .text_max = KCHAT_TEXT_MAX,
	},
	[KCHAT_T_DELETE - KCHAT_T_MSG] = {
		.attrs = ATTR(KCHAT_ATTR_TARGET), .need_target = true,
	},
	[KCHAT_T_REACT - KCHAT_T_MSG] = {
		.attrs = ATTR(KCHAT_ATTR_TARGET), .need_target = true,
		.text_min = 1, .text_max = KCHAT_REACTION_MAX,
	},
	[KCHAT_T_TOPIC - KCHAT_T_MSG] = {
		.text_max = KCHAT_TOPIC_MAX,
	},
};

/* One attribute of a kind that has a place in this frame. */
static enum kchat_error check_attr(u16 type, const u8 *value, u32 len, struct kchat_talk *out)
{
	switch (type) {
	case KCHAT_ATTR_TARGET:
		out->target = value;
		fallthrough;
	case KCHAT_ATTR_REPLY_TO:
	case KCHAT_ATTR_THREAD:
		return len == 16 ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
	case KCHAT_ATTR_MENTION:
		return len == 8 ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME;
	default:
		out->has_blob = true;
		return check_descriptor(value, len);
	}
}

static enum kchat_error parse_attrs(struct reader *r, const struct talk_rule *rule,
				    struct kchat_talk *out)
{
	enum kchat_error error;
	u8 seen = 0;

	while (r->pos < r->end) {
		u16 type = read_u16(r);
		u32 len = read_u16(r);
		const u8 *value = read_bytes(r, len);
		u32 number = type & ~KCHAT_ATTR_CRITICAL;

		if (r->bad)
			return KCHAT_E_BAD_FRAME;
		/* The critical bit belongs to the number: 0x8001 is not REPLY_TO. */
		if (number > 6 || !(rule->attrs & BIT(number)) ||
		    (type != number) != (number == (KCHAT_ATTR_TARGET & 0x7f))) {
			if (type & KCHAT_ATTR_CRITICAL)
				return KCHAT_E_BAD_FRAME;
			continue;
		}
		if (seen & BIT(number) && type != KCHAT_ATTR_MENTION)
			return KCHAT_E_BAD_FRAME;
		seen |= BIT(number);
		error = check_attr(type, value, len, out);
		if (error)
			return error;
	}
	return rule->need_target && !out->target ? KCHAT_E_BAD_FRAME : KCHAT_E_NONE;
}

static enum kchat_error check_text(const struct talk_rule *rule, const struct kchat_talk *talk,
				   const u8 *first, u32 first_len,
				   const struct kvec *rest, u32 count)
{
	struct kchat_utf8 check = {};
	u32 i;

	if (talk->text_len > rule->text_max)
		return KCHAT_E_BAD_FRAME;
	if (talk->text_len < rule->text_min && !talk->has_blob)
		return KCHAT_E_EMPTY;
	kchat_utf8_feed(&check, first, first_len);
	for (i = 0; i < count; i++)
		kchat_utf8_feed(&check, rest[i].iov_base, rest[i].iov_len);
	if (!kchat_utf8_ok(&check))
		return KCHAT_E_UTF8;
	return check.control ? KCHAT_E_BAD_FRAME : KCHAT_E_NONE;
}

/* @r reads the first piece, the others are @rest. */
static enum kchat_error parse_talk(u16 type, struct reader *r, const struct kvec *rest,
				   u32 count, struct kchat_talk *out)
{
	const struct talk_rule *rule;
	enum kchat_error error;
	struct reader attrs;
	u64 fixed;
	u32 i;

	if (type < KCHAT_T_MSG || type > KCHAT_T_TOPIC)
		return KCHAT_E_BAD_FRAME;
	rule = &talk_rules[type - KCHAT_T_MSG];
	out->target = NULL;
	out->has_blob = false;
	/* The length of the attributes and six bytes of zero, at once. */
	fixed = read_u64(r);
	if (r->bad || fixed > KCHAT_ATTRS_MAX)
		return KCHAT_E_BAD_FRAME;
	out->attrs_len = fixed;
	attrs.pos = read_bytes(r, out->attrs_len);
	if (r->bad)
		return KCHAT_E_BAD_FRAME;
	out->text_len = r->end - r->pos;
	for (i = 0; i < count; i++)
		out->text_len += rest[i].iov_len;
	if (out->attrs_len || rule->need_target) {
		attrs.end = attrs.pos + out->attrs_len;
		attrs.bad = false;
		error = parse_attrs(&attrs, rule, out);
		if (error)
			return error;
	}
	return check_text(rule, out, r->pos, r->end - r->pos, rest, count);
}

/**
 * kchat_frame_parse_talk - check the body of MSG, EDIT, DELETE, REACT or TOPIC
 * @type: which of them
 * @vec: the body in pieces; the first has KCHAT_TALK_HEAD bytes or is all
 * @count: pieces, at least 1
 * @out: what stands where
 *
 * Return: KCHAT_E_NONE, or what to answer
 */
enum kchat_error kchat_frame_parse_talk(u16 type, const struct kvec *vec, u32 count,
					struct kchat_talk *out)
{
	struct reader r = reader_of(vec[0].iov_base, vec[0].iov_len);

	return parse_talk(type, &r, vec + 1, count - 1, out);
}

/**
 * kchat_frame_parse_reoffer - check the body of REOFFER, and the talk inside of it
 * @vec: the body in pieces; the first has KCHAT_REOFFER_HEAD bytes or is all
 * @count: pieces, at least 1
 * @out: what it says
 *
 * Return: KCHAT_E_NONE, or what to answer
 */
enum kchat_error kchat_frame_parse_reoffer(const struct kvec *vec, u32 count,
					   struct kchat_reoffer *out)
{
	struct reader r = reader_of(vec[0].iov_base, vec[0].iov_len);
	const struct kchat_rule *rule;

	out->to = read_u64(&r);
	out->epoch = read_u64(&r);
	out->seq = read_u64(&r);
	out->time = read_u64(&r);
	out->type = read_u16(&r);
	out->flags = read_u16(&r);
	read_zeros(&r, 4);
	rule = kchat_frame_rule(out->type);
	if (r.bad || !rule || out->flags & ~rule->flags)
		return KCHAT_E_BAD_FRAME;
	return parse_talk(out->type, &r, vec + 1, count - 1, &out->talk);
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
	error = read_labels(&r, &out->mime, &out->name);
	if (error)
		return error;
	if (out->kind < KCHAT_STREAM_IMAGE || out->kind > KCHAT_STREAM_VIDEO ||
	    out->offset > out->size)
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
