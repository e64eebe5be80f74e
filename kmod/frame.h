/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames of docs/protocol.md: what may come, what it says, how replies are
 * written. Everything here is pure: no locks, no allocation, no global state
 * that changes. It also compiles in user space, where it is tested and fuzzed.
 */
#ifndef _KCHAT_FRAME_H
#define _KCHAT_FRAME_H

#include <linux/types.h>
#include <linux/uio.h>

#include "uapi/kchat.h"

/* ---- what a client may send ------------------------------------------ */

enum kchat_conn_state {
	KCHAT_CONN_NEW,
	KCHAT_CONN_GREETED,
	KCHAT_CONN_CHALLENGED,
	KCHAT_CONN_OPEN,
	KCHAT_CONN_MEDIA,
};

#define KCHAT_RULE_ROOM		0x01	/* the header names a room one must be in */
#define KCHAT_RULE_RELAYED	0x02	/* goes to the people of the room: the rule of ALONE */
#define KCHAT_RULE_LASTING	0x04	/* takes a sequence number */
#define KCHAT_RULE_SPEECH	0x08	/* not for those who are muted */

#define KCHAT_BODY_MAX		17456	/* the largest body either side sends */
#define KCHAT_UNKNOWN_MAX	65536	/* the largest body of a type we do not know */

/**
 * struct kchat_rule - what a type of frame must be like when a client sends it
 * @name: as in the protocol
 * @type: enum kchat_type
 * @flags: KCHAT_F_* that are allowed
 * @body_min: bytes
 * @body_max: bytes
 * @states: one bit for each enum kchat_conn_state in which it may come; 0 for
 *	frames that only a server sends
 * @kind: KCHAT_RULE_*
 */
struct kchat_rule {
	const char *name;
	u16 type;
	u16 flags;
	u16 body_min;
	u16 body_max;
	u8 states;
	u8 kind;
};

const struct kchat_rule *kchat_frame_rule(u16 type);

/**
 * struct kchat_verdict - what to do with a frame of which only the header is here
 * @rule: the rule of its type, NULL if the type is unknown
 * @body_len: bytes that follow the header; defined unless @fatal
 * @error: what to answer
 * @fatal: nothing that follows can be trusted: answer with KCHAT_F_LAST, close
 *
 * Neither error nor rule: read over the body and say nothing. An error that is
 * not fatal: read over the body, then answer. No error: take the body, handle it.
 */
struct kchat_verdict {
	const struct kchat_rule *rule;
	u32 body_len;
	enum kchat_error error;
	bool fatal;
};

void kchat_frame_check(const struct kchat_hdr *hdr, enum kchat_conn_state state,
		       struct kchat_verdict *verdict);
const char *kchat_frame_sentence(enum kchat_error error);

/* ---- reading --------------------------------------------------------- */

/* Text inside of a frame: not terminated, and valid as long as the frame is. */
struct kchat_text {
	const char *data;
	u32 len;
};

struct kchat_hello {
	u64 features;
	struct kchat_text agent;
};

struct kchat_resume {
	u64 session;
	u8 kind;			/* enum kchat_resume_kind */
	const u8 *nonce;		/* KCHAT_NONCE_LEN */
	const u8 *proof;		/* KCHAT_KEY_LEN */
};

struct kchat_registration {
	u32 iterations;
	const u8 *salt;			/* KCHAT_SALT_LEN */
	const u8 *stored_key;		/* KCHAT_KEY_LEN */
	const u8 *server_key;		/* KCHAT_KEY_LEN */
	struct kchat_text name;
	struct kchat_text code;
};

struct kchat_passwd {
	u32 iterations;
	const u8 *salt;
	const u8 *stored_key;
	const u8 *server_key;
	const u8 *covered;		/* the KCHAT_PASSWD_COVERED bytes under @proof */
	const u8 *proof;
};

#define KCHAT_PASSWD_COVERED	88

struct kchat_whois {
	u64 account;			/* 0: by login name */
	struct kchat_text login;
};

