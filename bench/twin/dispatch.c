// SPDX-License-Identifier: GPL-2.0-only
/* What a connection does with a frame: the table of handlers. */
#include <linux/kernel.h>

#include "twin.h"

/**
 * struct request - a frame
 * @rule: of its type
 * @hdr: its header
 * @body: what follows
 * @len: bytes of it
 */
struct request {
	const struct kchat_rule *rule;
	const struct kchat_hdr *hdr;
	const u8 *body;
	u32 len;
};

static void refuse(struct twin_conn *conn, const struct request *req, enum kchat_error error)
{
	twin_answer_error(conn, req->hdr, error, 0);
}

static void say(struct twin_conn *conn, const struct request *req, enum kchat_error error,
		const struct kchat_talk *topic)
{
	if (error == KCHAT_E_NONE)
		twin_say(conn, req->rule, req->hdr, req->body, req->len, topic);
	else
		refuse(conn, req, error);
}

static void handle_talk(struct twin_conn *conn, const struct request *req)
{
	const struct kvec vec = { .iov_base = (void *)req->body, .iov_len = req->len };
	struct kchat_talk talk;
	enum kchat_error error = kchat_frame_parse_talk(req->rule->type, &vec, 1, &talk);

	say(conn, req, error, req->rule->type == KCHAT_T_TOPIC ? &talk : NULL);
}

static void handle_typing(struct twin_conn *conn, const struct request *req)
{
	bool on;

	say(conn, req, kchat_frame_parse_typing(req->body, req->len, &on), NULL);
}

static void handle_want(struct twin_conn *conn, const struct request *req)
{
	struct kchat_want want;

	say(conn, req, kchat_frame_parse_want(req->body, req->len, &want), NULL);
}

static void handle_read(struct twin_conn *conn, const struct request *req)
{
	struct kchat_stored read;

	say(conn, req, kchat_frame_parse_stored(req->body, req->len, &read), NULL);
}

static void handle_stored(struct twin_conn *conn, const struct request *req)
{
	struct kchat_stored stored;
	enum kchat_error error = kchat_frame_parse_stored(req->body, req->len, &stored);

	if (error == KCHAT_E_NONE)
		twin_stored(conn, req->hdr, &stored);
	else
		refuse(conn, req, error);
}

static void handle_ping(struct twin_conn *conn, const struct request *req)
{
	twin_answer(conn, req->hdr, KCHAT_T_PONG, req->body, req->len);
}

/* Receiving it was the sign of life. */
static void handle_pong(struct twin_conn *conn, const struct request *req)
{
}

static void handle_hello(struct twin_conn *conn, const struct request *req)
{
	twin_hello(conn, req->hdr, req->body, req->len);
}

static void handle_auth(struct twin_conn *conn, const struct request *req)
{
	twin_auth(conn, req->hdr, req->body, req->len);
}

static void handle_proof(struct twin_conn *conn, const struct request *req)
{
	twin_proof(conn, req->hdr, req->body, req->len);
}

static void handle_resume(struct twin_conn *conn, const struct request *req)
{
	twin_resume(conn, req->hdr, req->body, req->len);
}

static void handle_bye(struct twin_conn *conn, const struct request *req)
{
	if (conn->session)
		twin_session_end(conn->session, KCHAT_PERSON_LEFT);
	twin_conn_close(conn, KCHAT_E_NONE, 0, NULL);
}

static void handle_join(struct twin_conn *conn, const struct request *req)
{
	struct kchat_join join;
	enum kchat_error error = kchat_frame_parse_join(req->body, req->len, &join);

	if (error == KCHAT_E_NONE)
		twin_join(conn, req->hdr, &join);
	else
		refuse(conn, req, error);
}

static void handle_part(struct twin_conn *conn, const struct request *req)
{
	twin_part(conn, req->hdr);
}

