/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session: a person logged in once. It outlives its connection, so that a
 * client whose connection broke comes back into its rooms.
 */
#ifndef _KCHAT_SESSION_H
#define _KCHAT_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "auth.h"
#include "frame.h"
#include "uapi/kchat.h"

struct kchat_account;
struct kchat_conn;
struct kchat_ctl;
struct kchat_ident;
struct kchat_net;

/**
 * struct kchat_session - a session
 * @refs: the table (until it ends), each connection or file that has it, lookups
 * @rcu: it is freed after a grace period
 * @kn: its server, which waits for all sessions
 * @number: constant
 * @account: referenced, constant
 * @key: the session key; constant
 * @local: its person was known by the uid of a local program; constant
 * @since: jiffies at login; constant
 * @link: in account->sessions, under account->lock
 * @lock: one change of presence at a time: login, resume, join, part, silence,
 *	loss, end. Taken before any room's lock; never held while sending
 * @ended: nobody may join or resume any more; under @lock
 * @main: its connection, referenced, or NULL; under @lock and account->lock to
 *	change, either to read
 * @file: it has an open file in place of a connection; the same
 * @media: its media connection; the same
 * @seats: its places in rooms, struct kchat_seat.by_session; under @lock
 * @lost_at: jiffies when the seats without a connection are lost; under @lock
 * @expires_at: jiffies when it ends, unless @main; under @lock
 * @silent: @main has been silent, or @file left unread, for too long; written under @lock
 * @away: it has said so; written under @lock
 * @waiting: in kn->waiting while time is to look at it, else empty; changed under @lock and
 *	kn->waiting_lock, or by the last put
 * @due: jiffies of that; under kn->waiting_lock
 */
struct kchat_session {
	refcount_t refs;
	struct rcu_head rcu;
	struct kchat_net *kn;
	u64 number;
	struct kchat_account *account;
	u8 key[KCHAT_KEY_LEN];
	bool local;
	unsigned long since;
	struct list_head link;
	struct mutex lock;
	bool ended;
	bool silent;
	bool away;
	bool file;
	struct kchat_conn *main;
	struct kchat_conn *media;
	struct list_head seats;
	unsigned long lost_at;
	unsigned long expires_at;
	struct list_head waiting;
	unsigned long due;
};

/* Begins one for a login that succeeded; takes over no reference of @result. */
enum kchat_error kchat_session_begin(struct kchat_conn *conn,
				     const struct kchat_auth_result *result);
/**
 * struct kchat_local - a person known by the uid of a local program
 * @account: found by it; the caller's
 * @uid: as the initial user namespace sees it
 */
struct kchat_local {
	struct kchat_account *account;
	u32 uid;
};

/*
 * One for an open file, with a reference for it; NULL: see *error. It ends with
 * kchat_session_close_file().
 */
struct kchat_session *kchat_session_begin_file(struct kchat_net *kn,
					       const struct kchat_local *who,
					       enum kchat_error *error);
/* The file goes: leaves its room. Drops the file's reference. May sleep. */
void kchat_session_close_file(struct kchat_session *session);
/*
 * One to be resumed over TCP within login_ms, by number and @key, which becomes
 * its session key. 0: see *error.
 */
u64 kchat_session_begin_ticket(struct kchat_net *kn, const struct kchat_local *who,
			       const u8 key[KCHAT_KEY_LEN], enum kchat_error *error);
/* RESUME: on success conn->session is set, and the connection it replaces is ended. */
enum kchat_error kchat_session_resume(struct kchat_conn *conn, const struct kchat_resume *resume,
				      u8 proof[KCHAT_KEY_LEN]);
/* The connection is gone: its people are reconnecting. Its worker; once. */
void kchat_session_detach(struct kchat_conn *conn);
/* Silence begins or ends for the main connection. Its worker. */
void kchat_session_silence(struct kchat_conn *conn, bool silent);
/* AWAY, or back. Its worker. */
void kchat_session_away(struct kchat_conn *conn, bool away);
/* Silent for too long: lost in all rooms; the session can still be resumed. Its worker. */
void kchat_session_lost(struct kchat_conn *conn);
/* BYE: leaves all rooms, cannot be resumed. May sleep. */
void kchat_session_end(struct kchat_session *session);

static inline struct kchat_session *kchat_session_hold(struct kchat_session *session)
{
	refcount_inc(&session->refs);
	return session;
}

void kchat_session_put(struct kchat_session *session);
/* To the main connection; takes over @ctl. False: there is none, or too much waits. */
bool kchat_session_post(struct kchat_session *session, struct kchat_ctl *ctl);
/* The connection that carries chunks, with a reference, or NULL. */
struct kchat_conn *kchat_session_media(struct kchat_session *session);

/* What time does to sessions; the house work, every KCHAT_HOUSE_MS. */
void kchat_sessions_tick(struct kchat_net *kn);
void kchat_sessions_stop(struct kchat_net *kn);

/*
 * ACCOUNT_DEL, PASSWD, new keys by ACCOUNT_SET: ends the sessions of an account
 * with @error, all but the one whose main connection is @keep (may be NULL). May sleep.
 */
void kchat_session_end_account(struct kchat_account *account, const struct kchat_conn *keep,
			       enum kchat_error error);

/* The account is another uid's now: ends the sessions that began by the old one. May sleep. */
void kchat_session_end_local(struct kchat_account *account);
/* An operator ends a session, or all of an account, with KICKED. False: there was none. */
bool kchat_session_kick(struct kchat_net *kn, u64 number);
bool kchat_session_kick_account(struct kchat_net *kn, u64 number);

/* The session with the smallest number over @after, with a reference, or NULL: for dumps. */
struct kchat_session *kchat_session_next(struct kchat_net *kn, u64 after);

/**
 * struct kchat_session_info - a session as netlink shows it
 */
struct kchat_session_info {
	u8 state;			/* enum kchat_person_state */
	bool connected;			/* @peer and what follows it is valid */
	struct in6_addr peer;
	u16 peer_port;
	u32 rooms;
	u64 lag;
	u64 bytes_in;
	u64 bytes_out;
};

/* May sleep. */
void kchat_session_info(struct kchat_session *session, struct kchat_session_info *info);

/*
 * A copy of a finished frame to the main connections of all sessions of a
 * person. How many got it.
 */
unsigned int kchat_session_post_account(struct kchat_account *account, const void *frame, u32 len);

/* State and number of sessions of an account, for PERSON and PEOPLE_ARE. */
void kchat_session_person(struct kchat_account *account, struct kchat_person_entry *entry);

#endif /* _KCHAT_SESSION_H */
