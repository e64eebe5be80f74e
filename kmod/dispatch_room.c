// SPDX-License-Identifier: GPL-2.0-only
/* What goes to a room: join and part, talk, passing frames, stored reports. */
#include "dispatch.h"

#include "conn.h"
#include "home.h"
#include "room.h"
#include "rule.h"
#include "worker.h"

static void join(struct kchat_conn *conn, const struct kchat_request *req, bool settled)
{
	struct kchat_join join;
	enum kchat_error error = kchat_frame_parse_join(req->body, req->len, &join);

	if (error == KCHAT_E_NONE && !kchat_member_join(conn, req->hdr, &join, settled))
		error = kchat_home_ask(conn, req, &join);
	if (error != KCHAT_E_NONE)
		kchat_conn_reply_error(conn, req->hdr, error,
				       error == KCHAT_E_BUSY ? KCHAT_BUSY_MS : 0);
}

void kchat_handle_join(struct kchat_conn *conn, const struct kchat_request *req)
{
	join(conn, req, false);
}

void kchat_handle_join_here(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *body,
			    u32 len)
{
	const struct kchat_request req = { .hdr = hdr, .body = body, .len = len };

	join(conn, &req, true);
}

void kchat_handle_part(struct kchat_conn *conn, const struct kchat_request *req)
{
	kchat_member_part(conn, req->hdr);
}

void kchat_handle_stored(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_stored stored;
	enum kchat_error error = kchat_frame_parse_stored(req->body, req->len, &stored);

	if (error == KCHAT_E_NONE)
		kchat_room_stored(conn, req->hdr, &stored);
	else
		kchat_refuse(conn, req, error);
}

static void relay(struct kchat_conn *conn, const struct kchat_request *req, enum kchat_error error,
		  const struct kchat_talk *topic)
{
	if (error == KCHAT_E_NONE)
		kchat_room_relay(conn, req->rule, req->hdr, req->body, req->len, topic);
	else
		kchat_refuse(conn, req, error);
}

void kchat_handle_talk(struct kchat_conn *conn, const struct kchat_request *req)
{
	const struct kvec vec = { .iov_base = (void *)req->body, .iov_len = req->len };
	struct kchat_talk talk;
	enum kchat_error error = kchat_frame_parse_talk(req->rule->type, &vec, 1, &talk);

	relay(conn, req, error, req->rule->type == KCHAT_T_TOPIC ? &talk : NULL);
}

/*
 * The bytes are ours alone: they are checked where they will be sent from, and the
 * author cannot change them any more.
 */
void kchat_dispatch_long(struct kchat_conn *conn, struct kchat_seg *seg)
{
	struct kchat_spare *spare = &conn->worker->spare;
	struct kvec pieces[KCHAT_SEG_PAGES];
	struct kchat_request req = {};
	enum kchat_error error;
	struct kchat_talk talk;
	struct kchat_hdr hdr;
	u32 count;

	kchat_seg_read(seg, 0, &hdr, sizeof(hdr));
	req.rule = kchat_frame_rule(le16_to_cpu(hdr.type));
	req.hdr = &hdr;
	req.len = seg->used - sizeof(hdr);
	count = kchat_seg_kvecs(seg, sizeof(hdr), req.len, pieces);
	error = kchat_frame_parse_talk(req.rule->type, pieces, count, &talk);
	kchat_spare_give(spare, seg);
	relay(conn, &req, error, NULL);
	kchat_spare_empty(spare);
}

void kchat_handle_typing(struct kchat_conn *conn, const struct kchat_request *req)
{
	bool on;

	relay(conn, req, kchat_frame_parse_typing(req->body, req->len, &on), NULL);
}

void kchat_handle_want(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_want want;

	relay(conn, req, kchat_frame_parse_want(req->body, req->len, &want), NULL);
}

void kchat_handle_blob_want(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_blob_want want;

	relay(conn, req, kchat_frame_parse_blob_want(req->body, req->len, &want), NULL);
}

void kchat_handle_rule(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_ruling ruling;
	enum kchat_error error = kchat_frame_parse_rule(req->body, req->len, &ruling);

	if (error == KCHAT_E_NONE)
		kchat_room_rule(conn, req->hdr, &ruling);
	else
		kchat_refuse(conn, req, error);
}

void kchat_handle_read(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_stored read;

	relay(conn, req, kchat_frame_parse_stored(req->body, req->len, &read), NULL);
}
