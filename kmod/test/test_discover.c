// SPDX-License-Identifier: GPL-2.0-only
/* Discovery against wire/testdata/discover.hex: who is asked, and what is answered. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "discover.h"
#include "vectors.h"

static const u8 server[16] = {
	0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x43, 0x33,
	0x84, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55
};

static u8 question[KCHAT_DISCOVER_LEN];
static int questions, answers;

static void check_question(struct vector *v)
{
	static const u8 another[16] = { 1 };
	u8 asked[16];
	bool everybody;

	vector_bytes(v, "question.server", asked);
	everybody = !memchr_inv(asked, 0, sizeof(asked));
	CHECK(kchat_discover_asks(v->hex, v->hex_len, server));
	CHECK(kchat_discover_asks(v->hex, v->hex_len, another) == everybody);
	memcpy(question, v->hex, sizeof(question));
	questions++;
}

static void check_answer(struct vector *v)
{
	u8 out[KCHAT_DISCOVER_ANSWER_MAX], community[16], mac[8], link_local[16];
	char name[KCHAT_SERVER_NAME_MAX + 1] = {}, version[KCHAT_DISCOVER_VERSION_MAX + 1] = {};
	struct kchat_discover_facts facts = {
		.server = server,
		.community = community,
		.name = { name, vector_bytes(v, "answer.name", (u8 *)name) },
		.version = { version, vector_bytes(v, "answer.version", (u8 *)version) },
		.port = vector_number(v, "answer.port"),
		.flags = vector_number(v, "answer.flags"),
		.load = vector_number(v, "answer.load"),
		.people = vector_number(v, "answer.people"),
		.rooms = vector_number(v, "answer.rooms"),
		.connections = vector_number(v, "answer.connections"),
		.mac = mac,
		.link_local = link_local,
	};

	vector_bytes(v, "answer.community", community);
	vector_bytes(v, "answer.mac", mac);
	vector_bytes(v, "answer.link_local", link_local);
	CHECK_EQ(kchat_discover_answer(out, question, &facts), v->hex_len);
	CHECK(!memcmp(out, v->hex, v->hex_len));
	answers++;
}

static void check_vector(struct vector *v)
{
	if (!strcmp(vector_get(v, "kind"), "question"))
		check_question(v);
	else
		check_answer(v);
}

static void only_a_whole_question_is_answered(void)
{
	static u8 longer[2 * KCHAT_DISCOVER_LEN];
	u32 len;

	memcpy(longer, question, sizeof(question));
	for (len = 0; len < sizeof(longer); len++)
		CHECK(kchat_discover_asks(longer, len, server) == (len == KCHAT_DISCOVER_LEN));
}

static void every_changed_byte_but_mark_and_server_makes_it_no_question(void)
{
	u8 changed[KCHAT_DISCOVER_LEN];
	u32 at;

	for (at = 0; at < sizeof(changed); at++) {
		bool mark = at >= offsetof(struct kchat_discover_hdr, mark) &&
			    at < offsetof(struct kchat_discover_hdr, server);

		memcpy(changed, question, sizeof(changed));
		changed[at] ^= 0x80;
		CHECK(kchat_discover_asks(changed, sizeof(changed), server) == mark);
	}
}

static void an_answer_is_cut_at_its_limits_and_shorter_than_any_question(void)
{
	char endless[200];
	const struct kchat_discover_facts facts = {
		.server = server,
		.community = server,
		.name = { endless, sizeof(endless) },
		.version = { endless, sizeof(endless) },
	};
	u8 out[KCHAT_DISCOVER_ANSWER_MAX];

	memset(endless, 'x', sizeof(endless));
	CHECK_EQ(kchat_discover_answer(out, question, &facts), KCHAT_DISCOVER_ANSWER_MAX);
	CHECK(KCHAT_DISCOVER_ANSWER_MAX < KCHAT_DISCOVER_LEN);
}

static const struct test tests[] = {
	TEST(only_a_whole_question_is_answered),
	TEST(every_changed_byte_but_mark_and_server_makes_it_no_question),
	TEST(an_answer_is_cut_at_its_limits_and_shorter_than_any_question),
};

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	CHECK(vectors_read(argv[1], "discover", check_vector));
	CHECK(questions == 2 && answers == 2);
	return RUN_TESTS(tests);
}
