// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: begin, resume, fall silent, get lost, end. */
#include "session.h"

#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "account.h"
#include "alloc.h"
#include "conn.h"
#include "room.h"
#include "server.h"
#include "stats.h"
#include "stream.h"

/* ---- references -------------------------------------------------------- */

void kchat_session_put(struct kchat_session *session)
{
	struct kchat_net *kn = session->kn;

	if (!refcount_dec_and_test(&session->refs))
		return;
	kchat_account_put(session->account);
	memzero_explicit(session->key, sizeof(session->key));
	kfree_rcu(session, rcu);
	kchat_net_gone(&kn->nr_sessions);
}

static struct kchat_session *session_get(struct kchat_net *kn, u64 number)
{
	struct kchat_session *session;

	rcu_read_lock();
	session = xa_load(&kn->sessions, number);
	if (session && !refcount_inc_not_zero(&session->refs))
		session = NULL;
	rcu_read_unlock();
	return session;
}

/* ---- what its connections are ------------------------------------------ */

/* Under account->lock: somebody is behind it, or nobody is any more. */
static void session_count(struct kchat_session *session, bool connected)
{
	if (connected && !session->account->n_connected++)
		atomic_inc(&session->kn->nr_people);
	if (!connected && !--session->account->n_connected)
		atomic_dec(&session->kn->nr_people);
}

/* Under session->lock. Takes over the reference of @conn, gives that of the old one. */
static struct kchat_conn *session_set(struct kchat_session *session, struct kchat_conn **which,
				      struct kchat_conn *conn)
{
	struct kchat_account *account = session->account;
	struct kchat_conn *old = *which;

	lockdep_assert_held(&session->lock);
	spin_lock(&account->lock);
	*which = conn;
	if (which == &session->main && !conn != !old)
		session_count(session, conn);
	spin_unlock(&account->lock);
	return old;
}

/* Under session->lock. */
static void session_set_file(struct kchat_session *session, bool file)
{
	lockdep_assert_held(&session->lock);
	if (session->file == file)
		return;
	spin_lock(&session->account->lock);
	session->file = file;
	session_count(session, file);
	spin_unlock(&session->account->lock);
}

/* When time is to look at it again; under session->lock, after every change. */
static void session_set_due(struct kchat_session *session)
{
	const struct kchat_seat *seat;
	unsigned long due = 0;

	lockdep_assert_held(&session->lock);
	if (!session->main && !session->file && !session->ended)
		due = session->expires_at;
	list_for_each_entry(seat, &session->seats, by_session) {
		if (READ_ONCE(seat->member))
			continue;
		if (!due || time_before(session->lost_at, due))
			due = session->lost_at;
		break;
	}
	WRITE_ONCE(session->due, due);
}

static void session_leave_rooms(struct kchat_session *session, enum kchat_person_state state,
				bool only_detached)
{
	struct kchat_spare spare = {};
	struct kchat_seat *seat, *next;

	list_for_each_entry_safe(seat, next, &session->seats, by_session)
		if (!only_detached || !READ_ONCE(seat->member))
			kchat_seat_leave(seat, state, &spare);
	kchat_spare_release(&spare);
}

static void session_detach_rooms(struct kchat_session *session)
{
	struct kchat_spare spare = {};
	struct kchat_seat *seat;

	list_for_each_entry(seat, &session->seats, by_session)
		kchat_seat_detach(seat, &spare);
	kchat_spare_release(&spare);
	session->lost_at = jiffies + kchat_param_jiffies(session->kn, KCHAT_P_lost_ms);
}

/* ---- the end ----------------------------------------------------------- */

static void session_unlink(struct kchat_session *session)
{
	struct kchat_account *account = session->account;

	spin_lock(&account->lock);
	list_del_init(&session->link);
	account->n_sessions--;
	spin_unlock(&account->lock);
}

void kchat_session_end(struct kchat_session *session)
{
	bool was;

	mutex_lock(&session->lock);
	was = session->ended;
	session->ended = true;
	session_leave_rooms(session, KCHAT_PERSON_LEFT, false);
	session_set_file(session, false);
	session_set_due(session);
	mutex_unlock(&session->lock);
	if (was)
		return;
	kchat_event_session(session, NULL, KCHAT_EVENT_LOGOUT);
	kchat_list_changed(session->kn, KCHAT_LIST_SESSIONS);
	session_unlink(session);
	xa_erase(&session->kn->sessions, session->number);
	kchat_session_put(session); /* the table's; the caller has one */
}

void kchat_session_close_file(struct kchat_session *session)
{
	kchat_session_end(session);
	kchat_session_put(session);
}