static void handle_away(struct twin_conn *conn, const struct request *req)
{
	struct kchat_away away;
	enum kchat_error error = kchat_frame_parse_away(req->body, req->len, &away);

	if (error != KCHAT_E_NONE) {
		refuse(conn, req, error);
		return;
	}
	twin_session_away(conn->session, away.on);
	twin_answer(conn, req->hdr, KCHAT_T_OK, NULL, 0);
}

static u16 sessions_of(const struct twin_account *account, u8 *state)
{
	const struct twin_session *session;
	bool present = false;

	list_for_each_entry(session, &account->sessions, link)
		present |= session->conn && !session->conn->silent && !session->away;
	*state = present ? KCHAT_PERSON_PRESENT :
		 account->nr_connected ? KCHAT_PERSON_AWAY :
		 account->nr_sessions ? KCHAT_PERSON_RECONNECTING : KCHAT_PERSON_OFFLINE;
	return account->nr_connected;
}

static void handle_whois(struct twin_conn *conn, const struct request *req)
{
	const struct kchat_head head = { .room = le32_to_cpu(req->hdr->room),
					 .id = req->hdr->id };
	const u32 size = KCHAT_HDR_LEN + 14 + KCHAT_NAME_MAX;
	const struct twin_account *account = NULL;
	struct kchat_person_entry entry;
	struct kchat_whois whois;
	enum kchat_error error;
	u8 *frame;

	error = kchat_frame_parse_whois(req->body, req->len, &whois);
	if (error == KCHAT_E_NONE) {
		account = whois.account ?
			  twin_account_by_number(&twin.accounts, whois.account) :
			  twin_account_by_login(&twin.accounts, &whois.login);
		if (!account)
			error = KCHAT_E_NO_PERSON;
	}
	if (error != KCHAT_E_NONE) {
		refuse(conn, req, error);
		return;
	}
	entry = (struct kchat_person_entry){
		.account = account->number,
		.flags = account->flags,
		.name = twin_account_name(account),
	};
	entry.sessions = sessions_of(account, &entry.state);
	frame = twin_reply_begin(conn, size);
	if (frame)
		twin_reply_end(conn, kchat_frame_build_person(frame, size, KCHAT_T_PERSON, &head,
							      &entry));
}

static const struct handler {
	u16 type;
	void (*handle)(struct twin_conn *conn, const struct request *req);
} handlers[] = {
	/* What comes most comes first. */
	{ KCHAT_T_MSG,		handle_talk },
	{ KCHAT_T_STORED,	handle_stored },
	{ KCHAT_T_TYPING,	handle_typing },
	{ KCHAT_T_PING,		handle_ping },
	{ KCHAT_T_PONG,		handle_pong },
	{ KCHAT_T_READ,		handle_read },
	{ KCHAT_T_EDIT,		handle_talk },
	{ KCHAT_T_DELETE,	handle_talk },
	{ KCHAT_T_REACT,	handle_talk },
	{ KCHAT_T_TOPIC,	handle_talk },
	{ KCHAT_T_WANT,		handle_want },
	{ KCHAT_T_HELLO,	handle_hello },
	{ KCHAT_T_AUTH,		handle_auth },
	{ KCHAT_T_PROOF,	handle_proof },
	{ KCHAT_T_RESUME,	handle_resume },
	{ KCHAT_T_BYE,		handle_bye },
	{ KCHAT_T_JOIN,		handle_join },
	{ KCHAT_T_PART,		handle_part },
	{ KCHAT_T_AWAY,		handle_away },
	{ KCHAT_T_WHOIS,	handle_whois },
};

void twin_dispatch(struct twin_conn *conn, const struct kchat_rule *rule,
		   const struct kchat_hdr *hdr, const u8 *body, u32 len)
{
	const struct request req = { .rule = rule, .hdr = hdr, .body = body, .len = len };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i].type == rule->type) {
			handlers[i].handle(conn, &req);
			return;
		}
	}
	/* What this server does not do, README.md says which. */
	refuse(conn, &req, KCHAT_E_UNKNOWN_TYPE);
}
