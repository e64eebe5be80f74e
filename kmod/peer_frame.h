/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the servers of a community say to each other: the bytes of a datagram, and
 * of a room on its way. Pure; also compiles in user space, where it is tested and
 * fuzzed. docs/protocol.md, section 14.
 */
#ifndef _KCHAT_PEER_FRAME_H
#define _KCHAT_PEER_FRAME_H

#include <linux/types.h>

#include "frame.h"
#include "uapi/kchat.h"

enum kchat_datagram_kind {
	KCHAT_D_LOAD	= KCHAT_DISCOVER_PEER,	/* I am here, and so busy */
	KCHAT_D_WHERE	= 17,	/* do you have this room */
	KCHAT_D_HERE	= 18,	/* its home, as far as I know */
	KCHAT_D_CLAIM	= 19,	/* where is this room to be */
	KCHAT_D_GIVE	= 20,	/* there */
	KCHAT_D_MOVE	= 21,	/* a part of a room that is to come to you */
	KCHAT_D_DONE	= 22,	/* it is yours now */
	KCHAT_D_TAKEN	= 23,	/* so much of it is here */
	KCHAT_D_INVITE	= 24,	/* somebody of yours, perhaps, into a room here */
};

/* In LOAD, HERE and GIVE. */
#define KCHAT_LOAD_DRAINED	0x0001	/* takes no rooms */
#define KCHAT_LOAD_LEAVING	0x0002	/* stops in this moment */
/* In CLAIM. */
#define KCHAT_CLAIM_EXISTING	0x0001	/* it is not to be made */

enum kchat_taken_state {
	KCHAT_TAKEN_PART	= 0,	/* bytes up to the offset are there */
	KCHAT_TAKEN_WHOLE	= 1,	/* all of them, and they are a room */
	KCHAT_TAKEN_DONE	= 2,	/* its home is here */
	KCHAT_TAKEN_REFUSED	= 3,	/* see the error */
};

/**
 * struct kchat_load - how busy a server is
 * @load: open connections in thousandths of what there may be
 * @people: present
 * @rooms: that it has
 * @flags: KCHAT_LOAD_*
 */
struct kchat_load {
	u32 load;
	u32 people;
	u32 rooms;
	u32 flags;
};

/**
 * struct kchat_datagram - a datagram
 * @kind: enum kchat_datagram_kind
 * @sender: UUID, 16 bytes
 * @receiver: UUID, 16 bytes
 * @boot: generation of the sender
 * @counter: larger than that of any before it of this generation
 * @to_boot: generation of the receiver as the sender knows it, 0: not at all
 * @epoch: the highest one that the sender has given out or seen
 * @mark: all but LOAD: of the question, or of the move; INVITE: the account invited
 * @load: LOAD, HERE, GIVE
 * @flags: CLAIM: KCHAT_CLAIM_*; INVITE: KCHAT_ROOM_*
 * @name: WHERE, CLAIM, INVITE: of the room
 * @from: INVITE: account of who invites
 * @home: HERE, GIVE: UUID, 16 bytes; zeros: nowhere
 * @total: MOVE: bytes of the whole room
 * @offset: MOVE, TAKEN: of this part; bytes that are there
 * @error: TAKEN: enum kchat_error, why it is refused
 * @state: TAKEN: enum kchat_taken_state
 * @data: MOVE: the part
 * @len: of @data
 */
struct kchat_datagram {
	u8 kind;
	const u8 *sender;
	const u8 *receiver;
	u64 boot;
	u64 counter;
	u64 to_boot;
	u64 epoch;
	u64 mark;
	struct kchat_load load;
	u32 flags;
	struct kchat_text name;
	u64 from;
	const u8 *home;
	u32 total;
	u32 offset;
	u16 error;
	u8 state;
	const u8 *data;
	u32 len;
};

#define KCHAT_DATAGRAM_HEAD	72
#define KCHAT_DATAGRAM_MIN	(KCHAT_DATAGRAM_HEAD + KCHAT_KEY_LEN)
#define KCHAT_MOVE_PART		1024	/* bytes of a room in one datagram */

/* Is it one, by its head alone; @out gets what that says. */
bool kchat_datagram_head(const u8 *data, u32 len, struct kchat_datagram *out);
/* Has it been written by somebody who knows the secret? Takes constant time. */
bool kchat_datagram_proven(const u8 *data, u32 len, const u8 *secret);
/* The whole of it; nothing is believed before kchat_datagram_proven(). */
bool kchat_datagram_parse(const u8 *data, u32 len, struct kchat_datagram *out);
/* Writes at most KCHAT_DISCOVER_PEER_MAX bytes, signed, and returns how many. */
u32 kchat_datagram_build(u8 *out, const struct kchat_datagram *datagram, const u8 *secret);

/* ---- a room on its way ------------------------------------------------- */

/**
 * struct kchat_record - what a room takes along to another home
 * @flags: KCHAT_ROOM_*
 * @backlog: messages a newcomer sees
 * @name: of the room
 * @topic: or nothing
 * @epoch: the one that it had
 * @created: microseconds since 1970
 * @owner: account, 0: none
 * @maker: account that made it, or that registered it
 * @key: of the password, masked by kchat_record_mask()
 * @nr_standings: how many follow
 * @standings: KCHAT_STANDING_LEN bytes each
 */
struct kchat_record {
	u32 flags;
	u16 backlog;
	struct kchat_text name;
	struct kchat_text topic;
	u64 epoch;
	u64 created;
	u64 owner;
	u64 maker;
	const u8 *key;
	u32 nr_standings;
	const u8 *standings;
};

/**
 * struct kchat_standing_entry - what a room remembers about an account
 */
struct kchat_standing_entry {
	u64 account;
	u32 flags;
	u64 banned_until;
	u64 muted_until;
	u64 invited_until;
};

#define KCHAT_RECORD_FIXED	80
#define KCHAT_STANDING_LEN	40
#define KCHAT_RECORD_SIZE(standings)						\
	(KCHAT_RECORD_FIXED + KCHAT_ROOM_NAME_MAX + KCHAT_TOPIC_MAX +		\
	 (standings) * KCHAT_STANDING_LEN)

/* Without standings, for which there is room behind it. Gives the bytes. */
u32 kchat_record_build(u8 *out, const struct kchat_record *record);
void kchat_standing_build(u8 *out, const struct kchat_standing_entry *entry);
/* False: this is no room, or none that can be. */
bool kchat_record_parse(const u8 *data, u32 len, struct kchat_record *out);
/* False: nothing that a room can remember. */
bool kchat_standing_parse(const u8 *data, struct kchat_standing_entry *out);
/* What covers the key of a room's password in a move: for both sides, 32 bytes. */
void kchat_record_mask(const u8 *secret, const struct kchat_datagram *datagram,
		       u8 mask[KCHAT_KEY_LEN]);

#endif /* _KCHAT_PEER_FRAME_H */
