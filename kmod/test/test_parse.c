// SPDX-License-Identifier: GPL-2.0-only
/* The bodies of frames that only clients send, but for talk. */
#include "frame.h"

#include "bytes.h"
#include "test.h"

/* ---- login ------------------------------------------------------------- */

static void hello(u16 version, u64 features, const char *agent)
{
	start();
	number(version, 2);
	number(strlen(agent), 2);
	number(0, 4);
	number(features, 8);
	text(agent);
}

static void hello_says_who_the_client_is(void)
{
	struct kchat_hello out;

	hello(1, 0x18, "kchat-tui/1.0");
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_NONE);
	CHECK_EQ(out.features, 0x18);
	CHECK_EQ(out.agent.len, 13);
	CHECK(!memcmp(out.agent.data, "kchat-tui/1.0", 13));
	NEVER_WHOLE(hello, &out);
}

static void hello_of_another_version_is_told_so(void)
{
	struct kchat_hello out;

	hello(2, 0, "x");
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_VERSION);
	fill = 2;
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_VERSION);
	fill = 1;
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_BAD_FRAME);
}

static void hello_with_a_bad_agent_is_refused(void)
{
	struct kchat_hello out;

	hello(1, 0, "two\nlines");
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_BAD_FRAME);
	hello(1, 0, "\xff");
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_UTF8);
	hello(1, 0, "12345678901234567890123456789012345678901234567890123456789012345");
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_BAD_FRAME);
	hello(1, 0, "abc");
	bytes[4] = 1;
	CHECK_EQ(PARSE(hello, &out), KCHAT_E_BAD_FRAME);
}

static void registration(u16 name_len, const char *name, u16 code_len, const char *code)
{
	start();
	number(8192, 4);
	number(name_len, 2);
	number(code_len, 2);
	repeat('s', 16);
	repeat('k', 32);
	repeat('v', 32);
	text(name);
	text(code);
}

static void a_registration_has_name_code_and_keys(void)
{
	struct kchat_registration out;

	registration(3, "Ann", 4, "code");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_NONE);
	CHECK_EQ(out.iterations, 8192);
	CHECK_EQ(out.salt[15], 's');
	CHECK_EQ(out.stored_key[0], 'k');
	CHECK_EQ(out.server_key[31], 'v');
	CHECK(out.name.len == 3 && !memcmp(out.name.data, "Ann", 3));
	CHECK(out.code.len == 4 && !memcmp(out.code.data, "code", 4));
	NEVER_WHOLE(register, &out);
}

static void a_name_nobody_can_have_is_not_registered(void)
{
	char longest[66] = { 0 };
	struct kchat_registration out;

	registration(0, "", 0, "");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_NAME);
	memset(longest, 'a', 65);
	registration(65, longest, 0, "");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_NAME);
	registration(64, longest + 1, 0, "");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_NONE);
	registration(3, "a\tb", 0, "");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_NAME);
	registration(3, "a\x1b[", 0, "");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_NAME);
	registration(2, "\xc3(", 0, "");
	CHECK_EQ(PARSE(register, &out), KCHAT_E_UTF8);
	registration(1, "a", 65, longest);
	CHECK_EQ(PARSE(register, &out), KCHAT_E_INVITE_CODE);
}

static void resume_and_passwd_are_cut_into_their_fields(void)
{
	struct kchat_resume resume;
	struct kchat_passwd passwd;

	start();
	number(77, 8);
	number(1, 1);
	repeat(0, 7);
	repeat('n', 16);
	repeat('p', 32);
	CHECK_EQ(PARSE(resume, &resume), KCHAT_E_NONE);
	CHECK(resume.session == 77 && resume.kind == KCHAT_RESUME_MEDIA);
	CHECK(resume.nonce[15] == 'n' && resume.proof[0] == 'p' && resume.proof[31] == 'p');
	bytes[8] = 2;
	CHECK_EQ(PARSE(resume, &resume), KCHAT_E_BAD_FRAME);
	bytes[8] = 0;
	bytes[15] = 1;
	CHECK_EQ(PARSE(resume, &resume), KCHAT_E_BAD_FRAME);

	start();
	number(4096, 4);
	number(0, 4);
	repeat('s', 16);
	repeat('k', 32);
	repeat('v', 32);
	repeat('m', 32);
	CHECK_EQ(PARSE(passwd, &passwd), KCHAT_E_NONE);
	CHECK_EQ(passwd.proof - passwd.covered, KCHAT_PASSWD_COVERED);
	CHECK(passwd.iterations == 4096 && passwd.proof[0] == 'm' && passwd.server_key[0] == 'v');
	NEVER_WHOLE(passwd, &passwd);
}

