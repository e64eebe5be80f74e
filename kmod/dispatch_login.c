// SPDX-License-Identifier: GPL-2.0-only
/* What a connection says of itself: greeting, login, signs of life, farewell. */
#include "dispatch.h"

#include <linux/random.h>

#include "account.h"
#include "auth.h"
#include "conn.h"
#include "server.h"
#include "service.h"
#include "session.h"
#include "stats.h"
#include "stream.h"

#define KCHAT_REFUSED_MAX	3	/* refused logins of one connection */

static u32 limits(struct kchat_conn *conn, struct kchat_limit_value *out)
{
	const struct kchat_net *kn = conn->kn;
	const struct kchat_limit_value values[] = {
		{ KCHAT_LIMIT_TEXT, KCHAT_TEXT_MAX },
		{ KCHAT_LIMIT_CHUNK, KCHAT_CHUNK_MAX },
		{ KCHAT_LIMIT_NAME, KCHAT_NAME_MAX },
		{ KCHAT_LIMIT_ROOM_NAME, KCHAT_ROOM_NAME_MAX },
		{ KCHAT_LIMIT_ROOMS, kchat_param(kn, KCHAT_P_rooms_per_connection) },
		{ KCHAT_LIMIT_MEMBERS, kchat_param(kn, KCHAT_P_members) },
		{ KCHAT_LIMIT_STREAMS, kchat_param(kn, KCHAT_P_streams_per_person) },
		{ KCHAT_LIMIT_WINDOW, kchat_param(kn, KCHAT_P_window) },
		{ KCHAT_LIMIT_PING_MS, kchat_param(kn, KCHAT_P_ping_ms) },
		{ KCHAT_LIMIT_SILENCE_MS, kchat_param(kn, KCHAT_P_silence_ms) },
		{ KCHAT_LIMIT_LOST_MS, kchat_param(kn, KCHAT_P_lost_ms) },
		{ KCHAT_LIMIT_SESSION_MS, kchat_param(kn, KCHAT_P_session_ms) },
		{ KCHAT_LIMIT_LOGIN_MS, kchat_param(kn, KCHAT_P_login_ms) },
		{ KCHAT_LIMIT_STORED_MS, kchat_param(kn, KCHAT_P_stored_ms) },
	};

	memcpy(out, values, sizeof(values));
	return ARRAY_SIZE(values);
}

void kchat_handle_hello(struct kchat_conn *conn, const struct kchat_request *req)
{
	const struct kchat_config *cfg = &conn->kn->cfg;
	struct kchat_limit_value values[16];
	struct kchat_welcome welcome = {
		.iterations = cfg->iterations,
		.features = kchat_service_features(conn->kn, kchat_conn_loopback(conn)),
		.server_uuid = cfg->server_uuid,
		.community_uuid = cfg->community_uuid,
		.nonce = conn->nonce,
		.name = { cfg->name, strlen(cfg->name) },
		.limits = values,
		.n_limits = limits(conn, values),
	};
	struct kchat_hello hello;
	enum kchat_error error = kchat_frame_parse_hello(req->body, req->len, &hello);
	struct kchat_head head;
	struct kchat_ctl *ctl;

	if (error != KCHAT_E_NONE) {
		const struct kchat_head last = { .id = req->hdr->id };

		if (error == KCHAT_E_VERSION)
			kchat_conn_close(conn, error, KCHAT_T_HELLO, &last);
		else
			kchat_refuse(conn, req, error);
		return;
	}
	get_random_bytes(conn->nonce, sizeof(conn->nonce));
	ctl = kchat_conn_answer(conn, req->hdr, 72 + sizeof(values) + KCHAT_SERVER_NAME_MAX, &head);
	if (!ctl)
		return;
	ctl->len = kchat_frame_build_welcome(ctl->data, ctl->size, &head, &welcome);
	kchat_conn_reply(conn, ctl);
	conn->state = KCHAT_CONN_GREETED;
}

/* A login that came to nothing; after the third one the connection ends. */
static void login_refused(struct kchat_conn *conn, const struct kchat_request *req,
			  enum kchat_error error, u32 wait_ms)
{
	const struct kchat_head head = { .id = req->hdr->id };

	conn->state = KCHAT_CONN_GREETED;
	if (error == KCHAT_E_BAD_FRAME || error == KCHAT_E_UTF8 || error == KCHAT_E_BUSY) {
		kchat_refuse(conn, req, error);
		return;
	}
	if (++conn->refused < KCHAT_REFUSED_MAX)
		kchat_conn_reply_error(conn, req->hdr, error, wait_ms);
	else
		kchat_conn_close(conn, error, le16_to_cpu(req->hdr->type), &head);
}

