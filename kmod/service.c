// SPDX-License-Identifier: GPL-2.0-only
#include "service.h"

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "account.h"
#include "alloc.h"
#include "conn.h"
#include "room.h"
#include "server.h"
#include "session.h"
#include "stats.h"

/**
 * struct asking - somebody waits for the accounts service
 * @node: in kchat_service.pending
 * @cookie: names it towards the service
 * @deadline: jiffies
 * @conn: who asked; referenced
 * @cause: type of what was asked: KCHAT_T_REGISTER, _PASSWD, _RULE
 * @account: of PASSWD and RULE who asks, referenced
 * @stored_key: of PASSWD, what it asks for
 * @kept: of RULE the room, referenced
 * @on: it is to be kept, or not any more
 * @room: of the request, for the reply
 * @id: mark of the request, for the reply
 */
struct asking {
	struct list_head node;
	u64 cookie;
	unsigned long deadline;
	struct kchat_conn *conn;
	u16 cause;
	struct kchat_account *account;
	u8 stored_key[KCHAT_KEY_LEN];
	struct kchat_room *kept;
	bool on;
	u32 room;
	u8 id[16];
};

/* ---- answers ------------------------------------------------------------- */

#define ANSWER_MAX	(KCHAT_HDR_LEN + 128)	/* header, error, the longest sentence */

static u32 build_answer(const struct asking *request, u8 *buf, u32 size, enum kchat_error error,
			u64 account)
{
	const struct kchat_head head = { .room = request->room, .id = request->id };

	if (error)
		return kchat_frame_build_error(buf, size, &head, error, request->cause, 0);
	if (request->account)
		return kchat_frame_build(buf, size, KCHAT_T_OK, &head, NULL, 0);
	return kchat_frame_build_u64(buf, size, KCHAT_T_REGISTERED, &head, account);
}

static void request_free(struct asking *request)
{
	if (request->account)
		kchat_account_put(request->account);
	if (request->kept)
		kchat_room_put(request->kept);
	kchat_conn_put(request->conn);
	kfree_sensitive(request);
}

/* Ends a request that is off the list. May sleep. */
static void answer(struct asking *request, enum kchat_error error, u64 account)
{
	struct kchat_conn *conn = request->conn;
	struct kchat_ctl *ctl = kchat_ctl_alloc(ANSWER_MAX, GFP_KERNEL);

	if (request->kept)
		kchat_kept_end(request->kept, request->on, !error, request->account->number,
			       request->id);
	if (ctl)
		ctl->len = build_answer(request, ctl->data, ctl->size, error, account);
	/* Whoever waits for an answer must not wait in vain. */
	if (!ctl || !kchat_conn_post(conn, ctl))
		kchat_conn_end(conn, KCHAT_E_BUSY);
	if (error)
		kchat_stat_inc(conn->kn, KCHAT_C_ERRORS);
	/* A new password shuts out whoever came in by the old one. */
	else if (request->cause == KCHAT_T_PASSWD)
		kchat_session_end_account(request->account, conn, KCHAT_E_REPLACED);
	request_free(request);
}

static void answer_all(struct list_head *requests, enum kchat_error error)
{
	struct asking *request, *next;

	list_for_each_entry_safe(request, next, requests, node)
		answer(request, error, 0);
}

/* ---- the list of those who wait ------------------------------------------ */

/* Under the lock. */
static void take_off(struct kchat_service *service, struct asking *request)
{
	list_del(&request->node);
	service->n_pending--;
}

static struct asking *find_by_cookie(struct kchat_service *service, u64 cookie)
{
	struct asking *request;

	lockdep_assert_held(&service->lock);
	list_for_each_entry(request, &service->pending, node)
		if (request->cookie == cookie)
			return request;
	return NULL;
}

static struct asking *take_by_cookie(struct kchat_service *service, u64 cookie)
{
	struct asking *request = find_by_cookie(service, cookie);

	if (request)
		take_off(service, request);
	return request;
}

/* Those that waited too long; all if there is no service that could decide. */
static void service_expire(struct work_struct *work)
{
	struct kchat_service *service = container_of(work, struct kchat_service, expire.work);
	struct asking *request, *next;
	LIST_HEAD(late);

	spin_lock(&service->lock);
	list_for_each_entry_safe(request, next, &service->pending, node) {
		long left = request->deadline - jiffies;

		if (left > 0 && service->portid) {
			schedule_delayed_work(&service->expire, left);
			break;
		}
		take_off(service, request);
		list_add_tail(&request->node, &late);
	}
	spin_unlock(&service->lock);
	answer_all(&late, KCHAT_E_SERVICE);
}

