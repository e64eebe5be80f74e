// SPDX-License-Identifier: GPL-2.0-only
#include "responder.h"

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/string.h>

#include "discover.h"
#include "server.h"
#include "stats.h"

/* The answers to everybody together are counted under this key. */
#define KCHAT_EVERYBODY	1

void kchat_responder_init(struct kchat_responder *responder)
{
	get_random_bytes(&responder->key, sizeof(responder->key));
	kchat_limiter_init(&responder->asked);
}

/* May somebody have one of @per_second answers now? If so it is counted. */
static bool one_more(struct kchat_limiter *asked, u64 key, u32 per_second)
{
	/* The limiter's unit is ours to choose; in ms, 600 a second would be 1000. */
	u64 now = ktime_to_us(ktime_get());
	u32 period = USEC_PER_SEC / per_second;

	if (kchat_limiter_wait(asked, key, now, per_second, period))
		return false;
	kchat_limiter_fail(asked, key, now, period);
	return true;
}

static u16 registration(const struct kchat_net *kn)
{
	switch (kn->cfg.reg) {
	case KCHAT_REGISTER_OPEN:
		return KCHAT_DISCOVER_OPEN;
	case KCHAT_REGISTER_INVITE:
	case KCHAT_REGISTER_CODE:
		return KCHAT_DISCOVER_INVITE;
	default:
		return 0;
	}
}

u16 kchat_responder_load(const struct kchat_net *kn)
{
	u64 connections = atomic_read(&kn->nr_conns);

	return min_t(u64, div64_u64(connections * 1000, kchat_param(kn, KCHAT_P_connections)),
		     U16_MAX);
}

/**
 * kchat_responder_answer - answer a question, or not
 * @kn: the server
 * @asker: who asks
 * @question: what came, anything at all
 * @len: bytes of it
 * @answer: room for KCHAT_DISCOVER_ANSWER_MAX bytes
 *
 * Context: process
 * Return: bytes of the answer; 0 if there is none
 */
u32 kchat_responder_answer(struct kchat_net *kn, const struct kchat_asker *asker,
			   const u8 *question, u32 len, u8 *answer)
{
	struct kchat_responder *responder = &kn->responder;
	const struct kchat_discover_facts facts = {
		.server = kn->cfg.server_uuid,
		.community = kn->cfg.community_uuid,
		.name = { kn->cfg.name, strlen(kn->cfg.name) },
		.version = { KCHAT_MODULE_VERSION, strlen(KCHAT_MODULE_VERSION) },
		/* Whoever is on the same segment reaches us ourselves. */
		.port = asker->mac ? kn->cfg.port : kn->cfg.outer_port,
		.flags = registration(kn),
		.load = kchat_responder_load(kn),
		.people = atomic_read(&kn->nr_people),
		.rooms = atomic_read(&kn->nr_rooms),
		.connections = atomic_read(&kn->nr_conns),
		.mac = asker->mac,
		.link_local = asker->link_local,
	};
	u64 key;

	kchat_stat_inc(kn, KCHAT_C_QUESTIONS);
	if (!kchat_discover_asks(question, len, kn->cfg.server_uuid))
		return 0;
	key = siphash(asker->address, asker->address_len, &responder->key);
	/* Own limit first: who asks too much does not use up what others may have. */
	if (!one_more(&responder->asked, key, kchat_param(kn, KCHAT_P_answers_address)) ||
	    !one_more(&responder->asked, KCHAT_EVERYBODY, kchat_param(kn, KCHAT_P_answers)))
		return 0;
	kchat_stat_inc(kn, KCHAT_C_ANSWERS);
	return kchat_discover_answer(answer, question, &facts);
}
