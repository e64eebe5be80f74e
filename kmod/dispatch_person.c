// SPDX-License-Identifier: GPL-2.0-only
/* From person to person: DIRECT, REOFFER, INVITE; and AWAY, which tells all of them. */
#include "alloc.h"
#include "dispatch.h"

#include <linux/ktime.h>
#include <linux/slab.h>

#include "account.h"
#include "conn.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"

/* To all connections of a person in a room. */
static enum kchat_error post_in_room(struct kchat_conn *conn, const struct kchat_request *req,
				     u64 to, u8 *frame, u32 len)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(req->hdr->room));
	struct kchat_hdr *hdr = (struct kchat_hdr *)frame;
	const struct kchat_person *person;
	enum kchat_error error = KCHAT_E_NONE;

	if (!member)
		return KCHAT_E_NOT_IN_ROOM;
	spin_lock(&member->room->lock);
	hdr->epoch = cpu_to_le64(member->room->epoch);
	person = kchat_room_person(member->room, to);
	if (!member->seat)
		error = KCHAT_E_NOT_IN_ROOM;
	else if (!person || !person->nr_live)
		error = KCHAT_E_OFFLINE;
	else if (!kchat_room_post(person, NULL, frame, len))
		error = KCHAT_E_BUSY;
	spin_unlock(&member->room->lock);
	return error;
}

/* To all connections of an account. */
static enum kchat_error post_to_account(struct kchat_conn *conn, u64 to, const u8 *frame, u32 len)
{
	struct kchat_account *account = kchat_account_get(&conn->kn->accounts, to);
	enum kchat_error error = KCHAT_E_NONE;

	if (!account)
		return KCHAT_E_OFFLINE;
	if (!READ_ONCE(account->n_connected))
		error = KCHAT_E_OFFLINE;
	else if (!kchat_session_post_account(account, frame, len))
		error = KCHAT_E_BUSY;
	kchat_account_put(account);
	return error;
}

/* The frame as it came, with what the server fills in. NULL: no memory. */
static u8 *stamped(struct kchat_conn *conn, const struct kchat_request *req)
{
	u8 *frame = kchat_alloc(kmalloc(KCHAT_HDR_LEN + req->len, GFP_KERNEL));
	struct kchat_hdr *hdr = (struct kchat_hdr *)frame;

	if (!frame)
		return NULL;
	memcpy(frame, req->hdr, KCHAT_HDR_LEN);
	memcpy(frame + KCHAT_HDR_LEN, req->body, req->len);
	hdr->sender = cpu_to_le64(conn->session->account->number);
	hdr->time = cpu_to_le64(ktime_to_us(ktime_get_real()));
	return frame;
}

static void post_answer(struct kchat_conn *conn, const struct kchat_request *req,
			enum kchat_error error)
{
	if (error == KCHAT_E_NONE)
		kchat_conn_reply_ok(conn, req->hdr);
	else
		kchat_conn_reply_error(conn, req->hdr, error,
				       error == KCHAT_E_BUSY ? KCHAT_BUSY_MS : 0);
}

void kchat_handle_direct(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_direct direct;
	enum kchat_error error = kchat_frame_parse_direct(req->body, req->len, &direct);
	u8 *frame = NULL;

	if (error == KCHAT_E_NONE) {
		frame = stamped(conn, req);
		error = frame ? post_to_account(conn, direct.to, frame, KCHAT_HDR_LEN + req->len) :
				KCHAT_E_BUSY;
	}
	post_answer(conn, req, error);
	kfree(frame);
}

void kchat_handle_reoffer(struct kchat_conn *conn, const struct kchat_request *req)
{
	const struct kvec vec = { .iov_base = (void *)req->body, .iov_len = req->len };
	struct kchat_reoffer reoffer;
	enum kchat_error error = kchat_frame_parse_reoffer(&vec, 1, &reoffer);
	u8 *frame = NULL;

	if (conn->reoffers >= KCHAT_REOFFERS_MAX) {
		kchat_conn_reply_error(conn, req->hdr, KCHAT_E_RATE, KCHAT_BUSY_MS);
		return;
	}
	if (error == KCHAT_E_NONE) {
		frame = stamped(conn, req);
		error = frame ? post_in_room(conn, req, reoffer.to, frame,
					     KCHAT_HDR_LEN + req->len) : KCHAT_E_BUSY;
	}
	post_answer(conn, req, error);
	kchat_conn_reply_counts(conn);
	kfree(frame);
}

void kchat_handle_invite(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_member *member = kchat_member_find(conn, le32_to_cpu(req->hdr->room));
	struct kchat_account *account = NULL;
	enum kchat_error error;
	u64 to;

	error = kchat_frame_parse_u64(req->body, req->len, &to);
	if (error == KCHAT_E_NONE && !member)
		error = KCHAT_E_NOT_IN_ROOM;
	if (error == KCHAT_E_NONE) {
		account = kchat_account_get(&conn->kn->accounts, to);
		if (!account)
			error = KCHAT_E_NO_PERSON;
		else if (!kchat_room_admits(member->room, to))
			error = KCHAT_E_FORBIDDEN;
		else
			error = kchat_room_admit(conn, member, to);
		if (error == KCHAT_E_NONE &&
		    !kchat_room_invite(member->room, conn->session->account, to))
			error = KCHAT_E_OFFLINE;
	}
	if (account)
		kchat_account_put(account);
	post_answer(conn, req, error);
}

void kchat_handle_away(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_away away;
	enum kchat_error error = kchat_frame_parse_away(req->body, req->len, &away);

	if (error == KCHAT_E_NONE)
		kchat_session_away(conn, away.on);
	post_answer(conn, req, error);
}