static bool waits_already(const struct kchat_service *service, const struct kchat_conn *conn)
{
	struct asking *request;

	list_for_each_entry(request, &service->pending, node)
		if (request->conn == conn)
			return true;
	return false;
}

/* Puts a request on the list; *portid is whom to send it to. */
static enum kchat_error enlist(struct kchat_net *knet, struct asking *request, u32 *portid)
{
	struct kchat_service *service = &knet->service;
	unsigned long patience = kchat_param_jiffies(knet, KCHAT_P_service_ms);
	enum kchat_error error = KCHAT_E_NONE;

	spin_lock(&service->lock);
	if (!kchat_net_running(knet))
		error = KCHAT_E_SHUTDOWN;
	else if (!service->portid)
		error = KCHAT_E_SERVICE;
	else if (waits_already(service, request->conn))
		error = KCHAT_E_RATE;
	else if (service->n_pending >= kchat_param(knet, KCHAT_P_requests))
		error = KCHAT_E_BUSY;
	if (error)
		goto out;
	*portid = service->portid;
	request->cookie = ++service->cookie;
	request->deadline = jiffies + patience;
	list_add_tail(&request->node, &service->pending);
	/* It may still be set to the time of a request that was decided long ago. */
	if (!service->n_pending++)
		cancel_delayed_work(&service->expire);
	schedule_delayed_work(&service->expire, patience);
out:
	spin_unlock(&service->lock);
	return error;
}

/* ---- to the service -------------------------------------------------------- */

static struct asking *request_new(struct kchat_conn *conn, const struct kchat_hdr *hdr,
				  const struct kchat_asked *asked)
{
	struct asking *request = kchat_alloc(kzalloc(sizeof(*request), GFP_KERNEL));

	if (!request)
		return NULL;
	request->conn = kchat_conn_hold(conn);
	request->account = asked->account ? kchat_account_hold(asked->account) : NULL;
	request->kept = asked->room ? kchat_room_hold(asked->room) : NULL;
	request->on = asked->on;
	request->cause = le16_to_cpu(hdr->type);
	if (asked->passwd)
		memcpy(request->stored_key, asked->passwd->stored_key,
		       sizeof(request->stored_key));
	request->room = le32_to_cpu(hdr->room);
	memcpy(request->id, hdr->id, sizeof(request->id));
	return request;
}

static enum kchat_error ask(struct kchat_conn *conn, const struct kchat_hdr *hdr,
			    const struct kchat_asked *asked)
{
	struct kchat_service *service = &conn->kn->service;
	struct asking *request = request_new(conn, hdr, asked);
	enum kchat_error error;
	u64 cookie;
	u32 portid;

	if (!request)
		return KCHAT_E_BUSY;
	error = enlist(conn->kn, request, &portid);
	if (error) {
		request_free(request);
		return error;
	}
	/* It is on the list before it is sent: the decision may come at once, and end it. */
	cookie = request->cookie;
	if (!kchat_service_ask(conn, portid, cookie, asked))
		return KCHAT_E_NONE;
	spin_lock(&service->lock);
	request = take_by_cookie(service, cookie);
	spin_unlock(&service->lock);
	if (!request)
		return KCHAT_E_NONE;
	request_free(request);
	return KCHAT_E_SERVICE;
}

static bool weak(const struct kchat_net *knet, u32 iterations, const u8 *salt)
{
	return iterations != knet->cfg.iterations || !memchr_inv(salt, 0, KCHAT_SALT_LEN);
}

/**
 * kchat_service_features - may a peer register, and does it need a code
 * @knet: the server
 * @loopback: the peer is on this host
 *
 * Return: KCHAT_FEATURE_REGISTER and KCHAT_FEATURE_INVITE, or not
 */
u64 kchat_service_features(struct kchat_net *knet, bool loopback)
{
	switch (knet->cfg.reg) {
	case KCHAT_REGISTER_OPEN:
		return KCHAT_FEATURE_REGISTER;
	case KCHAT_REGISTER_CODE:
		return KCHAT_FEATURE_REGISTER | KCHAT_FEATURE_INVITE;
	case KCHAT_REGISTER_INVITE:
		return loopback ? KCHAT_FEATURE_REGISTER :
				  KCHAT_FEATURE_REGISTER | KCHAT_FEATURE_INVITE;
	case KCHAT_REGISTER_LOOPBACK:
		return loopback ? KCHAT_FEATURE_REGISTER : 0;
	default:
		return 0;
	}
}

