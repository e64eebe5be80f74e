// SPDX-License-Identifier: GPL-2.0-only
/* What a connection does with a frame: the table of handlers. */
#include "dispatch.h"

#include "conn.h"
#include "stream.h"

void kchat_refuse(struct kchat_conn *conn, const struct kchat_request *req, enum kchat_error error)
{
	kchat_conn_reply_error(conn, req->hdr, error, 0);
}

static const struct handler {
	u16 type;
	void (*handle)(struct kchat_conn *conn, const struct kchat_request *req);
} handlers[] = {
	/* What comes most comes first. */
	{ KCHAT_T_MSG,			kchat_handle_talk },
	{ KCHAT_T_STORED,		kchat_handle_stored },
	{ KCHAT_T_TYPING,		kchat_handle_typing },
	{ KCHAT_T_PING,			kchat_handle_ping },
	{ KCHAT_T_PONG,			kchat_handle_pong },
	{ KCHAT_T_EDIT,			kchat_handle_talk },
	{ KCHAT_T_DELETE,		kchat_handle_talk },
	{ KCHAT_T_REACT,		kchat_handle_talk },
	{ KCHAT_T_TOPIC,		kchat_handle_talk },
	{ KCHAT_T_HELLO,		kchat_handle_hello },
	{ KCHAT_T_AUTH,			kchat_handle_auth },
	{ KCHAT_T_PROOF,		kchat_handle_proof },
	{ KCHAT_T_RESUME,		kchat_handle_resume },
	{ KCHAT_T_REGISTER,		kchat_handle_register },
	{ KCHAT_T_PASSWD,		kchat_handle_passwd },
	{ KCHAT_T_BYE,			kchat_handle_bye },
	{ KCHAT_T_WHOIS,		kchat_handle_whois },
	{ KCHAT_T_PEOPLE,		kchat_handle_people },
	{ KCHAT_T_ROOMS,		kchat_handle_rooms },
	{ KCHAT_T_STATUS,		kchat_handle_status },
	{ KCHAT_T_JOIN,			kchat_handle_join },
	{ KCHAT_T_PART,			kchat_handle_part },
	{ KCHAT_T_WANT,			kchat_handle_want },
	{ KCHAT_T_BLOB_WANT,		kchat_handle_blob_want },
	{ KCHAT_T_DIRECT,		kchat_handle_direct },
	{ KCHAT_T_REOFFER,		kchat_handle_reoffer },
	{ KCHAT_T_INVITE,		kchat_handle_invite },
	{ KCHAT_T_AWAY,			kchat_handle_away },
	{ KCHAT_T_READ,			kchat_handle_read },
	{ KCHAT_T_RULE,			kchat_handle_rule },
	{ KCHAT_T_STREAM_BEGIN,		kchat_handle_stream_begin },
	{ KCHAT_T_STREAM_ACCEPT,	kchat_handle_stream_accept },
	{ KCHAT_T_STREAM_END,		kchat_handle_stream_end },
	{ KCHAT_T_STREAM_CANCEL,	kchat_handle_stream_cancel },
};

void kchat_dispatch(struct kchat_conn *conn, const struct kchat_rule *rule,
		    const struct kchat_hdr *hdr, const u8 *body, u32 len)
{
	const struct kchat_request req = { .rule = rule, .hdr = hdr, .body = body, .len = len };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i].type == rule->type) {
			handlers[i].handle(conn, &req);
			return;
		}
	}
}

void kchat_dispatch_request(struct kchat_conn *conn, const struct kchat_ctl *ctl)
{
	const struct kchat_hdr *hdr = (const struct kchat_hdr *)ctl->data;
	const u8 *body = ctl->data + KCHAT_HDR_LEN;
	u64 offset;

	if (le16_to_cpu(hdr->type) == KCHAT_T_JOIN) {
		kchat_handle_join_here(conn, hdr, body, ctl->len - KCHAT_HDR_LEN);
	} else if (le16_to_cpu(hdr->type) == KCHAT_T_STREAM_CANCEL) {
		if (!kchat_taker_cancel(conn, hdr))
			kchat_conn_reply_error(conn, hdr, KCHAT_E_STREAM, 0);
	} else if (kchat_frame_parse_u64(body, ctl->len - KCHAT_HDR_LEN, &offset) == KCHAT_E_NONE) {
		kchat_taker_accept(conn, hdr, offset);
	}
}
