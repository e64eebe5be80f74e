// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as what a client sends: a state, then a header, then a body. What
 * must hold is said by abort(); what must not be touched by the sanitizers.
 */
#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "anybody.h"
#include "test.h"
#include "utf8.h"

/* The same talk in pieces cut anywhere behind its head must be judged the same. */
static void check_pieces(u16 type, const u8 *body, u32 len, u32 cut, enum kchat_error want)
{
	struct kchat_talk talk;
	struct kvec vec[2];

	if (len <= KCHAT_TALK_HEAD)
		return;
	cut = KCHAT_TALK_HEAD + cut % (len - KCHAT_TALK_HEAD);
	vec[0].iov_base = malloc(cut);
	vec[0].iov_len = cut;
	vec[1].iov_base = malloc(len - cut);
	vec[1].iov_len = len - cut;
	memcpy(vec[0].iov_base, body, cut);
	memcpy(vec[1].iov_base, body + cut, len - cut);
	CHECK(kchat_frame_parse_talk(type, vec, 2, &talk) == want);
	free(vec[0].iov_base);
	free(vec[1].iov_base);
}

static void check_talk(u16 type, const u8 *body, u32 len)
{
	struct kvec vec = { (void *)body, len };
	struct kchat_utf8 check = {};
	enum kchat_error error;
	struct kchat_talk talk;

	error = kchat_frame_parse_talk(type, &vec, 1, &talk);
	check_pieces(type, body, len, body[0], error);
	if (error)
		return;
	CHECK(8 + talk.attrs_len + talk.text_len == len);
	CHECK(!talk.target || (talk.target >= body + 12 && talk.target + 16 <= body + 8 + talk.attrs_len));
	kchat_utf8_feed(&check, body + len - talk.text_len, talk.text_len);
	CHECK(kchat_utf8_ok(&check) && !check.control);
}

static void check_join(const u8 *body, u32 len)
{
	struct kchat_join join;

	if (kchat_frame_parse_join(body, len, &join))
		return;
	CHECK(join.name.len >= 1 && join.name.len <= KCHAT_ROOM_NAME_MAX);
	CHECK((join.name.data[0] == '@') == (join.direct[0] != 0));
	CHECK(join.direct[0] <= join.direct[1]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kchat_verdict verdict;
	struct kchat_hdr hdr;
	u8 *body;
	u16 type;

	if (size < 1 + KCHAT_HDR_LEN)
		return 0;
	memcpy(&hdr, data + 1, sizeof(hdr));
	data += 1 + KCHAT_HDR_LEN;
	size -= 1 + KCHAT_HDR_LEN;
	/* The length is what is there, unless the first byte asks for the one in the header. */
	if (!(data[-1 - KCHAT_HDR_LEN] & 0x80))
		hdr.length = cpu_to_le32(KCHAT_LENGTH_MIN + size);
	kchat_frame_check(&hdr, (data[-1 - KCHAT_HDR_LEN] & 0x7f) % (KCHAT_CONN_MEDIA + 1), &verdict);
	CHECK(kchat_frame_sentence(verdict.error));
	if (verdict.fatal) {
		CHECK(verdict.error == KCHAT_E_BAD_FRAME || verdict.error == KCHAT_E_TOO_LONG);
		return 0;
	}
	CHECK(verdict.body_len <= KCHAT_UNKNOWN_MAX);
	if (!verdict.rule || verdict.error || verdict.body_len != size)
		return 0;
	type = verdict.rule->type;
	CHECK(size >= verdict.rule->body_min && size <= verdict.rule->body_max);
	body = malloc(size + 1);
	memcpy(body + 1, data, size);
	parse_any(type, body + 1, size);
	if (verdict.rule->kind & KCHAT_RULE_LASTING)
		check_talk(type, body + 1, size);
	if (type == KCHAT_T_JOIN)
		check_join(body + 1, size);
	free(body);
	return 0;
}
