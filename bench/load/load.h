/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load generator: many connections of one thread, which say messages in
 * rooms and check each delivery. What differs between servers is a struct proto,
 * one file each; all else is the same for all of them.
 */
#ifndef _BENCH_LOAD_H
#define _BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A message begins with its number in the room, in these many characters. */
#define LABEL_LEN	8
#define SIZE_MIN	16
#define SIZE_MAX_MSG	16384
/* What a protocol may put before and behind the text of one message. */
#define FRAME_EXTRA	256

/**
 * struct options - what the command line says
 * @proto: whose language to speak
 * @addr: IPv4 address and port of the server
 * @members: who get each message of a room
 * @rooms: how many rooms
 * @size: bytes of a message's text
 * @outstanding: messages under way at most, all rooms together
 * @deliveries: at least so many are made; 0: none
 * @rate: deliveries per second; 0: as fast as @outstanding allows
 * @idle: seconds in which nothing is said, instead of @deliveries
 * @patience: seconds after which what has not come is lost
 * @login: login names are this and a number
 * @password: of all accounts
 * @now: run once, without waiting for orders
 */
struct options {
	const struct proto *proto;
	const char *addr;
	uint32_t members, rooms, size, outstanding;
	uint64_t deliveries, rate;
	uint32_t idle, patience;
	const char *login, *password;
	bool now;
};

extern struct options options;

/* A message under way. */
struct slot {
	uint64_t label;		/* the first LABEL_LEN bytes of its text */
	uint64_t at;		/* when it was to be said, ns */
	uint32_t left;		/* members it has not reached yet */
};

/**
 * struct room - a room and what is said in it
 * @number: from 0
 * @author: who speaks
 * @sent: messages said so far
 * @ring: those under way, by number and ring_mask
 * @frame: a message as the protocol sends it; the text begins at @text
 * @frame_len: its bytes
 * @text: offset
 * @head: what comes before the text of each delivery, where that is always the
 *	  same; see take_text()
 * @head_len: its bytes, 0: not known yet
 */
struct room {
	uint32_t number;
	struct conn *author;
	uint64_t sent;
	struct slot *ring;
	uint8_t *frame;
	uint32_t frame_len, text;
	uint8_t head[FRAME_EXTRA];
	uint32_t head_len;
};

/* How far a connection is. */
enum stage {
	STAGE_CONNECTING,
	STAGE_ENTERING,		/* logging in, joining; the protocol's own steps in @step */
	STAGE_IN,
	STAGE_GONE,
};

/**
 * struct conn - one connection
 * @fd: socket
 * @number: from 0
 * @stage: how far it is
 * @step: where the protocol is while entering
 * @member: gets what is said (an author outside of the room does not)
 * @message: what @skip counts is a message
 * @synced: has answered the last sync
 * @queued: is in the list of those to be flushed
 * @room: where it is
 * @next: number of the message that it has to get next
 * @skip: bytes of the message that is coming, still to come
 * @kept: the beginning of a frame that has not come whole
 * @kept_len: its bytes
 * @kept_size: how many there is room for
 * @out: bytes to be sent
 * @out_len: how many
 * @out_size: how many there is room for
 * @said: since the last tick something was sent
 * @silent: ticks in which nothing was sent
 * @own: what the protocol keeps
 */
struct conn {
	int fd;
	uint32_t number;
	enum stage stage;
	uint8_t step;
	bool member, message, synced, queued, said;
	struct room *room;
	uint64_t next;
	uint32_t skip;
	uint32_t silent;
	uint8_t *kept;
	uint32_t kept_len, kept_size;
	uint8_t *out;
	uint32_t out_len, out_size;
	union {
		struct {
			uint32_t room;
			uint64_t epoch, seq, stored;
			void *login;
		} kchat;
		uint32_t acks;
	} own;
};

/**
 * struct proto - a language
 * @name: as the option --proto has it
 * @size_max: bytes of a text at most
 * @author_apart: the server sends nobody their own messages (or an author cannot
 *		  be a member): rooms have an author beside their members
 * @open: connected: say the first words; NULL: nothing to say, it is in
 * @parse: take one frame, or the head of a message with take_text(); returns the
 *	   bytes taken, 0: it has not come whole
 * @sync: ask for something whose answer is the end of what was said before; the
 *	  answer is told by conn_synced()
 * @prepare: make @room's frame (with room for the text) when all are in
 * @stamp: optional: something beside the text differs from message to message
 * @tick: optional: once a second, as a real client does
 * @bye: optional: take leave
 */
struct proto {
	const char *name;
	uint32_t size_max;
	bool author_apart;
	void (*open)(struct conn *c);
	size_t (*parse)(struct conn *c, const uint8_t *data, size_t len);
	void (*sync)(struct conn *c);
	void (*prepare)(struct room *room);
	void (*stamp)(struct room *room);
	void (*tick)(struct conn *c);
	void (*bye)(struct conn *c);
};

