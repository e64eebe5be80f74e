// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection does with a frame: the table of handlers. That the type may
 * come in this state, with these flags and this length, frame.c has checked.
 */
#include <linux/net.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "account.h"
#include "auth.h"
#include "conn.h"
#include "room.h"
#include "server.h"
#include "service.h"
#include "session.h"
#include "stats.h"
#include "stream.h"

#define KCHAT_REFUSED_MAX	3	/* refused logins of one connection */

/**
 * struct request - a frame to be handled
 * @rule: of its type
 * @hdr: its header
 * @body: valid during the call
 * @len: bytes of it
 */
struct request {
	const struct kchat_rule *rule;
	const struct kchat_hdr *hdr;
	const u8 *body;
	u32 len;
};

static void refuse(struct kchat_conn *conn, const struct request *req, enum kchat_error error)
{
	kchat_conn_reply_error(conn, req->hdr, error, 0);
}

/* ---- before login ------------------------------------------------------ */

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

static void handle_hello(struct kchat_conn *conn, const struct request *req)
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
			refuse(conn, req, error);
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
static void login_refused(struct kchat_conn *conn, const struct request *req,
			  enum kchat_error error, u32 wait_ms)
{
	const struct kchat_head head = { .id = req->hdr->id };

	conn->state = KCHAT_CONN_GREETED;
	if (error == KCHAT_E_BAD_FRAME || error == KCHAT_E_UTF8 || error == KCHAT_E_BUSY) {
		refuse(conn, req, error);
		return;
	}
	if (++conn->refused < KCHAT_REFUSED_MAX)
		kchat_conn_reply_error(conn, req->hdr, error, wait_ms);
	else
		kchat_conn_close(conn, error, le16_to_cpu(req->hdr->type), &head);
}

static void handle_auth(struct kchat_conn *conn, const struct request *req)
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
static void login_done(struct kchat_conn *conn, const struct request *req, const u8 *data,
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
	atomic_dec(&conn->kn->nr_new);
	kchat_stat_inc(conn->kn, KCHAT_C_LOGINS);
}

static void handle_proof(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_auth_result result = {};
	enum kchat_error error;
	u32 wait_ms = 0;

	error = kchat_auth_final(conn->kn, &conn->peer, conn->login, req->body, req->len, &result,
				 &wait_ms);
	conn->login = NULL;
	if (error == KCHAT_E_NONE) {
		error = kchat_session_begin(conn, &result);
		kchat_account_put(result.account);
	}
	if (error == KCHAT_E_NONE)
		login_done(conn, req, result.data, result.data_len, KCHAT_CONN_OPEN);
	else
		login_refused(conn, req, error, wait_ms);
	memzero_explicit(&result, sizeof(result));
}

static void handle_resume(struct kchat_conn *conn, const struct request *req)
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

static void handle_register(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_registration request;
	enum kchat_error error;

	error = kchat_frame_parse_register(req->body, req->len, &request);
	if (error == KCHAT_E_NONE)
		error = kchat_service_register(conn, req->hdr, &request);
	if (error != KCHAT_E_NONE)
		refuse(conn, req, error);
}

/* ---- the connection ---------------------------------------------------- */

static void handle_ping(struct kchat_conn *conn, const struct request *req)
{
	kchat_conn_reply_frame(conn, req->hdr, KCHAT_T_PONG, req->body, req->len);
}

/* Receiving it was the sign of life. */
static void handle_pong(struct kchat_conn *conn, const struct request *req)
{
}

static void handle_bye(struct kchat_conn *conn, const struct request *req)
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

static void handle_passwd(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_passwd request;
	enum kchat_error error;

	error = kchat_frame_parse_passwd(req->body, req->len, &request);
	if (error == KCHAT_E_NONE && !kchat_auth_passwd_ok(conn->session->key, &request))
		error = KCHAT_E_AUTH;
	if (error == KCHAT_E_NONE)
		error = kchat_service_passwd(conn, req->hdr, conn->session->account, &request);
	if (error != KCHAT_E_NONE)
		refuse(conn, req, error);
}

/* ---- questions --------------------------------------------------------- */

static void person_entry(struct kchat_account *account, const struct kchat_ident *ident,
			 struct kchat_person_entry *entry)
{
	entry->account = account->number;
	entry->flags = ident->flags;
	entry->name = kchat_ident_name(ident);
	kchat_session_person(account, entry);
}

