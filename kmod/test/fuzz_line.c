// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a message that a program reads from /dev/kchat. */
#include "line.h"

#include <linux/kernel.h>

#include "test.h"

#define BODY_MAX	(8 + KCHAT_ATTRS_MAX + KCHAT_TEXT_MAX)

/* The first byte says how much of what follows is the name. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kchat_text name;
	u32 body, room, len, i;
	u8 *out;

	if (!size)
		return 0;
	name.len = min_t(size_t, data[0] % (KCHAT_NAME_MAX + 1), size - 1);
	name.data = (const char *)data + 1;
	body = min_t(size_t, size - 1 - name.len, BODY_MAX);
	room = kchat_line_room(name.len, body);
	out = malloc(room);
	memcpy(out + room - body, data + 1 + name.len, body);
	len = kchat_line_build(out, room, &name, body);
	CHECK(len >= name.len + 3 && len <= room);
	CHECK(!memcmp(out, name.data, name.len) && out[len - 1] == '\n');
	/* Nothing in it is a line of its own, or steers a terminal by what UTF-8 hides. */
	for (i = name.len; i + 1 < len; i++) {
		CHECK(out[i] != '\n' || out[i + 1] == '\t');
		CHECK(out[i] != 0xc2 || out[i + 1] < 0x80 || out[i + 1] >= 0xa0);
	}
	free(out);
	return 0;
}
