// SPDX-License-Identifier: GPL-2.0-only
#include "frame.h"

#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "test.h"

/* ---- the header ------------------------------------------------------- */

static struct kchat_hdr header(u16 type, u32 body_len)
{
	return (struct kchat_hdr){
		.length = cpu_to_le32(KCHAT_LENGTH_MIN + body_len), .type = cpu_to_le16(type),
	};
}

static struct kchat_verdict judge(struct kchat_hdr hdr, enum kchat_conn_state state)
{
	struct kchat_verdict verdict;

	kchat_frame_check(&hdr, state, &verdict);
	return verdict;
}

static void a_header_has_64_bytes(void)
{
	CHECK_EQ(sizeof(struct kchat_hdr), KCHAT_HDR_LEN);
	CHECK_EQ(offsetof(struct kchat_hdr, id), 48);
}

static void a_frame_in_its_state_is_taken(void)
{
	struct kchat_verdict v = judge(header(KCHAT_T_MSG, 20), KCHAT_CONN_OPEN);

	CHECK_EQ(v.error, KCHAT_E_NONE);
	CHECK(!v.fatal);
	CHECK_EQ(v.body_len, 20);
	CHECK(!strcmp(v.rule->name, "MSG"));
	CHECK_EQ(v.rule->kind, KCHAT_RULE_ROOM | KCHAT_RULE_RELAYED | KCHAT_RULE_LASTING);
}

static void a_length_under_60_ends_the_connection(void)
{
	u32 length;

	for (length = 0; length < KCHAT_LENGTH_MIN; length++) {
		struct kchat_hdr hdr = header(KCHAT_T_PING, 0);
		struct kchat_verdict v;

		hdr.length = cpu_to_le32(length);
		v = judge(hdr, KCHAT_CONN_OPEN);
		CHECK_EQ(v.error, KCHAT_E_BAD_FRAME);
		CHECK(v.fatal);
	}
}

static void a_length_over_the_types_maximum_ends_the_connection(void)
{
	struct kchat_hdr hdr = header(KCHAT_T_PING, 0);
	u32 type;

	for (type = 0; type <= 0xffff; type++) {
		const struct kchat_rule *rule = kchat_frame_rule(type);
		u32 most = rule ? rule->body_max : KCHAT_UNKNOWN_MAX;

		CHECK(!judge(header(type, most), KCHAT_CONN_OPEN).fatal);
		CHECK(judge(header(type, most + 1), KCHAT_CONN_OPEN).fatal);
		CHECK_EQ(judge(header(type, most + 1), KCHAT_CONN_OPEN).error, KCHAT_E_TOO_LONG);
	}
	hdr.length = cpu_to_le32(0xffffffff);
	CHECK_EQ(judge(hdr, KCHAT_CONN_NEW).error, KCHAT_E_TOO_LONG);
	CHECK(judge(hdr, KCHAT_CONN_NEW).fatal);
}

static void a_frame_in_another_state_is_refused_and_the_connection_goes_on(void)
{
	struct kchat_verdict v = judge(header(KCHAT_T_MSG, 20), KCHAT_CONN_GREETED);

	CHECK_EQ(v.error, KCHAT_E_WRONG_STATE);
	CHECK(!v.fatal);
	CHECK_EQ(v.body_len, 20);
	CHECK_EQ(judge(header(KCHAT_T_HELLO, 16), KCHAT_CONN_GREETED).error, KCHAT_E_WRONG_STATE);
	CHECK_EQ(judge(header(KCHAT_T_PROOF, 9), KCHAT_CONN_GREETED).error, KCHAT_E_WRONG_STATE);
	CHECK_EQ(judge(header(KCHAT_T_JOIN, 30), KCHAT_CONN_MEDIA).error, KCHAT_E_WRONG_STATE);
	CHECK_EQ(judge(header(KCHAT_T_STREAM_CHUNK, 30), KCHAT_CONN_MEDIA).error, KCHAT_E_NONE);
}

static void only_a_server_sends_a_servers_frames(void)
{
	int state;

	for (state = KCHAT_CONN_NEW; state <= KCHAT_CONN_MEDIA; state++) {
		CHECK_EQ(judge(header(KCHAT_T_WELCOME, 72), state).error, KCHAT_E_WRONG_STATE);
		CHECK_EQ(judge(header(KCHAT_T_OK, 0), state).error, KCHAT_E_WRONG_STATE);
		CHECK_EQ(judge(header(KCHAT_T_PING, 32), state).error, KCHAT_E_NONE);
		CHECK_EQ(judge(header(KCHAT_T_BYE, 0), state).error, KCHAT_E_NONE);
	}
}

