// SPDX-License-Identifier: GPL-2.0-only
#include "line.h"

#include "bytes.h"
#include "compat.h"
#include "test.h"

static u8 buffer[KCHAT_NAME_MAX + 3 + 2 * (8 + KCHAT_ATTRS_MAX + KCHAT_TEXT_MAX)];

/* The line of a body as the module makes it; the bytes around it stay as they are. */
static u32 line_of(const char *name, const void *body, u32 len)
{
	const struct kchat_text text = { name, strlen(name) };
	u32 size = kchat_line_room(text.len, len);

	memset(buffer, 0xee, sizeof(buffer));
	memcpy(buffer + size - len, body, len);
	len = kchat_line_build(buffer, size, &text, len);
	CHECK(len <= size);
	return len;
}

static u32 line_of_text(const char *text, u32 len)
{
	u8 body[64] = {};

	memcpy(body + 8, text, len);
	return line_of("Kim", body, 8 + len);
}

#define SAYS(text, want) do {							\
	u32 _len = line_of_text(text, sizeof(text) - 1);			\
	CHECK_EQ(_len, sizeof(want) - 1);					\
	CHECK(!memcmp(buffer, want, _len));					\
} while (0)

static void a_line_is_name_and_text(void)
{
	SAYS("hello", "Kim: hello\n");
	SAYS("a\tb", "Kim: a\tb\n");
	SAYS("\xed\x95\x9c\xea\xb8\x80", "Kim: \xed\x95\x9c\xea\xb8\x80\n");
}

static void what_follows_a_newline_is_no_line_of_its_own(void)
{
	SAYS("a\nLee: b", "Kim: a\n\tLee: b\n");
	SAYS("\n\n\n", "Kim: \n\t\n\t\n\t\n");
	SAYS("a\n", "Kim: a\n\t\n");
}

static void controls_that_utf8_hides_are_replaced(void)
{
	SAYS("\xc2\x9b" "31m", "Kim: \xef\xbf\xbd" "31m\n");
	SAYS("\xc2\x80\xc2\x9f\xc2\xa0", "Kim: \xef\xbf\xbd\xef\xbf\xbd\xc2\xa0\n");
}

static void the_longest_text_fits_whatever_it_is(void)
{
	static u8 body[8 + KCHAT_TEXT_MAX];
	u32 i;

	for (i = 8; i < sizeof(body); i++)
		body[i] = '\n';
	CHECK_EQ(line_of("Kim", body, sizeof(body)), 5 + 2 * KCHAT_TEXT_MAX + 1);
	for (i = 8; i < sizeof(body); i += 2) {
		body[i] = 0xc2;
		body[i + 1] = 0x9b;
	}
	CHECK_EQ(line_of("Kim", body, sizeof(body)), 5 + KCHAT_TEXT_MAX / 2 * 3 + 1);
}

/* A message without text: one attribute that is no matter, and a descriptor. */
static u32 file_of(const char *mime, const char *name)
{
	u32 labels = strlen(mime) + strlen(name), len = 8 + 4 + 1 + 4 + 56 + labels;
	u8 body[512] = {};
	u8 *at = body + 8;

	put_unaligned_le16(len - 8, body);
	put_unaligned_le16(0x0077, at);
	put_unaligned_le16(1, at + 2);
	at += 5;
	put_unaligned_le16(KCHAT_ATTR_DESCRIPTOR, at);
	put_unaligned_le16(56 + labels, at + 2);
	put_unaligned_le16(strlen(mime), at + 4 + 52);
	put_unaligned_le16(strlen(name), at + 4 + 54);
	memcpy(at + 4 + 56, mime, strlen(mime));
	memcpy(at + 4 + 56 + strlen(mime), name, strlen(name));
	return line_of("Kim", body, len);
}

static void a_file_is_shown_by_its_name_or_its_kind(void)
{
	CHECK_EQ(file_of("image/png", "cat.png"), 15);
	CHECK(!memcmp(buffer, "Kim: [cat.png]\n", 15));
	CHECK_EQ(file_of("image/png", ""), 17);
	CHECK(!memcmp(buffer, "Kim: [image/png]\n", 17));
}

int main(void)
{
	const struct test tests[] = {
		TEST(a_line_is_name_and_text),
		TEST(what_follows_a_newline_is_no_line_of_its_own),
		TEST(controls_that_utf8_hides_are_replaced),
		TEST(the_longest_text_fits_whatever_it_is),
		TEST(a_file_is_shown_by_its_name_or_its_kind),
	};

	return RUN_TESTS(tests);
}
