// SPDX-License-Identifier: GPL-2.0-only
/* What may be said: text and attributes. */
#include "frame.h"

#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "bytes.h"
#include "test.h"

static void talk_head(void)
{
	start();
	repeat(0, 8);
}

static void attr(u16 type, const void *value, u16 len)
{
	number(type, 2);
	number(len, 2);
	raw(value, len);
	put_unaligned_le16(fill - 8, bytes);
}

static const u8 target[16] = "a message meant";

static enum kchat_error talk(u16 type, struct kchat_talk *out)
{
	struct kvec vec = { exactly(fill), fill };

	return kchat_frame_parse_talk(type, &vec, 1, out);
}

static enum kchat_error say(u16 type, const char *words)
{
	struct kchat_talk out;

	talk_head();
	if (type != KCHAT_T_MSG && type != KCHAT_T_TOPIC)
		attr(KCHAT_ATTR_TARGET, target, 16);
	text(words);
	return talk(type, &out);
}

static void a_message_is_text(void)
{
	struct kchat_talk out;

	CHECK_EQ(say(KCHAT_T_MSG, "hello"), KCHAT_E_NONE);
	CHECK_EQ(say(KCHAT_T_MSG, "\ttwo\nlines, \xed\x95\x9c"), KCHAT_E_NONE);
	CHECK_EQ(say(KCHAT_T_MSG, ""), KCHAT_E_EMPTY);
	CHECK_EQ(say(KCHAT_T_MSG, "\xed\x95"), KCHAT_E_UTF8);
	CHECK_EQ(say(KCHAT_T_MSG, "bell\a"), KCHAT_E_BAD_FRAME);
	CHECK_EQ(say(KCHAT_T_MSG, "escape \x1b[31m and what follows it"), KCHAT_E_BAD_FRAME);
	talk_head();
	text("hello");
	talk(KCHAT_T_MSG, &out);
	CHECK(out.text_len == 5 && out.attrs_len == 0 && !out.has_blob && !out.target);
}

static void text_has_a_largest_size(void)
{
	static const struct { u16 type; u32 most; } sizes[] = {
		{ KCHAT_T_MSG, 16384 }, { KCHAT_T_EDIT, 16384 },
		{ KCHAT_T_REACT, 64 }, { KCHAT_T_TOPIC, 256 },
	};
	struct kchat_talk out;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		talk_head();
		if (sizes[i].type == KCHAT_T_EDIT || sizes[i].type == KCHAT_T_REACT)
			attr(KCHAT_ATTR_TARGET, target, 16);
		repeat('x', sizes[i].most);
		CHECK_EQ(talk(sizes[i].type, &out), KCHAT_E_NONE);
		repeat('x', 1);
		CHECK_EQ(talk(sizes[i].type, &out), KCHAT_E_BAD_FRAME);
	}
}

static void what_is_about_a_message_names_it(void)
{
	static const u16 types[] = { KCHAT_T_EDIT, KCHAT_T_DELETE, KCHAT_T_REACT };
	struct kchat_talk out;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		const char *words = types[i] == KCHAT_T_DELETE ? "" : "new";

		talk_head();
		text(words);
		CHECK_EQ(talk(types[i], &out), KCHAT_E_BAD_FRAME);
		talk_head();
		attr(KCHAT_ATTR_TARGET, target, 15);
		text(words);
		CHECK_EQ(talk(types[i], &out), KCHAT_E_BAD_FRAME);
		talk_head();
		attr(KCHAT_ATTR_TARGET, target, 16);
		text(words);
		CHECK_EQ(talk(types[i], &out), KCHAT_E_NONE);
		CHECK(!memcmp(out.target, target, 16));
		talk_head();
		attr(KCHAT_ATTR_TARGET, target, 16);
		attr(KCHAT_ATTR_TARGET, target, 16);
		text(words);
		CHECK_EQ(talk(types[i], &out), KCHAT_E_BAD_FRAME);
	}
	CHECK_EQ(say(KCHAT_T_DELETE, "words"), KCHAT_E_BAD_FRAME);
	CHECK_EQ(say(KCHAT_T_REACT, ""), KCHAT_E_EMPTY);
	CHECK_EQ(say(KCHAT_T_TOPIC, ""), KCHAT_E_NONE);
}