static void an_unknown_type_is_skipped_or_refused_by_its_critical_bit(void)
{
	struct kchat_verdict v = judge(header(0x0777, 1000), KCHAT_CONN_OPEN);

	CHECK_EQ(v.error, KCHAT_E_NONE);
	CHECK(!v.rule);
	CHECK_EQ(v.body_len, 1000);
	v = judge(header(0x8777, 1000), KCHAT_CONN_OPEN);
	CHECK_EQ(v.error, KCHAT_E_UNKNOWN_TYPE);
	CHECK(!v.fatal);
	/* The critical bit is part of the number. */
	CHECK(!kchat_frame_rule(0x8010));
	CHECK(!kchat_frame_rule(0x0040));
	CHECK(!kchat_frame_rule(0));
}

static void what_only_the_server_may_say_must_be_zero(void)
{
	struct kchat_hdr hdr = header(KCHAT_T_MSG, 20);
	u32 offset;

	for (offset = 12; offset < 48; offset++) {
		struct kchat_hdr changed = hdr;

		((u8 *)&changed)[offset] = 1;
		CHECK_EQ(judge(changed, KCHAT_CONN_OPEN).error, KCHAT_E_BAD_FRAME);
		CHECK(!judge(changed, KCHAT_CONN_OPEN).fatal);
	}
	hdr.id[3] = 7;
	hdr.room = cpu_to_le32(9);
	CHECK_EQ(judge(hdr, KCHAT_CONN_OPEN).error, KCHAT_E_NONE);
}

static void flags_stand_only_where_the_table_has_them(void)
{
	static const struct { u16 type; u16 len; u16 flag; } allowed[] = {
		{ KCHAT_T_REACT, 30, KCHAT_F_REMOVE },
		{ KCHAT_T_STREAM_CHUNK, 30, KCHAT_F_KEYFRAME },
	};
	u32 type, bit, i;

	for (type = 0; type <= 0xffff; type++) {
		const struct kchat_rule *rule = kchat_frame_rule(type);

		if (!rule || !(rule->states & BIT(KCHAT_CONN_OPEN)))
			continue;
		for (bit = 0; bit < 16; bit++) {
			struct kchat_hdr hdr = header(type, rule->body_min);
			bool ok = false;

			for (i = 0; i < ARRAY_SIZE(allowed); i++)
				ok |= allowed[i].type == type && allowed[i].flag == 1u << bit;
			hdr.flags = cpu_to_le16(1u << bit);
			CHECK_EQ(judge(hdr, KCHAT_CONN_OPEN).error,
				 ok ? KCHAT_E_NONE : KCHAT_E_BAD_FRAME);
		}
	}
}

static void a_body_that_is_too_short_is_refused(void)
{
	CHECK_EQ(judge(header(KCHAT_T_MSG, 7), KCHAT_CONN_OPEN).error, KCHAT_E_BAD_FRAME);
	CHECK_EQ(judge(header(KCHAT_T_RESUME, 63), KCHAT_CONN_GREETED).error, KCHAT_E_BAD_FRAME);
	CHECK_EQ(judge(header(KCHAT_T_STREAM_CHUNK, 0), KCHAT_CONN_MEDIA).error, KCHAT_E_BAD_FRAME);
}

static void every_error_has_its_sentence(void)
{
	CHECK(!strcmp(kchat_frame_sentence(KCHAT_E_ALONE), "Nobody else is present in the room."));
	CHECK(!strcmp(kchat_frame_sentence(KCHAT_E_SLOW), "You read too slowly."));
	CHECK(!strcmp(kchat_frame_sentence(KCHAT_E_NONE), ""));
	CHECK(!strcmp(kchat_frame_sentence(9), ""));
	CHECK(!strcmp(kchat_frame_sentence(60000), ""));
}

/* ---- bodies: written by hand, to be read ------------------------------- */

static u8 bytes[32768];
static u32 fill;

static void start(void)
{
	memset(bytes, 0xee, sizeof(bytes));
	fill = 0;
}

static void number(u64 value, u32 size)
{
	while (size--) {
		bytes[fill++] = value;
		value >>= 8;
	}
}

static void raw(const void *data, u32 len)
{
	memcpy(bytes + fill, data, len);
	fill += len;
}

static void text(const char *s)
{
	raw(s, strlen(s));
}

static void repeat(u8 byte, u32 count)
{
	memset(bytes + fill, byte, count);
	fill += count;
}

/* In memory of exactly its size, so that reading over its end is found. */
static u8 *exactly(u32 len)
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

static void the_small_frames_are_cut_into_their_fields(void)
{
	struct kchat_blob_want blob;
	struct kchat_direct direct;
	struct kchat_stored stored;
	struct kchat_want want;
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
	number(1, 1);
	CHECK_EQ(PARSE(typing, &typing), KCHAT_E_NONE);
	CHECK(typing);
	bytes[0] = 2;
	CHECK_EQ(PARSE(typing, &typing), KCHAT_E_BAD_FRAME);
}

/* ---- talk -------------------------------------------------------------- */

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

/* ---- writing ----------------------------------------------------------- */