static void whois(u64 account, const char *login)
{
	start();
	number(account, 8);
	number(strlen(login), 2);
	repeat(0, 6);
	text(login);
}

static void whois_asks_by_number_or_by_name(void)
{
	struct kchat_whois out;

	whois(5, "");
	CHECK_EQ(PARSE(whois, &out), KCHAT_E_NONE);
	CHECK(out.account == 5 && out.login.len == 0);
	whois(0, "ann");
	CHECK_EQ(PARSE(whois, &out), KCHAT_E_NONE);
	CHECK(!memcmp(out.login.data, "ann", 3));
	NEVER_WHOLE(whois, &out);
	whois(0, "");
	CHECK_EQ(PARSE(whois, &out), KCHAT_E_EMPTY);
	whois(0, "a\nb");
	CHECK_EQ(PARSE(whois, &out), KCHAT_E_NAME);
}

/* ---- rooms ------------------------------------------------------------- */

static void join_bytes(u32 flags, u16 backlog, const void *name, u16 name_len)
{
	start();
	number(0x100000007, 8);
	number(42, 8);
	number(flags, 4);
	number(backlog, 2);
	number(name_len, 2);
	raw(name, name_len);
}

static enum kchat_error join_named(const char *name, struct kchat_join *out)
{
	join_bytes(0, 0, name, strlen(name));
	return PARSE(join, out);
}

static void join_names_a_room_and_what_one_has_of_it(void)
{
	struct kchat_join out;

	join_bytes(KCHAT_ROOM_PRACTICE | KCHAT_JOIN_BACKLOG, 1000, "lobby", 5);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_NONE);
	CHECK_EQ(out.epoch, 0x100000007);
	CHECK_EQ(out.seq, 42);
	CHECK_EQ(out.backlog, 1000);
	CHECK_EQ(out.flags, KCHAT_ROOM_PRACTICE | KCHAT_JOIN_BACKLOG);
	CHECK(out.name.len == 5 && !memcmp(out.name.data, "lobby", 5));
	CHECK(!out.direct[0] && !out.direct[1]);
	NEVER_WHOLE(join, &out);
}

static void join_with_unknown_flags_or_too_much_backlog_is_refused(void)
{
	struct kchat_join out;

	join_bytes(KCHAT_ROOM_DIRECT, 0, "a", 1);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_BAD_FRAME);
	join_bytes(0x80000000, 0, "a", 1);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_BAD_FRAME);
	join_bytes(0, 1001, "a", 1);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_BAD_FRAME);
}

