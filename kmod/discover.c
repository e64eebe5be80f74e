// SPDX-License-Identifier: GPL-2.0-only
#include "discover.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"

static bool all_zero(const u8 *data, u32 len)
{
	return !memchr_inv(data, 0, len);
}

/**
 * kchat_discover_asks - is this a question that we answer
 * @data: what came
 * @len: bytes of it
 * @server: our UUID
 *
 * Its length is fixed, and more than that of any answer: nobody gets more out
 * of us than they put in, whoever's address they write on it.
 *
 * Return: whether to answer
 */
bool kchat_discover_asks(const u8 *data, u32 len, const u8 *server)
{
	const struct kchat_discover_hdr *hdr = (const struct kchat_discover_hdr *)data;

	BUILD_BUG_ON(KCHAT_DISCOVER_ANSWER_MAX > KCHAT_DISCOVER_LEN);
	if (len != KCHAT_DISCOVER_LEN)
		return false;
	if (memcmp(hdr->magic, KCHAT_DISCOVER_MAGIC, sizeof(hdr->magic)) ||
	    hdr->version != KCHAT_DISCOVER_VERSION || hdr->kind != KCHAT_DISCOVER_QUESTION ||
	    hdr->reserved)
		return false;
	if (!all_zero(data + sizeof(*hdr), len - sizeof(*hdr)))
		return false;
	return all_zero(hdr->server, sizeof(hdr->server)) ||
	       !memcmp(hdr->server, server, sizeof(hdr->server));
}

static u8 put_text(u8 *out, const struct kchat_text *text, u32 most)
{
	u32 len = min_t(u32, text->len, most);

	memcpy(out, text->data, len);
	return len;
}

/**
 * kchat_discover_answer - the answer to a question
 * @out: room for KCHAT_DISCOVER_ANSWER_MAX bytes
 * @question: as kchat_discover_asks() has found it good
 * @facts: what to say
 *
 * Return: bytes written
 */
u32 kchat_discover_answer(u8 *out, const u8 *question, const struct kchat_discover_facts *facts)
{
	const struct kchat_discover_hdr *asked = (const struct kchat_discover_hdr *)question;
	struct kchat_discover_answer answer = {
		.hdr = {
			.magic = { 'k', 'c', 'h', 'd' },
			.version = KCHAT_DISCOVER_VERSION,
			.kind = KCHAT_DISCOVER_ANSWER,
		},
		.port = cpu_to_le16(facts->port),
		.flags = cpu_to_le16(facts->flags),
		.load = cpu_to_le16(facts->load),
		.people = cpu_to_le32(facts->people),
		.rooms = cpu_to_le32(facts->rooms),
		.connections = cpu_to_le32(facts->connections),
	};
	u8 *text = out + sizeof(answer);

	memcpy(answer.hdr.mark, asked->mark, sizeof(answer.hdr.mark));
	memcpy(answer.hdr.server, facts->server, sizeof(answer.hdr.server));
	memcpy(answer.community, facts->community, sizeof(answer.community));
	if (facts->mac)
		memcpy(answer.mac, facts->mac, sizeof(answer.mac));
	if (facts->link_local)
		memcpy(answer.link_local, facts->link_local, sizeof(answer.link_local));
	answer.name_len = put_text(text, &facts->name, KCHAT_SERVER_NAME_MAX);
	text += answer.name_len;
	answer.version_len = put_text(text, &facts->version, KCHAT_DISCOVER_VERSION_MAX);
	text += answer.version_len;
	memcpy(out, &answer, sizeof(answer));
	return text - out;
}
