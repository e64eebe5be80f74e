/* SPDX-License-Identifier: GPL-2.0-only */
/* Is it UTF-8, and free of control characters. Pure; also compiles in user space. */
#ifndef _KCHAT_UTF8_H
#define _KCHAT_UTF8_H

#include <linux/types.h>

/**
 * struct kchat_utf8 - the check of a text that comes in pieces
 * @need: continuation bytes that are still to come
 * @low: smallest value the next continuation byte may have
 * @high: largest one
 * @bad: it is not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF)
 * @control: there is a control character (0x00 to 0x1F, 0x7F) other than tab and newline
 * @layout: there is a tab or a newline
 *
 * Starts out as zeros.
 */
struct kchat_utf8 {
	u8 need;
	u8 low;
	u8 high;
	bool bad;
	bool control;
	bool layout;
};

void kchat_utf8_feed(struct kchat_utf8 *check, const u8 *data, u32 len);

/* To be asked after the last piece: a sequence broken off is no UTF-8 either. */
static inline bool kchat_utf8_ok(const struct kchat_utf8 *check)
{
	return !check->bad && !check->need;
}

#endif /* _KCHAT_UTF8_H */
