/* SPDX-License-Identifier: GPL-2.0-only */
/* Homes of rooms, as home.c, home_ask.c and home_peer.c see them. All under kchat_peers.lock. */
#ifndef _KCHAT_HOME_INNER_H
#define _KCHAT_HOME_INNER_H

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/string.h>

#include "peer.h"
#include "room.h"

/* What a question comes to: the index of a peer, or one of these. */
enum {
	KCHAT_HOME_HERE	= -1,
	KCHAT_HOME_NOWHERE	= -2,
	KCHAT_HOME_STOPPED	= -3,
};

/**
 * struct kchat_waiting - who waits for an answer: a JOIN, a file, or another server
 * @node: in question.waiting
 * @conn: whose JOIN, referenced, else NULL
 * @request: the JOIN, which is handled once more when the room is to be here
 * @file: a file waits for this
 * @index: of the peer that asks, if neither of them is there
 * @mark: of its question
 * @existing: the room is not to be made
 */
struct kchat_waiting {
	struct list_head node;
	struct kchat_conn *conn;
	struct kchat_ctl *request;
	struct kchat_file_waiting *file;
	u32 index;
	u64 mark;
	bool existing;
};

struct kchat_file_waiting {
	struct completion done;
	int home;
};

/**
 * struct kchat_question - the home of a room is being asked for
 * @node: in kchat_peers.questions
 * @mark: of our datagrams
 * @name: of the room
 * @name_len: bytes of it
 * @registrar: we decide
 * @comes: index of the peer from which the room comes, or -1: it alone is asked
 * @asked: by index: who has not answered yet
 * @again: jiffies when they are asked again
 * @deadline: jiffies when it is decided without them
 * @waiting: struct kchat_waiting.node, at least one
 */
struct kchat_question {
	struct list_head node;
	u64 mark;
	char name[KCHAT_ROOM_NAME_MAX];
	u32 name_len;
	bool registrar;
	int comes;
	DECLARE_BITMAP(asked, KCHAT_PEERS_MAX);
	unsigned long again;
	unsigned long deadline;
	struct list_head waiting;
};

static inline bool kchat_same_name(const char *name, u32 len, const struct kchat_text *other)
{
	return len == other->len && !memcmp(name, other->data, len);
}

static inline struct kchat_text kchat_question_name(const struct kchat_question *question)
{
	return (struct kchat_text){ question->name, question->name_len };
}

/* The peer at @index. */
static inline bool kchat_home_live(const struct kchat_peers *peers, u32 index)
{
	return index < KCHAT_PEERS_MAX && peers->list[index] && peers->list[index]->live;
}

/* Does somebody wait who wants the room made? */
static inline bool kchat_question_wants_room(const struct kchat_question *question)
{
	const struct kchat_waiting *waiting;

	list_for_each_entry(waiting, &question->waiting, node)
		if (!waiting->existing)
			return true;
	return false;
}

/* ---- home.c ---------------------------------------------------------------- */

void kchat_gifts_init(struct kchat_peers *peers);
void kchat_gifts_free(struct kchat_peers *peers);
/* The room was given to the server @uuid; without memory for that who asks next is told anew. */
void kchat_gift_add(struct kchat_peers *peers, const struct kchat_text *name, const u8 *uuid);
void kchat_gifts_expire(struct kchat_peers *peers);
/* Who decides about a name: the index of a peer, or KCHAT_HOME_HERE. */
int kchat_home_registrar(const struct kchat_peers *peers, const struct kchat_text *name);
/* Who gets a room that nobody has, so far as we know in this moment. */
int kchat_home_new(struct kchat_peers *peers, const struct kchat_text *name);
/* Of a UUID that another server names. KCHAT_HOME_NOWHERE: nobody we know, or can reach. */
int kchat_home_of(const struct kchat_peers *peers, const u8 *uuid);
/* What we know without asking. KCHAT_HOME_NOWHERE: nothing. */
int kchat_home_known(struct kchat_peers *peers, const struct kchat_text *name);
const u8 *kchat_home_uuid(const struct kchat_peers *peers, int home);

/* ---- home_ask.c -------------------------------------------------------------- */

/* Tells the peer at @index where a room is. */
void kchat_home_tell(struct kchat_peers *peers, u8 kind, u32 index, u64 mark, int home);
void kchat_waiting_free(struct kchat_peers *peers, struct kchat_waiting *waiting);
struct kchat_question *kchat_question_find(struct kchat_peers *peers,
					   const struct kchat_text *name);
/* All who wait are told, and the question is gone. */
void kchat_question_end(struct kchat_peers *peers, struct kchat_question *question, int home);
void kchat_question_free(struct kchat_question *question);
/* Asks who is to be asked; ends the question if the answer is known. */
void kchat_question_go(struct kchat_peers *peers, struct kchat_question *question);
/* Asks those who have not answered. */
void kchat_question_say(struct kchat_peers *peers, struct kchat_question *question);
/* Nobody has it, as far as can be known. Ends the question. */
void kchat_question_decide(struct kchat_peers *peers, struct kchat_question *question);
/* May one more wait? @conn: for a JOIN of its, or NULL. */
enum kchat_error kchat_home_may_wait(struct kchat_peers *peers, const struct kchat_conn *conn);
/* Takes over @waiting in every case. */
enum kchat_error kchat_home_wait(struct kchat_peers *peers, const struct kchat_text *name,
				 struct kchat_waiting *waiting);

#endif /* _KCHAT_HOME_INNER_H */
