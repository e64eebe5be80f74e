// SPDX-License-Identifier: GPL-2.0-only
/* How others reach a session, and look at it. */
#include "session.h"

#include <linux/string.h>

#include "account.h"
#include "conn.h"
#include "room.h"
#include "server.h"

struct kchat_session *kchat_session_next(struct kchat_net *kn, u64 after)
{
	unsigned long number = after;
	struct kchat_session *session;

	rcu_read_lock();
	do {
		session = xa_find_after(&kn->sessions, &number, ULONG_MAX, XA_PRESENT);
	} while (session && !refcount_inc_not_zero(&session->refs));
	rcu_read_unlock();
	return session;
}

bool kchat_session_post(struct kchat_session *session, struct kchat_ctl *ctl)
{
	bool posted = false;

	spin_lock(&session->account->lock);
	if (session->main)
		posted = kchat_conn_post(session->main, ctl);
	else
		kchat_ctl_free(ctl);
	spin_unlock(&session->account->lock);
	return posted;
}

struct kchat_conn *kchat_session_media(struct kchat_session *session)
{
	struct kchat_conn *conn;

	spin_lock(&session->account->lock);
	conn = session->media ?: session->main;
	if (conn)
		kchat_conn_hold(conn);
	spin_unlock(&session->account->lock);
	return conn;
}

unsigned int kchat_session_post_account(struct kchat_account *account, const void *frame, u32 len)
{
	struct kchat_session *session;
	unsigned int count = 0;

	spin_lock(&account->lock);
	list_for_each_entry(session, &account->sessions, link) {
		struct kchat_ctl *ctl;

		if (!session->main)
			continue;
		ctl = kchat_ctl_alloc(len, GFP_ATOMIC);
		if (!ctl)
			continue;
		memcpy(ctl->data, frame, len);
		ctl->len = len;
		count += kchat_conn_post(session->main, ctl);
	}
	spin_unlock(&account->lock);
	return count;
}

void kchat_session_person(struct kchat_account *account, struct kchat_person_entry *entry)
{
	struct kchat_session *session;
	bool known = false, here = false;

	entry->sessions = 0;
	spin_lock(&account->lock);
	list_for_each_entry(session, &account->sessions, link) {
		known = true;
		if ((!session->file && !session->main) || READ_ONCE(session->silent))
			continue;
		entry->sessions++;
		here |= !READ_ONCE(session->away);
	}
	spin_unlock(&account->lock);
	if (entry->sessions)
		entry->state = here ? KCHAT_PERSON_PRESENT : KCHAT_PERSON_AWAY;
	else
		entry->state = known ? KCHAT_PERSON_RECONNECTING : KCHAT_PERSON_OFFLINE;
}

void kchat_session_info(struct kchat_session *session, struct kchat_session_info *info)
{
	const struct kchat_seat *seat;
	const struct kchat_conn *conn;

	memset(info, 0, sizeof(*info));
	mutex_lock(&session->lock);
	conn = session->main;
	info->state = KCHAT_PERSON_RECONNECTING;
	if ((session->file || conn) && !session->silent)
		info->state = session->away ? KCHAT_PERSON_AWAY : KCHAT_PERSON_PRESENT;
	if (conn) {
		info->connected = true;
		info->peer = conn->peer;
		info->peer_port = conn->peer_port;
		info->bytes_in = READ_ONCE(conn->bytes_in);
		info->bytes_out = READ_ONCE(conn->bytes_out);
	}
	list_for_each_entry(seat, &session->seats, by_session) {
		info->rooms++;
		spin_lock(&seat->room->lock);
		if (seat->member)
			info->lag += seat->room->log.head - READ_ONCE(seat->member->cursor.pos);
		spin_unlock(&seat->room->lock);
	}
	mutex_unlock(&session->lock);
}