/* Ends it, and its connections with @error. */
static void session_kill(struct kchat_session *session, enum kchat_error error)
{
	struct kchat_conn *conns[2];
	int i;

	if (error == KCHAT_E_KICKED)
		kchat_event_session(session, NULL, KCHAT_EVENT_KICK);
	kchat_session_end(session);
	mutex_lock(&session->lock);
	conns[0] = session->main ? kchat_conn_hold(session->main) : NULL;
	conns[1] = session->media ? kchat_conn_hold(session->media) : NULL;
	mutex_unlock(&session->lock);
	for (i = 0; i < 2; i++) {
		if (!conns[i])
			continue;
		kchat_conn_end(conns[i], error);
		kchat_conn_put(conns[i]);
	}
}

/* All, or the local ones alone, but never that of @keep. False: there was none. */
static bool sessions_kill(struct kchat_account *account, const struct kchat_conn *keep,
			  bool local, enum kchat_error error)
{
	struct kchat_session *session, *found;
	bool any = false;

	do {
		found = NULL;
		spin_lock(&account->lock);
		list_for_each_entry(session, &account->sessions, link) {
			if ((keep && session->main == keep) || (local && !session->local))
				continue;
			if (refcount_inc_not_zero(&session->refs)) {
				found = session;
				break;
			}
		}
		spin_unlock(&account->lock);
		if (found) {
			session_kill(found, error);
			kchat_session_put(found);
			any = true;
		}
	} while (found);
	return any;
}

void kchat_session_end_account(struct kchat_account *account, const struct kchat_conn *keep,
			       enum kchat_error error)
{
	sessions_kill(account, keep, false, error);
}

void kchat_session_end_local(struct kchat_account *account)
{
	sessions_kill(account, NULL, true, KCHAT_E_SESSION);
}

bool kchat_session_kick(struct kchat_net *kn, u64 number)
{
	struct kchat_session *session = session_get(kn, number);

	if (!session)
		return false;
	session_kill(session, KCHAT_E_KICKED);
	kchat_session_put(session);
	return true;
}

bool kchat_session_kick_account(struct kchat_net *kn, u64 number)
{
	struct kchat_account *account = kchat_account_get(&kn->accounts, number);
	bool any;

	if (!account)
		return false;
	any = sessions_kill(account, NULL, false, KCHAT_E_KICKED);
	kchat_account_put(account);
	return any;
}

/* ---- begin ------------------------------------------------------------- */

static struct kchat_session *session_alloc(struct kchat_net *kn, struct kchat_account *account,
					   const u8 *key)
{
	struct kchat_session *session = kchat_alloc(kzalloc(sizeof(*session), GFP_KERNEL));

	if (!session)
		return NULL;
	/* Two: the table's and the caller's. */
	refcount_set(&session->refs, 2);
	session->kn = kn;
	session->account = kchat_account_hold(account);
	memcpy(session->key, key, sizeof(session->key));
	session->since = jiffies;
	/* With the generation in it a number is never given out twice. */
	session->number = (u64)kn->cfg.generation << 32 | (u32)atomic_inc_return(&kn->next_session);
	mutex_init(&session->lock);
	INIT_LIST_HEAD(&session->seats);
	INIT_LIST_HEAD(&session->link);
	atomic_inc(&kn->nr_sessions);
	return session;
}

/**
 * struct claim - why a session may begin
 * @ident: the keys that somebody has proved to know, or NULL
 * @uid: else the uid of a local program
 */
struct claim {
	const struct kchat_ident *ident;
	u32 uid;
};

/* Under account->lock: what was true at the look-up may not be any more. */
static bool claim_holds(struct kchat_account *account, const struct claim *claim)
{
	if (account->gone)
		return false;
	return claim->ident ? kchat_account_keys_are(account, claim->ident) :
			      kchat_account_uid_is(account, claim->uid);
}

/* On the account's list, unless the claim holds no more, or there are too many sessions. */
static enum kchat_error session_link(struct kchat_session *session, const struct claim *claim)
{
	struct kchat_account *account = session->account;
	enum kchat_error error = KCHAT_E_NONE;

	spin_lock(&account->lock);
	if (!claim_holds(account, claim)) {
		error = KCHAT_E_AUTH;
	} else if (account->n_sessions >= kchat_param(session->kn, KCHAT_P_sessions)) {
		error = KCHAT_E_SESSIONS;
	} else {
		list_add_tail(&session->link, &account->sessions);
		account->n_sessions++;
	}
	spin_unlock(&account->lock);
	return error;
}

/*
 * Of an account that has too many sessions, one without a connection gives way:
 * a client that lost its session keys must not be locked out by its own past.
 */
