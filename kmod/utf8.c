// SPDX-License-Identifier: GPL-2.0-only
#include "utf8.h"

#include <linux/string.h>

#define EACH(byte)	(0x0101010101010101ULL * (byte))

/*
 * Not 0: one of these eight bytes is none from 0x20 to 0x7e, of which most text
 * is. Subtracting borrows a byte's highest bit if it is below 0x20, adding 1 sets
 * it if it is 0x7f; neither reaches into the next byte unless this one is already
 * found out.
 */
static inline u64 odd(const u8 *data)
{
	u64 word;

	memcpy(&word, data, sizeof(word));
	return (word | (word - EACH(0x20)) | (word + EACH(0x01))) & EACH(0x80);
}

/* How much of the beginning is plain, in whole words: where one is, four may be. */
static u32 plain(const u8 *data, u32 len)
{
	u32 done = 8;

	if (len < 8 || odd(data))
		return 0;
	while (len - done >= 32 && !(odd(data + done) | odd(data + done + 8) |
				     odd(data + done + 16) | odd(data + done + 24)))
		done += 32;
	while (len - done >= 8 && !odd(data + done))
		done += 8;
	return done;
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
