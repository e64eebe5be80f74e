/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams between servers, one of each kind, for tests. */
#ifndef _PEERS_H
#define _PEERS_H

#include <linux/kernel.h>
#include <linux/string.h>

#include "peer_frame.h"
#include "test.h"

static const u8 ann[16] = { 0xa1 }, bob[16] = { 0xb0, 0xb }, secret[KCHAT_KEY_LEN] = { 5, 6, 7 };

static inline struct kchat_datagram datagram_of(u8 kind)
{
	return (struct kchat_datagram){
		.kind = kind,
		.sender = ann,
		.receiver = bob,
		.boot = 7,
		.counter = 8,
		.to_boot = 9,
		.epoch = 10,
		.mark = kind == KCHAT_D_LOAD ? 0 : 11,
		.load = { 12, 13, 14, KCHAT_LOAD_DRAINED },
		.flags = KCHAT_CLAIM_EXISTING,
		.name = { "harbour", 7 },
		.from = 15,
		.home = ann,
		.total = 2000,
		.offset = 1024,
		.error = KCHAT_E_RULES,
		.state = KCHAT_TAKEN_REFUSED,
		.data = (const u8 *)"a part of a room",
		.len = 16,
	};
}

#endif