enum kchat_error kchat_service_register(struct kchat_conn *conn, const struct kchat_hdr *hdr,
					const struct kchat_registration *request)
{
	u64 features = kchat_service_features(conn->kn, kchat_conn_loopback(conn));

	if (!(features & KCHAT_FEATURE_REGISTER))
		return KCHAT_E_REGISTER_OFF;
	if (features & KCHAT_FEATURE_INVITE && !request->code.len)
		return KCHAT_E_INVITE_CODE;
	if (weak(conn->kn, request->iterations, request->salt))
		return KCHAT_E_WEAK;
	return ask(conn, hdr, &(struct kchat_asked){ .registration = request });
}

enum kchat_error kchat_service_passwd(struct kchat_conn *conn, const struct kchat_hdr *hdr,
				      struct kchat_account *account,
				      const struct kchat_passwd *request)
{
	if (weak(conn->kn, request->iterations, request->salt))
		return KCHAT_E_WEAK;
	return ask(conn, hdr, &(struct kchat_asked){ .account = account, .passwd = request });
}

enum kchat_error kchat_service_keep(struct kchat_conn *conn, const struct kchat_hdr *hdr,
				    struct kchat_room *room, bool on)
{
	return ask(conn, hdr, &(struct kchat_asked){
		.account = conn->session->account, .room = room, .on = on });
}

/* ---- from the service ------------------------------------------------------ */

int kchat_service_decide(struct kchat_net *knet, u32 portid, u64 cookie, enum kchat_error error,
			 u64 account)
{
	struct kchat_service *service = &knet->service;
	struct asking *request = NULL;
	int err = 0;

	spin_lock(&service->lock);
	request = find_by_cookie(service, cookie);
	if (!portid || service->portid != portid)
		err = -EPERM;
	else if (!request)
		err = -ENOENT;
	else if (!error && !account && !request->kept)
		err = -ENODATA;
	else
		take_off(service, request);
	spin_unlock(&service->lock);
	if (err)
		return err;
	answer(request, error, account);
	return 0;
}

struct kchat_conn *kchat_service_asker(struct kchat_net *knet, u64 account, const u8 *stored_key)
{
	struct kchat_service *service = &knet->service;
	struct kchat_conn *conn = NULL;
	struct asking *request;

	spin_lock(&service->lock);
	list_for_each_entry(request, &service->pending, node) {
		if (request->cause == KCHAT_T_PASSWD && request->account->number == account &&
		    !memcmp(request->stored_key, stored_key, sizeof(request->stored_key))) {
			conn = kchat_conn_hold(request->conn);
			break;
		}
	}
	spin_unlock(&service->lock);
	return conn;
}

void kchat_service_set(struct kchat_net *knet, u32 portid)
{
	spin_lock(&knet->service.lock);
	WRITE_ONCE(knet->service.portid, portid);
	spin_unlock(&knet->service.lock);
}

void kchat_service_released(struct kchat_net *knet, u32 portid)
{
	struct kchat_service *service = &knet->service;

	spin_lock(&service->lock);
	if (service->portid == portid) {
		WRITE_ONCE(service->portid, 0);
		/* What was asked is not known to any other: nobody will decide it. */
		if (service->n_pending) {
			cancel_delayed_work(&service->expire);
			schedule_delayed_work(&service->expire, 0);
		}
	}
	spin_unlock(&service->lock);
}

/* ---- life ------------------------------------------------------------------ */

void kchat_service_init(struct kchat_net *knet)
{
	struct kchat_service *service = &knet->service;

	spin_lock_init(&service->lock);
	INIT_LIST_HEAD(&service->pending);
	INIT_DELAYED_WORK(&service->expire, service_expire);
}

void kchat_service_stop(struct kchat_net *knet)
{
	struct kchat_service *service = &knet->service;
	LIST_HEAD(left);

	spin_lock(&service->lock);
	list_splice_init(&service->pending, &left);
	service->n_pending = 0;
	spin_unlock(&service->lock);
	/* It is only queued while somebody waits, so from here on it stays away. */
	cancel_delayed_work_sync(&service->expire);
	answer_all(&left, KCHAT_E_SHUTDOWN);
}
