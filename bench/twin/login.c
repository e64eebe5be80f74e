// SPDX-License-Identifier: GPL-2.0-only
/* How a connection becomes somebody's. The messages and sums are the module's own. */
#include <linux/string.h>
#include <stdlib.h>
#include <sys/random.h>

#include "proof.h"
#include "sha256.h"
#include "twin.h"

#define REFUSED_MAX	3	/* refused logins of one connection */

/* ---- greeting ---------------------------------------------------------- */

static u32 limits(struct kchat_limit_value *out)
{
	const struct kchat_limit_value values[] = {
		{ KCHAT_LIMIT_TEXT, KCHAT_TEXT_MAX },
		{ KCHAT_LIMIT_CHUNK, KCHAT_CHUNK_MAX },
		{ KCHAT_LIMIT_NAME, KCHAT_NAME_MAX },
		{ KCHAT_LIMIT_ROOM_NAME, KCHAT_ROOM_NAME_MAX },
		{ KCHAT_LIMIT_ROOMS, twin_param(rooms_per_connection) },
		{ KCHAT_LIMIT_MEMBERS, twin_param(members) },
		{ KCHAT_LIMIT_STREAMS, 0 },
		{ KCHAT_LIMIT_PING_MS, twin_param(ping_ms) },
		{ KCHAT_LIMIT_SILENCE_MS, twin_param(silence_ms) },
		{ KCHAT_LIMIT_LOST_MS, twin_param(lost_ms) },
		{ KCHAT_LIMIT_SESSION_MS, twin_param(session_ms) },
		{ KCHAT_LIMIT_LOGIN_MS, twin_param(login_ms) },
		{ KCHAT_LIMIT_STORED_MS, twin_param(stored_ms) },
	};

	memcpy(out, values, sizeof(values));
	return ARRAY_SIZE(values);
}

void twin_hello(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len)
{
	const struct kchat_head head = { .id = hdr->id };
	const struct twin_accounts *accounts = &twin.accounts;
	struct kchat_limit_value values[16];
	struct kchat_welcome welcome = {
		.iterations = accounts->iterations,
		.server_uuid = accounts->server,
		.community_uuid = accounts->community,
		.nonce = conn->nonce,
		.name = { accounts->name, accounts->name_len },
		.limits = values,
		.n_limits = limits(values),
	};
	const u32 size = KCHAT_HDR_LEN + 72 + sizeof(values) + KCHAT_SERVER_NAME_MAX;
	struct kchat_hello hello;
	enum kchat_error error = kchat_frame_parse_hello(body, len, &hello);
	u8 *frame;

	if (error == KCHAT_E_VERSION) {
		twin_conn_close(conn, error, KCHAT_T_HELLO, &head);
		return;
	}
	if (error != KCHAT_E_NONE) {
		twin_answer_error(conn, hdr, error, 0);
		return;
	}
	if (getrandom(conn->nonce, sizeof(conn->nonce), 0) != sizeof(conn->nonce)) {
		twin_conn_kill(conn);
		return;
	}
	frame = twin_reply_begin(conn, size);
	if (frame)
		twin_reply_end(conn, kchat_frame_build_welcome(frame, size, &head, &welcome));
	conn->state = KCHAT_CONN_GREETED;
}

/* A login that came to nothing; after the third one the connection ends. */
static void login_refused(struct twin_conn *conn, const struct kchat_hdr *hdr,
			  enum kchat_error error)
{
	const struct kchat_head head = { .id = hdr->id };
	bool counts = error != KCHAT_E_BAD_FRAME && error != KCHAT_E_UTF8 &&
		      error != KCHAT_E_BUSY;

	conn->state = KCHAT_CONN_GREETED;
	if (!counts || ++conn->refused < REFUSED_MAX)
		twin_answer_error(conn, hdr, error, 0);
	else
		twin_conn_close(conn, error, le16_to_cpu(hdr->type), &head);
}

static void login_done(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *data,
		       u32 len)
{
	const struct twin_session *session = conn->session;
	const struct kchat_head head = { .id = hdr->id };
	const struct kchat_auth_ok ok = {
		.account = session->account->number,
		.session = session->number,
		.flags = session->account->flags,
		.name = twin_account_name(session->account),
		.data = data,
		.data_len = len,
	};
	const u32 size = KCHAT_HDR_LEN + 24 + KCHAT_NAME_MAX + len;
	u8 *frame = twin_reply_begin(conn, size);

	if (frame)
		twin_reply_end(conn, kchat_frame_build_auth_ok(frame, size, &head, &ok));
	conn->state = KCHAT_CONN_OPEN;
}

