/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accounts service: a process that keeps the accounts and the registered rooms on
 * disk. REGISTER, PASSWD, and the RULE that registers a room are passed to its netlink
 * socket and answered when it has decided.
 */
#ifndef _KCHAT_SERVICE_H
#define _KCHAT_SERVICE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "frame.h"
#include "uapi/kchat.h"
#include "uapi/kchat_netlink.h"

struct kchat_account;
struct kchat_conn;
struct kchat_net;
struct kchat_room;

/**
 * struct kchat_service - the accounts service of one namespace
 * @lock: protects all but @expire; a leaf, process context only
 * @portid: the netlink socket that said SERVICE, 0: none; written under @lock
 * @cookie: of the last request
 * @pending: requests that wait for a decision, oldest first
 * @n_pending: how many
 * @expire: answers those that waited too long
 */
struct kchat_service {
	spinlock_t lock;
	u32 portid;
	u64 cookie;
	struct list_head pending;
	u32 n_pending;
	struct delayed_work expire;
};

/**
 * struct kchat_asked - what somebody asks the service: a registration, new keys, or a room
 * @account: who asks; not there in REGISTER
 * @registration: of REGISTER
 * @passwd: of PASSWD
 * @room: of RULE
 * @on: it is to be kept, or not any more
 */
struct kchat_asked {
	struct kchat_account *account;
	const struct kchat_registration *registration;
	const struct kchat_passwd *passwd;
	struct kchat_room *room;
	bool on;
};

void kchat_service_init(struct kchat_net *knet);
/*
 * The server stops, and is not running any more: answers all that wait. No
 * request comes in afterwards. May sleep.
 */
void kchat_service_stop(struct kchat_net *knet);

/*
 * Whose PASSWD, not decided yet, asks for these keys: the service gives them to
 * the module before it decides. With a reference, or NULL.
 */
struct kchat_conn *kchat_service_asker(struct kchat_net *knet, u64 account, const u8 *stored_key);

/* The service is the socket @portid from now on. */
void kchat_service_set(struct kchat_net *knet, u32 portid);
/* The socket @portid is closed. */
void kchat_service_released(struct kchat_net *knet, u32 portid);
/*
 * The service has decided: KCHAT_E_NONE with the number of the new account, or
 * the error to answer with. -EPERM: @portid is not the service; -ENOENT: nobody
 * waits for this any more; -ENODATA: @account is needed. May sleep.
 */
int kchat_service_decide(struct kchat_net *knet, u32 portid, u64 cookie, enum kchat_error error,
			 u64 account);

/* KCHAT_FEATURE_REGISTER and _INVITE as they hold for a peer. */
u64 kchat_service_features(struct kchat_net *knet, bool loopback);

/*
 * REGISTER and PASSWD. KCHAT_E_NONE: the answer comes later by
 * kchat_conn_post(), from any thread; the request holds a reference to @conn
 * until then. Else the error to answer with at once. May sleep.
 */
enum kchat_error kchat_service_register(struct kchat_conn *conn, const struct kchat_hdr *hdr,
					const struct kchat_registration *request);
/* The proof was checked by kchat_auth_passwd_ok(). */
enum kchat_error kchat_service_passwd(struct kchat_conn *conn, const struct kchat_hdr *hdr,
				      struct kchat_account *account,
				      const struct kchat_passwd *request);
/* RULE: the same, after kchat_kept_begin(); kchat_kept_end() follows with the answer. */
enum kchat_error kchat_service_keep(struct kchat_conn *conn, const struct kchat_hdr *hdr,
				    struct kchat_room *room, bool on);
/*
 * Sends a question to the service, by unicast: the keys are for nobody else. Its decision
 * names @cookie. An errno: the service has not got it. May sleep.
 */
int kchat_service_ask(const struct kchat_conn *conn, u32 portid, u64 cookie,
		      const struct kchat_asked *asked);
/* What is kept of a registered room has changed. An errno: the service does not know. May sleep. */
int kchat_service_changed(const struct kchat_room *room);

#endif /* _KCHAT_SERVICE_H */