static void attributes_have_their_sizes_and_places(void)
{
	static const u8 zeros[64];
	struct kchat_talk out;

	talk_head();
	attr(KCHAT_ATTR_REPLY_TO, target, 16);
	attr(KCHAT_ATTR_THREAD, target, 16);
	attr(KCHAT_ATTR_MENTION, zeros, 8);
	attr(KCHAT_ATTR_MENTION, zeros, 8);
	text("hello");
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_NONE);
	CHECK_EQ(out.attrs_len, 20 + 20 + 12 + 12);
	CHECK_EQ(out.text_len, 5);

	talk_head();
	attr(KCHAT_ATTR_REPLY_TO, target, 16);
	attr(KCHAT_ATTR_REPLY_TO, target, 16);
	text("hello");
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	talk_head();
	attr(KCHAT_ATTR_MENTION, zeros, 7);
	text("hello");
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	/* Critical, and without a place in a message. */
	talk_head();
	attr(KCHAT_ATTR_TARGET, target, 16);
	text("hello");
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
}

static void unknown_attributes_are_skipped_unless_critical(void)
{
	static const u16 skipped[] = { 0x0777, 0x0002, 0x0006, 0x0040, 0x0081, 0x7fff };
	static const u16 refused[] = { 0x8777, 0x8001, 0x8003, 0x8005, 0x8006, 0x8000, 0xffff };
	struct kchat_talk out;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(skipped); i++) {
		talk_head();
		attr(skipped[i], "abc", 3);
		text("hello");
		CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_NONE);
	}
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		talk_head();
		attr(refused[i], target, 16);
		text("hello");
		CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	}
}

static void attributes_that_do_not_fit_are_refused(void)
{
	struct kchat_talk out;
	u32 cut;

	talk_head();
	attr(KCHAT_ATTR_REPLY_TO, target, 16);
	text("hello");
	/* Lengths that cut through the attribute, or reach into the text or over the end. */
	for (cut = 1; cut < 26; cut++) {
		put_unaligned_le16(cut, bytes);
		CHECK_EQ(talk(KCHAT_T_MSG, &out), cut == 20 ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME);
	}
	talk_head();
	repeat(0, 1020);
	attr(0x0777, "", 0);
	text("hello");
	put_unaligned_le16(1024, bytes);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_NONE);
	put_unaligned_le16(1025, bytes);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	talk_head();
	bytes[7] = 1;
	text("hello");
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
}

static void descriptor(u16 mime_len, u16 name_len, const char *labels, u32 labels_len)
{
	u8 value[56 + 400] = { 0 };

	memset(value, 'h', 32);
	put_unaligned_le64(1000, value + 32);
	put_unaligned_le16(mime_len, value + 52);
	put_unaligned_le16(name_len, value + 54);
	memcpy(value + 56, labels, labels_len);
	attr(KCHAT_ATTR_DESCRIPTOR, value, 56 + labels_len);
}

static void a_picture_needs_no_words(void)
{
	struct kchat_talk out;
	char longest[320];

	talk_head();
	descriptor(9, 5, "image/pnga.png", 14);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_NONE);
	CHECK(out.has_blob && out.text_len == 0);
	/* But not in an edit, where it has no place. */
	attr(KCHAT_ATTR_TARGET, target, 16);
	CHECK_EQ(talk(KCHAT_T_EDIT, &out), KCHAT_E_EMPTY);

	memset(longest, 'n', sizeof(longest));
	talk_head();
	descriptor(64, 255, longest, 319);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_NONE);
	talk_head();
	descriptor(65, 254, longest, 319);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	talk_head();
	descriptor(63, 256, longest, 319);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	talk_head();
	descriptor(9, 6, "image/pnga.png", 14);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
	talk_head();
	descriptor(9, 5, "image/pnga\npng", 14);
	CHECK_EQ(talk(KCHAT_T_MSG, &out), KCHAT_E_BAD_FRAME);
}