static void names_of_rooms_are_what_the_protocol_says(void)
{
	struct kchat_join out;
	char longest[66];

	CHECK_EQ(join_named("a", &out), KCHAT_E_NONE);
	CHECK_EQ(join_named("two words", &out), KCHAT_E_NONE);
	CHECK_EQ(join_named("\xed\x95\x9c\xea\xb8\x80", &out), KCHAT_E_NONE);
	CHECK_EQ(join_named("", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named(" a", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("#", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("# a", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("##a", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("a ", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("a\nb", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("a\x7f", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("a\xff", &out), KCHAT_E_ROOM_NAME);
	memset(longest, 'r', sizeof(longest));
	join_bytes(0, 0, longest, 64);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_NONE);
	join_bytes(0, 0, longest, 65);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_ROOM_NAME);
	join_bytes(0, 0, "nul\0x", 5);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_ROOM_NAME);
}

static void a_direct_room_names_two_people_in_order(void)
{
	struct kchat_join out;

	CHECK_EQ(join_named("@1-2", &out), KCHAT_E_NONE);
	CHECK(out.direct[0] == 1 && out.direct[1] == 2);
	CHECK_EQ(join_named("@9-18446744073709551615", &out), KCHAT_E_NONE);
	CHECK_EQ(out.direct[1], U64_MAX);
	CHECK_EQ(join_named("@2-1", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@2-2", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@0-2", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@01-2", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@1-02", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@1", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@1-", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@-1", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@1-2x", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@1-18446744073709551616", &out), KCHAT_E_ROOM_NAME);
	CHECK_EQ(join_named("@1-99999999999999999999999", &out), KCHAT_E_ROOM_NAME);
}

static void a_join_may_carry_a_proof(void)
{
	struct kchat_join out;

	CHECK_EQ(join_named("a", &out), KCHAT_E_NONE);
	CHECK(!out.proof);
	repeat('p', 31);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_BAD_FRAME);
	repeat('p', 1);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_NONE);
	CHECK(out.proof && out.proof[0] == 'p' && out.proof[31] == 'p' && out.name.len == 1);
	repeat('p', 1);
	CHECK_EQ(PARSE(join, &out), KCHAT_E_BAD_FRAME);
}

static enum kchat_error rule(u8 action, u32 seconds, u64 account, u32 text, struct kchat_ruling *out)
{
	start();
	number(action, 1);
	number(0, 1);
	number(text, 2);
	number(seconds, 4);
	number(account, 8);
	repeat('t', text);
	return PARSE(rule, out);
}

static void a_rule_has_what_belongs_to_its_action(void)
{
	struct kchat_ruling out;
	u8 action;

	CHECK_EQ(rule(KCHAT_RULE_BAN, 60, 5, 256, &out), KCHAT_E_NONE);
	CHECK(out.action == KCHAT_RULE_BAN && out.seconds == 60 && out.account == 5 &&
	      out.text.len == 256);
	NEVER_WHOLE(rule, &out);
	CHECK_EQ(rule(KCHAT_RULE_BAN, 60, 5, 257, &out), KCHAT_E_BAD_FRAME);
	CHECK_EQ(rule(0, 0, 0, 0, &out), KCHAT_E_BAD_FRAME);
	CHECK_EQ(rule(KCHAT_RULE_PASSWORD + 1, 0, 0, 0, &out), KCHAT_E_BAD_FRAME);
	for (action = KCHAT_RULE_KICK; action <= KCHAT_RULE_PASSWORD; action++) {
		bool about = action <= KCHAT_RULE_OWNER;
		bool timed = action == KCHAT_RULE_BAN || action == KCHAT_RULE_MUTE;

		CHECK_EQ(rule(action, 0, about ? 5 : 0, 0, &out), KCHAT_E_NONE);
		CHECK_EQ(rule(action, 0, about ? 0 : 5, 0, &out), KCHAT_E_BAD_FRAME);
		CHECK_EQ(rule(action, 1, about ? 5 : 0, 0, &out),
			 timed ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME);
	}
	CHECK_EQ(rule(KCHAT_RULE_FLAGS, 0x58, 0, 0, &out), KCHAT_E_NONE);
	CHECK_EQ(rule(KCHAT_RULE_FLAGS, 0x78, 0, 0, &out), KCHAT_E_BAD_FRAME);
	CHECK_EQ(rule(KCHAT_RULE_PASSWORD, 0, 0, 32, &out), KCHAT_E_NONE);
	CHECK_EQ(rule(KCHAT_RULE_PASSWORD, 0, 0, 33, &out), KCHAT_E_BAD_FRAME);
	CHECK_EQ(rule(KCHAT_RULE_KICK, 0, 5, 3, &out), KCHAT_E_NONE);
	bytes[16] = 0xff;
	CHECK_EQ(PARSE(rule, &out), KCHAT_E_UTF8);
	bytes[16] = '\n';
	CHECK_EQ(PARSE(rule, &out), KCHAT_E_BAD_FRAME);
}

static void the_small_frames_are_cut_into_their_fields(void)
{
	struct kchat_blob_want blob;
	struct kchat_direct direct;
	struct kchat_stored stored;
	struct kchat_want want;
	struct kchat_away away;
	bool typing;
	u64 value;

	start();
	number(3, 8);
	number(4, 8);
	CHECK_EQ(PARSE(stored, &stored), KCHAT_E_NONE);
	CHECK(stored.epoch == 3 && stored.seq == 4);
	number(3, 8);
	number(9, 8);
	CHECK_EQ(PARSE(want, &want), KCHAT_E_NONE);
	CHECK(want.from_epoch == 3 && want.from_seq == 4 && want.to_epoch == 3 && want.to_seq == 9);
	bytes[16] = 2;
	CHECK_EQ(PARSE(want, &want), KCHAT_E_BAD_FRAME);
	bytes[16] = 3;
	bytes[24] = 3;
	CHECK_EQ(PARSE(want, &want), KCHAT_E_BAD_FRAME);

	start();
	repeat('h', 32);
	number(5, 8);
	number(6, 8);
	CHECK_EQ(PARSE(blob_want, &blob), KCHAT_E_NONE);
	CHECK(blob.hash[31] == 'h' && blob.offset == 5 && blob.length == 6);

	start();
	number(12, 8);
	CHECK_EQ(PARSE(u64, &value), KCHAT_E_NONE);
	CHECK_EQ(value, 12);
	NEVER_WHOLE(u64, &value);
	CHECK_EQ(PARSE(direct, &direct), KCHAT_E_NONE);
	CHECK(direct.to == 12 && direct.len == 0);
	repeat('d', 4096);
	CHECK_EQ(PARSE(direct, &direct), KCHAT_E_NONE);
	CHECK_EQ(direct.len, 4096);
	repeat('d', 1);
	CHECK_EQ(PARSE(direct, &direct), KCHAT_E_BAD_FRAME);

	start();
	number(1, 4);
	number(300, 4);
	CHECK_EQ(PARSE(away, &away), KCHAT_E_NONE);
	CHECK(away.on && away.idle == 300);
	NEVER_WHOLE(away, &away);
	bytes[3] = 1;
	CHECK_EQ(PARSE(away, &away), KCHAT_E_BAD_FRAME);
	bytes[3] = 0;
	bytes[0] = 2;
	CHECK_EQ(PARSE(away, &away), KCHAT_E_BAD_FRAME);

	start();
	number(1, 1);
	CHECK_EQ(PARSE(typing, &typing), KCHAT_E_NONE);
	CHECK(typing);
	bytes[0] = 2;
	CHECK_EQ(PARSE(typing, &typing), KCHAT_E_BAD_FRAME);
}

/* ---- streams ----------------------------------------------------------- */

static void stream_begin(u64 size, u64 offset, u8 kind)
{
	start();
	number(size, 8);
	number(offset, 8);
	number(3, 8);
	number(640, 4);
	number(480, 4);
	number(1500, 4);
	number(kind, 1);
	number(0, 3);
	repeat('h', 32);
	number(9, 2);
	number(5, 2);
	text("image/pnga.png");
}

static void a_stream_is_announced_with_all_that_is_known(void)
{
	struct kchat_stream_begin out;

	stream_begin(1000, 10, KCHAT_STREAM_IMAGE);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_NONE);
	CHECK(out.size == 1000 && out.offset == 10 && out.to == 3 && out.width == 640);
	CHECK(out.height == 480 && out.duration == 1500 && out.kind == KCHAT_STREAM_IMAGE);
	CHECK(out.hash[0] == 'h' && out.mime.len == 9 && out.name.len == 5);
	NEVER_WHOLE(stream_begin, &out);
	stream_begin(KCHAT_SIZE_UNKNOWN, 0, KCHAT_STREAM_VIDEO);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_NONE);
	stream_begin(1000, 1001, KCHAT_STREAM_IMAGE);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_BAD_FRAME);
	stream_begin(KCHAT_SIZE_MAX, KCHAT_SIZE_MAX, KCHAT_STREAM_FILE);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_NONE);
	stream_begin(KCHAT_SIZE_MAX + 1, 0, KCHAT_STREAM_FILE);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_BAD_FRAME);
	stream_begin(KCHAT_SIZE_UNKNOWN, KCHAT_SIZE_MAX, KCHAT_STREAM_VIDEO);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_NONE);
	stream_begin(KCHAT_SIZE_UNKNOWN, KCHAT_SIZE_MAX + 1, KCHAT_STREAM_VIDEO);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_BAD_FRAME);
	stream_begin(1000, 0, 0);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_BAD_FRAME);
	stream_begin(1000, 0, 4);
	CHECK_EQ(PARSE(stream_begin, &out), KCHAT_E_BAD_FRAME);
}

