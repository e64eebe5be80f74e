// SPDX-License-Identifier: GPL-2.0-only
/* What MSG, EDIT, DELETE, REACT and TOPIC say, and REOFFER of them. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "frame.h"
#include "frame_read.h"
#include "utf8.h"

static enum kchat_error check_descriptor(const u8 *value, u32 len)
{
	struct reader r = reader_of(value, len);
	struct kchat_text mime, name;

	read_bytes(&r, KCHAT_KEY_LEN + 8 + 4 + 4 + 4);
	return kchat_read_labels(&r, &mime, &name);
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
		bool critical;

		if (r->bad)
			return KCHAT_E_BAD_FRAME;
		/* The critical bit belongs to the number: 0x8001 is not REPLY_TO. */
		critical = type != number;
		if (number > 6 || !(rule->attrs & BIT(number)) ||
		    critical != (number == (KCHAT_ATTR_TARGET & 0x7f))) {
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
