// SPDX-License-Identifier: GPL-2.0-only
/* Questions to the server: who and what there is. */
#include "dispatch.h"

#include <linux/utsname.h>

#include "account.h"
#include "conn.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"

static void person_entry(struct kchat_account *account, const struct kchat_ident *ident,
			 struct kchat_person_entry *entry)
{
	entry->account = account->number;
	entry->flags = ident->flags;
	entry->name = kchat_ident_name(ident);
	kchat_session_person(account, entry);
}

void kchat_handle_whois(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_account *account;
	struct kchat_person_entry entry;
	struct kchat_whois whois;
	struct kchat_ident *ident;
	enum kchat_error error;
	struct kchat_head head;
	struct kchat_ctl *ctl;

	error = kchat_frame_parse_whois(req->body, req->len, &whois);
	if (error != KCHAT_E_NONE) {
		kchat_refuse(conn, req, error);
		return;
	}
	account = whois.account ? kchat_account_get(&conn->kn->accounts, whois.account) :
				  kchat_account_by_login(&conn->kn->accounts, &whois.login);
	if (!account) {
		kchat_refuse(conn, req, KCHAT_E_NO_PERSON);
		return;
	}
	ident = kchat_account_ident(account);
	person_entry(account, ident, &entry);
	ctl = kchat_conn_answer(conn, req->hdr, KCHAT_PERSON_ENTRY + KCHAT_NAME_MAX, &head);
	if (ctl) {
		ctl->len = kchat_frame_build_person(ctl->data, ctl->size, KCHAT_T_PERSON, &head,
						    &entry);
		kchat_conn_reply(conn, ctl);
	}
	kchat_ident_put(ident);
	kchat_account_put(account);
}

/* A page of a list that goes on after number @after. NULL: refused, or no memory. */
static struct kchat_ctl *page_begin(struct kchat_conn *conn, const struct kchat_request *req,
				    struct kchat_writer *writer, struct kchat_head *head,
				    u64 *after)
{
	struct kchat_ctl *ctl;

	if (kchat_frame_parse_u64(req->body, req->len, after) != KCHAT_E_NONE) {
		kchat_refuse(conn, req, KCHAT_E_BAD_FRAME);
		return NULL;
	}
	ctl = kchat_conn_answer(conn, req->hdr, KCHAT_REPLY_MAX, head);
	if (ctl)
		kchat_frame_begin(writer, ctl->data, ctl->size);
	return ctl;
}

/* Adds one of those connected; false: the page is full. */
static bool people_put(struct kchat_writer *writer, struct kchat_account *account)
{
	struct kchat_person_entry entry;
	struct kchat_ident *ident;
	bool fits = true;

	if (!READ_ONCE(account->n_sessions))
		return true;
	ident = kchat_account_ident(account);
	person_entry(account, ident, &entry);
	if (entry.state != KCHAT_PERSON_OFFLINE)
		fits = kchat_frame_put_person(writer, &entry);
	kchat_ident_put(ident);
	return fits;
}

void kchat_handle_people(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_account *account;
	struct kchat_writer writer;
	struct kchat_head head;
	struct kchat_ctl *ctl;
	bool fits = true;
	u64 after;

	ctl = page_begin(conn, req, &writer, &head, &after);
	if (!ctl)
		return;
	while (fits && (account = kchat_account_next(&conn->kn->accounts, after))) {
		fits = people_put(&writer, account);
		after = account->number;
		kchat_account_put(account);
	}
	head.flags = fits ? KCHAT_F_LAST : 0;
	ctl->len = kchat_frame_end(&writer, KCHAT_T_PEOPLE_ARE, &head);
	kchat_conn_reply(conn, ctl);
}

static bool rooms_put(struct kchat_writer *writer, struct kchat_room *room)
{
	u8 topic[KCHAT_TOPIC_MAX];
	struct kchat_room_entry entry = {
		.number = room->number,
		.flags = READ_ONCE(room->flags),
		.name = kchat_room_name(room),
		.topic = { (char *)topic, 0 },
	};

	spin_lock(&room->lock);
	entry.people = room->nr_people;
	entry.topic.len = room->topic_len;
	if (room->topic_len)
		memcpy(topic, room->topic, room->topic_len);
	spin_unlock(&room->lock);
	return kchat_frame_put_room(writer, &entry);
}

void kchat_handle_rooms(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_writer writer;
	struct kchat_head head;
	struct kchat_room *room;
	struct kchat_ctl *ctl;
	bool fits = true;
	u64 after;

	ctl = page_begin(conn, req, &writer, &head, &after);
	if (!ctl)
		return;
	while (fits && after < U32_MAX && (room = kchat_room_next(conn->kn, after))) {
		if (!(room->flags & KCHAT_ROOM_DIRECT))
			fits = rooms_put(&writer, room);
		after = room->number;
		kchat_room_put(room);
	}
	head.flags = fits ? KCHAT_F_LAST : 0;
	ctl->len = kchat_frame_end(&writer, KCHAT_T_ROOMS_ARE, &head);
	kchat_conn_reply(conn, ctl);
}

void kchat_handle_status(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_counter_value values[KCHAT_STATS];
	const char *release = init_utsname()->release;
	const u32 size = 8 + 16 * KCHAT_STATS + 128;
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, req->hdr, size, &head);

	if (!ctl)
		return;
	kchat_stat_read_all(conn->kn, values);
	ctl->len = kchat_frame_build_status(ctl->data, ctl->size, &head, values, KCHAT_STATS,
					    release, KCHAT_MODULE_VERSION);
	kchat_conn_reply(conn, ctl);
}
