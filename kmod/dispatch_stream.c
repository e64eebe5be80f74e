// SPDX-License-Identifier: GPL-2.0-only
/* Media streams, whose two ends may be on two connections of a session. */
#include "dispatch.h"

#include "conn.h"
#include "session.h"
#include "stream.h"

/* To the session's other connection, whose worker handles it. */
static void pass_on(struct kchat_conn *conn, struct kchat_conn *other,
		    const struct kchat_request *req)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + req->len, GFP_KERNEL);

	if (ctl) {
		ctl->request = true;
		ctl->len = ctl->size;
		memcpy(ctl->data, req->hdr, KCHAT_HDR_LEN);
		memcpy(ctl->data + KCHAT_HDR_LEN, req->body, req->len);
	}
	if (!ctl || !kchat_conn_post(other, ctl))
		kchat_refuse(conn, req, KCHAT_E_BUSY);
}

void kchat_handle_stream_begin(struct kchat_conn *conn, const struct kchat_request *req)
{
	kchat_stream_begin(conn, req->hdr, req->body, req->len);
}

void kchat_handle_stream_accept(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_conn *carrier = kchat_session_media(conn->session);
	u64 offset;

	if (kchat_frame_parse_u64(req->body, req->len, &offset) != KCHAT_E_NONE)
		kchat_refuse(conn, req, KCHAT_E_BAD_FRAME);
	else if (carrier && carrier != conn)
		pass_on(conn, carrier, req);
	else
		kchat_taker_accept(conn, req->hdr, offset);
	if (carrier)
		kchat_conn_put(carrier);
}

void kchat_handle_stream_end(struct kchat_conn *conn, const struct kchat_request *req)
{
	kchat_stream_end(conn, req->hdr, req->body, req->len);
}

void kchat_handle_stream_cancel(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_conn *carrier;
	enum kchat_error error;
	u16 reason;

	error = kchat_frame_parse_stream_cancel(req->body, req->len, &reason);
	if (error != KCHAT_E_NONE) {
		kchat_refuse(conn, req, error);
		return;
	}
	if (kchat_stream_cancel(conn, req->hdr))
		return;
	carrier = kchat_session_media(conn->session);
	if (carrier && carrier != conn && conn->state == KCHAT_CONN_OPEN)
		pass_on(conn, carrier, req);
	else
		kchat_refuse(conn, req, KCHAT_E_STREAM);
	if (carrier)
		kchat_conn_put(carrier);
}