static void a_header_is_written_as_it_was_meant(void)
{
	static const u8 id[16] = "0123456789abcde";
	static const struct kchat_head head = {
		.flags = 2, .room = 3, .epoch = 4, .seq = 5, .time = 6, .sender = 7, .id = id,
	};
	static const u8 want[48] = {
		65, 0, 0, 0, 0x40, 0x80, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0,
		4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
		6, 0, 0, 0, 0, 0, 0, 0, 7,
	};
	u8 frame[69];

	CHECK_EQ(kchat_frame_build(frame, sizeof(frame), KCHAT_T_MSG, &head, "hello", 5), 69);
	CHECK(!memcmp(frame, want, 48));
	CHECK(!memcmp(frame + 48, id, 16));
	CHECK(!memcmp(frame + 64, "hello", 5));
	CHECK_EQ(kchat_frame_build(frame, 68, KCHAT_T_MSG, &head, "hello", 5), 0);
	CHECK_EQ(kchat_frame_build(frame, 63, KCHAT_T_LIVE, NULL, NULL, 0), 0);
	CHECK_EQ(kchat_frame_build(frame, 64, KCHAT_T_LIVE, NULL, NULL, 0), 64);
}

static void a_list_ends_before_what_does_not_fit(void)
{
	static const struct kchat_person_entry ann = {
		.account = 1, .state = KCHAT_PERSON_PRESENT, .sessions = 2, .name = { "Ann", 3 },
	};
	u8 *frame = malloc(64 + 17 + 16);
	struct kchat_writer w;

	kchat_frame_begin(&w, frame, 64 + 17 + 16);
	CHECK(kchat_frame_put_person(&w, &ann));
	CHECK(!kchat_frame_put_person(&w, &ann));
	CHECK_EQ(kchat_frame_end(&w, KCHAT_T_ROSTER, NULL), 64 + 17);
	CHECK(!memcmp(frame + 64, "\1\0\0\0\0\0\0\0\1\0\2\0\3\0Ann", 17));
	free(frame);
}

static void an_error_carries_number_cause_wait_and_sentence(void)
{
	u8 frame[256];
	u32 len = kchat_frame_build_error(frame, sizeof(frame), NULL, KCHAT_E_AUTH_LIMIT,
					  KCHAT_T_AUTH, 1500);

	CHECK_EQ(len, 64 + 8 + strlen("Too many failed logins; wait before trying again."));
	CHECK(!memcmp(frame + 64, "\x0b\0\3\x80\xdc\5\0\0Too many", 16));
}

static void no_frame_is_written_over_its_buffer(void)
{
	static const u8 sixteen[16];
	static const struct kchat_limit_value limits[3] = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
	static const struct kchat_welcome welcome = {
		.server_uuid = sixteen, .community_uuid = sixteen, .nonce = sixteen,
		.name = { "name", 4 }, .limits = limits, .n_limits = 3,
	};
	static const struct kchat_joined joined = {
		.name = { "room", 4 }, .topic = { "topic", 5 },
	};
	u32 whole = 64 + 72 + 24 + 4, size;

	for (size = 0; size <= whole; size++) {
		u8 *frame = malloc(size ? size : 1);

		CHECK_EQ(kchat_frame_build_welcome(frame, size, NULL, &welcome),
			 size == whole ? whole : 0);
		CHECK_EQ(kchat_frame_build_joined(frame, size, NULL, &joined),
			 size >= 64 + 40 + 9 ? 64 + 40 + 9 : 0);
		free(frame);
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(a_header_has_64_bytes),
		TEST(a_frame_in_its_state_is_taken),
		TEST(a_length_under_60_ends_the_connection),
		TEST(a_length_over_the_types_maximum_ends_the_connection),
		TEST(a_frame_in_another_state_is_refused_and_the_connection_goes_on),
		TEST(only_a_server_sends_a_servers_frames),
		TEST(an_unknown_type_is_skipped_or_refused_by_its_critical_bit),
		TEST(what_only_the_server_may_say_must_be_zero),
		TEST(flags_stand_only_where_the_table_has_them),
		TEST(a_body_that_is_too_short_is_refused),
		TEST(every_error_has_its_sentence),
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
		TEST(the_small_frames_are_cut_into_their_fields),
		TEST(a_message_is_text),
		TEST(text_has_a_largest_size),
		TEST(what_is_about_a_message_names_it),
		TEST(attributes_have_their_sizes_and_places),
		TEST(unknown_attributes_are_skipped_unless_critical),
		TEST(attributes_that_do_not_fit_are_refused),
		TEST(a_picture_needs_no_words),
		TEST(a_message_in_pieces_is_the_same_message),
		TEST(what_is_offered_again_obeys_the_same_rules),
		TEST(a_stream_is_announced_with_all_that_is_known),
		TEST(a_stream_ends_with_its_size_or_a_reason),
		TEST(a_header_is_written_as_it_was_meant),
		TEST(a_list_ends_before_what_does_not_fit),
		TEST(an_error_carries_number_cause_wait_and_sentence),
		TEST(no_frame_is_written_over_its_buffer),
	};

	return RUN_TESTS(tests);
}
