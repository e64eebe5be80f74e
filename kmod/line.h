/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message as lines of text for a program that reads /dev/kchat. Pure; also
 * compiles in user space, where it is tested.
 */
#ifndef _KCHAT_LINE_H
#define _KCHAT_LINE_H

#include "frame.h"

/* What the body of a message of @len bytes and a name can become at most. */
static inline u32 kchat_line_room(u32 name, u32 len)
{
	return name + 3 + 2 * len;
}

/*
 * "NAME: TEXT\n", or "NAME: [FILE]\n" for a message that is a file and nothing else.
 * What follows a newline in it begins with a tab, so that it is no line of anybody
 * else. The body of the MSG stands at the end of the @size bytes at @out, which are
 * kchat_line_room(). Returns the bytes of the line.
 */
u32 kchat_line_build(u8 *out, u32 size, const struct kchat_text *name, u32 body);

#endif /* _KCHAT_LINE_H */
