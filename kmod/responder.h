/* SPDX-License-Identifier: GPL-2.0-only */
/* Who asks what servers are here is answered: how often, and with what. */
#ifndef _KCHAT_RESPONDER_H
#define _KCHAT_RESPONDER_H

#include <linux/siphash.h>
#include <linux/types.h>

#include "limiter.h"

struct kchat_net;

/**
 * struct kchat_responder - how often we answer; one in each server
 * @key: secret of the hashes of addresses
 * @asked: what was answered lately, by address and in all
 */
struct kchat_responder {
	siphash_key_t key;
	struct kchat_limiter asked;
};

/**
 * struct kchat_asker - who asks
 * @address: what tells askers apart; those with the same one share a limit
 * @address_len: bytes of it
 * @mac: of our interface, 6 bytes, where the question came over Ethernet; else NULL
 * @link_local: IPv6 address of that interface, 16 bytes; NULL: none
 */
struct kchat_asker {
	const void *address;
	u32 address_len;
	const u8 *mac;
	const u8 *link_local;
};

void kchat_responder_init(struct kchat_responder *responder);

/*
 * Writes the answer to @question into @answer, which has room for
 * KCHAT_DISCOVER_ANSWER_MAX bytes. Returns its length, 0: say nothing.
 * Process context.
 */
u32 kchat_responder_answer(struct kchat_net *kn, const struct kchat_asker *asker,
			   const u8 *question, u32 len, u8 *answer);

/* Open connections in thousandths of what there may be. */
u16 kchat_responder_load(const struct kchat_net *kn);

#endif /* _KCHAT_RESPONDER_H */