static void a_stream_ends_with_its_size_or_a_reason(void)
{
	struct kchat_stream_end end;
	u16 reason;

	start();
	number(1000, 8);
	repeat('h', 32);
	CHECK_EQ(PARSE(stream_end, &end), KCHAT_E_NONE);
	CHECK(end.size == 1000 && end.hash[31] == 'h');
	NEVER_WHOLE(stream_end, &end);
	start();
	number(KCHAT_E_CANCELLED, 2);
	repeat(0, 6);
	CHECK_EQ(PARSE(stream_cancel, &reason), KCHAT_E_NONE);
	CHECK_EQ(reason, KCHAT_E_CANCELLED);
	bytes[7] = 1;
	CHECK_EQ(PARSE(stream_cancel, &reason), KCHAT_E_BAD_FRAME);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(hello_says_who_the_client_is),
		TEST(hello_of_another_version_is_told_so),
		TEST(hello_with_a_bad_agent_is_refused),
		TEST(a_registration_has_name_code_and_keys),
		TEST(a_name_nobody_can_have_is_not_registered),
		TEST(resume_and_passwd_are_cut_into_their_fields),
		TEST(whois_asks_by_number_or_by_name),
		TEST(join_names_a_room_and_what_one_has_of_it),
		TEST(join_with_unknown_flags_or_too_much_backlog_is_refused),
		TEST(names_of_rooms_are_what_the_protocol_says),
		TEST(a_direct_room_names_two_people_in_order),
		TEST(a_join_may_carry_a_proof),
		TEST(a_rule_has_what_belongs_to_its_action),
		TEST(the_small_frames_are_cut_into_their_fields),
		TEST(a_stream_is_announced_with_all_that_is_known),
		TEST(a_stream_ends_with_its_size_or_a_reason),
	};

	return RUN_TESTS(tests);
}