void kchat_handle_auth(struct kchat_conn *conn, const struct kchat_request *req)
{
	char challenge[KCHAT_SCRAM_MAX];
	u32 len, wait_ms = 0;
	enum kchat_error error;

	error = kchat_auth_first(conn->kn, &conn->peer, req->body, req->len, &conn->login,
				 challenge, &len, &wait_ms);
	if (error != KCHAT_E_NONE) {
		login_refused(conn, req, error, wait_ms);
		return;
	}
	kchat_conn_reply_frame(conn, req->hdr, KCHAT_T_CHALLENGE, challenge, len);
	conn->state = KCHAT_CONN_CHALLENGED;
}

/* Answers AUTH_OK; from now on the connection is somebody's. */
static void login_done(struct kchat_conn *conn, const struct kchat_request *req, const u8 *data,
		       u32 data_len, u8 state)
{
	struct kchat_session *session = conn->session;
	struct kchat_ident *ident = kchat_account_ident(session->account);
	const struct kchat_auth_ok ok = {
		.account = session->account->number,
		.session = session->number,
		.flags = ident->flags,
		.name = kchat_ident_name(ident),
		.data = data,
		.data_len = data_len,
	};
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, req->hdr, 24 + KCHAT_NAME_MAX + data_len,
						  &head);

	if (ctl) {
		ctl->len = kchat_frame_build_auth_ok(ctl->data, ctl->size, &head, &ok);
		kchat_conn_reply(conn, ctl);
	}
	kchat_ident_put(ident);
	conn->state = state;
	kchat_conn_known(conn);
	kchat_stat_inc(conn->kn, KCHAT_C_LOGINS);
}

void kchat_handle_proof(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_auth_result result = {};
	enum kchat_error error;
	u32 wait_ms = 0;

	error = kchat_auth_final(conn->kn, &conn->peer, conn->login, req->body, req->len, &result,
				 &wait_ms);
	conn->login = NULL;
	if (error == KCHAT_E_NONE) {
		error = kchat_session_begin(conn, &result);
		kchat_ident_put(result.ident);
		kchat_account_put(result.account);
	}
	if (error == KCHAT_E_NONE)
		login_done(conn, req, result.data, result.data_len, KCHAT_CONN_OPEN);
	else
		login_refused(conn, req, error, wait_ms);
	memzero_explicit(&result, sizeof(result));
}

void kchat_handle_resume(struct kchat_conn *conn, const struct kchat_request *req)
{
	u8 proof[KCHAT_KEY_LEN];
	struct kchat_resume resume;
	enum kchat_error error;

	error = kchat_frame_parse_resume(req->body, req->len, &resume);
	if (error == KCHAT_E_NONE)
		error = kchat_session_resume(conn, &resume, proof);
	if (error != KCHAT_E_NONE) {
		login_refused(conn, req, error, 0);
		return;
	}
	login_done(conn, req, proof, sizeof(proof),
		   resume.kind == KCHAT_RESUME_MEDIA ? KCHAT_CONN_MEDIA : KCHAT_CONN_OPEN);
}

void kchat_handle_register(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_registration request;
	enum kchat_error error;

	error = kchat_frame_parse_register(req->body, req->len, &request);
	if (error == KCHAT_E_NONE)
		error = kchat_service_register(conn, req->hdr, &request);
	if (error != KCHAT_E_NONE)
		kchat_refuse(conn, req, error);
}

/* ---- logged in --------------------------------------------------------- */

void kchat_handle_ping(struct kchat_conn *conn, const struct kchat_request *req)
{
	kchat_conn_reply_frame(conn, req->hdr, KCHAT_T_PONG, req->body, req->len);
}

/* Receiving it was the sign of life. */
void kchat_handle_pong(struct kchat_conn *conn, const struct kchat_request *req)
{
}

void kchat_handle_bye(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_session *session = conn->session;

	/* The media connection goes alone; the session's own takes it along. */
	if (conn->state == KCHAT_CONN_OPEN) {
		struct kchat_conn *media = kchat_session_media(session);

		kchat_streams_leave(conn);
		kchat_session_end(session);
		if (media && media != conn)
			kchat_conn_end(media, KCHAT_E_NONE);
		if (media)
			kchat_conn_put(media);
	}
	kchat_conn_close(conn, KCHAT_E_NONE, 0, NULL);
}

void kchat_handle_passwd(struct kchat_conn *conn, const struct kchat_request *req)
{
	struct kchat_passwd request;
	enum kchat_error error;

	error = kchat_frame_parse_passwd(req->body, req->len, &request);
	if (error == KCHAT_E_NONE && !kchat_auth_passwd_ok(conn->session->key, &request))
		error = KCHAT_E_AUTH;
	if (error == KCHAT_E_NONE)
		error = kchat_service_passwd(conn, req->hdr, conn->session->account, &request);
	if (error != KCHAT_E_NONE)
		kchat_refuse(conn, req, error);
}
