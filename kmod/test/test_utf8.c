// SPDX-License-Identifier: GPL-2.0-only
#include "utf8.h"

#include "test.h"

static struct kchat_utf8 check_of(const char *text, u32 len)
{
	struct kchat_utf8 check = {};

	kchat_utf8_feed(&check, (const u8 *)text, len);
	return check;
}

#define OK(text) ({							\
	struct kchat_utf8 _check = check_of(text, sizeof(text) - 1);	\
	kchat_utf8_ok(&_check);						\
})

static void text_of_all_lengths_of_characters_is_utf8(void)
{
	CHECK(OK(""));
	CHECK(OK("hello, world; this is longer than eight bytes"));
	CHECK(OK("\xc2\x80"));			/* U+0080 */
	CHECK(OK("\xdf\xbf"));			/* U+07FF */
	CHECK(OK("\xe0\xa0\x80"));		/* U+0800 */
	CHECK(OK("\xed\x9f\xbf"));		/* U+D7FF */
	CHECK(OK("\xee\x80\x80"));		/* U+E000 */
	CHECK(OK("\xef\xbf\xbf"));		/* U+FFFF */
	CHECK(OK("\xf0\x90\x80\x80"));		/* U+10000 */
	CHECK(OK("\xf4\x8f\xbf\xbf"));		/* U+10FFFF */
	CHECK(OK("\xed\x95\x9c\xea\xb8\x80 and Latin, \xed\x95\x9c\xea\xb8\x80 again"));
}

static void overlong_forms_are_refused(void)
{
	CHECK(!OK("\xc0\xaf"));
	CHECK(!OK("\xc1\xbf"));
	CHECK(!OK("\xe0\x9f\xbf"));
	CHECK(!OK("\xf0\x8f\xbf\xbf"));
}

static void surrogates_and_what_is_over_10ffff_are_refused(void)
{
	CHECK(!OK("\xed\xa0\x80"));
	CHECK(!OK("\xed\xbf\xbf"));
	CHECK(!OK("\xf4\x90\x80\x80"));
	CHECK(!OK("\xf5\x80\x80\x80"));
	CHECK(!OK("\xff"));
}

static void broken_sequences_are_refused(void)
{
	CHECK(!OK("\x80"));
	CHECK(!OK("\xc2"));
	CHECK(!OK("\xe2\x82"));
	CHECK(!OK("\xe2\x82g and more text after it"));
	CHECK(!OK("\xf0\x9f\x98"));
	CHECK(!OK("eight..\xc2 and on"));
}

static void every_byte_is_found_at_every_place(void)
{
	char text[155]; /* more than one step of each width */
	int byte, place;

	for (byte = 0; byte < 256; byte++) {
		for (place = 0; place < (int)sizeof(text); place++) {
			struct kchat_utf8 check;

			memset(text, 'a', sizeof(text));
			text[place] = byte;
			check = check_of(text, sizeof(text));
			CHECK_EQ(kchat_utf8_ok(&check), byte < 0x80);
			CHECK_EQ(check.layout, byte == '\t' || byte == '\n');
			CHECK_EQ(check.control, (byte < 0x20 && byte != '\t' && byte != '\n') ||
						byte == 0x7f);
		}
	}
}

static void no_byte_hides_the_one_beside_it(void)
{
	char text[8 + 64 + 8];
	int first, second;

	for (first = 0; first < 256; first++) {
		for (second = 0; second < 256; second++) {
			struct kchat_utf8 whole, parts = {};
			u32 i;

			memset(text, 'a', sizeof(text));
			text[8 + 19] = first;
			text[8 + 20] = second;
			whole = check_of(text, sizeof(text));
			for (i = 0; i < sizeof(text); i++)
				kchat_utf8_feed(&parts, (u8 *)text + i, 1);
			CHECK_EQ(kchat_utf8_ok(&whole), kchat_utf8_ok(&parts));
			if (kchat_utf8_ok(&whole)) {
				CHECK_EQ(whole.layout, parts.layout);
				CHECK_EQ(whole.control, parts.control);
			}
		}
	}
}

/* The plain definition: decode, and look at the number. */
static bool decodes(const u8 *data, u32 len)
{
	while (len) {
		u32 more = *data < 0x80 ? 0 : *data < 0xe0 ? 1 : *data < 0xf0 ? 2 : 3, i;
		static const u32 least[] = { 0, 0x80, 0x800, 0x10000 };
		u32 point = more ? *data & (0x3f >> more) : *data;

		if ((*data >= 0x80 && *data < 0xc0) || *data >= 0xf8 || len <= more)
			return false;
		for (i = 1; i <= more; i++) {
			if ((data[i] & 0xc0) != 0x80)
				return false;
			point = point << 6 | (data[i] & 0x3f);
		}
		if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return false;
		data += more + 1;
		len -= more + 1;
	}
	return true;
}

static void agrees_with_the_definition_on_all_short_sequences(void)
{
	static const u8 interesting[] = {
		0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
		0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
	};
	u32 n = sizeof(interesting), total = n * n * n * n, i;

	for (i = 0; i < total; i++) {
		u8 data[4] = { interesting[i % n], interesting[i / n % n],
			       interesting[i / n / n % n], interesting[i / n / n / n] };
		struct kchat_utf8 check = check_of((char *)data, 4);

		CHECK_EQ(kchat_utf8_ok(&check), decodes(data, 4));
	}
}

static void pieces_say_the_same_as_the_whole(void)
{
	static const char text[] = "plain text first, then \xed\x95\x9c\xea\xb8\x80 \xf0\x9f\x98\x80\n\xc3";
	u32 cut;

	for (cut = 0; cut < sizeof(text); cut++) {
		struct kchat_utf8 check = check_of(text, cut);

		kchat_utf8_feed(&check, (const u8 *)text + cut, sizeof(text) - 1 - cut);
		CHECK(!kchat_utf8_ok(&check));
		CHECK_EQ(check.need, 1);
		CHECK(check.layout);
		kchat_utf8_feed(&check, (const u8 *)"\xa9", 1);
		CHECK(kchat_utf8_ok(&check));
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(text_of_all_lengths_of_characters_is_utf8),
		TEST(overlong_forms_are_refused),
		TEST(surrogates_and_what_is_over_10ffff_are_refused),
		TEST(broken_sequences_are_refused),
		TEST(every_byte_is_found_at_every_place),
		TEST(no_byte_hides_the_one_beside_it),
		TEST(agrees_with_the_definition_on_all_short_sequences),
		TEST(pieces_say_the_same_as_the_whole),
	};

	return RUN_TESTS(tests);
}