struct kchat_join {
	u64 epoch;			/* 0: a newcomer */
	u64 seq;
	u32 flags;			/* KCHAT_ROOM_PRACTICE, KCHAT_JOIN_* */
	u16 backlog;			/* counts with KCHAT_JOIN_BACKLOG */
	struct kchat_text name;
	u64 direct[2];			/* @A-B: A and B, A < B; else 0 */
	const u8 *proof;		/* of the room's password, KCHAT_KEY_LEN; or NULL */
};

/**
 * struct kchat_ruling - the body of RULE
 * @action: enum kchat_action
 * @seconds: how long; of FLAGS the flags
 * @account: whom it is about, 0: the room
 * @text: why; of PASSWORD the masked key, or nothing
 */
struct kchat_ruling {
	u8 action;
	u32 seconds;
	u64 account;
	struct kchat_text text;
};

#define KCHAT_RULE_FIXED	16	/* bytes of RULE before the text */

/* STORED and READ: up to where. */
struct kchat_stored {
	u64 epoch;
	u64 seq;
};

struct kchat_away {
	bool on;
	u32 idle;			/* seconds, as the client says */
};

struct kchat_direct {
	u64 to;
	const u8 *data;
	u32 len;
};

struct kchat_blob {
	const u8 *hash;			/* KCHAT_KEY_LEN */
	u64 size;
	u32 width;
	u32 height;
	u32 duration;
	struct kchat_text mime;
	struct kchat_text name;
};

/**
 * struct kchat_talk - the body of MSG, EDIT, DELETE, REACT and TOPIC
 * @attrs_len: bytes of attributes
 * @text_len: bytes of text, which ends the frame
 * @target: id of the message it is about, or NULL
 * @has_blob: there is a descriptor
 */
struct kchat_talk {
	u32 attrs_len;
	u32 text_len;
	const u8 *target;
	bool has_blob;
};

struct kchat_reoffer {
	u64 to;
	u64 epoch;
	u64 seq;
	u64 time;
	u16 type;
	u16 flags;
	struct kchat_talk talk;
};

struct kchat_want {
	u64 from_epoch;
	u64 from_seq;
	u64 to_epoch;
	u64 to_seq;
};

struct kchat_blob_want {
	const u8 *hash;
	u64 offset;
	u64 length;			/* 0: to the end */
};

struct kchat_stream_begin {
	u64 size;			/* or KCHAT_SIZE_UNKNOWN */
	u64 offset;
	u64 to;				/* 0: everybody */
	u32 width;
	u32 height;
	u32 duration;
	u8 kind;			/* enum kchat_stream_kind */
	const u8 *hash;
	struct kchat_text mime;
	struct kchat_text name;
};

struct kchat_stream_end {
	u64 size;
	const u8 *hash;
};

/*
 * Each takes a body whose length the rule has allowed, and gives KCHAT_E_NONE
 * or the error to answer with, after which the connection goes on (VERSION is
 * the exception: it ends there).
 */
enum kchat_error kchat_frame_parse_hello(const u8 *body, u32 len, struct kchat_hello *out);
enum kchat_error kchat_frame_parse_resume(const u8 *body, u32 len, struct kchat_resume *out);
enum kchat_error kchat_frame_parse_register(const u8 *body, u32 len,
					    struct kchat_registration *out);
enum kchat_error kchat_frame_parse_passwd(const u8 *body, u32 len, struct kchat_passwd *out);
enum kchat_error kchat_frame_parse_whois(const u8 *body, u32 len, struct kchat_whois *out);
enum kchat_error kchat_frame_parse_join(const u8 *body, u32 len, struct kchat_join *out);
enum kchat_error kchat_frame_parse_stored(const u8 *body, u32 len, struct kchat_stored *out);
/*
 * The JOIN of a newcomer that would make a room as it is: for rooms that come in other
 * ways. KCHAT_E_ROOM_NAME: none can be called so. @flags: of the room.
 */
enum kchat_error kchat_frame_made_join(u32 flags, u16 backlog, const struct kchat_text *name,
				       struct kchat_join *out);
