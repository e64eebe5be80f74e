// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: a login that outlives its connection, falls silent, gets lost, ends. */
#include <linux/string.h>
#include <stdlib.h>

#include "twin.h"

static struct twin_session **session_bucket(u64 number)
{
	return &twin.session_numbers[number % TWIN_BUCKETS];
}

struct twin_session *twin_session_find(u64 number)
{
	struct twin_session *session = *session_bucket(number);

	while (session && session->number != number)
		session = session->by_number;
	return session;
}

/* ---- begin -------------------------------------------------------------- */

/*
 * Of an account that has too many sessions one without a connection gives way: who lost
 * its session keys must not be locked out by its own past.
 */
static bool session_evict(struct twin_account *account)
{
	struct twin_session *session;

	list_for_each_entry(session, &account->sessions, link) {
		if (session->conn)
			continue;
		twin_session_end(session, KCHAT_PERSON_LEFT);
		return true;
	}
	return false;
}

struct twin_session *twin_session_begin(struct twin_conn *conn, struct twin_account *account,
					const u8 *key, enum kchat_error *error)
{
	struct twin_session *session, **bucket;

	*error = KCHAT_E_SESSIONS;
	if (account->nr_sessions >= twin_param(sessions) && !session_evict(account))
		return NULL;
	*error = KCHAT_E_BUSY;
	session = calloc(1, sizeof(*session));
	if (!session)
		return NULL;
	*error = KCHAT_E_NONE;
	session->number = (u64)twin.generation << 32 | ++twin.next_session;
	session->account = account;
	session->conn = conn;
	memcpy(session->key, key, sizeof(session->key));
	INIT_LIST_HEAD(&session->seats);
	bucket = session_bucket(session->number);
	session->by_number = *bucket;
	*bucket = session;
	list_add_tail(&session->link, &account->sessions);
	account->nr_sessions++;
	account->nr_connected++;
	conn->session = session;
	return session;
}

/* ---- without a connection ------------------------------------------------ */

/* In no room until it joins again: its people are reconnecting. */
static void session_leave_seats(struct twin_session *session)
{
	struct twin_seat *seat;

	list_for_each_entry(seat, &session->seats, by_session)
		twin_seat_set_live(seat, false);
	session->lost_at = twin.now + twin_param(lost_ms);
}

void twin_session_detach(struct twin_session *session)
{
	session->conn = NULL;
	session->account->nr_connected--;
	session->expires_at = twin.now + twin_param(session_ms);
	list_add_tail(&session->node, &twin.sessions);
	session_leave_seats(session);
}

static void members_free(struct twin_conn *conn)
{
	struct twin_member *member, *next;

	list_for_each_entry_safe(member, next, &conn->members, by_conn)
		twin_member_free(member);
}

void twin_session_attach(struct twin_session *session, struct twin_conn *conn)
{
	struct twin_conn *old = session->conn;

	if (old) {
		members_free(old);
		session_leave_seats(session);
		old->session = NULL;
		twin_conn_close(old, KCHAT_E_REPLACED, 0, NULL);
	} else {
		list_del(&session->node);
		session->account->nr_connected++;
	}
	session->conn = conn;
	conn->session = session;
}

/* ---- the end -------------------------------------------------------------- */

void twin_session_leave_rooms(struct twin_session *session, enum kchat_person_state state)
{
	struct twin_seat *seat, *next;

	list_for_each_entry_safe(seat, next, &session->seats, by_session)
		twin_seat_leave(seat, state);
}

void twin_session_end(struct twin_session *session, enum kchat_person_state state)
{
	struct twin_session **at = session_bucket(session->number);

	twin_session_leave_rooms(session, state);
	while (*at != session)
		at = &(*at)->by_number;
	*at = session->by_number;
	list_del(&session->link);
	session->account->nr_sessions--;
	if (session->conn) {
		session->account->nr_connected--;
		session->conn->session = NULL;
	} else {
		list_del(&session->node);
	}
	memzero_explicit(session, sizeof(*session));
	free(session);
}

/* ---- what it is ------------------------------------------------------------ */

void twin_session_silence(struct twin_session *session, bool silent)
{
	struct twin_seat *seat;

	list_for_each_entry(seat, &session->seats, by_session)
		if (seat->member)
			twin_seat_set_live(seat, !silent);
}

void twin_session_away(struct twin_session *session, bool away)
{
	struct twin_seat *seat;

	if (session->away == away)
		return;
	session->away = away;
	list_for_each_entry(seat, &session->seats, by_session)
		twin_seat_set_away(seat, away);
}

/* After RESUME: a seat that has not been taken again. */
static void session_lose_seats(struct twin_session *session)
{
	struct twin_seat *seat, *next;

	list_for_each_entry_safe(seat, next, &session->seats, by_session)
		if (!seat->member)
			twin_seat_leave(seat, KCHAT_PERSON_LOST);
}

void twin_sessions_tick(void)
{
	struct twin_session *session, *next;
	struct twin_conn *conn;

	list_for_each_entry_safe(session, next, &twin.sessions, node) {
		if (twin.now > session->lost_at)
			session_lose_seats(session);
		if (twin.now > session->expires_at)
			twin_session_end(session, KCHAT_PERSON_LOST);
	}
	list_for_each_entry(conn, &twin.conns, node)
		if (conn->session && conn->session->lost_at && twin.now > conn->session->lost_at) {
			session_lose_seats(conn->session);
			conn->session->lost_at = 0;
		}
}
