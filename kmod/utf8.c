// SPDX-License-Identifier: GPL-2.0-only
#include "utf8.h"

#include <linux/string.h>

#define EACH(byte)	(0x0101010101010101ULL * (byte))

/*
 * Its highest bits are not all 0: one of these eight bytes is none from 0x20 to
 * 0x7e, of which most text is. The first such byte is always found, for nothing
 * carries into it: below 0x20 the subtraction sets its highest bit, from 0x7f to
 * 0xfe the addition, and for 0xff, which the addition makes 0, the subtraction again.
 */
static inline u64 odd(const u8 *data)
{
	u64 word;

	memcpy(&word, data, sizeof(word));
	return (word - EACH(0x20)) | (word + EACH(0x01));
}

#define ODD	EACH(0x80)
#define ROW	64

/* The same of a row. */
static inline u64 odd_row(const u8 *data)
{
	return odd(data) | odd(data + 8) | odd(data + 16) | odd(data + 24) |
	       odd(data + 32) | odd(data + 40) | odd(data + 48) | odd(data + 56);
}

/* How much of the beginning is plain, in whole words: where one is, a row may be. */
static u32 plain(const u8 *data, u32 len)
{
	const u8 *pos = data, *end = data + len;

	if (len < 8 || odd(pos) & ODD)
		return 0;
	for (pos += 8; end - pos >= ROW && !(odd_row(pos) & ODD); pos += ROW)
		;
	for (; end - pos >= 8 && !(odd(pos) & ODD); pos += 8)
		;
	return pos - data;
}

/* The table of RFC 3629, section 4. */
static void begin_sequence(struct kchat_utf8 *check, u8 byte)
{
	check->low = 0x80;
	check->high = 0xbf;
	if (byte >= 0xc2 && byte <= 0xdf) {
		check->need = 1;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		check->need = 2;
		if (byte == 0xe0)
			check->low = 0xa0;
		else if (byte == 0xed)
			check->high = 0x9f;
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		check->need = 3;
		if (byte == 0xf0)
			check->low = 0x90;
		else if (byte == 0xf4)
			check->high = 0x8f;
	} else {
		check->bad = true;
	}
}

static void feed_byte(struct kchat_utf8 *check, u8 byte)
{
	if (check->need) {
		if (byte < check->low || byte > check->high)
			check->bad = true;
		check->low = 0x80;
		check->high = 0xbf;
		check->need--;
	} else if (byte >= 0x80) {
		begin_sequence(check, byte);
	} else if (byte == '\t' || byte == '\n') {
		check->layout = true;
	} else if (byte < 0x20 || byte == 0x7f) {
		check->control = true;
	}
}

/**
 * kchat_utf8_feed - check the next piece of a text
 * @check: what is known so far
 * @data: the piece, which may begin and end in the middle of a character
 * @len: bytes of it
 */
void kchat_utf8_feed(struct kchat_utf8 *check, const u8 *data, u32 len)
{
	const u8 *end = data + len;

	while (data < end && !check->bad) {
		u32 done = check->need ? 0 : plain(data, end - data);

		data += done;
		if (!done)
			feed_byte(check, *data++);
	}
}
