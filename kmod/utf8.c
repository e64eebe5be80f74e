// SPDX-License-Identifier: GPL-2.0-only
#include "utf8.h"

#include <linux/string.h>

#define EACH(byte)	(0x0101010101010101ULL * (byte))

/*
 * Eight bytes from 0x20 to 0x7e: most text is nothing else. Subtracting borrows
 * a byte's highest bit if it is below 0x20, adding 1 sets it if it is 0x7f;
 * neither reaches into the next byte unless this one is already found out.
 */
static inline bool plain(const u8 *data)
{
	u64 word;

	memcpy(&word, data, sizeof(word));
	return !((word | (word - EACH(0x20)) | (word + EACH(0x01))) & EACH(0x80));
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
		if (!check->need && end - data >= 8 && plain(data))
			data += 8;
		else
			feed_byte(check, *data++);
	}
}