enum kchat_error kchat_frame_parse_rule(const u8 *body, u32 len, struct kchat_ruling *out);
enum kchat_error kchat_frame_parse_away(const u8 *body, u32 len, struct kchat_away *out);
enum kchat_error kchat_frame_parse_direct(const u8 *body, u32 len, struct kchat_direct *out);
enum kchat_error kchat_frame_parse_typing(const u8 *body, u32 len, bool *out);
enum kchat_error kchat_frame_parse_want(const u8 *body, u32 len, struct kchat_want *out);
enum kchat_error kchat_frame_parse_blob_want(const u8 *body, u32 len,
					     struct kchat_blob_want *out);
enum kchat_error kchat_frame_parse_stream_begin(const u8 *body, u32 len,
						struct kchat_stream_begin *out);
enum kchat_error kchat_frame_parse_stream_end(const u8 *body, u32 len,
					      struct kchat_stream_end *out);
enum kchat_error kchat_frame_parse_stream_cancel(const u8 *body, u32 len, u16 *out);

/* PEOPLE, ROOMS, INVITE, STREAM_ACCEPT: one number. */
enum kchat_error kchat_frame_parse_u64(const u8 *body, u32 len, u64 *out);

/*
 * A long message lies in several pieces of memory. The first one holds at least
 * KCHAT_TALK_HEAD (KCHAT_REOFFER_HEAD) bytes of the body, or all of it.
 */
#define KCHAT_TALK_HEAD		(8 + KCHAT_ATTRS_MAX)
#define KCHAT_REOFFER_FIXED	40
#define KCHAT_REOFFER_HEAD	(KCHAT_REOFFER_FIXED + KCHAT_TALK_HEAD)

enum kchat_error kchat_frame_parse_talk(u16 type, const struct kvec *vec, u32 count,
					struct kchat_talk *out);
enum kchat_error kchat_frame_parse_reoffer(const struct kvec *vec, u32 count,
					   struct kchat_reoffer *out);

/* ---- writing --------------------------------------------------------- */

/**
 * struct kchat_head - what a header says besides its length and type
 *
 * As it is in the frame; @id may be NULL for zeros.
 */
struct kchat_head {
	u16 flags;
	u32 room;
	u64 epoch;
	u64 seq;
	u64 time;
	u64 sender;
	const u8 *id;
};

/**
 * struct kchat_writer - the one way in which frames are written
 * @buf: where the header goes
 * @len: bytes written so far, the header included
 * @size: bytes there are
 * @full: something did not fit; kchat_frame_end() will give 0
 */
struct kchat_writer {
	u8 *buf;
	u32 len;
	u32 size;
	bool full;
};

struct kchat_limit_value {
	u16 number;			/* enum kchat_limit */
	u32 value;
};

struct kchat_welcome {
	u32 iterations;
	u64 features;
	const u8 *server_uuid;		/* 16 */
	const u8 *community_uuid;	/* 16 */
	const u8 *nonce;		/* KCHAT_NONCE_LEN */
	struct kchat_text name;
	const struct kchat_limit_value *limits;
	u32 n_limits;
};

struct kchat_auth_ok {
	u64 account;
	u64 session;
	u32 flags;
	struct kchat_text name;
	const u8 *data;
	u32 data_len;
};

#define KCHAT_PERSON_ENTRY	14	/* bytes of it before the name */

struct kchat_person_entry {
	u64 account;
	u8 state;			/* enum kchat_person_state */
	u8 flags;			/* KCHAT_PERSON_*, those of the room included */
	u16 sessions;
	struct kchat_text name;
};

struct kchat_room_entry {
	u32 number;
	u32 people;
	u32 flags;
	struct kchat_text name;
	struct kchat_text topic;
};

struct kchat_joined {
	u64 start;
	u64 first;
	u64 created;			/* microseconds since 1970 */
	u32 people;
	u32 flags;
	u16 backlog;
	struct kchat_text name;
	struct kchat_text topic;
};

struct kchat_moved {
	const u8 *server_uuid;
	u16 port;
	struct kchat_text host;
	struct kchat_text room;
};