extern const struct proto proto_kchat, proto_raw, proto_irc, proto_redis, proto_nats, proto_mqtt;

/* What came and went in this run. */
struct tally {
	uint64_t deliveries, bytes;
	uint64_t reports, pings;	/* sent, as real clients do */
	uint64_t passing;		/* received: presence, marks, answers to pings */
};

extern struct tally tally;

/* ---- main.c ---------------------------------------------------------- */

/* Something is wrong with the server, or with us: say what, and exit(1). */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
__attribute__((noreturn, format(printf, 2, 3))) void conn_die(struct conn *c, const char *format,
							      ...);
void *alloc(size_t size);	/* zeros, or die() */
uint64_t now_ns(void);

/* ---- conn.c ---------------------------------------------------------- */

#define TICKS	100	/* per second; each connection has its turn in one of them */

extern struct conn *conns;
extern uint32_t conn_count, conns_in, conns_synced;
extern bool conns_leaving;	/* who closes now may */
extern uint64_t came_at;	/* when the bytes came that are being taken; where latency counts */

void conns_open(int epoll);			/* those of all rooms; they connect bit by bit */
void conns_tick(void);				/* TICKS times a second */
void conns_leave(void);
void conn_event(struct conn *c, uint32_t events);
void conn_send(struct conn *c, const void *data, size_t len);	/* when the round is over */
__attribute__((format(printf, 2, 3))) void conn_say(struct conn *c, const char *format, ...);
void conn_is_in(struct conn *c);
void conn_synced(struct conn *c);
void conns_sync(void);
void conns_flush(void);				/* the end of a round */

/* ---- hist.c ---------------------------------------------------------- */

void hist_add(uint64_t ns);
void hist_clear(void);
uint64_t hist_at(double part);	/* 0.5: the median */
uint64_t hist_max(void);

/* ---- room.c ---------------------------------------------------------- */

extern struct room *rooms;
extern uint64_t under_way;	/* messages, all rooms together */
extern bool timed;		/* latency counts */
extern uint32_t ring_mask;

void rooms_open(void);
void room_say(struct room *room, uint64_t at);
void room_check_idle(void);	/* dies if something has been under way for too long */
__attribute__((noreturn)) void message_wrong(struct conn *c, uint64_t label, size_t size);

/*
 * What follows is done for each delivery, and so as short as can be: it is part
 * of what a delivery costs, clients included.
 */

/* The beginning of a delivery: its label, and how long the text is to be. What follows is c->skip bytes. */
static inline void message_begins(struct conn *c, const uint8_t *label, size_t size)
{
	struct room *room = c->room;
	uint64_t got;

	memcpy(&got, label, LABEL_LEN);
	if (__builtin_expect(c->next == room->sent || !c->member || size != options.size ||
			     got != room->ring[c->next & ring_mask].label, false))
		message_wrong(c, got, size);
	c->message = true;
}

/* All of it has come. */
static inline void message_came(struct conn *c)
{
	struct slot *slot = &c->room->ring[c->next++ & ring_mask];

	c->message = false;
	tally.deliveries++;
	if (timed)
		hist_add(came_at - slot->at);
	if (!--slot->left)
		under_way--;
}

/* Are the first @len bytes the same? Heads are short, and a call is not. */
static inline bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t x, y;

	for (; len >= sizeof(x); a += sizeof(x), b += sizeof(x), len -= sizeof(x)) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		if (x != y)
			return false;
	}
	while (len--) {
		if (*a++ != *b++)
			return false;
	}
	return true;
}

/*
 * A delivery of the kind "head, text, tail" with a head that is the same each
 * time, in room->head. Gives the bytes taken, 0 if there are too few to say, -1
 * if it is something else.
 */
static inline long take_text(struct conn *c, const uint8_t *data, size_t len, uint32_t tail)
{
	struct room *room = c->room;
	uint32_t head = room->head_len;

	if (!same(data, room->head, len < head ? len : head))
		return -1;
	if (len < head + LABEL_LEN)
		return 0;
	message_begins(c, data + head, options.size);
	c->skip = options.size - LABEL_LEN + tail;
	return head + LABEL_LEN;
}

/* ---- pace.c ---------------------------------------------------------- */

extern uint64_t said;		/* messages, of all runs */
extern uint64_t held;		/* of this run: that were due and had to wait for others */

/* A run begins. */
int pace_begin(void);		/* a timer that is readable when pace_due() is, -1: none */
void pace_fill(void);		/* say what may be said now */
void pace_due(void);
bool pace_done(void);

#endif /* _BENCH_LOAD_H */
