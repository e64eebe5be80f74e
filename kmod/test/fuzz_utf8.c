// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as text, beside a decoder that takes the definition word by word. */
#include "utf8.h"

#include <linux/kernel.h>

#include "test.h"

/* The character that text begins with, and how long it is; 0: none (RFC 3629, section 3). */
static u32 character(const u8 *text, size_t len, u32 *code)
{
	static const u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	u32 need, i;

	if (text[0] < 0x80) {
		*code = text[0];
		return 1;
	}
	need = (text[0] & 0xe0) == 0xc0 ? 2 : (text[0] & 0xf0) == 0xe0 ? 3 :
	       (text[0] & 0xf8) == 0xf0 ? 4 : 0;
	if (!need || need > len)
		return 0;
	*code = text[0] & (0x7f >> need);
	for (i = 1; i < need; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < smallest[need] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return need;
}

/* The first byte says into how long pieces the text is cut. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kchat_utf8 check = {};
	bool ok = true, control = false, layout = false;
	size_t at, piece;
	u32 len, code;

	if (!size)
		return 0;
	piece = 1 + data[0] % 16;
	data++;
	size--;
	for (at = 0; at < size; at += piece)
		kchat_utf8_feed(&check, data + at, min_t(size_t, piece, size - at));
	for (at = 0; at < size; at += len) {
		len = character(data + at, size - at, &code);
		if (!len) {
			ok = false;
			break;
		}
		layout |= code == '\t' || code == '\n';
		control |= (code < 0x20 && code != '\t' && code != '\n') || code == 0x7f;
	}
	CHECK(kchat_utf8_ok(&check) == ok);
	if (ok)
		CHECK(check.control == control && check.layout == layout);
	return 0;
}
