/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kchat-twin: the module's protocol and its room log in a process of one thread. It is
 * what kchat would be outside of the kernel, and stands beside it in the benchmarks.
 * Frames, texts and the login are the module's own files (kmod/frame.h, kmod/scram.h).
 */
#ifndef _TWIN_H
#define _TWIN_H

#include <linux/list.h>
#include <linux/types.h>

#include "accounts.h"
#include "frame.h"
#include "log.h"
#include "param.h"
#include "scram.h"

#define TWIN_SCRATCH		(64 * 1024)
#define TWIN_TICK_MS		250
#define TWIN_FLUSH_BYTES	(128 * 1024)	/* appended, before what is new is sent */
#define TWIN_BUSY_MS		500		/* what BUSY asks to wait */
#define TWIN_BUCKETS		4096

/**
 * struct twin_seat - a session's place in a room
 * @person: whose it is
 * @session: whose it is
 * @room: in which
 * @by_person: in person->seats
 * @by_session: in session->seats
 * @member: the connection that listens, or NULL
 * @live: it is present: it has a member that is not silent
 * @away: its session says that it is
 * @stored: up to where it has said STORED
 * @stored_at: ms
 */
struct twin_seat {
	struct twin_person *person;
	struct twin_session *session;
	struct twin_room *room;
	struct list_head by_person;
	struct list_head by_session;
	struct twin_member *member;
	bool live;
	bool away;
	u64 stored;
	u64 stored_at;
};

/**
 * struct twin_person - somebody on a room's roster
 * @node: in room->people
 * @account: who
 * @seats: at least one
 * @nr_live: of them that are live: present if not 0
 * @nr_away: of the live ones those that are away
 * @counts: makes others not alone
 * @entry_len: of @entry
 * @entry: of ROSTER, true at any time
 */
struct twin_person {
	struct list_head node;
	struct twin_account *account;
	struct list_head seats;
	u32 nr_live;
	u32 nr_away;
	bool counts;
	u8 entry_len;
	u8 entry[];
};

/**
 * struct twin_member - a connection in a room: a position in its log
 * @conn: whose
 * @room: in which
 * @by_room: in room->members
 * @by_conn: in conn->members
 * @seat: of the session, or NULL
 * @pos: up to where it has been sent, always between two frames
 * @seq: the sequence there
 * @stop: where a frame of its own comes before the log goes on
 * @live_at: there LIVE, until @live
 * @part_at: there PARTED, if @parting
 * @live: LIVE has been said
 * @parting: PART has come
 * @part_id: mark of it
 */
struct twin_member {
	struct twin_conn *conn;
	struct twin_room *room;
	struct list_head by_room;
	struct list_head by_conn;
	struct twin_seat *seat;
	u64 pos;
	u64 seq;
	u64 stop;
	u64 live_at;
	u64 part_at;
	bool live;
	bool parting;
	u8 part_id[16];
};

/**
 * struct twin_room - a room
 * @node: in twin.rooms
 * @by_name: the next one with this hash of its name
 * @dirty: in twin.dirty while @is_dirty
 * @people: struct twin_person.node
 * @members: struct twin_member.by_room
 * @log: what is said
 * @number: server-wide
 * @flags: KCHAT_ROOM_*
 * @backlog: messages a newcomer sees
 * @is_dirty: the log has grown since it was sent
 * @stored_changed: DELIVERED is due
 * @delivered_at: ms
 * @idle_since: ms
 * @epoch: of the room
 * @time: of the last frame
 * @created: us
 * @nr_people: on the roster
 * @nr_counting: of them those that are present and count
 * @topic_len: bytes of @topic
 * @name_len: bytes of @name
 */
struct twin_room {
	struct list_head node;
	struct twin_room *by_name;
	struct list_head dirty;
	struct list_head people;
	struct list_head members;
	struct twin_log log;
	u32 number;
	u32 flags;
	u16 backlog;
	bool is_dirty;
	bool stored_changed;
	u64 delivered_at;
	u64 idle_since;
	u64 epoch;
	u64 time;
	u64 created;
	u32 nr_people;
	u32 nr_counting;
	u16 topic_len;
	u16 name_len;
	char name[KCHAT_ROOM_NAME_MAX];
	char topic[KCHAT_TOPIC_MAX];
};

/**
 * struct twin_session - a login, which outlives its connection
 * @node: in twin.sessions while it has no connection
 * @by_number: the next one with this hash of its number
 * @link: in account->sessions
 * @number: of RESUME
 * @account: whose
 * @conn: or NULL
 * @seats: struct twin_seat.by_session
 * @key: the session key
 * @away: it says that it is
 * @lost_at: ms; without a connection: when it leaves its rooms
 * @expires_at: ms; when it ends then
 */
