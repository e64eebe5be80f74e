/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a connection does with a frame: one handler for each type, dispatch_*.c
 * by concern. All run in the connection's worker; that the type may come in this
 * state, with these flags and this length, frame.c has checked.
 */
#ifndef _KCHAT_DISPATCH_H
#define _KCHAT_DISPATCH_H

#include <linux/types.h>

#include "frame.h"

struct kchat_conn;

/**
 * struct kchat_request - a frame to be handled
 * @rule: of its type
 * @hdr: its header
 * @body: valid during the call
 * @len: bytes of it
 */
struct kchat_request {
	const struct kchat_rule *rule;
	const struct kchat_hdr *hdr;
	const u8 *body;
	u32 len;
};

/* dispatch.c: ERROR to it. */
void kchat_refuse(struct kchat_conn *conn, const struct kchat_request *req, enum kchat_error error);

/* dispatch_login.c */
void kchat_handle_hello(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_auth(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_proof(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_resume(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_register(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_ping(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_pong(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_bye(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_passwd(struct kchat_conn *conn, const struct kchat_request *req);

/* dispatch_question.c */
void kchat_handle_whois(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_people(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_rooms(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_status(struct kchat_conn *conn, const struct kchat_request *req);

/* dispatch_room.c */
void kchat_handle_join(struct kchat_conn *conn, const struct kchat_request *req);
/* The same, when it has been found out that the room is to be here. */
void kchat_handle_join_here(struct kchat_conn *conn, const struct kchat_hdr *hdr, const u8 *body,
			    u32 len);
void kchat_handle_part(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_stored(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_talk(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_typing(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_want(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_blob_want(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_rule(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_read(struct kchat_conn *conn, const struct kchat_request *req);

/* dispatch_person.c */
void kchat_handle_direct(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_reoffer(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_invite(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_away(struct kchat_conn *conn, const struct kchat_request *req);

/* dispatch_stream.c */
void kchat_handle_stream_begin(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_stream_accept(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_stream_end(struct kchat_conn *conn, const struct kchat_request *req);
void kchat_handle_stream_cancel(struct kchat_conn *conn, const struct kchat_request *req);

#endif /* _KCHAT_DISPATCH_H */
