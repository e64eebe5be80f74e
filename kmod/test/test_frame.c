// SPDX-License-Identifier: GPL-2.0-only
/* The header of a frame, and frames that are written. */
#include "frame.h"

#include <linux/kernel.h>

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
	CHECK_EQ(v.rule->kind, KCHAT_RULE_ROOM | KCHAT_RULE_RELAYED | KCHAT_RULE_SPEECH |
				KCHAT_RULE_LASTING);
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
		TEST(a_header_is_written_as_it_was_meant),
		TEST(a_list_ends_before_what_does_not_fit),
		TEST(an_error_carries_number_cause_wait_and_sentence),
		TEST(no_frame_is_written_over_its_buffer),
	};

	return RUN_TESTS(tests);
}
