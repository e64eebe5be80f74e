/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Discovery: the bytes of a question and of an answer, whatever carries them.
 * Pure; also compiles in user space, where it is tested and fuzzed.
 */
#ifndef _KCHAT_DISCOVER_H
#define _KCHAT_DISCOVER_H

#include <linux/types.h>

#include "frame.h"
#include "uapi/kchat.h"

/**
 * struct kchat_discover_facts - what an answer says
 * @server: UUID, 16 bytes
 * @community: UUID, 16 bytes
 * @name: of the server; cut at KCHAT_SERVER_NAME_MAX
 * @version: of the module; cut at KCHAT_DISCOVER_VERSION_MAX
 * @port: TCP port, host order
 * @flags: KCHAT_DISCOVER_OPEN, KCHAT_DISCOVER_INVITE
 * @load: thousandths
 * @people: present now
 * @rooms: now
 * @connections: now
 * @mac: 6 bytes, NULL: not over Ethernet
 * @link_local: 16 bytes, NULL: not over Ethernet
 */
struct kchat_discover_facts {
	const u8 *server;
	const u8 *community;
	struct kchat_text name;
	struct kchat_text version;
	u16 port;
	u16 flags;
	u16 load;
	u32 people;
	u32 rooms;
	u32 connections;
	const u8 *mac;
	const u8 *link_local;
};

#define KCHAT_DISCOVER_VERSION_MAX	32	/* bytes of the module's version */
#define KCHAT_DISCOVER_ANSWER_MAX						\
	(sizeof(struct kchat_discover_answer) + KCHAT_SERVER_NAME_MAX +		\
	 KCHAT_DISCOVER_VERSION_MAX)

/* Is this a question, and does it ask the server with this UUID, or everybody? */
bool kchat_discover_asks(const u8 *data, u32 len, const u8 *server);
/* Writes at most KCHAT_DISCOVER_ANSWER_MAX bytes and returns how many. */
u32 kchat_discover_answer(u8 *out, const u8 *question, const struct kchat_discover_facts *facts);

#endif /* _KCHAT_DISCOVER_H */