static void a_message_in_pieces_is_the_same_message(void)
{
	struct kchat_talk out;
	u32 cut;

	talk_head();
	attr(KCHAT_ATTR_REPLY_TO, target, 16);
	repeat(0, 1004);
	put_unaligned_le16(1024, bytes);
	text("words of \xed\x95\x9c\xea\xb8\x80");
	for (cut = KCHAT_TALK_HEAD; cut <= fill; cut++) {
		u32 second = (fill - cut) / 2;
		u8 *copy = exactly(fill);
		struct kvec vec[] = {
			{ copy, cut }, { copy + cut, second },
			{ copy + cut + second, fill - cut - second },
		};

		CHECK_EQ(kchat_frame_parse_talk(KCHAT_T_MSG, vec, 3, &out), KCHAT_E_NONE);
		CHECK_EQ(out.text_len, fill - KCHAT_TALK_HEAD);
		/* The last character broken off. */
		if (vec[2].iov_len) {
			vec[2].iov_len--;
			CHECK_EQ(kchat_frame_parse_talk(KCHAT_T_MSG, vec, 3, &out), KCHAT_E_UTF8);
		}
	}
}

static void reoffer_head(u16 type, u16 flags)
{
	start();
	number(7, 8);
	number(8, 8);
	number(9, 8);
	number(10, 8);
	number(type, 2);
	number(flags, 2);
	number(0, 4);
	repeat(0, 8);
}

static enum kchat_error reoffer(struct kchat_reoffer *out)
{
	struct kvec vec = { exactly(fill), fill };

	return kchat_frame_parse_reoffer(&vec, 1, out);
}

static void what_is_offered_again_obeys_the_same_rules(void)
{
	struct kchat_reoffer out;

	reoffer_head(KCHAT_T_MSG, 0);
	text("hello");
	CHECK_EQ(reoffer(&out), KCHAT_E_NONE);
	CHECK(out.to == 7 && out.epoch == 8 && out.seq == 9 && out.time == 10);
	CHECK(out.type == KCHAT_T_MSG && out.talk.text_len == 5);
	text("\a");
	CHECK_EQ(reoffer(&out), KCHAT_E_BAD_FRAME);
	reoffer_head(KCHAT_T_TYPING, 0);
	CHECK_EQ(reoffer(&out), KCHAT_E_BAD_FRAME);
	reoffer_head(0x8777, 0);
	CHECK_EQ(reoffer(&out), KCHAT_E_BAD_FRAME);
	reoffer_head(KCHAT_T_MSG, KCHAT_F_REMOVE);
	text("hello");
	CHECK_EQ(reoffer(&out), KCHAT_E_BAD_FRAME);
	reoffer_head(KCHAT_T_MSG, 0);
	CHECK_EQ(reoffer(&out), KCHAT_E_EMPTY);
	bytes[36] = 1;
	CHECK_EQ(reoffer(&out), KCHAT_E_BAD_FRAME);
	fill = 47;
	CHECK_EQ(reoffer(&out), KCHAT_E_BAD_FRAME);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(a_message_is_text),
		TEST(text_has_a_largest_size),
		TEST(what_is_about_a_message_names_it),
		TEST(attributes_have_their_sizes_and_places),
		TEST(unknown_attributes_are_skipped_unless_critical),
		TEST(attributes_that_do_not_fit_are_refused),
		TEST(a_picture_needs_no_words),
		TEST(a_message_in_pieces_is_the_same_message),
		TEST(what_is_offered_again_obeys_the_same_rules),
	};

	return RUN_TESTS(tests);
}
