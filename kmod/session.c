// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: they fall silent, get lost, end. How they begin is in session_begin.c. */
#include "session.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "account.h"
#include "alloc.h"
#include "conn.h"
#include "room.h"
#include "server.h"
#include "session_inner.h"
#include "stats.h"
#include "stream.h"

/* ---- references -------------------------------------------------------- */

/* Time is to look at it at @due, or not at all. */
static void session_wait(struct kchat_session *session, bool waits, unsigned long due)
{
	struct kchat_net *kn = session->kn;

	spin_lock(&kn->waiting_lock);
	session->due = due;
	if (waits == !list_empty(&session->waiting)) {
		/* It is where it belongs. */
	} else if (waits) {
		list_add_tail(&session->waiting, &kn->waiting);
		WRITE_ONCE(kn->nr_waiting, kn->nr_waiting + 1);
	} else {
		list_del_init(&session->waiting);
		WRITE_ONCE(kn->nr_waiting, kn->nr_waiting - 1);
	}
	spin_unlock(&kn->waiting_lock);
}

void kchat_session_put(struct kchat_session *session)
{
	struct kchat_net *kn = session->kn;

	if (!refcount_dec_and_test(&session->refs))
		return;
	session_wait(session, false, 0);
	kchat_account_put(session->account);
	memzero_explicit(session->key, sizeof(session->key));
	kfree_rcu(session, rcu);
	kchat_net_gone(&kn->nr_sessions);
}

struct kchat_session *kchat_session_get(struct kchat_net *kn, u64 number)
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

struct kchat_conn *kchat_session_set(struct kchat_session *session, struct kchat_conn **which,
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

void kchat_session_set_file(struct kchat_session *session, bool file)
{
	lockdep_assert_held(&session->lock);
	if (session->file == file)
		return;
	spin_lock(&session->account->lock);
	session->file = file;
	session_count(session, file);
	spin_unlock(&session->account->lock);
}

void kchat_session_set_due(struct kchat_session *session)
{
	const struct kchat_seat *seat;
	unsigned long due = 0;
	bool waits;

	lockdep_assert_held(&session->lock);
	waits = session->file || (!session->main && !session->ended);
	if (session->file)
		due = jiffies + min_t(unsigned long, HZ,
				      kchat_param_jiffies(session->kn, KCHAT_P_unread_ms) / 4);
	else if (waits)
		due = session->expires_at;
	list_for_each_entry(seat, &session->seats, by_session) {
		/* A file is never lost: what it has lost was taken away. */
		if (session->file || READ_ONCE(seat->member))
			continue;
		if (!waits || time_before(session->lost_at, due))
			due = session->lost_at;
		waits = true;
		break;
	}
	session_wait(session, waits, due);
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

void kchat_session_detach_rooms(struct kchat_session *session)
{
	struct kchat_spare spare = {};
	struct kchat_seat *seat;

	list_for_each_entry(seat, &session->seats, by_session)
		kchat_seat_detach(seat, &spare);
	kchat_spare_release(&spare);
	session->lost_at = jiffies + kchat_param_jiffies(session->kn, KCHAT_P_lost_ms);
}

/* ---- the end ----------------------------------------------------------- */

void kchat_session_unlink(struct kchat_session *session)
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
	kchat_session_set_file(session, false);
	kchat_session_set_due(session);
	mutex_unlock(&session->lock);
	if (was)
		return;
	kchat_event_session(session, NULL, KCHAT_EVENT_LOGOUT);
	kchat_list_changed(session->kn, KCHAT_LIST_SESSIONS);
	kchat_session_unlink(session);
	xa_erase(&session->kn->sessions, session->number);
	kchat_session_put(session); /* the table's; the caller has one */
}

void kchat_session_close_file(struct kchat_session *session)
{
	kchat_session_end(session);
	kchat_session_put(session);
}

void kchat_session_kill(struct kchat_session *session, enum kchat_error error)
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
			kchat_session_kill(found, error);
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
	struct kchat_session *session = kchat_session_get(kn, number);

	if (!session)
		return false;
	kchat_session_kill(session, KCHAT_E_KICKED);
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

/* ---- silence and loss -------------------------------------------------- */

void kchat_session_detach(struct kchat_conn *conn)
{
	struct kchat_session *session = conn->session;
	struct kchat_conn *old = NULL;

	mutex_lock(&session->lock);
	if (session->main == conn) {
		kchat_session_detach_rooms(session);
		old = kchat_session_set(session, &session->main, NULL);
		session->expires_at = jiffies + kchat_param_jiffies(session->kn,
								    KCHAT_P_session_ms);
	} else if (session->media == conn) {
		old = kchat_session_set(session, &session->media, NULL);
	}
	kchat_session_set_due(session);
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
	kchat_session_set_due(session);
	mutex_unlock(&session->lock);
}

/* ---- time -------------------------------------------------------------- */

static void session_tick(struct kchat_session *session)
{
	bool expired = false;

	mutex_lock(&session->lock);
	if (session->file)
		kchat_reader_watch(session);
	else if (time_after(jiffies, session->lost_at))
		session_leave_rooms(session, KCHAT_PERSON_LOST, true);
	if (!session->main && !session->file && time_after(jiffies, session->expires_at))
		expired = true;
	kchat_session_set_due(session);
	mutex_unlock(&session->lock);
	if (expired)
		kchat_session_end(session);
}

#define KCHAT_WAITING_ROW	256	/* how many are looked at without a pause */

/*
 * The next one that is due, with a reference, of the first *left on the list, each of which
 * goes to its end. NULL: none of those that were looked at.
 */
static struct kchat_session *session_due(struct kchat_net *kn, u32 *left)
{
	struct kchat_session *session, *found = NULL;
	u32 row = KCHAT_WAITING_ROW;

	spin_lock(&kn->waiting_lock);
	while (!found && *left && row-- && !list_empty(&kn->waiting)) {
		session = list_first_entry(&kn->waiting, struct kchat_session, waiting);
		list_move_tail(&session->waiting, &kn->waiting);
		(*left)--;
		/* Without references it is leaving the list just now. */
		if (!time_before(jiffies, session->due) && refcount_inc_not_zero(&session->refs))
			found = session;
	}
	if (list_empty(&kn->waiting))
		*left = 0;
	spin_unlock(&kn->waiting_lock);
	return found;
}

void kchat_sessions_tick(struct kchat_net *kn)
{
	u32 left = READ_ONCE(kn->nr_waiting);
	struct kchat_session *session;

	while (left) {
		session = session_due(kn, &left);
		if (session) {
			session_tick(session);
			kchat_session_put(session);
		}
		cond_resched();
	}
}

void kchat_sessions_stop(struct kchat_net *kn)
{
	struct kchat_session *session;

	while ((session = kchat_session_next(kn, 0))) {
		kchat_session_end(session);
		kchat_session_put(session);
	}
}