struct twin_session {
	struct list_head node;
	struct twin_session *by_number;
	struct list_head link;
	u64 number;
	struct twin_account *account;
	struct twin_conn *conn;
	struct list_head seats;
	u8 key[KCHAT_KEY_LEN];
	bool away;
	u64 lost_at;
	u64 expires_at;
};

/**
 * struct twin_login - between AUTH and PROOF
 * @scram: the exchange
 * @account: whose name was given; NULL if there is none
 */
struct twin_login {
	struct kchat_scram scram;
	const struct twin_account *account;
};

/**
 * struct twin_conn - a connection
 * @node: in twin.conns
 * @queue: in twin.again or twin.dead, or in none
 * @members: the rooms it is in, those that it talks in first
 * @session: whose it is, or NULL
 * @login: under way, or NULL
 * @fd: socket
 * @state: enum kchat_conn_state
 * @refused: logins that were
 * @closing: no more input is taken; it is closed when all is sent and read
 * @shut: its sending direction has ended
 * @blocked: the socket takes nothing more now
 * @stopped: input waits until answers are read
 * @silent: the others see it as reconnecting
 * @ended: the peer has ended its side, or the connection is broken
 * @dead: in twin.dead
 * @again: in twin.again
 * @nr_members: of @members
 * @skip: bytes of input that nobody wants
 * @hold: input that is left over: part of a frame, or what waits
 * @hold_len: bytes of it
 * @hold_size: bytes there is room for
 * @out: answers to be sent
 * @out_off: bytes of them that are sent
 * @out_len: bytes of them
 * @out_size: bytes there is room for
 * @seg: of the frame of a log that is half sent, with a reference, or NULL
 * @seg_off: what is still to be sent begins here
 * @seg_end: and ends here
 * @since: ms; when it came; of a closing one: when it is given up
 * @heard: ms
 * @stalled: ms; when the socket last took something
 * @nonce: from WELCOME
 */
struct twin_conn {
	struct list_head node;
	struct list_head queue;
	struct list_head members;
	struct twin_session *session;
	struct twin_login *login;
	int fd;
	u8 state;
	u8 refused;
	bool closing : 1;
	bool shut : 1;
	bool blocked : 1;
	bool stopped : 1;
	bool silent : 1;
	bool ended : 1;
	bool dead : 1;
	bool again : 1;
	u32 nr_members;
	u32 skip;
	u8 *hold;
	u32 hold_len;
	u32 hold_size;
	u8 *out;
	u32 out_off;
	u32 out_len;
	u32 out_size;
	struct twin_seg *seg;
	u64 seg_off;
	u64 seg_end;
	u64 since;
	u64 heard;
	u64 stalled;
	u8 nonce[KCHAT_NONCE_LEN];
};

/**
 * struct twin - the server
 * @epoll: what the loop waits for
 * @listener: socket
 * @accounts: who there is
 * @generation: upper half of epochs and of sessions' numbers: larger at each start
 * @next_epoch: lower half of the next one
 * @next_session: the same
 * @next_room: number of the next one
 * @now: ms, monotonic, of this turn of the loop
 * @time: us since 1970, of this turn
 * @conns: struct twin_conn.node
 * @nr_conns: of them
 * @again: connections with more input than one turn takes
 * @dead: connections to be freed at the end of the turn
 * @sessions: those without a connection
 * @session_numbers: all of them
 * @rooms: struct twin_room.node
 * @room_names: by name
 * @nr_rooms: of them
 * @dirty: rooms whose log has grown
 * @appended: bytes since they were sent
 * @scratch: to receive into
 */
struct twin {
	int epoll;
	int listener;
	struct twin_accounts accounts;
	u32 generation;
	u32 next_epoch;
	u32 next_session;
	u32 next_room;
	u64 now;
	u64 time;
	struct list_head conns;
	u32 nr_conns;
	struct list_head again;
	struct list_head dead;
	struct list_head sessions;
	struct twin_session *session_numbers[TWIN_BUCKETS];
	struct list_head rooms;
	struct twin_room *room_names[TWIN_BUCKETS];
	u32 nr_rooms;
	struct list_head dirty;
	u32 appended;
	u8 scratch[TWIN_SCRATCH];
};

/* There is one server in the process. */
extern struct twin twin;

/* The module's limits, by its names and with its bounds. */
extern u64 twin_params[KCHAT_PARAM_COUNT];
#define twin_param(name)	(twin_params[KCHAT_P_##name])

/* NULL, or what is wrong with "name=value". */
const char *twin_param_set(const char *text);

/* ---- loop.c ------------------------------------------------------------ */

/* Serves until the process ends. False: errno says what the system refused. */
bool twin_loop(void);