static bool session_evict(struct kchat_account *account)
{
	struct kchat_session *session, *found = NULL;

	spin_lock(&account->lock);
	list_for_each_entry(session, &account->sessions, link) {
		if (!session->main && !session->file && refcount_inc_not_zero(&session->refs)) {
			found = session;
			break;
		}
	}
	spin_unlock(&account->lock);
	if (!found)
		return false;
	/* Killed: it may just have got a connection again. */
	session_kill(found, KCHAT_E_SESSION);
	kchat_session_put(found);
	return true;
}

/* Under session->lock, which is given up while another session ends. */
static enum kchat_error session_place(struct kchat_session *session, const struct claim *claim)
{
	enum kchat_error error = session_link(session, claim);
	bool evicted;

	if (error != KCHAT_E_SESSIONS)
		return error;
	mutex_unlock(&session->lock);
	evicted = session_evict(session->account);
	mutex_lock(&session->lock);
	if (evicted)
		error = session_link(session, claim);
	if (error == KCHAT_E_SESSIONS)
		kchat_event_limit(session->kn, KCHAT_P_sessions);
	return error;
}

/*
 * On the list and on the table, under session->lock: once it is on its account's
 * list others may end it, and that takes it off the table; so nobody gets at it,
 * which takes its lock, before it is on both. It has its connection or file before,
 * since one without gives way to the next login.
 */
static enum kchat_error session_add(struct kchat_session *session, const struct claim *claim)
{
	enum kchat_error error = session_place(session, claim);

	if (error != KCHAT_E_NONE)
		return error;
	if (kchat_alloc_errno(xa_insert(&session->kn->sessions, session->number, session,
					GFP_KERNEL))) {
		session_unlink(session);
		return KCHAT_E_BUSY;
	}
	kchat_list_changed(session->kn, KCHAT_LIST_SESSIONS);
	kchat_event_session(session, session->main, KCHAT_EVENT_LOGIN);
	return KCHAT_E_NONE;
}

enum kchat_error kchat_session_begin(struct kchat_conn *conn,
				     const struct kchat_auth_result *result)
{
	const struct claim claim = { .ident = result->ident };
	struct kchat_session *session;
	enum kchat_error error;

	session = session_alloc(conn->kn, result->account, result->session_key);
	if (!session)
		return KCHAT_E_BUSY;
	mutex_lock(&session->lock);
	session_set(session, &session->main, kchat_conn_hold(conn));
	error = session_add(session, &claim);
	if (error == KCHAT_E_NONE)
		conn->session = session;
	else
		kchat_conn_put(session_set(session, &session->main, NULL));
	mutex_unlock(&session->lock);
	if (error != KCHAT_E_NONE) {
		kchat_session_put(session);
		kchat_session_put(session);
	}
	return error;
}

/* For a local program, with a reference for the caller. */
static struct kchat_session *session_begin_local(struct kchat_net *kn,
						 const struct kchat_local *who, const u8 *key,
						 bool file, enum kchat_error *error)
{
	const struct claim claim = { .uid = who->uid };
	struct kchat_session *session = session_alloc(kn, who->account, key);

	*error = KCHAT_E_BUSY;
	if (!session)
		return NULL;
	session->local = true;
	mutex_lock(&session->lock);
	session_set_file(session, file);
	session->expires_at = jiffies + kchat_param_jiffies(kn, KCHAT_P_login_ms);
	session_set_due(session);
	*error = session_add(session, &claim);
	if (*error != KCHAT_E_NONE)
		session_set_file(session, false);
	mutex_unlock(&session->lock);
	if (*error == KCHAT_E_NONE)
		return session;
	kchat_session_put(session);
	kchat_session_put(session);
	return NULL;
}

struct kchat_session *kchat_session_begin_file(struct kchat_net *kn,
					       const struct kchat_local *who,
					       enum kchat_error *error)
{
	u8 key[KCHAT_KEY_LEN];
	struct kchat_session *session;

	/* Nobody is told it, so that nobody can resume this session. */
	get_random_bytes(key, sizeof(key));
	session = session_begin_local(kn, who, key, true, error);
	memzero_explicit(key, sizeof(key));
	return session;
}

u64 kchat_session_begin_ticket(struct kchat_net *kn, const struct kchat_local *who,
			       const u8 key[KCHAT_KEY_LEN], enum kchat_error *error)
{
	struct kchat_session *session = session_begin_local(kn, who, key, false, error);
	u64 number = 0;

	if (session) {
		number = session->number;
		kchat_session_put(session);
	}
	return number;
}

/* ---- resume ------------------------------------------------------------ */

