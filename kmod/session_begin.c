// SPDX-License-Identifier: GPL-2.0-only
/* How a session begins: by a login, for an open file, for a ticket; how it gets a connection. */
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "account.h"
#include "alloc.h"
#include "conn.h"
#include "proof.h"
#include "server.h"
#include "session.h"
#include "session_inner.h"
#include "stream.h"
#include "trace.h"

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
	INIT_LIST_HEAD(&session->waiting);
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
	kchat_session_kill(found, KCHAT_E_SESSION);
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
		kchat_session_unlink(session);
		return KCHAT_E_BUSY;
	}
	kchat_list_changed(session->kn, KCHAT_LIST_SESSIONS);
	kchat_event_session(session, session->main, KCHAT_EVENT_LOGIN);
	trace_kchat_login(session);
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
	kchat_session_set(session, &session->main, kchat_conn_hold(conn));
	error = session_add(session, &claim);
	if (error == KCHAT_E_NONE)
		conn->session = session;
	else
		kchat_conn_put(kchat_session_set(session, &session->main, NULL));
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
	kchat_session_set_file(session, file);
	session->expires_at = jiffies + kchat_param_jiffies(kn, KCHAT_P_login_ms);
	kchat_session_set_due(session);
	*error = session_add(session, &claim);
	if (*error != KCHAT_E_NONE)
		kchat_session_set_file(session, false);
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
		old = kchat_session_set(session, &session->media, conn);
	} else {
		/* In no room until it joins again: its people are reconnecting. */
		kchat_session_detach_rooms(session);
		old = kchat_session_set(session, &session->main, conn);
		session->silent = false;
	}
	kchat_session_set_due(session);
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
	struct kchat_session *session = kchat_session_get(conn->kn, resume->session);
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