/* ---- conn.c, receive.c, send.c ------------------------------------------ */

void twin_conn_accept(int fd);
/* Events of epoll. */
void twin_conn_event(struct twin_conn *conn, u32 events);
/* At the end of a turn: it is freed. */
void twin_conn_free(struct twin_conn *conn);
void twin_conn_tick(struct twin_conn *conn);
/* ERROR with LAST, unless @error is NONE; then the end. */
void twin_conn_close(struct twin_conn *conn, enum kchat_error error, u16 cause,
		     const struct kchat_head *head);
/* It is of no use any more: freed at the end of the turn. */
void twin_conn_kill(struct twin_conn *conn);

/* Takes input, as much as one turn may; later turns take the rest. */
void twin_conn_receive(struct twin_conn *conn);

/* Room for a frame of @size bytes among the answers; NULL: the connection is dead. */
u8 *twin_reply_begin(struct twin_conn *conn, u32 size);
/* So many of them were written. */
void twin_reply_end(struct twin_conn *conn, u32 len);
void twin_reply(struct twin_conn *conn, u16 type, const struct kchat_head *head,
		const void *body, u32 len);
/* To a request: the same room and id. */
void twin_answer(struct twin_conn *conn, const struct kchat_hdr *hdr, u16 type,
		 const void *body, u32 len);
void twin_answer_error(struct twin_conn *conn, const struct kchat_hdr *hdr,
		       enum kchat_error error, u32 wait_ms);
/* Sends what there is: the frame in progress, answers, rooms. */
void twin_conn_send(struct twin_conn *conn);
/* Sends what is new to the members of all rooms that have grown. */
void twin_rooms_send(void);
/* LIVE, if all that was said before it came has been sent. */
void twin_member_live(struct twin_member *member);
/* What is to be done with the head and the rest of it: where @pos has to stop. */
void twin_member_set_stop(struct twin_member *member);
void twin_member_free(struct twin_member *member);

/* ---- dispatch.c, login.c ------------------------------------------------ */

/* A frame that kchat_frame_check() allows. */
void twin_dispatch(struct twin_conn *conn, const struct kchat_rule *rule,
		   const struct kchat_hdr *hdr, const u8 *body, u32 len);

void twin_hello(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len);
void twin_auth(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len);
void twin_proof(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len);
void twin_resume(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len);

/* ---- session.c ---------------------------------------------------------- */

struct twin_session *twin_session_begin(struct twin_conn *conn, struct twin_account *account,
					const u8 *key, enum kchat_error *error);
struct twin_session *twin_session_find(u64 number);
/* @conn takes over, from whatever connection there was. */
void twin_session_attach(struct twin_session *session, struct twin_conn *conn);
/* Its connection is gone. */
void twin_session_detach(struct twin_session *session);
void twin_session_end(struct twin_session *session, enum kchat_person_state state);
void twin_session_leave_rooms(struct twin_session *session, enum kchat_person_state state);
void twin_session_silence(struct twin_session *session, bool silent);
void twin_session_away(struct twin_session *session, bool away);
void twin_sessions_tick(void);

/* ---- room.c, presence.c -------------------------------------------------- */

void twin_join(struct twin_conn *conn, const struct kchat_hdr *hdr,
	       const struct kchat_join *join);
void twin_part(struct twin_conn *conn, const struct kchat_hdr *hdr);
/* A frame for the people of a room. @topic: of TOPIC. */
void twin_say(struct twin_conn *conn, const struct kchat_rule *rule,
	      const struct kchat_hdr *hdr, const u8 *body, u32 len,
	      const struct kchat_talk *topic);
void twin_stored(struct twin_conn *conn, const struct kchat_hdr *hdr,
		 const struct kchat_stored *stored);
void twin_rooms_tick(void);
/* A passing frame of the server's own. False: there is no memory. */
bool twin_room_append(struct twin_room *room, struct kchat_hdr *hdr, const void *body, u32 len);

u8 twin_person_state(const struct twin_person *person);
/* Something has changed that its entry says. */
void twin_person_update(struct twin_person *person);
struct twin_person *twin_room_person(const struct twin_room *room,
				     const struct twin_account *account);
bool twin_room_others(const struct twin_room *room, const struct twin_person *person);
void twin_seat_set_live(struct twin_seat *seat, bool live);
void twin_seat_set_away(struct twin_seat *seat, bool away);
/* Gives up the seat; gives where what it gets of the log ends. */
u64 twin_seat_leave(struct twin_seat *seat, enum kchat_person_state state);
/* DELIVERED: how far those present have stored. */
void twin_room_deliver(struct twin_room *room);

#endif /* _TWIN_H */
