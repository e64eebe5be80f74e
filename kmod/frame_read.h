/* SPDX-License-Identifier: GPL-2.0-only */
/* The one way in which bytes of a peer are read; for the parsers of frames. */
#ifndef _KCHAT_FRAME_READ_H
#define _KCHAT_FRAME_READ_H

#include <linux/string.h>

#include "compat.h"
#include "frame.h"

/**
 * struct reader - bytes of a peer that are being read
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

static inline void read_zeros(struct reader *r, u32 len)
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
enum kchat_error kchat_check_line(const struct kchat_text *text, enum kchat_error control);
/* Two texts that end a structure, after their lengths: MIME type and file name. */
enum kchat_error kchat_read_labels(struct reader *r, struct kchat_text *mime,
				   struct kchat_text *name);

#endif /* _KCHAT_FRAME_READ_H */