static enum kchat_error session_attach(struct kchat_session *session, struct kchat_conn *conn,
				       u8 kind)
{
	struct kchat_conn *old = NULL;

	mutex_lock(&session->lock);
	if (session->ended || (kind == KCHAT_RESUME_MEDIA && !session->main)) {
		mutex_unlock(&session->lock);
		return KCHAT_E_SESSION;
	}
	kchat_conn_hold(conn);
	if (kind == KCHAT_RESUME_MEDIA) {
		old = session_set(session, &session->media, conn);
	} else {
		/* In no room until it joins again: its people are reconnecting. */
		session_detach_rooms(session);
		old = session_set(session, &session->main, conn);
		session->silent = false;
	}
	session_set_due(session);
	mutex_unlock(&session->lock);
	if (old) {
		if (kind == KCHAT_RESUME_SESSION)
			kchat_streams_gone(session, NULL);
		kchat_conn_end(old, KCHAT_E_REPLACED);
		kchat_conn_put(old);
	}
	return KCHAT_E_NONE;
}

enum kchat_error kchat_session_resume(struct kchat_conn *conn, const struct kchat_resume *resume,
				      u8 proof[KCHAT_KEY_LEN])
{
	struct kchat_session *session = session_get(conn->kn, resume->session);
	enum kchat_error error = KCHAT_E_SESSION;

	if (!session)
		return KCHAT_E_SESSION;
	if (kchat_auth_resume_ok(session->key, resume->kind, conn->nonce, resume->nonce,
				 resume->proof))
		error = session_attach(session, conn, resume->kind);
	if (error != KCHAT_E_NONE) {
		kchat_session_put(session);
		return error;
	}
	kchat_auth_resumed(session->key, resume->kind, conn->nonce, resume->nonce, proof);
	conn->session = session;
	return KCHAT_E_NONE;
}

/* ---- silence and loss -------------------------------------------------- */

void kchat_session_detach(struct kchat_conn *conn)
{
	struct kchat_session *session = conn->session;
	struct kchat_conn *old = NULL;

	mutex_lock(&session->lock);
	if (session->main == conn) {
		session_detach_rooms(session);
		old = session_set(session, &session->main, NULL);
		session->expires_at = jiffies + kchat_param_jiffies(session->kn,
								    KCHAT_P_session_ms);
	} else if (session->media == conn) {
		old = session_set(session, &session->media, NULL);
	}
	session_set_due(session);
	mutex_unlock(&session->lock);
	if (old)
		kchat_conn_put(old); /* not the last one: we are its worker */
}

void kchat_session_silence(struct kchat_conn *conn, bool silent)
{
	struct kchat_session *session = conn->session;
	struct kchat_spare spare = {};
	struct kchat_seat *seat;

	mutex_lock(&session->lock);
	if (session->main == conn) {
		session->silent = silent;
		list_for_each_entry(seat, &session->seats, by_session)
			kchat_seat_silence(seat, silent, &spare);
	}
	mutex_unlock(&session->lock);
	kchat_spare_release(&spare);
}

void kchat_session_away(struct kchat_conn *conn, bool away)
{
	struct kchat_session *session = conn->session;
	struct kchat_spare spare = {};
	struct kchat_seat *seat;

	mutex_lock(&session->lock);
	if (session->main == conn && session->away != away) {
		WRITE_ONCE(session->away, away);
		list_for_each_entry(seat, &session->seats, by_session)
			kchat_seat_away(seat, away, &spare);
	}
	mutex_unlock(&session->lock);
	kchat_spare_release(&spare);
}

void kchat_session_lost(struct kchat_conn *conn)
{
	struct kchat_session *session = conn->session;

	mutex_lock(&session->lock);
	if (session->main == conn)
		session_leave_rooms(session, KCHAT_PERSON_LOST, false);
	session_set_due(session);
	mutex_unlock(&session->lock);
}

/* ---- time -------------------------------------------------------------- */

static void session_tick(struct kchat_session *session)
{
	bool expired = false;

	mutex_lock(&session->lock);
	if (time_after(jiffies, session->lost_at))
		session_leave_rooms(session, KCHAT_PERSON_LOST, true);
	if (!session->main && !session->file && time_after(jiffies, session->expires_at))
		expired = true;
	session_set_due(session);
	mutex_unlock(&session->lock);
	if (expired)
		kchat_session_end(session);
}

void kchat_sessions_tick(struct kchat_net *kn)
{
	struct kchat_session *session;
	unsigned long number, due;

	rcu_read_lock();
	xa_for_each(&kn->sessions, number, session) {
		due = READ_ONCE(session->due);
		if (!due || time_before(jiffies, due) || !refcount_inc_not_zero(&session->refs))
			continue;
		rcu_read_unlock();
		session_tick(session);
		kchat_session_put(session);
		cond_resched();
		rcu_read_lock();
	}
	rcu_read_unlock();
}

void kchat_sessions_stop(struct kchat_net *kn)
{
	struct kchat_session *session;

	while ((session = kchat_session_next(kn, 0))) {
		kchat_session_end(session);
		kchat_session_put(session);
	}
}
