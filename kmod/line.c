// SPDX-License-Identifier: GPL-2.0-only
/* Lines for /dev/kchat; see line.h. */
#include "line.h"

#include <linux/string.h>

#include "frame_read.h"

/* What a message shows if it has no text: its file's name, or else its kind. */
static struct kchat_text line_label(const u8 *attrs, u32 len)
{
	struct reader r = reader_of(attrs, len);
	struct kchat_text mime, name;

	while (r.pos < r.end && !r.bad) {
		u16 type = read_u16(&r);
		u32 size = read_u16(&r);
		const u8 *value = read_bytes(&r, size);
		struct reader inner;

		if (!value || type != KCHAT_ATTR_DESCRIPTOR)
			continue;
		inner = reader_of(value, size);
		read_bytes(&inner, KCHAT_KEY_LEN + 8 + 4 + 4 + 4);
		if (!kchat_read_labels(&inner, &mime, &name))
			return name.len ? name : mime;
	}
	return (struct kchat_text){ "", 0 };
}

/* The second byte of a control character over 0x7F, which terminals obey as well. */
static bool line_control(const u8 *pos, const u8 *end)
{
	return end - pos > 1 && pos[0] == 0xc2 && pos[1] < 0xa0;
}

/*
 * Text towards the front of its own buffer. A byte becomes two at most, and there
 * were two for each, so what is written never comes up to what is still to be read.
 */
static u8 *line_text(u8 *to, const u8 *pos, const u8 *end)
{
	while (pos < end) {
		if (line_control(pos, end)) {
			memcpy(to, "\xef\xbf\xbd", 3); /* U+FFFD */
			to += 3;
			pos += 2;
			continue;
		}
		*to++ = *pos;
		if (*pos++ == '\n')
			*to++ = '\t';
	}
	return to;
}

u32 kchat_line_build(u8 *out, u32 size, const struct kchat_text *name, u32 body)
{
	struct reader r = reader_of(out + size - body, body);
	u32 attrs_len = read_u64(&r) & 0xffff;
	const u8 *attrs = read_bytes(&r, attrs_len);
	struct kchat_text label;
	u8 *to = out;

	memcpy(to, name->data, name->len);
	to += name->len;
	*to++ = ':';
	*to++ = ' ';
	if (!r.bad && r.pos < r.end) {
		to = line_text(to, r.pos, r.end);
	} else if (!r.bad) {
		label = line_label(attrs, attrs_len);
		*to++ = '[';
		to = line_text(to, (const u8 *)label.data, (const u8 *)label.data + label.len);
		*to++ = ']';
	}
	*to++ = '\n';
	return to - out;
}
