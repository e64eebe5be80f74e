/* SPDX-License-Identifier: GPL-2.0-only */
/* Control over generic netlink, and the accounts service that listens there. */
#ifndef _KCHAT_NETLINK_H
#define _KCHAT_NETLINK_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "frame.h"
#include "uapi/kchat.h"

struct kchat_account;
struct kchat_conn;
struct kchat_net;

int kchat_netlink_init(void);
void kchat_netlink_exit(void);

/**
 * struct kchat_service - the accounts service of one namespace
 * @lock: protects all of this
 * @portid: the netlink socket that said SERVICE, 0: none
 * @cookie: of the last request
 * @pending: requests that wait for a DECISION, oldest first
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

void kchat_service_init(struct kchat_net *knet);
/* Answers all that wait with SERVICE, drops their references. May sleep. */
void kchat_service_stop(struct kchat_net *knet);

/* KCHAT_FEATURE_REGISTER and _INVITE as they hold for this peer. */
u64 kchat_service_features(struct kchat_net *knet, bool loopback);

/*
 * REGISTER and PASSWD: KCHAT_E_NONE: the answer comes later by
 * kchat_conn_post(), which may be on any thread; the request keeps a reference
 * to @conn until then. Else the error to answer with at once. @peer is
 * "address and port" as the log has it. May sleep.
 */
enum kchat_error kchat_service_register(struct kchat_net *knet, struct kchat_conn *conn,
					const struct kchat_hdr *hdr,
					const struct kchat_registration *request, bool loopback,
					const char *peer);
enum kchat_error kchat_service_passwd(struct kchat_net *knet, struct kchat_conn *conn,
				      const struct kchat_hdr *hdr, struct kchat_account *account,
				      const struct kchat_passwd *request);

#endif /* _KCHAT_NETLINK_H */
