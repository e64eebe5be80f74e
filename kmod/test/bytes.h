/* SPDX-License-Identifier: GPL-2.0-only */
/* Bodies of frames, written by hand, to be read. */
#ifndef _BYTES_H
#define _BYTES_H

#include <linux/types.h>

#include "test.h"

/* The body under construction, and how much of it there is. */
static u8 bytes[32768];
static u32 fill;

static inline void start(void)
{
	memset(bytes, 0xee, sizeof(bytes));
	fill = 0;
}

static inline void number(u64 value, u32 size)
{
	while (size--) {
		bytes[fill++] = value;
		value >>= 8;
	}
}

static inline void raw(const void *data, u32 len)
{
	memcpy(bytes + fill, data, len);
	fill += len;
}

static inline void text(const char *s)
{
	raw(s, strlen(s));
}

static inline void repeat(u8 byte, u32 count)
{
	memset(bytes + fill, byte, count);
	fill += count;
}

/* In memory of exactly its size, so that reading over its end is found. */
static inline u8 *exactly(u32 len)
{
	static u8 *copy;

	free(copy);
	copy = malloc(len ? len : 1);
	memcpy(copy, bytes, len);
	return copy;
}

#define PARSE(type, out)	kchat_frame_parse_##type(exactly(fill), fill, out)
/* What a parser says when the body is cut off anywhere. */
#define NEVER_WHOLE(type, out) do {						\
	u32 _cut;								\
	for (_cut = 0; _cut < fill; _cut++)					\
		CHECK(kchat_frame_parse_##type(exactly(_cut), _cut, out));	\
} while (0)

#endif