struct kchat_delivered_step {
	u64 seq;
	u32 people;
};

struct kchat_counter_value {
	u16 number;			/* enum kchat_counter */
	u64 value;
};

/* The header alone, of a frame whose body of @body_len bytes is elsewhere. */
void kchat_frame_put_hdr(struct kchat_hdr *hdr, u16 type, u32 body_len,
			 const struct kchat_head *head);

/* A frame piece by piece: begin, put, end. A piece that does not fit leaves no trace. */
void kchat_frame_begin(struct kchat_writer *w, u8 *buf, u32 size);
bool kchat_frame_put_person(struct kchat_writer *w, const struct kchat_person_entry *person);
/*
 * The same in two: an entry by itself, of KCHAT_PERSON_ENTRY bytes and the name, what
 * changes of it, and a frame that gets it.
 */
void kchat_frame_person(u8 *entry, const struct kchat_person_entry *person);
void kchat_frame_update_person(u8 *entry, u8 state, u8 flags, u16 sessions);
bool kchat_frame_put_entry(struct kchat_writer *w, const u8 *entry, u32 len);
bool kchat_frame_put_room(struct kchat_writer *w, const struct kchat_room_entry *room);
u32 kchat_frame_end(struct kchat_writer *w, u16 type, const struct kchat_head *head);

/*
 * A whole frame. Each gives the bytes written, or 0 if they do not fit in @size,
 * and takes NULL for a @head of zeros.
 */

/* CHALLENGE, OK, PING, PONG, LIVE, ACK and all whose body is at hand. */
u32 kchat_frame_build(u8 *buf, u32 size, u16 type, const struct kchat_head *head,
		      const void *body, u32 len);
/* REGISTERED, STREAM_START: one number. */
u32 kchat_frame_build_u64(u8 *buf, u32 size, u16 type, const struct kchat_head *head, u64 value);
u32 kchat_frame_build_error(u8 *buf, u32 size, const struct kchat_head *head,
			    enum kchat_error error, u16 cause, u32 wait_ms);
u32 kchat_frame_build_welcome(u8 *buf, u32 size, const struct kchat_head *head,
			      const struct kchat_welcome *welcome);
u32 kchat_frame_build_auth_ok(u8 *buf, u32 size, const struct kchat_head *head,
			      const struct kchat_auth_ok *ok);
/* PERSON, PRESENCE: one person. */
u32 kchat_frame_build_person(u8 *buf, u32 size, u16 type, const struct kchat_head *head,
			     const struct kchat_person_entry *person);
u32 kchat_frame_build_status(u8 *buf, u32 size, const struct kchat_head *head,
			     const struct kchat_counter_value *counters, u32 count,
			     const char *release, const char *version);
u32 kchat_frame_build_joined(u8 *buf, u32 size, const struct kchat_head *head,
			     const struct kchat_joined *joined);
u32 kchat_frame_build_parted(u8 *buf, u32 size, const struct kchat_head *head,
			     enum kchat_error error);
u32 kchat_frame_build_moved(u8 *buf, u32 size, const struct kchat_head *head,
			    const struct kchat_moved *moved);
u32 kchat_frame_build_ruled(u8 *buf, u32 size, const struct kchat_head *head,
			    const struct kchat_ruling *ruling);
u32 kchat_frame_build_gap(u8 *buf, u32 size, const struct kchat_head *head, u64 from, u64 to);
u32 kchat_frame_build_invited(u8 *buf, u32 size, const struct kchat_head *head, u32 flags,
			      const struct kchat_text *room, const struct kchat_text *name);
u32 kchat_frame_build_delivered(u8 *buf, u32 size, const struct kchat_head *head, u32 present,
				const struct kchat_delivered_step *steps, u32 count);
u32 kchat_frame_build_stream_credit(u8 *buf, u32 size, const struct kchat_head *head,
				    u64 limit, u32 takers);
u32 kchat_frame_build_stream_cancel(u8 *buf, u32 size, const struct kchat_head *head,
				    enum kchat_error error);

#endif /* _KCHAT_FRAME_H */