static void handle_whois(struct kchat_conn *conn, const struct request *req)
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
		refuse(conn, req, error);
		return;
	}
	account = whois.account ? kchat_account_get(&conn->kn->accounts, whois.account) :
				  kchat_account_by_login(&conn->kn->accounts, &whois.login);
	if (!account) {
		refuse(conn, req, KCHAT_E_NO_PERSON);
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
static struct kchat_ctl *page_begin(struct kchat_conn *conn, const struct request *req,
				    struct kchat_writer *writer, struct kchat_head *head,
				    u64 *after)
{
	struct kchat_ctl *ctl;

	if (kchat_frame_parse_u64(req->body, req->len, after) != KCHAT_E_NONE) {
		refuse(conn, req, KCHAT_E_BAD_FRAME);
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

static void handle_people(struct kchat_conn *conn, const struct request *req)
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
		.flags = room->flags,
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

static void handle_rooms(struct kchat_conn *conn, const struct request *req)
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

static void handle_status(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_counter_value values[KCHAT_STATS];
	const char *release = init_utsname()->release;
	struct kchat_head head;
	struct kchat_ctl *ctl = kchat_conn_answer(conn, req->hdr, 8 + 16 * KCHAT_STATS + 128, &head);

	if (!ctl)
		return;
	kchat_stat_read_all(conn->kn, values);
	ctl->len = kchat_frame_build_status(ctl->data, ctl->size, &head, values, KCHAT_STATS,
					    release, KCHAT_MODULE_VERSION);
	kchat_conn_reply(conn, ctl);
}

/* ---- rooms ------------------------------------------------------------- */

static void handle_join(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_join join;
	enum kchat_error error = kchat_frame_parse_join(req->body, req->len, &join);

	if (error == KCHAT_E_NONE)
		kchat_member_join(conn, req->hdr, &join);
	else
		refuse(conn, req, error);
}

static void handle_part(struct kchat_conn *conn, const struct request *req)
{
	kchat_member_part(conn, req->hdr);
}

static void handle_stored(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_stored stored;
	enum kchat_error error = kchat_frame_parse_stored(req->body, req->len, &stored);

	if (error == KCHAT_E_NONE)
		kchat_room_stored(conn, req->hdr, &stored);
	else
		refuse(conn, req, error);
}

static void relay(struct kchat_conn *conn, const struct request *req, enum kchat_error error,
		  const struct kchat_talk *topic)
{
	if (error == KCHAT_E_NONE)
		kchat_room_relay(conn, req->rule, req->hdr, req->body, req->len, topic);
	else
		refuse(conn, req, error);
}

static void handle_talk(struct kchat_conn *conn, const struct request *req)
{
	const struct kvec vec = { .iov_base = (void *)req->body, .iov_len = req->len };
	struct kchat_talk talk;
	enum kchat_error error = kchat_frame_parse_talk(req->rule->type, &vec, 1, &talk);

	relay(conn, req, error, req->rule->type == KCHAT_T_TOPIC ? &talk : NULL);
}

static void handle_typing(struct kchat_conn *conn, const struct request *req)
{
	bool on;

	relay(conn, req, kchat_frame_parse_typing(req->body, req->len, &on), NULL);
}

static void handle_want(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_want want;

	relay(conn, req, kchat_frame_parse_want(req->body, req->len, &want), NULL);
}

static void handle_blob_want(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_blob_want want;

	relay(conn, req, kchat_frame_parse_blob_want(req->body, req->len, &want), NULL);
}

/* ---- from person to person --------------------------------------------- */

/* To all connections of a person in a room. */
static enum kchat_error post_in_room(struct kchat_conn *conn, const struct request *req, u64 to,
				     u8 *frame, u32 len)
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
static u8 *stamped(struct kchat_conn *conn, const struct request *req)
{
	u8 *frame = kmalloc(KCHAT_HDR_LEN + req->len, GFP_KERNEL);
	struct kchat_hdr *hdr = (struct kchat_hdr *)frame;

	if (!frame)
		return NULL;
	memcpy(frame, req->hdr, KCHAT_HDR_LEN);
	memcpy(frame + KCHAT_HDR_LEN, req->body, req->len);
	hdr->sender = cpu_to_le64(conn->session->account->number);
	hdr->time = cpu_to_le64(ktime_to_us(ktime_get_real()));
	return frame;
}

static void post_answer(struct kchat_conn *conn, const struct request *req, enum kchat_error error)
{
	if (error == KCHAT_E_NONE)
		kchat_conn_reply_ok(conn, req->hdr);
	else
		kchat_conn_reply_error(conn, req->hdr, error,
				       error == KCHAT_E_BUSY ? KCHAT_BUSY_MS : 0);
}

static void handle_direct(struct kchat_conn *conn, const struct request *req)
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

static void handle_reoffer(struct kchat_conn *conn, const struct request *req)
{
	const struct kvec vec = { .iov_base = (void *)req->body, .iov_len = req->len };
	struct kchat_reoffer reoffer;
	enum kchat_error error = kchat_frame_parse_reoffer(&vec, 1, &reoffer);
	u8 *frame = NULL;

	if (error == KCHAT_E_NONE) {
		frame = stamped(conn, req);
		error = frame ? post_in_room(conn, req, reoffer.to, frame,
					     KCHAT_HDR_LEN + req->len) : KCHAT_E_BUSY;
	}
	post_answer(conn, req, error);
	kfree(frame);
}

static void handle_invite(struct kchat_conn *conn, const struct request *req)
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
		else if (!kchat_room_invite(member->room, conn->session->account, to))
			error = KCHAT_E_OFFLINE;
	}
	if (account)
		kchat_account_put(account);
	post_answer(conn, req, error);
}

/* ---- streams ----------------------------------------------------------- */

/* To the session's other connection, whose worker handles it. */
static void pass_on(struct kchat_conn *conn, struct kchat_conn *other, const struct request *req)
{
	struct kchat_ctl *ctl = kchat_ctl_alloc(KCHAT_HDR_LEN + req->len, GFP_KERNEL);

	if (ctl) {
		ctl->request = true;
		ctl->len = ctl->size;
		memcpy(ctl->data, req->hdr, KCHAT_HDR_LEN);
		memcpy(ctl->data + KCHAT_HDR_LEN, req->body, req->len);
	}
	if (!ctl || !kchat_conn_post(other, ctl))
		refuse(conn, req, KCHAT_E_BUSY);
}

static void handle_stream_begin(struct kchat_conn *conn, const struct request *req)
{
	kchat_stream_begin(conn, req->hdr, req->body, req->len);
}

static void handle_stream_accept(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_conn *carrier = kchat_session_media(conn->session);
	u64 offset;

	if (kchat_frame_parse_u64(req->body, req->len, &offset) != KCHAT_E_NONE)
		refuse(conn, req, KCHAT_E_BAD_FRAME);
	else if (carrier && carrier != conn)
		pass_on(conn, carrier, req);
	else
		kchat_taker_accept(conn, req->hdr, offset);
	if (carrier)
		kchat_conn_put(carrier);
}

static void handle_stream_end(struct kchat_conn *conn, const struct request *req)
{
	kchat_stream_end(conn, req->hdr, req->body, req->len);
}

static void handle_stream_cancel(struct kchat_conn *conn, const struct request *req)
{
	struct kchat_conn *carrier;
	enum kchat_error error;
	u16 reason;

	error = kchat_frame_parse_stream_cancel(req->body, req->len, &reason);
	if (error != KCHAT_E_NONE) {
		refuse(conn, req, error);
		return;
	}
	if (kchat_stream_cancel(conn, req->hdr))
		return;
	carrier = kchat_session_media(conn->session);
	if (carrier && carrier != conn && conn->state == KCHAT_CONN_OPEN)
		pass_on(conn, carrier, req);
	else
		refuse(conn, req, KCHAT_E_STREAM);
	if (carrier)
		kchat_conn_put(carrier);
}

/* ---- the table --------------------------------------------------------- */

static const struct handler {
	u16 type;
	void (*handle)(struct kchat_conn *conn, const struct request *req);
} handlers[] = {
	/* What comes most comes first. */
	{ KCHAT_T_MSG,			handle_talk },
	{ KCHAT_T_STORED,		handle_stored },
	{ KCHAT_T_TYPING,		handle_typing },
	{ KCHAT_T_PING,			handle_ping },
	{ KCHAT_T_PONG,			handle_pong },
	{ KCHAT_T_EDIT,			handle_talk },
	{ KCHAT_T_DELETE,		handle_talk },
	{ KCHAT_T_REACT,		handle_talk },
	{ KCHAT_T_TOPIC,		handle_talk },
	{ KCHAT_T_HELLO,		handle_hello },
	{ KCHAT_T_AUTH,			handle_auth },
	{ KCHAT_T_PROOF,		handle_proof },
	{ KCHAT_T_RESUME,		handle_resume },
	{ KCHAT_T_REGISTER,		handle_register },
	{ KCHAT_T_PASSWD,		handle_passwd },
	{ KCHAT_T_BYE,			handle_bye },
	{ KCHAT_T_WHOIS,		handle_whois },
	{ KCHAT_T_PEOPLE,		handle_people },
	{ KCHAT_T_ROOMS,		handle_rooms },
	{ KCHAT_T_STATUS,		handle_status },
	{ KCHAT_T_JOIN,			handle_join },
	{ KCHAT_T_PART,			handle_part },
	{ KCHAT_T_WANT,			handle_want },
	{ KCHAT_T_BLOB_WANT,		handle_blob_want },
	{ KCHAT_T_DIRECT,		handle_direct },
	{ KCHAT_T_REOFFER,		handle_reoffer },
	{ KCHAT_T_INVITE,		handle_invite },
	{ KCHAT_T_STREAM_BEGIN,		handle_stream_begin },
	{ KCHAT_T_STREAM_ACCEPT,	handle_stream_accept },
	{ KCHAT_T_STREAM_END,		handle_stream_end },
	{ KCHAT_T_STREAM_CANCEL,	handle_stream_cancel },
};

void kchat_dispatch(struct kchat_conn *conn, const struct kchat_rule *rule,
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
}

void kchat_dispatch_request(struct kchat_conn *conn, const struct kchat_ctl *ctl)
{
	const struct kchat_hdr *hdr = (const struct kchat_hdr *)ctl->data;
	const u8 *body = ctl->data + KCHAT_HDR_LEN;
	u64 offset;

	if (le16_to_cpu(hdr->type) == KCHAT_T_STREAM_CANCEL) {
		if (!kchat_taker_cancel(conn, hdr))
			kchat_conn_reply_error(conn, hdr, KCHAT_E_STREAM, 0);
	} else if (kchat_frame_parse_u64(body, ctl->len - KCHAT_HDR_LEN, &offset) == KCHAT_E_NONE) {
		kchat_taker_accept(conn, hdr, offset);
	}
}