/* ---- by password -------------------------------------------------------- */

static enum kchat_error auth(struct twin_login *login, const u8 *body, u32 len, char *challenge,
			     u32 *challenge_len)
{
	char text[KCHAT_SCRAM_SERVER_NONCE];
	const struct kchat_text nonce = { text, sizeof(text) };
	u8 random[KCHAT_SCRAM_SERVER_NONCE / 4 * 3];
	u8 mock_salt[KCHAT_SALT_LEN];
	struct kchat_text name;
	enum kchat_error error;

	error = kchat_scram_first(&login->scram, body, len);
	if (error != KCHAT_E_NONE)
		return error;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return KCHAT_E_BUSY;
	kchat_base64_encode(random, sizeof(random), text);
	kchat_scram_mock_salt(&twin.accounts.salts, login->scram.login, login->scram.login_len,
			      mock_salt);
	name = (struct kchat_text){ login->scram.login, login->scram.login_len };
	login->account = twin_account_by_login(&twin.accounts, &name);
	*challenge_len = kchat_scram_challenge(&login->scram, &nonce,
					       login->account ? login->account->salt : mock_salt,
					       twin.accounts.iterations, challenge);
	return KCHAT_E_NONE;
}

static void login_forget(struct twin_conn *conn)
{
	memzero_explicit(conn->login, sizeof(*conn->login));
	free(conn->login);
	conn->login = NULL;
}

void twin_auth(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len)
{
	char challenge[KCHAT_SCRAM_MAX];
	enum kchat_error error;
	u32 challenge_len;

	conn->login = calloc(1, sizeof(*conn->login));
	if (!conn->login) {
		login_refused(conn, hdr, KCHAT_E_BUSY);
		return;
	}
	error = auth(conn->login, body, len, challenge, &challenge_len);
	if (error != KCHAT_E_NONE) {
		login_forget(conn);
		login_refused(conn, hdr, error);
		return;
	}
	twin_answer(conn, hdr, KCHAT_T_CHALLENGE, challenge, challenge_len);
	conn->state = KCHAT_CONN_CHALLENGED;
}

/* AUTH for a wrong password as for a name that there is not. */
static enum kchat_error proof(struct twin_conn *conn, const u8 *body, u32 len,
			      u8 final[KCHAT_SCRAM_FINAL_LEN])
{
	struct twin_login *login = conn->login;
	const struct twin_account *account = login->account;
	u8 shown[KCHAT_KEY_LEN], key[KCHAT_KEY_LEN];
	enum kchat_error error;

	error = kchat_scram_final(&login->scram, body, len, shown);
	if (error != KCHAT_E_NONE)
		return error;
	if (!kchat_scram_verify(&login->scram, account ? account->stored_key : twin.accounts.secret,
				shown) || !account)
		return KCHAT_E_AUTH;
	kchat_scram_sign(&login->scram, account->server_key, final, key);
	twin_session_begin(conn, (struct twin_account *)account, key, &error);
	memzero_explicit(key, sizeof(key));
	return error;
}

void twin_proof(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len)
{
	u8 final[KCHAT_SCRAM_FINAL_LEN];
	enum kchat_error error = proof(conn, body, len, final);

	login_forget(conn);
	if (error == KCHAT_E_NONE)
		login_done(conn, hdr, final, sizeof(final));
	else
		login_refused(conn, hdr, error);
}

/* ---- by session --------------------------------------------------------- */

void twin_resume(struct twin_conn *conn, const struct kchat_hdr *hdr, const u8 *body, u32 len)
{
	struct twin_session *session = NULL;
	u8 shown[KCHAT_KEY_LEN];
	struct kchat_resume resume;
	enum kchat_error error = kchat_frame_parse_resume(body, len, &resume);

	if (error == KCHAT_E_NONE) {
		session = twin_session_find(resume.session);
		/* Media connections are for streams, which are not here. */
		if (!session || resume.kind != KCHAT_RESUME_SESSION ||
		    !kchat_auth_resume_ok(session->key, resume.kind, conn->nonce, resume.nonce,
					  resume.proof))
			error = KCHAT_E_SESSION;
	}
	if (error != KCHAT_E_NONE) {
		login_refused(conn, hdr, error);
		return;
	}
	kchat_auth_resumed(session->key, resume.kind, conn->nonce, resume.nonce, shown);
	twin_session_attach(session, conn);
	login_done(conn, hdr, shown, sizeof(shown));
}
